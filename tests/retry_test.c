#include "deliver/queue/retry.h"
#include "tests/rows.h"

static const struct conf steps = {
	.retry = { 300, 900, 3600 }, .nretry = 3, .give_up = 432000
};
static const struct conf zero = { .retry = { 0 }, .nretry = 1 };

static const struct row {
	const char *name;
	const struct conf *conf;
	unsigned tries;
	int64_t now, want;
	bool soon;
} rows[] = {
	{ "first", &steps, 0, 1000, 1300, .soon = false },
	{ "second", &steps, 1, 1000, 1900, .soon = false },
	{ "last", &steps, 2, 1000, 4600, .soon = false },
	{ "last_repeats", &steps, 3, 1000, 4600, .soon = false },
	{ "last_repeats_for_ever", &steps, 4294967295u, 1000, 4600,
	    .soon = false },
	{ "always_ahead_of_now", &zero, 0, 1000, 1001, .soon = false },
	{ "greylisted", &steps, 0, 1000, 1090, .soon = true },
	{ "greylisted_again", &steps, 1, 1000, 1900, .soon = true },
	{ "greylisted_where_steps_are_short", &zero, 0, 1000, 1001,
	    .soon = true },
};

static void
check(void **state)
{
	const struct row *row = *state;

	assert_int_equal(
	    retry_next(row->conf, row->tries, row->soon, row->now), row->want);
}

static const struct over {
	const char *name;
	int64_t arrived, now;
	bool want;
} overs[] = {
	{ "just_arrived", 1000, 1000, false },
	{ "one_second_left", 1000, 432999, false },
	{ "as_long_as_it_may", 1000, 433000, true },
	{ "long_ago", 0, INT64_MAX, true },
	{ "clock_jumped_back", 1000000, 0, false },
	{ "clock_jumped_back_far", INT64_MAX, 0, false },
};

static void
check_over(void **state)
{
	const struct over *row = *state;

	assert_int_equal(retry_over(&steps, row->arrived, row->now), row->want);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + COUNT(overs)];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	ADD_ROWS(tests, n, overs, check_over);
	return cmocka_run_group_tests_name("retry", tests, NULL, NULL);
}
