/* Every code point and every pair of octets, through the filter and the
 * wrapping, to a model of a terminal (tests/emulator.h); before that, what the
 * model itself makes of text that nobody has filtered. */
#include "deliver/tty/screen.h"
#include "deliver/tty/uni.h"
#include "tests/emulator.h"
#include "tests/rows.h"
#include <locale.h>
#include <stdio.h>

static unsigned windows[] = { 80, 40 };
static const struct screen_facts facts = { .kind = ENV_SEND,
	.submitter = { "alice (uid 1001)", 16 },
	.host = { "hestia", 6 },
	.time = { "14:03:07", 8 },
	.id = { "4A2F", 4 },
	.bell = true };

/* The model is alive: text behind a banner and a gutter, of 20 columns. */
static const struct raw {
	const char *name;
	enum emu_kind kind;
	const char *text, *wrong;
} raws[] = {
	{ "plain", EMU_LIBRARY, "x\r\n", NULL },
	{ "a_full_line", EMU_LIBRARY, "123456789012345678\r\n| x\r\n", NULL },
	{ "too_long", EMU_LIBRARY, "1234567890123456789\r\n", EMU_WRAPS },
	{ "wide_at_the_edge", EMU_LIBRARY, "12345678901234567\xe4\xb8\xad\r\n",
	    EMU_WRAPS },
	{ "wide_fits", EMU_LIBRARY, "1234567890123456\xe4\xb8\xad\r\n", NULL },
	{ "marks_take_no_column", EMU_LIBRARY, "12345678901234567e\xcc\x81\r\n",
	    NULL },
	{ "marks_on_the_console", EMU_CONSOLE, "12345678901234567e\xcc\x81\r\n",
	    EMU_WRAPS },
	{ "wide_marks_on_the_console", EMU_CONSOLE,
	    "123456789012345e\xe3\x82\x99\r\n", NULL },
	{ "wide_marks_on_the_console_wrap", EMU_CONSOLE,
	    "1234567890123456e\xe3\x82\x99\r\n", EMU_WRAPS },
	{ "thermometer", EMU_LIBRARY, "12345678901234567\xf0\x9f\x8c\xa1\r\n",
	    NULL },
	{ "thermometer_by_blocks", EMU_BLOCKS,
	    "12345678901234567\xf0\x9f\x8c\xa1\r\n", EMU_WRAPS },
	{ "octets", EMU_OCTETS, "1234567890123456\xe4\xb8\r\n", NULL },
	{ "octets_too_long", EMU_OCTETS, "1234567890123456\xe4\xb8\xad\r\n",
	    EMU_WRAPS },
	{ "mark_on_the_gutter", EMU_LIBRARY, "\xcc\x81x\r\n", EMU_MARK },
	{ "no_gutter", EMU_LIBRARY, "x\r\nroot# \r\n", EMU_GUTTER },
	{ "footer", EMU_LIBRARY, "x\r\n[1 of 2\r\nlines]\r\n", NULL },
	{ "behind_the_footer", EMU_LIBRARY, "x\r\n[1 of 2]\r\n| y\r\n",
	    EMU_BEHIND },
	{ "carriage_return", EMU_LIBRARY, "x\ry\r\n", EMU_BACK },
	{ "two_returns", EMU_LIBRARY, "x\r\r\n", EMU_BACK },
	{ "line_feed_alone", EMU_LIBRARY, "x\ny\r\n", EMU_GUTTER },
	{ "vertical_tab", EMU_LIBRARY, "x\vy\r\n", EMU_GUTTER },
	{ "next_line", EMU_LIBRARY, "x\xc2\x85y\r\n", EMU_GUTTER },
	{ "index_as_an_octet", EMU_OCTETS, "x\x84y\r\n", EMU_GUTTER },
	{ "back_space", EMU_LIBRARY, "x\b\r\n", EMU_BACK },
	{ "delete", EMU_LIBRARY, "x\x7f\r\n", EMU_BACK },
	{ "tab", EMU_LIBRARY, "\tx\r\n", NULL },
	{ "bell", EMU_LIBRARY, "\a\r\n", NULL },
	{ "enquiry", EMU_LIBRARY, "\x05\r\n", EMU_ANSWERS },
	{ "device_attributes", EMU_LIBRARY, "\x1b[c\r\n", EMU_ANSWERS },
	{ "device_attributes_8_bits", EMU_OCTETS, "\x9b>c\r\n", EMU_ANSWERS },
	{ "device_attributes_utf8", EMU_LIBRARY,
	    "\xc2\x9b"
	    "0c\r\n",
	    EMU_ANSWERS },
	{ "overlong_escape", EMU_LIBRARY, "\xc0\x9b[c\r\n", EMU_ANSWERS },
	{ "lone_c1_among_utf8", EMU_LIBRARY,
	    "\x9b"
	    "c\r\n",
	    EMU_ANSWERS },
	{ "status_report", EMU_CONSOLE, "\x1b[6n\r\n", EMU_ANSWERS },
	{ "identify", EMU_CONSOLE, "\x1bZ\r\n", EMU_ANSWERS },
	{ "identify_8_bits", EMU_OCTETS, "\x9a\r\n", EMU_ANSWERS },
	{ "title_report", EMU_LIBRARY, "\x1b[21t\r\n", EMU_ANSWERS },
	{ "mode_report", EMU_LIBRARY, "\x1b[?1$p\r\n", EMU_ANSWERS },
	{ "version_report", EMU_LIBRARY, "\x1b[>q\r\n", EMU_ANSWERS },
	{ "setting_report", EMU_LIBRARY, "\x1bP$qm\x1b\\\r\n", EMU_ANSWERS },
	{ "colour_report", EMU_LIBRARY, "\x1b]10;?\a\r\n", EMU_ANSWERS },
	{ "colour_report_8_bits", EMU_OCTETS,
	    "\x9d"
	    "10;?\x9c\r\n",
	    EMU_ANSWERS },
	{ "title", EMU_LIBRARY, "\x1b]0;root\a\r\n", EMU_SWALLOWS },
	{ "string_without_end", EMU_LIBRARY, "\x1b_x\r\n", EMU_OPEN },
	{ "control_in_a_sequence", EMU_LIBRARY,
	    "\x1b[\x05"
	    "1m\r\n",
	    EMU_ANSWERS },
	{ "up", EMU_LIBRARY, "\x1b[2A\r\n", EMU_UP },
	{ "reverse_index", EMU_LIBRARY, "\x1bM\r\n", EMU_UP },
	{ "home", EMU_LIBRARY, "\x1b[H\r\n", EMU_UP },
	{ "to_a_line_above", EMU_LIBRARY, "\x1b[1;9H\r\n", EMU_UP },
	{ "into_the_gutter", EMU_LIBRARY, "x\x1b[1Gx\r\n", EMU_BACK },
	{ "left", EMU_LIBRARY, "xx\x1b[Dx\r\n", EMU_BACK },
	{ "right", EMU_LIBRARY, "x\x1b[3Cx\r\n", NULL },
	{ "down_without_return", EMU_LIBRARY, "x\x1b[Bx\r\n", EMU_GUTTER },
	{ "erase", EMU_LIBRARY, "\x1b[2J\r\n", EMU_OVER },
	{ "colour", EMU_LIBRARY, "\x1b[31mx\r\n", EMU_SETTING },
	{ "mode", EMU_LIBRARY, "\x1b[?25l\r\n", EMU_SETTING },
	{ "line_drawing", EMU_LIBRARY, "\x1b(0\r\n", EMU_SETTING },
	{ "shift_out", EMU_LIBRARY, "\x0e\r\n", EMU_SETTING },
	{ "reset", EMU_LIBRARY,
	    "\x1b"
	    "c\r\n",
	    EMU_SETTING },
	{ "right_to_left", EMU_LIBRARY, "\xe2\x80\xaex\r\n", EMU_TURNS },
	{ "half_a_character", EMU_LIBRARY, "x\r\n\xc3", EMU_OPEN },
};

static void
check_raw(void **state)
{
	const struct raw *r = *state;
	struct buf b = { 0 };
	const char *wrong;

	buf_fmt(&b, "\a\r\n[banner]\r\n| %s", r->text);
	wrong = emu_message(r->kind, 20, b.ptr, b.len);
	if (wrong != r->wrong &&
	    (wrong == NULL || r->wrong == NULL || strcmp(wrong, r->wrong) != 0))
		fail_msg("%s, not %s", wrong ? wrong : "all is well",
		    r->wrong ? r->wrong : "well");
	buf_free(&b);
}

/* One message on terminals of all kinds and widths: every line of it obeys. */
static void
show(struct span text, const struct screen_facts *f, const char *what,
    uint32_t which)
{
	static struct buf out;
	struct screen_text t;
	const char *wrong;

	screen_part(text, false, &t);
	for (int i = 0; i < 4; i++) {
		unsigned columns = windows[i & 1];

		buf_reset(&out);
		screen_compose(&out, &t, f, columns, i & 2);
		assert_false(out.bad);
		wrong = emu_check(out.ptr, out.len, columns, i & 2);
		if (wrong)
			fail_msg("%s %x, %u columns, %s: %s:\n%.*s", what,
			    which, columns, i & 2 ? "UTF-8" : "ASCII", wrong,
			    out.len < 3000 ? (int)out.len : 3000, out.ptr);
	}
}

static size_t
encode(uint32_t c, char *p)
{
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		p[i] = (char)(0x80 | (c & 0x3f));
	p[0] = (char)(n == 1 ? c : lead[n] | c);
	return n;
}

/* Enough of it, with a letter now and then, to reach the edge of a window.  Of
 * the long rows of ideographs that are all alike, every sixteenth. */
static void
fill(struct buf *text, uint32_t c, struct span s)
{
	int width = uni_width(c);

	if (width < 0) /* never passes, and is a '?' */
		return;
	if (c > 0x33ff && c % 16 && width == uni_width(c - 1) &&
	    width == uni_width(c + 1))
		return;
	for (int i = 0; i < 42; i++) {
		if (i % 3 == 0)
			buf_chr(text, 'e');
		buf_span(text, s);
	}
	buf_str(text, "\n");
}

/* 128 at a time: each alone on a line, within a line, and a line full of it. */
static void
test_every_code_point(void **state)
{
	struct buf text = { 0 };

	(void)state;
	for (uint32_t c = 0; c <= 0x10ffff; c++) {
		char s[4];
		size_t n = encode(c, s);

		if (c % 128 == 0) {
			buf_reset(&text);
			buf_str(&text, "\n");
		}
		buf_add(&text, s, n);
		buf_str(&text, "\nab ");
		buf_add(&text, s, n);
		buf_str(&text, "c ");
		buf_add(&text, s, n);
		buf_add(&text, s, n);
		buf_str(&text, "d\n");
		fill(&text, c, (struct span){ s, n });
		if (c % 128 == 127)
			show(buf_view(&text), &facts, "up to U+", c);
	}
	buf_free(&text);
}

/* At the start of a line and in one, in a field of the header, and in the one
 * fact of the banner that a stranger chooses. */
static void
test_every_pair_of_octets(void **state)
{
	(void)state;
	for (unsigned a = 0; a < 256; a++) {
		struct buf text = { 0 };

		for (unsigned b = 0; b < 256; b++) {
			char pair[] = { (char)a, (char)b };
			char field[] = "Subject: e..e\n\nx\n";
			struct screen_facts f = facts;

			f.alias = (struct span){ pair, 2 };
			memcpy(field + 10, pair, 2);
			show(SPAN("\nx\n"), &f, "alias", a << 8 | b);
			show(SPAN(field), &facts, "field", a << 8 | b);
			buf_str(&text, "\n");
			buf_add(&text, pair, 2);
			buf_str(&text, "\ne");
			buf_add(&text, pair, 2);
			buf_str(&text, "\x81\x80 ");
			buf_chr(&text, (char)b);
			buf_chr(&text, (char)a);
			buf_str(&text, "e[c");
		}
		show(buf_view(&text), &facts, "pairs of", a);
		buf_free(&text);
	}
}

/* Lines of every length, of what is narrow, wide and marked, up to the windows
 * and beyond: none is longer than the window. */
static void
every_length(void)
{
	static const char *const letters[] = { "x", "x ", "\xe4\xb8\xad",
		"e\xcc\x81", "e\xcc\x81\xcc\x82", "\xe3\x81\x8b\xe3\x82\x99",
		"\xe3\x81\x8b\xe3\x82\x99\xe3\x80\xaa", "\xf0\x9f\x8c\xa1",
		"\xf0\x9f\x98\x80", "\xe4\xb8\xad ", "\t", "x\t",
		"\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8", "\xff" };

	for (size_t l = 0; l < COUNT(letters); l++) {
		struct buf text = { 0 }, line = { 0 };

		for (int n = 0; n < 170; n++) {
			buf_str(&line, letters[l]);
			buf_str(&text, "\n");
			buf_span(&text, buf_view(&line));
			buf_str(&text, "\n ");
			buf_span(&text, buf_view(&line));
			buf_str(&text, "z\n# ");
			buf_span(&text, buf_view(&line));
		}
		show(buf_view(&text), &facts, "letter", (uint32_t)l);
		buf_free(&text);
		buf_free(&line);
	}
}

static void
test_every_length(void **state)
{
	(void)state;
	every_length();
	/* The narrowest window that is believed, and one of a divided screen.
	 */
	windows[0] = 8;
	windows[1] = 27;
	every_length();
	windows[0] = 80;
	windows[1] = 40;
}

/* The system's own sentence, with what it may quote. */
static void
test_notes(void **state)
{
	(void)state;
	for (unsigned a = 0; a < 256; a++) {
		struct buf text = { 0 }, out = { 0 };
		const char *wrong;

		for (unsigned b = 0; b < 100; b++)
			buf_fmt(&text, "7%c%c[c more ", (int)a, (int)(a + b));
		screen_note(&out, buf_view(&text), true, 40);
		buf_str(&out, "| \r\n"); /* the model waits for text */
		wrong = emu_check(out.ptr, out.len, 40, a & 1);
		if (wrong)
			fail_msg("%02x: %s:\n%s", a, wrong, buf_c(&out));
		buf_free(&text);
		buf_free(&out);
	}
}

/* One bell, before anything is drawn; none where it is switched off. */
static void
test_bells(void **state)
{
	struct screen_facts f = facts;
	struct screen_text t;
	struct buf out = { 0 };
	struct emu e;

	(void)state;
	screen_part(SPAN("Subject: \a\n\nx\a\n"), false, &t);
	for (unsigned bells = 0; bells < 2; bells++) {
		f.bell = bells;
		buf_reset(&out);
		screen_compose(&out, &t, &f, 80, true);
		emu_begin(&e, EMU_LIBRARY, 80);
		emu_write(&e, out.ptr, out.len);
		assert_null(emu_end(&e));
		assert_int_equal(e.bells, bells);
		assert_int_equal(out.ptr[0], bells ? '\a' : '\r');
	}
	buf_free(&out);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(raws) + 5] = {
		cmocka_unit_test(test_every_code_point),
		cmocka_unit_test(test_every_pair_of_octets),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_bells),
	};
	size_t n = 5;

	ADD_ROWS(tests, n, raws, check_raw);
	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL) {
		printf("emulate_test: there is no locale C.UTF-8\n");
		return 1;
	}
	return _cmocka_run_group_tests("emulate", tests, n, NULL, NULL);
}
