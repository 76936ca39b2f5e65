#include "common/printable.h"
#include "tests/rows.h"

static const struct row {
	const char *name;
	struct span text;
	size_t max;
	const char *want;
} rows[] = {
	{ "ascii_stays", S("a ~!\\\"x"), 99, "a ~!\\\"x" },
	{ "controls", S("a\r\n\t\x1b]0;x\x07\x7f"), 99, "a????]0;x??" },
	{ "nul", S("a\0b"), 99, "a?b" },
	{ "high_octets", S("\x80\xc3\xb6\xff"), 99, "????" },
	{ "cut_at_max", S("abcdef"), 3, "abc" },
	{ "exactly_max", S("abc"), 3, "abc" },
	{ "max_of_none", S("abc"), 0, "" },
	{ "empty", S(""), 9, "" },
};

static void
check(void **state)
{
	const struct row *row = *state;
	struct buf got = { 0 };

	printable_add(&got, row->text, row->max);
	assert_string_equal(buf_c(&got), row->want);
	buf_free(&got);
}

static void
quoted(void **state)
{
	struct buf got = { 0 };

	(void)state;
	printable_quoted(&got, SPAN("said \"no\"\n key=1"), 12);
	assert_string_equal(buf_c(&got), "\"said 'no'? k\"");
	buf_free(&got);
}

static void
in_place(void **state)
{
	char text[] = "a\x1b[2J\xe9z";

	(void)state;
	assert_ptr_equal(printable_str(text), text);
	assert_string_equal(text, "a?[2J?z");
}

static const struct age {
	const char *name;
	int64_t seconds;
	const char *want;
} ages[] = {
	{ "nothing", 0, "0s" },
	{ "before", -5, "0s" },
	{ "119_seconds", 119, "119s" },
	{ "two_minutes", 120, "2m" },
	{ "two_hours", 7200, "2h" },
	{ "two_days", 172800, "2d" },
};

static void
check_age(void **state)
{
	const struct age *row = *state;
	struct buf b = { 0 };

	printable_age(row->seconds, &b);
	assert_string_equal(buf_c(&b), row->want);
	buf_free(&b);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + COUNT(ages) + 2];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	ADD_ROWS(tests, n, ages, check_age);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(quoted);
	tests[n] = (struct CMUnitTest)cmocka_unit_test(in_place);
	return cmocka_run_group_tests_name("printable", tests, NULL, NULL);
}
