#include "common/reply.h"
#include "tests/rows.h"
#include <errno.h>

/* Lines parted by LF.  want is the answer for the last; the others answer 0. */
static const struct row {
	const char *name;
	struct span lines;
	int want, code;
	const char *enhanced, *text;
} rows[] = {
	{ "one_line", S("250 OK"), 1, 250, "", "OK" },
	{ "code_alone", S("250"), 1, 250, "", "" },
	{ "code_and_blank", S("250 "), 1, 250, "", "" },
	{ "more_follows", S("250-a"), 0, 250, "", "a" },
	{ "three_lines", S("250-a\n250-b\n250 c"), 1, 250, "", "a\nb\nc" },
	{ "enhanced", S("550 5.1.1 no such user"), 1, 550, "5.1.1",
	    "no such user" },
	{ "enhanced_alone", S("250 2.0.0"), 1, 250, "2.0.0", "" },
	{ "enhanced_in_each_line", S("550-5.7.26 a\n550 5.7.26 b"), 1, 550,
	    "5.7.26", "a\nb" },
	{ "enhanced_in_last_line", S("550-see\n550 5.7.1 b"), 1, 550, "5.7.1",
	    "see\nb" },
	{ "enhanced_of_another_class", S("550 4.1.1 a"), 1, 550, "",
	    "4.1.1 a" },
	{ "enhanced_needs_a_blank", S("550 5.1.1. a"), 1, 550, "", "5.1.1. a" },
	{ "enhanced_too_short", S("550 5.1 a"), 1, 550, "", "5.1 a" },
	{ "enhanced_part_too_long", S("550 5.1234.1 a"), 1, 550, "",
	    "5.1234.1 a" },
	{ "no_enhanced_behind_354", S("354 3.0.0 go"), 1, 354, "", "3.0.0 go" },
	{ "controls_become_marks", S("250 a\x1b[2J\0b\xff"), 1, 250, "",
	    "a?[2J?b?" },
	{ "empty_line", S(""), -1, 0, "", "" },
	{ "two_digits", S("25"), -1, 0, "", "" },
	{ "letters", S("hello"), -1, 0, "", "" },
	{ "code_under_200", S("199 a"), -1, 0, "", "" },
	{ "code_over_599", S("600 a"), -1, 0, "", "" },
	{ "text_glued_to_code", S("250OK"), -1, 0, "", "" },
	{ "code_changes", S("250-a\n251 b"), -1, 0, "", "" },
};

static void
check(void **state)
{
	const struct row *row = *state;
	struct span rest = row->lines, line;
	struct reply r = { 0 };
	int got;

	do {
		line = span_cut(&rest, '\n');
		errno = 0;
		got = reply_line(&r, line);
		assert_int_equal(got, rest.ptr ? 0 : row->want);
	} while (rest.ptr);
	if (got == -1) {
		assert_int_equal(errno, EPROTO);
	} else {
		assert_int_equal(r.code, row->code);
		assert_string_equal(r.enhanced, row->enhanced);
		assert_string_equal(buf_c(&r.text), row->text);
	}
	buf_free(&r.text);
}

static void
a_line_has_2048_octets(void **state)
{
	char line[2049];
	struct reply r = { 0 };

	(void)state;
	memset(line, 'x', sizeof line);
	memcpy(line, "250 ", 4);
	assert_int_equal(reply_line(&r, (struct span){ line, 2048 }), 1);
	reply_reset(&r);
	assert_int_equal(reply_line(&r, (struct span){ line, 2049 }), -1);
	assert_int_equal(errno, EPROTO);
	buf_free(&r.text);
}

static void
a_reply_has_100_lines(void **state)
{
	struct reply r = { 0 };

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(reply_line(&r, SPAN("250-x")), 0);
	assert_int_equal(reply_line(&r, SPAN("250 x")), -1);
	assert_int_equal(errno, EPROTO);
	buf_free(&r.text);
}

static void
reset_begins_anew(void **state)
{
	struct reply r = { 0 };

	(void)state;
	assert_int_equal(reply_line(&r, SPAN("550 5.1.1 a")), 1);
	reply_reset(&r);
	assert_int_equal(reply_line(&r, SPAN("250 b")), 1);
	assert_string_equal(buf_c(&r.text), "b");
	assert_string_equal(r.enhanced, "");
	buf_free(&r.text);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + 3];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	tests[n++] =
	    (struct CMUnitTest)cmocka_unit_test(a_line_has_2048_octets);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(a_reply_has_100_lines);
	tests[n] = (struct CMUnitTest)cmocka_unit_test(reset_begins_anew);
	return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
