#include "common/utf8.h"
#include "tests/rows.h"

static const struct row {
	const char *name;
	struct span text;
	size_t want; /* octets of the first character */
	uint32_t point;
} rows[] = {
	{ "ascii", S("ab"), 1, 'a' },
	{ "nul", S("\0"), 1, 0 },
	{ "two_octets", S("\xc3\xb6"), 2, 0xf6 },
	{ "three_octets", S("\xe2\x82\xacx"), 3, 0x20ac },
	{ "four_octets", S("\xf0\x9f\x98\x80"), 4, 0x1f600 },
	{ "last_of_all", S("\xf4\x8f\xbf\xbf"), 4, 0x10ffff },
	{ "beyond_the_last", S("\xf4\x90\x80\x80"), 0, 0 },
	{ "five_octets", S("\xf8\x88\x80\x80\x80"), 0, 0 },
	{ "nothing", S(""), 0, 0 },
	{ "cut_short", S("\xe2\x82"), 0, 0 },
	{ "continuation_first", S("\xb6"), 0, 0 },
	{ "continuation_missing", S("\xc3x"), 0, 0 },
	{ "overlong_slash", S("\xc0\xaf"), 0, 0 },
	{ "overlong_of_three", S("\xe0\x80\xaf"), 0, 0 },
	{ "overlong_of_four", S("\xf0\x80\x80\xaf"), 0, 0 },
	{ "before_surrogates", S("\xed\x9f\xbf"), 3, 0xd7ff },
	{ "first_surrogate", S("\xed\xa0\x80"), 0, 0 },
	{ "last_surrogate", S("\xed\xbf\xbf"), 0, 0 },
};

static void
check(void **state)
{
	const struct row *row = *state;
	uint32_t point = 0;

	assert_int_equal(utf8_char(row->text, &point), row->want);
	assert_int_equal(point, row->point);
	assert_int_equal(utf8_char(row->text, NULL), row->want);
	if (row->text.len)
		assert_int_equal(utf8_valid(row->text), row->want != 0);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows)];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
