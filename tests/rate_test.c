#include "deliver/queue/rate.h"
#include "tests/rows.h"

#define NOW 1795497633000

/* So many at once, after a pause; and how many more in the minute that
 * follows, one every second. */
static const struct row {
	const char *name;
	unsigned per_minute;
	int64_t last;
	unsigned at_once, then;
} rows[] = {
	{ "no_limit", 0, 0, 1000, 60 },
	{ "one", 1, 0, 1, 1 },
	{ "ten", 10, 0, 10, 10 },
	{ "as_many_as_milliseconds", 60000, 0, 1000, 60 },
	{ "more_than_milliseconds", 70000, 0, 1000, 60 },
	{ "used_up", 10, NOW + RATE_MINUTE, 0, 10 },
	{ "half_used_up", 10, NOW + RATE_MINUTE / 2, 5, 10 },
	{ "a_minute_ago", 10, NOW - RATE_MINUTE, 10, 10 },
	{ "the_clock_jumped_back", 10, NOW + 10 * RATE_MINUTE, 10, 10 },
	{ "before_1970", 10, -NOW, 10, 10 },
};

static void
check(void **state)
{
	const struct row *r = *state;
	int64_t last = r->last, now = NOW;
	unsigned at_once = 0, then = 0;

	while (at_once < 1000 && rate_may(last, r->per_minute, now)) {
		last = rate_take(last, r->per_minute, now);
		at_once++;
	}
	assert_int_equal(at_once, r->at_once);
	for (int s = 0; s < 60; s++) {
		now += 1000;
		if (!rate_may(last, r->per_minute, now))
			continue;
		last = rate_take(last, r->per_minute, now);
		then++;
	}
	assert_int_equal(then, r->then);
}

/* What was given back can be had again, and no more than that. */
static void
test_give(void **state)
{
	int64_t last = 0;

	(void)state;
	for (int i = 0; i < 10; i++)
		last = rate_take(last, 10, NOW);
	assert_false(rate_may(last, 10, NOW));
	last = rate_give(last, 10);
	assert_true(rate_may(last, 10, NOW));
	last = rate_take(last, 10, NOW);
	assert_false(rate_may(last, 10, NOW));
	assert_int_equal(rate_give(7, 0), 7);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + 1] = { cmocka_unit_test(
	    test_give) };
	size_t n = 1;

	ADD_ROWS(tests, n, rows, check);
	return _cmocka_run_group_tests("rate", tests, n, NULL, NULL);
}
