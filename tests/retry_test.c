#include "deliver/queue/message.h"
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

static const struct due {
	const char *name;
	unsigned tries;
	int64_t until, now, want;
} dues[] = {
	{ "none_said", 0, 0, 1000, 0 },
	{ "past", 1, 900, 1000, 900 },
	{ "its_step_ahead", 1, 1300, 1000, 1300 },
	{ "last_step_ahead", 7, 4600, 1000, 4600 },
	/* Put off for 300 s, and then the clock was set back by an hour: less
	 * than the longest step. */
	{ "clock_set_back_by_less_than_the_last_step", 1, 1300, 1000 - 3000,
	    1000 - 3000 },
	{ "clock_set_back_by_a_month", 3, 2600000, 1000, 1000 },
};

static void
check_due(void **state)
{
	const struct due *row = *state;

	assert_int_equal(
	    retry_due(&steps, row->tries, row->until, row->now), row->want);
}

static const struct late {
	const char *name;
	int64_t arrived, now;
	bool want;
} lates[] = {
	{ "just_arrived", 1000, 1000, false },
	{ "one_second_left", 1000, 1059, false },
	{ "late", 1000, 1060, true },
	{ "a_clock_a_little_back", 1000, 990, false },
	{ "of_the_future", 100000, 1000, true },
	{ "of_a_far_future", INT64_MAX, 0, true },
};

static void
check_late(void **state)
{
	const struct late *row = *state;

	assert_int_equal(retry_late(row->arrived, row->now, 60), row->want);
}

static const struct gap {
	const char *name;
	struct conf conf;
	int64_t limit, want;
} gaps[] = {
	{ "a_quarter", { .retry = { 300, 7200 }, .nretry = 2 }, 432000,
	    108000 },
	{ "a_step_counts_whole", { .retry = { 300, 7200 }, .nretry = 2 }, 14400,
	    7800 },
	{ "the_longest_wherever_it_stands",
	    { .retry = { 21600, 300 }, .nretry = 2 }, 28800, 22200 },
	{ "nothing_at_all", { .retry = { 0 }, .nretry = 1 }, 1, 600 },
};

static void
check_gap(void **state)
{
	const struct gap *row = *state;

	assert_int_equal(retry_gap(&row->conf, row->limit), row->want);
}

#define DAY 86400
#define MONTH (30 * DAY)
#define T 1000000000

/* With steps as by default: what of give-up, and of warn, is over. */
static const struct wait {
	const char *name;
	int64_t arrived, events[9], now, gap, want; /* events: 0 ends them */
} waits[] = {
	{ "first_attempt", T, { 0 }, T + 1, 108000, 1 },
	{ "tried_all_along", T, { T + 300, T + 7500, T + 14700 }, T + 21900,
	    108000, 21900 },
	{ "once_a_day", T, { T + DAY, T + 2 * DAY, T + 3 * DAY, T + 4 * DAY },
	    T + 5 * DAY, 108000, 5 * DAY },
	{ "clock_a_month_ahead_for_a_moment", T, { T + 5 }, T + MONTH, 108000,
	    108005 },
	{ "and_right_again", T, { T + 5, T + MONTH, T + 10 }, T + 310, 108000,
	    108000 + 305 },
	{ "clock_set_after_the_start_of_the_machine", 60, { 61, T }, T + 300,
	    108000, 108301 },
	{ "came_while_the_clock_was_ahead", T + MONTH, { T, T + DAY },
	    T + 2 * DAY, 108000, 2 * DAY },
	{ "machine_off_for_a_week", T, { T + 5 }, T + 7 * DAY, 108000, 108005 },
	{ "not_late_after_a_jump", T, { T + 5 }, T + MONTH, 7200, 7205 },
	{ "far_ahead", T, { T + 5 }, INT64_MAX, 108000, 108005 },
	{ "from_the_end_of_time", INT64_MAX, { T }, T + 5, 108000, 5 },
};

static void
check_wait(void **state)
{
	const struct wait *row = *state;
	struct buf b = { 0 };

	for (size_t i = 0; row->events[i]; i++)
		journal_put(&b, &(struct journal_line){ J_DEFER, row->events[i],
				    0, row->events[i] + 300, { 0 }, { 0 } });
	buf_str(&b, "@ 0"); /* torn */
	assert_int_equal(
	    waited(buf_view(&b), row->arrived, row->now, row->gap), row->want);
	buf_free(&b);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + COUNT(dues) + COUNT(lates) +
				COUNT(gaps) + COUNT(waits)];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	ADD_ROWS(tests, n, dues, check_due);
	ADD_ROWS(tests, n, lates, check_late);
	ADD_ROWS(tests, n, gaps, check_gap);
	ADD_ROWS(tests, n, waits, check_wait);
	return cmocka_run_group_tests_name("retry", tests, NULL, NULL);
}
