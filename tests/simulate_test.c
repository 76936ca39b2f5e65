/* A small day: what must be so on any day, whatever the seed. */
#include "tests/simulate/simulate.h"
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct plan small = { .seed = 7,
	.messages = 20000,
	.dests = 500,
	.submitters = 100,
	.down = 0.1,
	.burst = 2000 };

static void
each_is_delivered_or_given_up_once(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		struct plan p = small;
		const struct result *r;

		p.seed = seed;
		r = simulate(&p);
		assert_int_equal(r->arrived, p.messages);
		assert_int_equal(r->delivered + r->given_up, p.messages);
		assert_int_equal(r->twice, 0);
		assert_int_equal(r->left_jobs, 0);
		assert_int_equal(r->left_sessions, 0);
	}
}

static void
nobody_starves(void **state)
{
	const struct result *r = simulate(&small);

	(void)state;
	/* An answer "later" of a server is waited for; nothing else is. */
	assert_true(spread_part(&r->before, 0.99) < 10 * SECOND);
	assert_true(spread_part(&r->during, 0.99) < 60 * SECOND);
	assert_true(r->delay[K_WELL].most < 2 * HOUR);
	assert_true(r->delay[K_DOWN].n > 0);
	assert_true(r->delay[K_DOWN].most < 5 * HOUR);
}

/* Nine in ten fall silent for a morning: the others' mail does not wait. */
static void
the_dead_leave_room(void **state)
{
	struct plan p = small;
	const struct result *r;

	(void)state;
	p.messages = 300000;
	p.dests = 20000;
	p.down = 0.9;
	p.together = true;
	r = simulate(&p);
	assert_true(spread_part(&r->before, 0.9) < 5 * SECOND);
}

static void
memory_is_flat(void **state)
{
	struct plan p = small;
	const struct result *r = simulate(&p);
	int64_t first = r->bytes_own;

	(void)state;
	if (mallinfo2().arena == 0)
		skip(); /* another malloc's: the sanitizers' */
	assert_in_range(first, 1, 300);
	assert_in_range(r->left, 0, 65536);
	p.messages *= 4;
	p.burst *= 20; /* far more that wait: no more for each */
	r = simulate(&p);
	assert_true(r->waiting_most > 30000);
	assert_int_equal(r->bytes_own, first);
	assert_in_range(r->left, 0, 65536);
}

static void
same_seed_same_day(void **state)
{
	struct result first = *simulate(&small);
	const struct result *r = simulate(&small);

	(void)state;
	assert_int_equal(first.attempts, r->attempts);
	assert_int_equal(first.connects, r->connects);
	assert_int_equal(first.end, r->end);
	assert_memory_equal(first.delay, r->delay, sizeof first.delay);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_delivered_or_given_up_once),
		cmocka_unit_test(nobody_starves),
		cmocka_unit_test(the_dead_leave_room),
		cmocka_unit_test(memory_is_flat),
		cmocka_unit_test(same_seed_same_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
