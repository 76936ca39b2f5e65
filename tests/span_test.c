#include "common/span.h"
#include "tests/rows.h"
#include <errno.h>
#include <stdlib.h>

static const struct trim {
	const char *name;
	struct span text, want;
} trims[] = {
	{ "trim_both_ends", S(" \ta b\r\n"), S("a b") },
	{ "trim_nothing", S("ab"), S("ab") },
	{ "trim_all", S(" \n "), S("") },
	{ "trim_keeps_nul", S(" \0 "), S("\0") },
};

static void
check_trim(void **state)
{
	const struct trim *row = *state;

	assert_true(span_eq(span_trim(row->text), row->want));
}

static const struct number {
	const char *name;
	struct span text;
	long long min, max;
	int want;
	long long number;
} numbers[] = {
	{ "number", S("42"), 0, 99, 0, 42 },
	{ "number_at_max", S("99"), 0, 99, 0, 99 },
	{ "number_over_max", S("100"), 0, 99, -1, 0 },
	{ "number_under_min", S("1"), 2, 99, -1, 0 },
	{ "number_leading_zeros", S("007"), 0, 99, 0, 7 },
	{ "number_sign", S("+7"), 0, 99, -1, 0 },
	{ "number_blank", S(" 7"), 0, 99, -1, 0 },
	{ "number_nul", S("7\0"), 0, 99, -1, 0 },
	{ "number_empty", S(""), 0, 99, -1, 0 },
	{ "number_hex", S("0x7"), 0, 99, -1, 0 },
	{ "number_over_64_bits", S("99999999999999999999"), 0, INT64_MAX, -1,
	    0 },
	{ "number_of_64_digits",
	    S("000000000000000000000000000000000000000000000000000000000000000"
	      "1"),
	    0, 9, -1, 0 },
};

static void
check_number(void **state)
{
	const struct number *row = *state;
	long long n = -5;

	assert_int_equal(
	    span_num(row->text, row->min, row->max, &n), row->want);
	assert_int_equal(n, row->want == 0 ? row->number : -5);
}

static void
equal_is_by_octets(void **state)
{
	(void)state;
	assert_true(span_eq(SPAN("a\0b"), SPAN("a\0b")));
	assert_false(span_eq(SPAN("a\0b"), SPAN("a\0c")));
	assert_false(span_eq(SPAN("a"), SPAN("A")));
	assert_true(span_ieq(SPAN("aZ"), SPAN("Az")));
	assert_false(span_ieq(SPAN("a"), SPAN("ab")));
	assert_true(span_eq(span_of(NULL), SPAN("")));
	assert_true(span_starts(SPAN("MAIL From"), SPAN("mail")));
	assert_false(span_starts(SPAN("ma"), SPAN("mail")));
	assert_true(span_has(SPAN("a\0b"), '\0'));
	assert_false(span_has(SPAN(""), 'a'));
}

static void
cut_gives_parts(void **state)
{
	struct span rest = SPAN("a,,b,");

	(void)state;
	assert_true(span_eq(span_cut(&rest, ','), SPAN("a")));
	assert_true(span_eq(span_cut(&rest, ','), SPAN("")));
	assert_true(span_eq(span_cut(&rest, ','), SPAN("b")));
	assert_non_null(rest.ptr); /* an empty part is still to come */
	assert_true(span_eq(span_cut(&rest, ','), SPAN("")));
	assert_null(rest.ptr);
	assert_int_equal(rest.len, 0);
}

static void
words_are_parted_by_blanks(void **state)
{
	struct span rest = SPAN("  a \t bc\n");

	(void)state;
	assert_true(span_eq(span_word(&rest), SPAN("a")));
	assert_true(span_eq(span_word(&rest), SPAN("bc")));
	assert_true(span_eq(span_word(&rest), SPAN("")));
	assert_true(span_eq(span_word(&rest), SPAN("")));
}

static void
rest_stays_inside(void **state)
{
	(void)state;
	assert_true(span_eq(span_from(SPAN("abc"), 1), SPAN("bc")));
	assert_int_equal(span_from(SPAN("abc"), 9).len, 0);
}

static void
copy_refuses_nul(void **state)
{
	char *copy = span_dup(SPAN("abc"));

	(void)state;
	assert_string_equal(copy, "abc");
	free(copy);
	errno = 0;
	assert_null(span_dup(SPAN("a\0b")));
	assert_int_equal(errno, EILSEQ);
	copy = span_dup(SPAN(""));
	assert_string_equal(copy, "");
	free(copy);
}

int
main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(equal_is_by_octets),
		cmocka_unit_test(cut_gives_parts),
		cmocka_unit_test(words_are_parted_by_blanks),
		cmocka_unit_test(rest_stays_inside),
		cmocka_unit_test(copy_refuses_nul),
	};
	struct CMUnitTest tests[COUNT(trims) + COUNT(numbers) + COUNT(others)];
	size_t n = 0;

	ADD_ROWS(tests, n, trims, check_trim);
	ADD_ROWS(tests, n, numbers, check_number);
	memcpy(tests + n, others, sizeof others);
	return cmocka_run_group_tests_name("span", tests, NULL, NULL);
}
