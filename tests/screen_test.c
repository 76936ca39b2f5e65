#include "deliver/tty/screen.h"
#include "deliver/tty/tty.h"
#include "deliver/tty/uni.h"
#include "tests/screen_check.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct screen_facts send = { .kind = ENV_SEND,
	.submitter = { "alice (uid 1001)", 16 },
	.host = { "hestia", 6 },
	.time = { "14:03:07", 8 },
	.id = { "4A2F", 4 },
	.bell = true };
#define SEND_BANNER                                                            \
	"\a\r\n[message from alice (uid 1001) on hestia, 14:03:07]\r\n"

static void
compose(struct buf *out, struct span text, const struct screen_facts *f,
    unsigned columns, bool utf8)
{
	size_t width = columns < 8 ? 80 : columns;
	struct screen_text t;
	const char *wrong;

	buf_reset(out);
	screen_part(text, false, &t);
	screen_compose(out, &t, f, columns, utf8);
	assert_false(out->bad);
	wrong =
	    check_screen(out->ptr, out->len, width > 132 ? 132 : width, utf8);
	if (wrong)
		fail_msg("%s:\n%.*s", wrong, (int)out->len, out->ptr);
}

/* What one line of text becomes. */
static const struct {
	const char *name, *text;
	bool utf8;
	const char *want;
} lines[] = {
	{ "plain", "hello, world", true, "hello, world" },
	{ "escape_sequence", "\x1b]0;title\x07", true, "?]0;title?" },
	{ "back_space_and_return", "a\bb\rc", true, "a?b?c" },
	{ "delete", "a\x7f", true, "a?" },
	{ "c1_as_utf8",
	    "\xc2\x9b"
	    "31m",
	    true, "?31m" },
	{ "c1_as_one_octet",
	    "\x9b"
	    "31m",
	    true,
	    "\xef\xbf\xbd"
	    "31m" },
	{ "bidi_override",
	    "a\xe2\x80\xae"
	    "b",
	    true, "a?b" },
	{ "bidi_isolate", "\xe2\x81\xa6", true, "?" },
	{ "zero_width_space",
	    "a\xe2\x80\x8b"
	    "b",
	    true, "a?b" },
	{ "byte_order_mark", "\xef\xbb\xbf", true, "?" },
	{ "tag_character", "\xf3\xa0\x80\x81", true, "?" },
	{ "overlong", "\xc0\x9b", true, "\xef\xbf\xbd\xef\xbf\xbd" },
	{ "surrogate", "\xed\xa0\x80", true,
	    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	{ "above_the_last", "\xf4\x90\x80\x80", true,
	    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	{ "cut_short", "\xe2\x82", true, "\xef\xbf\xbd\xef\xbf\xbd" },
	{ "latin", "na\xc3\xafve", true, "na\xc3\xafve" },
	{ "wide", "\xe4\xb8\xad\xe6\x96\x87", true,
	    "\xe4\xb8\xad\xe6\x96\x87" },
	{ "emoji", "\xf0\x9f\x98\x80", true, "\xf0\x9f\x98\x80" },
	{ "third_mark", "e\xcc\x81\xcc\x82\xcc\x83\xcc\x84x", true,
	    "e\xcc\x81\xcc\x82??x" },
	{ "mark_at_the_start", "\xcc\x81x", true, "?x" },
	{ "mark_on_a_blank", "a \xcc\x81x", true, "a ?x" },
	{ "tab", "ab\tc", true, "ab      c" },
	{ "tab_after_wide", "\xe4\xb8\xad\tc", true, "\xe4\xb8\xad      c" },
	{ "ascii_latin", "na\xc3\xafve \xc3\x84ste", false, "naive Aeste" },
	{ "ascii_quotes",
	    "\xe2\x80\x9cno\xe2\x80\x9d \xe2\x80\x93 5 \xe2\x82\xac", false,
	    "\"no\" - 5 EUR" },
	{ "ascii_other",
	    "\xe4\xb8\xad"
	    "a\xcc\x81",
	    false, "?a?" },
	{ "ascii_latin1_octet", "na\xefve", false, "na?ve" },
};

static void
test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct buf out = { 0 };

		uni_clean(&out, span_of(lines[i].text), lines[i].utf8);
		if (strcmp(buf_c(&out), lines[i].want) != 0)
			fail_msg("%s: \"%s\", not \"%s\"", lines[i].name,
			    buf_c(&out), lines[i].want);
		buf_free(&out);
	}
}

/* What a whole message becomes at 40 columns, as SEND. */
static const struct {
	const char *name, *text, *want;
} screens[] = {
	{ "claims_are_inside_the_gutter",
	    "Received: x\nFrom: root <root@hestia>\nSubject: lunch\n\nnow?\n",
	    "| From: root <root@hestia>\r\n| Subject: lunch\r\n| \r\n| "
	    "now?\r\n" },
	{ "folded_subject", "Subject: one\n two\n\nx\n",
	    "| Subject: one two\r\n| \r\n| x\r\n" },
	{ "no_header", "just text\n", "| \r\n| just text\r\n" },
	{ "empty_header", "\nFrom: no claim\n", "| \r\n| From: no claim\r\n" },
	{ "no_body", "Subject: s\n", "| Subject: s\r\n| \r\n" },
	{ "empty", "", "| \r\n" },
	{ "last_line_without_end", "\nx", "| \r\n| x\r\n" },
	{ "empty_lines", "\na\n\nb\n", "| \r\n| a\r\n| \r\n| b\r\n" },
	{ "false_banner", "\n[message from root (uid 0) on hestia]\n# \n",
	    "| \r\n| [message from root (uid 0) on hestia]\r\n| #\r\n" },
	{ "wrapped_at_a_blank",
	    "\naaaaaaaaaaaaaaa bbbbbbbbbbbbbbb ccccccccccccccc d\n",
	    "| \r\n| aaaaaaaaaaaaaaa bbbbbbbbbbbbbbb\r\n"
	    "| ccccccccccccccc d\r\n" },
	{ "exactly_full", "\n12345678901234567890123456789012345678\n",
	    "| \r\n| 12345678901234567890123456789012345678\r\n" },
	{ "long_word_is_broken", "\n1234567890123456789012345678901234567890\n",
	    "| \r\n| 12345678901234567890123456789012345678\r\n| 90\r\n" },
	{ "indent_stays", "\n    code\n", "| \r\n|     code\r\n" },
	{ "blanks_past_the_edge",
	    "\na                                                b\n",
	    "| \r\n| a\r\n| b\r\n" },
	{ "indent_past_the_edge",
	    "\n                                                b\n",
	    "| \r\n| b\r\n" },
	{ "wide_do_not_straddle_the_edge",
	    "\n1234567890123456789012345678901234567\xe4\xb8\xad\n",
	    "| \r\n| 1234567890123456789012345678901234567\r\n"
	    "| \xe4\xb8\xad\r\n" },
	{ "mark_stays_with_its_letter",
	    "\n1234567890123456789012345678901234567e\xcc\x81x\n",
	    "| \r\n| 1234567890123456789012345678901234567\r\n"
	    "| e\xcc\x81x\r\n" },
	{ "marks_that_do_not_fit_behind_the_break",
	    "\n# 12345678901234567890123456789012\xe3\x81\x8b\xe3\x82\x99"
	    "\xe3\x81\x8b\xe3\x82\x99\n",
	    "| \r\n| #\r\n| 12345678901234567890123456789012"
	    "\xe3\x81\x8b\xe3\x82\x99\r\n| \xe3\x81\x8b\xe3\x82\x99\r\n" },
	{ "hangul_joins",
	    "\n\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8\xe1\x86\xa8\n",
	    "| \r\n| \xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8?\r\n" },
	{ "carriage_return_in_subject", "Subject: a\r[root]\n\nx\n",
	    "| Subject: a?[root]\r\n| \r\n| x\r\n" },
};

static void
test_screens(void **state)
{
	struct screen_facts f = send;

	(void)state;
	f.host = SPAN("h");
	f.submitter = SPAN("a");
	for (size_t i = 0; i < sizeof screens / sizeof *screens; i++) {
		struct buf out = { 0 }, want = { 0 };

		buf_str(&want, "\a\r\n[message from a on h, 14:03:07]\r\n");
		buf_str(&want, screens[i].want);
		compose(&out, span_of(screens[i].text), &f, 40, true);
		if (strcmp(buf_c(&out), buf_c(&want)) != 0)
			fail_msg("%s:\n%s", screens[i].name, buf_c(&out));
		buf_free(&out);
		buf_free(&want);
	}
}

static void
test_banners(void **state)
{
	struct screen_facts f = send;
	struct buf out = { 0 };

	(void)state;
	compose(&out, SPAN("\nx\n"), &f, 0, true);
	assert_string_equal(buf_c(&out), SEND_BANNER "| \r\n| x\r\n");
	f.kind = ENV_SAML;
	f.alias = SPAN("root");
	compose(&out, SPAN("\nx\n"), &f, 100, true);
	assert_string_equal(buf_c(&out),
	    "\a\r\n[mail from alice (uid 1001) for root, 14:03:07, queue id "
	    "4A2F]\r\n| \r\n| x\r\n");
	/* No fact can end the banner, or begin another line. */
	f.kind = ENV_SEND;
	f.alias = SPAN("x]\r\n[message from root \xe2\x80\xae\x1b[H");
	compose(&out, SPAN("\nx\n"), &f, 132, true);
	assert_string_equal(buf_c(&out),
	    "\a\r\n[message from alice (uid 1001) on hestia for "
	    "x????message from root ?????H, 14:03:07]\r\n| \r\n| x\r\n");
	buf_free(&out);
}

/* As wide as the window is, and 80 where that cannot be. */
static void
test_windows(void **state)
{
	static const struct {
		unsigned columns;
		const char *want; /* of forty letters, the first line */
	} rows[] = {
		{ 0, "| xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n" },
		{ 7, "| xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n" },
		{ 8, "| xxxxxx\r\n| xxxxxx\r\n" },
		{ 20, "| xxxxxxxxxxxxxxxxxx\r\n| xxxxxxxxxxxxxxxxxx\r\n" },
		{ 39, "| xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n| xxx\r\n" },
		{ 4000, "| xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n" },
	};
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		compose(&out,
		    SPAN("\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"), &send,
		    rows[i].columns, true);
		if (strstr(buf_c(&out), rows[i].want) == NULL)
			fail_msg("%u:\n%s", rows[i].columns, buf_c(&out));
	}
	buf_free(&out);
}

static void
many(struct buf *text, size_t times, const char *line)
{
	buf_str(text, "\n");
	for (size_t i = 0; i < times; i++)
		buf_str(text, line);
}

static bool
is_long(const struct buf *text, bool cut)
{
	struct screen_text t;

	screen_part(buf_view(text), cut, &t);
	return screen_long(&t);
}

static void
test_limits(void **state)
{
	struct buf text = { 0 };

	(void)state;
	many(&text, TTY_MAX_LINES, "x\n");
	assert_false(is_long(&text, false));
	assert_true(is_long(&text, true));
	buf_str(&text, "y");
	assert_true(is_long(&text, false));
	buf_reset(&text);
	many(&text, TTY_MAX_BYTES, "x");
	assert_false(is_long(&text, false));
	buf_str(&text, "x");
	assert_true(is_long(&text, false));
	buf_free(&text);
}

/* Two lines of header, a blank, and what the excerpt is: */
static void
test_excerpts(void **state)
{
	struct buf text = { 0 }, out = { 0 };
	struct screen_facts f = send;
	const char *end;
	size_t count = 0;

	(void)state;
	f.kind = ENV_SAML;
	f.excerpt = true;
	many(&text, 300, "line\n");
	compose(&out, buf_view(&text), &f, 80, true);
	end = "| line\r\n[12 of 300 lines; the rest is in the mailbox, queue "
	      "id 4A2F]\r\n";
	assert_string_equal(buf_c(&out) + out.len - strlen(end), end);
	for (size_t i = 0; i < out.len; i++)
		count += out.ptr[i] == '\n';
	assert_int_equal(count, 2 + 1 + 12 + 1);

	/* A line without end does not hide the one behind it. */
	buf_reset(&text);
	many(&text, 65536, "z");
	buf_str(&text, "\nfailed\n");
	compose(&out, buf_view(&text), &f, 40, true);
	end = "z\r\n| ...\r\n| failed\r\n[long lines are cut; the whole "
	      "text is\r\nin the mailbox, queue id 4A2F]\r\n";
	assert_string_equal(buf_c(&out) + out.len - strlen(end), end);
	count = 0;
	for (size_t i = 0; i < out.len; i++)
		count += out.ptr[i] == 'z';
	assert_int_equal(count, SCREEN_LINE_ROWS * 38);

	/* However narrow, it stays on a screen. */
	buf_reset(&text);
	many(&text, 100,
	    "ten times some words of a line that is rather long, "
	    "ten times some words of a line that is rather long, "
	    "and so on, to be sure of it\n");
	buf_str(&text, "\n");
	many(&text, 200, "x\n");
	compose(&out, buf_view(&text), &f, 40, true);
	count = 0;
	for (size_t i = 0; i < out.len; i++)
		count += out.ptr[i] == '\n';
	assert_in_range(count, 16, 24);
	assert_non_null(strstr(buf_c(&out), "[4 of 302 lines; the rest is"));

	/* What fits is shown whole, and no rest is spoken of. */
	buf_reset(&text);
	many(&text, 50, "line\n");
	compose(&out, buf_view(&text), &f, 80, true);
	assert_null(strstr(buf_c(&out), "the rest"));
	buf_free(&text);
	buf_free(&out);
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

/* Nothing is dropped: a character is itself, or something visible. */
static void
test_every_code_point(void **state)
{
	struct buf out = { 0 }, one = { 0 }, text = { 0 };

	(void)state;
	for (uint32_t c = 0; c <= 0x10ffff; c++) {
		char s[5] = "x";
		size_t n = encode(c, s + 1);

		for (int utf8 = 0; utf8 < 2; utf8++) {
			buf_reset(&one);
			uni_clean(&one, (struct span){ s, n + 1 }, utf8);
			assert_true(one.len > 1);
			if (!utf8 || c == '\t')
				continue;
			if (c >= 0xd800 && c <= 0xdfff) { /* no UTF-8 */
				assert_memory_equal(
				    one.ptr + 1, "\xef\xbf\xbd", 3);
				continue;
			}
			if (check_forbidden(c) && one.ptr[1] != '?')
				fail_msg("U+%04X passed", c);
			if (one.ptr[1] != '?')
				assert_memory_equal(one.ptr, s, n + 1);
		}
		buf_str(&text, "x");
		buf_add(&text, s + 1, n);
		if (c % 64 != 63)
			continue;
		for (unsigned w = 38; w < 44; w++)
			compose(&out, buf_view(&text), &send, w, w % 2);
		buf_reset(&text);
	}
	buf_free(&text);
	buf_free(&one);
	buf_free(&out);
}

static void
test_every_pair_of_octets(void **state)
{
	struct buf out = { 0 };

	(void)state;
	for (unsigned a = 0; a < 256; a++)
		for (unsigned b = 0; b < 256; b++) {
			char bare[] = { '\n', (char)a, (char)b };
			char within[] = { '\n', 'e', (char)a, (char)b, '\x81',
				'\x80', ' ', (char)b, (char)a, 'e', '\n' };

			compose(&out, (struct span){ bare, sizeof bare }, &send,
			    0, true);
			compose(&out, (struct span){ within, sizeof within },
			    &send, 80, a % 2);
		}
	buf_free(&out);
}

/* The table is ours, the C library's is newer: what it finds wide we do too. */
static void
test_widths(void **state)
{
	(void)state;
	for (uint32_t c = 0; c <= 0x10ffff; c++)
		if (uni_width(c) >= 0 && wcwidth((wchar_t)c) > uni_width(c))
			fail_msg("U+%04X takes %d columns, not %d", c,
			    wcwidth((wchar_t)c), uni_width(c));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_screens),
		cmocka_unit_test(test_banners),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_excerpts),
		cmocka_unit_test(test_every_code_point),
		cmocka_unit_test(test_every_pair_of_octets),
		cmocka_unit_test(test_widths),
	};

	/* For wcwidth in the check only; the code under test has no locale. */
	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
