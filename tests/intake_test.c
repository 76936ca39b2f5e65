#include "common/legal.h"
#include "sendmail/intake.h"
#include "tests/rows.h"

static const struct row {
	const char *name;
	struct span in, want;
	bool dots, ended;
} rows[] = {
	{ "nothing", S(""), S(""), false, false },
	{ "lines", S("a\nb\n"), S("a\nb\n"), false, false },
	{ "no_final_newline", S("a\nb"), S("a\nb\n"), false, false },
	{ "crlf", S("a\r\nb\r\n"), S("a\nb\n"), false, false },
	{ "crlf_and_lf_mixed", S("a\r\nb\nc\r\n"), S("a\nb\nc\n"), false,
	    false },
	{ "bare_cr_ends_a_line", S("\na\rb\r"), S("\na\nb\n"), false, false },
	{ "two_crs", S("\na\r\rb"), S("\na\n\nb\n"), false, false },
	{ "cr_cr_lf", S("\na\r\r\nb"), S("\na\n\nb\n"), false, false },
	{ "header_cr", S("S: s\rBcc: x\n\nb\rc\n"), S("S: s Bcc: x\n\nb\nc\n"),
	    false, false },
	{ "header_cr_crlf", S("S: s\rBcc: x\r\n\r\nb\rc\r\n"),
	    S("S: s Bcc: x\n\nb\nc\n"), false, false },
	{ "header_crs", S("a\r\rb: x\n"), S("a  b: x\n"), false, false },
	{ "header_cr_cr_lf", S("a\r\r\nb"), S("a \nb\n"), false, false },
	{ "header_cr_begins_a_line", S("a: b\n\rc: d\n"), S("a: b\n c: d\n"),
	    false, false },
	{ "header_cr_at_the_end", S("a: b\r"), S("a: b\n"), false, false },
	{ "cr_alone", S("\r"), S("\n"), false, false },
	{ "empty_lines", S("\n\r\n\n"), S("\n\n\n"), false, false },
	{ "nul_stays", S("a\0b\n"), S("a\0b\n"), false, false },
	{ "8_bit_stays", S("\xff\xc3\xb6\n"), S("\xff\xc3\xb6\n"), false,
	    false },
	{ "lone_dot_ends", S("a\n.\nb\n"), S("a\n"), false, true },
	{ "lone_dot_crlf_ends", S("a\r\n.\r\nb\r\n"), S("a\n"), false, true },
	{ "lone_dot_first", S(".\nb\n"), S(""), false, true },
	{ "lone_dot_without_newline", S("a\n."), S("a\n"), false, true },
	{ "lone_dot_cr_at_the_end", S("a\n.\r"), S("a\n"), false, true },
	{ "lone_dot_is_text_with_i", S("a\n.\nb\n"), S("a\n.\nb\n"), true,
	    false },
	{ "lone_dot_last_with_i", S("a\n."), S("a\n.\n"), true, false },
	{ "dot_and_text", S(".a\n"), S(".a\n"), false, false },
	{ "dot_and_blank", S(". \n"), S(". \n"), false, false },
	{ "dot_and_nul", S(".\0\nb\n"), S(".\0\nb\n"), false, false },
	{ "two_dots", S("..\na\n"), S("..\na\n"), false, false },
	{ "dot_behind_text", S("a.\nb\n"), S("a.\nb\n"), false, false },
	/* no other octet ends it (smuggling) */
	{ "dot_and_bare_cr_is_text", S("\na\n.\rb\n"), S("\na\n.\nb\n"), false,
	    false },
	{ "dot_cr_cr_lf_is_text", S("\na\n.\r\r\nb\n"), S("\na\n.\n\nb\n"),
	    false, false },
	{ "dot_behind_bare_cr_ends", S("\na\r.\nb\n"), S("\na\n"), false,
	    true },
	{ "header_dot_behind_cr_is_text", S("a\r.\nb\n"), S("a .\nb\n"), false,
	    false },
	{ "header_dot_and_cr", S("a\n.\rb\n"), S("a\n. b\n"), false, false },
};

static void
feed(const struct row *row, size_t cut, size_t piece)
{
	struct intake in = { .dots = row->dots };
	struct span s = row->in;
	struct buf out = { 0 };

	intake_feed(&in, (struct span){ s.ptr, cut }, &out);
	for (s = span_from(s, cut); s.len; s = span_from(s, piece))
		intake_feed(&in,
		    (struct span){ s.ptr, s.len < piece ? s.len : piece },
		    &out);
	intake_end(&in, &out);
	assert_int_equal(in.ended, row->ended);
	assert_true(span_eq(buf_view(&out), row->want));
	buf_free(&out);
}

/* The same, read behind what is there already. */
static void
came(const struct row *row, size_t piece)
{
	struct intake in = { .dots = row->dots };
	struct buf out = { 0 };

	for (struct span s = row->in; s.len && !in.ended;
	     s = span_from(s, piece)) {
		size_t n = s.len < piece ? s.len : piece;

		buf_add(&out, s.ptr, n);
		intake_came(&in, &out, n);
	}
	intake_end(&in, &out);
	assert_int_equal(in.ended, row->ended);
	assert_true(span_eq(buf_view(&out), row->want));
	buf_free(&out);
}

/* However it arrives, the text is the same. */
static void
check(void **state)
{
	const struct row *row = *state;

	for (size_t piece = 1; piece <= row->in.len; piece++)
		came(row, piece);
	for (size_t cut = 0; cut <= row->in.len; cut++) {
		feed(row, cut, 1);
		feed(row, cut, 1000);
	}
}

/* What is in the text, however it arrives: octets over 0x7f, and lines over
 * 998 octets, CR and LF not counted. */
static const struct fact {
	const char *name;
	size_t line; /* of x, before in */
	struct span in;
	bool dots, eight, longline;
} facts[] = {
	{ "short_and_seven", 10, S("a\n"), false, false, false },
	{ "line_of_998", 996, S("ab\n"), false, false, false },
	{ "line_of_998_crlf", 996, S("ab\r\n"), false, false, false },
	{ "line_of_999", 997, S("ab\n"), false, false, true },
	{ "line_of_999_without_end", 997, S("ab"), false, false, true },
	{ "header_cr_parts_no_lines", 996, S("ab\rc"), false, false, true },
	{ "two_lines_are_two", 600, S("\nxxx"), false, false, false },
	{ "octet_over_0x7f", 0, S("a\x80"), false, true, false },
	{ "utf8", 0, S("J\xc3\xb6rg\n"), false, true, false },
	{ "0x7f_and_nul_are_seven", 0, S("\x7f\0\n"), false, false, false },
	{ "both", 998, S("\xff"), false, true, true },
	{ "behind_the_end_nobody_looks", 1, S("\n.\n\xff"), false, false,
	    false },
};

static void
check_fact(void **state)
{
	const struct fact *f = *state;

	for (size_t piece = 1; piece < 2000; piece = piece * 5) {
		struct intake in = { .dots = f->dots };
		struct legal legal = { 0 };
		struct buf text = { 0 }, out = { 0 };
		struct span s;

		for (size_t i = 0; i < f->line; i++)
			buf_chr(&text, 'x');
		buf_span(&text, f->in);
		for (s = buf_view(&text); s.len; s = span_from(s, piece))
			intake_feed(&in,
			    (struct span){
				s.ptr, s.len < piece ? s.len : piece },
			    &out);
		intake_end(&in, &out);
		for (s = buf_view(&out); s.len; s = span_from(s, piece))
			legal_feed(&legal, (struct span){ s.ptr,
					       s.len < piece ? s.len : piece });
		assert_int_equal(legal.eight, f->eight);
		assert_int_equal(legal.longline, f->longline);
		buf_free(&text);
		buf_free(&out);
	}
}

static void
ten_megabytes_in_one_line(void **state)
{
	static char piece[65536];
	struct intake in = { 0 };
	struct buf out = { 0 };

	(void)state;
	memset(piece, 'x', sizeof piece);
	for (int i = 0; i < 160; i++)
		intake_feed(&in, (struct span){ piece, sizeof piece }, &out);
	intake_end(&in, &out);
	assert_false(out.bad);
	assert_int_equal(out.len, 160 * sizeof piece + 1);
	assert_int_equal(out.ptr[out.len - 1], '\n');
	buf_free(&out);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + COUNT(facts) + 1];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	ADD_ROWS(tests, n, facts, check_fact);
	tests[n] =
	    (struct CMUnitTest)cmocka_unit_test(ten_megabytes_in_one_line);
	return cmocka_run_group_tests_name("intake", tests, NULL, NULL);
}
