/* Whose message is next: counted in messages, never in time. */
#include "deliver/queue/turn.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define MANY 100000
#define ALL 1000

enum { ALICE = 1001, BOB = 1002 };

static struct message *
put(struct turn *t, uid_t uid, unsigned dest, enum turn_kind kind)
{
	struct message *m = calloc(1, sizeof *m);

	assert_non_null(m);
	m->uid = uid;
	m->dest = (uint16_t)dest;
	turn_put(t, m, kind);
	return m;
}

static void
fill(struct turn *t, size_t n, uid_t uid, unsigned dest, enum turn_kind kind)
{
	while (n--)
		put(t, uid, dest, kind);
}

/* How many others come before that one. */
static size_t
until(struct turn *t, const struct message *wanted)
{
	struct message *m;
	size_t n = 0;

	while ((m = turn_next(t, 0, ALL)) != NULL) {
		turn_remove(t, m);
		if (m == wanted)
			break;
		free(m);
		n++;
	}
	assert_ptr_equal(m, wanted);
	free(m);
	return n;
}

static void
empty(struct turn *t)
{
	struct message *m;

	while ((m = turn_next(t, 0, ALL)) != NULL) {
		turn_remove(t, m);
		free(m);
	}
	while ((m = turn_parked(t, 0)) != NULL) {
		turn_remove(t, m);
		free(m);
	}
	assert_true(RB_EMPTY(&t->groups));
	assert_true(RB_EMPTY(&t->parked));
	assert_true(RB_EMPTY(&t->users));
	for (int k = 0; k < TURN_KINDS; k++)
		assert_int_equal(t->n[k], 0);
}

static void
one_message_passes_a_hundred_thousand(void **state)
{
	static const struct row {
		const char *name;
		uid_t uid;
		unsigned dest; /* of Alice's all is 1 */
		enum turn_kind hers, his;
		size_t most; /* that come before it */
	} rows[] = {
		{ "another_user_behind", BOB, 1, TURN_FRESH, TURN_FRESH, 1 },
		{ "another_user_before", ALICE - 1, 1, TURN_FRESH, TURN_FRESH,
		    1 },
		{ "root", 0, 1, TURN_FRESH, TURN_FRESH, 1 },
		{ "the_last_uid", UINT32_MAX - 1, 1, TURN_FRESH, TURN_FRESH,
		    1 },
		{ "another_user_old_mail", BOB, 1, TURN_FRESH, TURN_OLD, 1 },
		{ "another_user_new_mail", BOB, 1, TURN_OLD, TURN_FRESH, 1 },
		{ "her_other_destination", ALICE, 2, TURN_OLD, TURN_OLD, 1 },
		{ "her_destination_before", ALICE, 0, TURN_OLD, TURN_OLD, 1 },
		{ "her_last_destination", ALICE, UINT16_MAX, TURN_OLD, TURN_OLD,
		    1 },
		{ "her_new_mail", ALICE, 0, TURN_OLD, TURN_FRESH, 1 },
		{ "her_old_mail", ALICE, 7, TURN_FRESH, TURN_OLD, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *r = &rows[i];
		struct turn t;
		struct message *m;
		size_t n;

		turn_init(&t);
		fill(&t, MANY, ALICE, 1, r->hers);
		for (int k = 0; k < 100; k++) { /* she has her turns alone */
			m = turn_next(&t, 0, ALL);
			turn_remove(&t, m);
			free(m);
		}
		m = put(&t, r->uid, r->dest, r->his);
		n = until(&t, m);
		if (n > r->most)
			fail_msg("%s: %zu before it", r->name, n);
		empty(&t);
	}
}

/* Of many with many, each in his turn; of one with many destinations, each. */
static void
circles_are_even(void **state)
{
	enum { USERS = 50, DESTS = 40, EACH = 3 };
	unsigned of[USERS] = { 0 }, to[DESTS] = { 0 };
	struct turn t;
	struct message *m;

	(void)state;
	turn_init(&t);
	for (unsigned u = 0; u < USERS; u++)
		for (unsigned d = 0; d < DESTS; d++)
			fill(&t, EACH, u * 1000, d * 1600,
			    d % 2 ? TURN_FRESH : TURN_OLD);
	for (unsigned n = 0; n < USERS * DESTS; n++) {
		m = turn_next(&t, 0, ALL);
		of[m->uid / 1000]++;
		to[m->dest / 1600]++;
		turn_remove(&t, m);
		free(m);
		for (unsigned u = 0; u < USERS; u++)
			assert_in_range(of[u], n / USERS, n / USERS + 1);
	}
	for (unsigned d = 0; d < DESTS; d++)
		assert_int_equal(to[d], USERS);
	empty(&t);
}

static void
a_share_leaves_room(void **state)
{
	struct turn t;
	struct message *m;
	size_t open = 0, his = 0;

	(void)state;
	turn_init(&t);
	fill(&t, ALL, ALICE, 1, TURN_FRESH);
	while ((m = turn_next(&t, open, ALL)) != NULL) {
		turn_remove(&t, m);
		free(m);
		turn_open(&t, ALICE, 1);
		open++;
	}
	assert_int_equal(open, ALL / 2);
	assert_false(turn_waits(&t, open, ALL));
	/* She stalls for ever; so do others, one by one. */
	for (uid_t uid = 2000; open < ALL - 1; uid++) {
		fill(&t, ALL, uid, 1, TURN_OLD);
		for (his = 0; (m = turn_next(&t, open, ALL)) != NULL; his++) {
			assert_int_equal(m->uid, uid);
			turn_remove(&t, m);
			free(m);
			turn_open(&t, uid, 1);
			open++;
		}
		assert_true(his > 0);
	}
	m = put(&t, 1, 1, TURN_FRESH);
	assert_ptr_equal(turn_next(&t, open, ALL), m);
	/* An end of hers gives room to her again. */
	turn_remove(&t, m);
	free(m);
	while (open) {
		for (uid_t uid = 2000; uid < 2100; uid++)
			turn_open(&t, uid, -1);
		turn_open(&t, ALICE, -1);
		open--;
	}
	for (int i = 0; i < ALL; i++)
		for (uid_t uid = 2000; uid < 2100; uid++)
			turn_open(&t, uid, -1);
	assert_true(turn_waits(&t, 0, ALL));
	empty(&t);
}

static void
parked_by_destination(void **state)
{
	struct turn t;
	struct message *bobs, *m;
	unsigned n = 0;

	(void)state;
	turn_init(&t);
	for (unsigned d = 1; d <= 100; d++) /* stalled, and full */
		fill(&t, 1000, ALICE, d, TURN_PARKED);
	fill(&t, 1000, ALICE, 500, TURN_PARKED);
	bobs = put(&t, BOB, 500, TURN_PARKED);
	assert_null(turn_parked(&t, 501));
	assert_null(turn_next(&t, 0, ALL));
	/* Ends at that destination call those who wait for it. */
	do {
		m = turn_parked(&t, 500);
		assert_int_equal(m->dest, 500);
		turn_remove(&t, m);
		if (m != bobs)
			free(m);
	} while (m != bobs && ++n < 10);
	assert_ptr_equal(m, bobs);
	assert_true(n <= 1);
	/* Ends anywhere call each user in his turn. */
	turn_put(&t, bobs, TURN_PARKED);
	for (n = 0; (m = turn_parked(&t, 0)) != bobs; n++) {
		turn_remove(&t, m);
		free(m);
	}
	assert_true(n <= 1);
	empty(&t);
}

static void
any_may_leave(void **state)
{
	struct message *m[300];
	struct turn t;

	(void)state;
	turn_init(&t);
	for (unsigned i = 0; i < 300; i++)
		m[i] = put(&t, i % 7, i % 11, (enum turn_kind)(i % TURN_KINDS));
	for (unsigned i = 0; i < 300; i++) {
		turn_remove(&t, m[i * 7 % 300]);
		assert_null(m[i * 7 % 300]->in);
	}
	for (unsigned i = 0; i < 300; i++)
		free(m[i]);
	empty(&t);
}

static void
destinations_have_numbers(void **state)
{
	(void)state;
	assert_int_equal(turn_dest("mx", "a"), turn_dest("mx", "a"));
	assert_int_not_equal(turn_dest("mx", "a"), turn_dest("mxa", ""));
	assert_int_not_equal(turn_dest("mx", "a"), turn_dest("mx", "b"));
	for (unsigned i = 0; i < 200000; i++) {
		char name[16];

		snprintf(name, sizeof name, "d%u", i);
		assert_int_not_equal(turn_dest(name, ""), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_message_passes_a_hundred_thousand),
		cmocka_unit_test(circles_are_even),
		cmocka_unit_test(a_share_leaves_room),
		cmocka_unit_test(parked_by_destination),
		cmocka_unit_test(any_may_leave),
		cmocka_unit_test(destinations_have_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
