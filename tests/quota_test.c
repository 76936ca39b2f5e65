/* What one submitter may have waiting, and how fast he may send. */
#include "deliver/queue/quota.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000)
#define NOW (1000 * SECOND)
enum { ALICE = 1001, BOB = 1002 };

/* Steps: + one comes, - one goes, . a second passes; then what he has met. */
static const struct row {
	const char *name;
	struct quota_most most;
	uint32_t kib;
	const char *steps;
	enum quota_met met;
} rows[] = {
	{ "nothing_is_limited", { 0 }, 1000, "+++++++++", QUOTA_NONE },
	{ "below", { .count = 3 }, 1, "++", QUOTA_NONE },
	{ "as_many", { .count = 3 }, 1, "+++", QUOTA_COUNT },
	{ "more", { .count = 3 }, 1, "+++++", QUOTA_COUNT },
	{ "one_gone", { .count = 3 }, 1, "+++-", QUOTA_NONE },
	{ "more_one_gone", { .count = 3 }, 1, "++++-", QUOTA_COUNT },
	{ "a_sixteenth_is_not_gone", { .count = 32 }, 1,
	    "++++++++++++++++++++++++++++++++-", QUOTA_COUNT },
	{ "a_sixteenth_is_gone", { .count = 32 }, 1,
	    "++++++++++++++++++++++++++++++++---", QUOTA_NONE },
	{ "first_time_up", { .count = 32 }, 1,
	    "+++++++++++++++++++++++++++++++", QUOTA_NONE },
	{ "size_below", { .kib = 100 }, 33, "+++", QUOTA_NONE },
	{ "size", { .kib = 100 }, 33, "++++", QUOTA_SIZE },
	{ "size_gone", { .kib = 100 }, 33, "++++--", QUOTA_NONE },
	{ "one_that_is_larger_than_all", { .kib = 100 }, UINT32_MAX, "+",
	    QUOTA_SIZE },
	{ "rate_below", { .per_user = 4, .per_us = 8 * SECOND }, 1, "+++",
	    QUOTA_NONE },
	{ "rate", { .per_user = 4, .per_us = 8 * SECOND }, 1, "++++",
	    QUOTA_RATE },
	{ "rate_though_they_are_gone", { .per_user = 4, .per_us = 8 * SECOND },
	    1, "++++----", QUOTA_RATE },
	{ "rate_not_yet", { .per_user = 4, .per_us = 8 * SECOND }, 1, "++++.",
	    QUOTA_RATE },
	{ "rate_one_more", { .per_user = 4, .per_us = 8 * SECOND }, 1, "++++..",
	    QUOTA_NONE },
	{ "rate_and_no_second_one", { .per_user = 4, .per_us = 8 * SECOND }, 1,
	    "++++..+", QUOTA_RATE },
	{ "rate_slowly", { .per_user = 4, .per_us = 8 * SECOND }, 1,
	    "+..+..+..+..+..+..+..+", QUOTA_NONE },
	{ "rate_overshot_is_forgiven", { .per_user = 4, .per_us = 8 * SECOND },
	    1, "++++++++++++++++..", QUOTA_NONE },
	{ "one_each_time", { .per_user = 1, .per_us = 3 * SECOND }, 1, "+..",
	    QUOTA_RATE },
	{ "one_each_time_over", { .per_user = 1, .per_us = 3 * SECOND }, 1,
	    "+...", QUOTA_NONE },
	{ "more_than_the_clock_tells",
	    { .per_user = 1000000000, .per_us = SECOND }, 1, "+++++++++",
	    QUOTA_NONE },
};

static void
check(void **state)
{
	const struct row *r = *state;
	struct quotas q;
	struct quota *u = NULL;
	enum quota_met met = QUOTA_NONE;
	int64_t now = NOW;

	quota_init(&q);
	for (const char *s = r->steps; *s; s++) {
		if (*s == '+')
			u = quota_add(&q, &r->most, ALICE, r->kib, true, now);
		else if (*s == '-')
			u = quota_drop(&q, ALICE, r->kib, now);
		else
			now += SECOND;
		if (u)
			quota_judge(&q, u, &r->most, now);
		met = u ? u->met : QUOTA_NONE;
		assert_int_equal(met != QUOTA_NONE, !TAILQ_EMPTY(&q.refused));
	}
	assert_int_equal(met, r->met);
	/* The moment that is told is that from which on he may. */
	if (met == QUOTA_RATE) {
		now = quota_next(&q, &r->most);
		assert_false(quota_judge(&q, u, &r->most, now - 1));
		assert_true(quota_judge(&q, u, &r->most, now));
	}
	assert_true(quota_next(&q, &r->most) == INT64_MAX);
	quota_free(&q);
}

static void
users_are_apart(void **state)
{
	const struct quota_most most = { .count = 2 };
	struct quotas q;
	struct quota *u;

	(void)state;
	quota_init(&q);
	for (int i = 0; i < 5; i++)
		u = quota_add(&q, &most, ALICE, 1, true, NOW);
	assert_true(quota_judge(&q, u, &most, NOW));
	u = quota_add(&q, &most, BOB, 1, true, NOW);
	assert_false(quota_judge(&q, u, &most, NOW));
	u = quota_add(&q, &most, BOB, 1, true, NOW);
	assert_true(quota_judge(&q, u, &most, NOW));
	assert_int_equal(TAILQ_FIRST(&q.refused)->uid, ALICE);
	quota_free(&q);
}

/* Of an earlier run: they wait, and nobody has sent them now. */
static void
old_ones_have_no_rate(void **state)
{
	const struct quota_most most = { .per_user = 2, .per_us = SECOND };
	struct quotas q;
	struct quota *u = NULL;

	(void)state;
	quota_init(&q);
	for (int i = 0; i < 50; i++)
		u = quota_add(&q, &most, ALICE, 1, false, NOW);
	assert_false(quota_judge(&q, u, &most, NOW));
	quota_free(&q);
}

/* Those who have nothing here any more, and no rate to be remembered. */
static void
memory_is_given_back(void **state)
{
	const struct quota_most most = { .per_user = 5, .per_us = SECOND };
	struct quotas q;

	(void)state;
	quota_init(&q);
	for (uid_t uid = 0; uid < 100000; uid++) {
		quota_add(&q, &most, uid, 1, true, NOW + uid * SECOND);
		quota_drop(&q, uid, 1, NOW + uid * SECOND);
		assert_true(q.n < 2000);
	}
	assert_null(quota_drop(&q, 4711, 1, NOW));
	quota_free(&q);
}

/* It jumped back by a day: who was refused is not so for a day. */
static void
clock_jumps(void **state)
{
	const struct quota_most most = { .per_user = 2, .per_us = SECOND };
	const int64_t day = 86400 * SECOND;
	struct quotas q;
	struct quota *u;

	(void)state;
	quota_init(&q);
	quota_add(&q, &most, ALICE, 1, true, NOW + day);
	u = quota_add(&q, &most, ALICE, 1, true, NOW + day);
	assert_true(quota_judge(&q, u, &most, NOW + day));
	assert_true(quota_judge(&q, u, &most, NOW));
	assert_int_equal(u->met, QUOTA_NONE);
	quota_free(&q);
}

#define ROWS (sizeof rows / sizeof *rows)

int
main(void)
{
	struct CMUnitTest tests[ROWS + 5] = {
		cmocka_unit_test(users_are_apart),
		cmocka_unit_test(old_ones_have_no_rate),
		cmocka_unit_test(memory_is_given_back),
		cmocka_unit_test(clock_jumps),
	};

	for (size_t i = 0; i < ROWS; i++)
		tests[4 + i] = (struct CMUnitTest){ rows[i].name, check, NULL,
			NULL, (void *)(uintptr_t)&rows[i] };
	return _cmocka_run_group_tests("quota", tests, 4 + ROWS, NULL, NULL);
}
