#include "deliver/net/pace.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SECOND 1000

static struct pace
fresh(void)
{
	struct pace p;

	pace_init(&p, 5, SECOND);
	return p;
}

static void
opens_up_to_the_most(void **state)
{
	struct pace p = fresh();

	(void)state;
	assert_true(pace_may(&p, 0, 0));
	assert_true(pace_may(&p, 4, 0));
	assert_false(pace_may(&p, 5, 0));
}

/* Sessions, messages that wait, and what an answer takes: how many more. */
static void
opens_as_many_as_help(void **state)
{
	static const struct {
		unsigned most;
		struct pace_now now;
		unsigned want;
	} rows[] = {
		/* at once: one by one, to PACE_QUICK */
		{ 20, { 1, 1, 100, 1, 0 }, 1 },
		{ 20, { 2, 1, 100, 1, 0 }, 0 },
		{ 20, { 4, 4, 1, 1, 0 }, 1 },
		{ 20, { 5, 5, 100, 1, 0 }, 0 },
		{ 3, { 3, 3, 100, 1, 0 }, 0 },
		/* slow: fourfold, as far as each has something to do */
		{ 20, { 1, 1, 200, 1, 50 }, 3 },
		{ 20, { 4, 1, 200, 1, 50 }, 0 },
		{ 20, { 4, 4, 196, 1, 50 }, 12 },
		{ 20, { 16, 16, 196, 1, 50 }, 4 },
		{ 20, { 20, 20, 999, 1, 50 }, 0 },
		{ 20, { 1, 1, 8, 1, 50 }, 2 },
		{ 20, { 1, 1, 3, 1, 50 }, 0 },
		{ 2, { 1, 1, 200, 1, 50 }, 1 },
		/* a window does the work of many */
		{ 20, { 1, 1, 200, 20, 50 }, 2 },
		{ 20, { 1, 1, 20, 20, 50 }, 0 },
	};
	struct pace p;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		pace_init(&p, rows[i].most, SECOND);
		assert_int_equal(pace_more(&p, &rows[i].now, 0), rows[i].want);
	}
	pace_init(&p, 20, SECOND);
	pace_frown(&p, 2, 0);
	assert_int_equal(
	    pace_more(&p, &(struct pace_now){ 1, 1, 99, 1, 50 }, 1), 0);
}

static void
refused_session_keeps_what_there_is(void **state)
{
	struct pace p = fresh();

	(void)state;
	pace_frown(&p, 2, 0);
	assert_false(pace_may(&p, 2, 100 * SECOND));
	assert_false(pace_may(&p, 1, 9 * SECOND)); /* calm first */
	assert_true(pace_may(&p, 1, 10 * SECOND));
	assert_true(pace_may(&p, 0, 0)); /* one is always tried */
}

static void
grows_by_one_a_round(void **state)
{
	struct pace p = fresh();

	(void)state;
	pace_frown(&p, 2, 0);
	for (int i = 0; i < 100; i++)
		pace_taken(&p, 9 * SECOND);
	assert_int_equal(p.limit, 2);
	pace_taken(&p, 10 * SECOND);
	assert_int_equal(p.limit, 2);
	pace_taken(&p, 10 * SECOND);
	assert_int_equal(p.limit, 3);
	for (int i = 0; i < 3 + 4; i++)
		pace_taken(&p, 10 * SECOND);
	assert_int_equal(p.limit, 5);
	for (int i = 0; i < 100; i++)
		pace_taken(&p, 10 * SECOND);
	assert_int_equal(p.limit, 5);
}

static void
frowns_double_the_calm_up_to_a_bound(void **state)
{
	struct pace p = fresh();

	(void)state;
	pace_frown(&p, 1, 0);
	assert_int_equal(p.until, 10 * SECOND);
	pace_frown(&p, 1, 0);
	assert_int_equal(p.until, 20 * SECOND);
	for (int i = 0; i < 100; i++)
		pace_frown(&p, 1, 0);
	assert_int_equal(p.until, PACE_CALM_MOST * SECOND);
	/* Well again for long: the first frown is a first one. */
	for (int i = 0; i < 100; i++)
		pace_taken(&p, 1000 * SECOND);
	pace_frown(&p, 4, 0);
	assert_int_equal(p.until, 10 * SECOND);
}

static void
burst_of_laters_halves(void **state)
{
	struct pace p = fresh();

	(void)state;
	for (int i = 0; i < PACE_BURST - 1; i++)
		pace_later(&p, 4, 0);
	assert_int_equal(p.limit, 5);
	pace_taken(&p, 0); /* no burst */
	for (int i = 0; i < PACE_BURST; i++)
		pace_later(&p, 4, 0);
	assert_int_equal(p.limit, 2);
}

static void
never_below_one_or_above_the_most(void **state)
{
	struct pace p = fresh();

	(void)state;
	pace_frown(&p, 0, 0);
	assert_int_equal(p.limit, 1);
	pace_frown(&p, 100, 0);
	assert_int_equal(p.limit, 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_up_to_the_most),
		cmocka_unit_test(opens_as_many_as_help),
		cmocka_unit_test(refused_session_keeps_what_there_is),
		cmocka_unit_test(grows_by_one_a_round),
		cmocka_unit_test(frowns_double_the_calm_up_to_a_bound),
		cmocka_unit_test(burst_of_laters_halves),
		cmocka_unit_test(never_below_one_or_above_the_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
