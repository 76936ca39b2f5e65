/* What it costs to look after the queue: counted in comparisons and in messages
 * that are touched, never in time. */
#include "deliver/queue/alert.h"
#include "tests/rows.h"
#include "tests/scratch.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MANY 200000

static char dir[64];
static struct conf conf = { .nretry = 1, .retry = { 3600 } };
static const struct role_start start = { .conf = &conf };
static struct queue q;

static void
stop(struct loop_timer *t)
{
	if (q.forcing || sched_more(&q))
		loop_in(t, 0); /* the next round */
	else
		loop_stop();
}

/* No message has a file here: an attempt finds that it is gone. */
static void
rounds(int ms)
{
	struct loop_timer end = { .fire = stop };

	loop_in(&end, ms);
	assert_int_equal(loop_run(), 0);
	assert_int_equal(loop_init(), 0);
}

static struct message *
add(unsigned n)
{
	struct message *m;
	char id[SPOOL_IDSIZE];

	snprintf(id, sizeof id, "3B%014u", n);
	m = sched_add(&q, id, true);
	assert_non_null(m);
	return m;
}

static int
setup(void **state)
{
	(void)state;
	q = (struct queue){ .conf = &conf, .start = &start, .net.io.fd = -1 };
	q.dir = scratch_make(dir);
	if (q.dir == -1 || loop_init() == -1)
		return -1;
	sched_init(&q);
	RB_INIT(&q.boxes);
	TAILQ_INIT(&q.kepts);
	TAILQ_INIT(&q.clients);
	for (unsigned n = 0; n < MANY; n++)
		sched_wait(&q, add(n), 3600 + n % 1000);
	return 0;
}

static int
teardown(void **state)
{
	struct message *m;

	(void)state;
	while ((m = RB_MIN(ids, &q.ids)) != NULL)
		sched_remove(&q, m);
	close(q.dir);
	scratch_remove(dir);
	return 0;
}

static void
what_is_due_costs_by_what_is_due(void **state)
{
	enum { DUE = 50 };
	size_t before;

	(void)state;
	for (unsigned n = 0; n < DUE; n++)
		sched_wait(&q, add(MANY + n), 0);
	before = q.compared;
	rounds(50);
	assert_int_equal(q.count, MANY); /* those had their turn */
	/* Each leaves a tree of 200000; none is looked for in it. */
	if (q.compared - before > DUE * 4)
		fail_msg("%zu comparisons for %d of %d messages",
		    q.compared - before, DUE, MANY);
	before = q.compared;
	rounds(50);
	assert_int_equal(q.compared, before); /* nothing is due, none is seen */
}

static void
one_more_costs_a_logarithm(void **state)
{
	size_t before = q.compared;

	(void)state;
	for (unsigned n = 0; n < 100; n++) {
		struct message *m = add(MANY + n);

		sched_wait(&q, m, 1800 + n);
		sched_remove(&q, m);
	}
	if (q.compared - before > 100 * 40)
		fail_msg("%zu comparisons", q.compared - before);
}

/* A person asks for all: new mail has its turn meanwhile. */
static void
all_are_asked_for_in_pieces(void **state)
{
	struct message *m;
	size_t ready;

	(void)state;
	sched_force_all(&q);
	ready = q.turn.n[TURN_OLD];
	assert_true(ready < MANY / 10);
	rounds(0);
	RB_FOREACH (m, ids, &q.ids)
		assert_true(m->force || m->state == M_READY);
	assert_true(q.count < MANY); /* some had their turn meanwhile */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    what_is_due_costs_by_what_is_due, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    one_more_costs_a_logarithm, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    all_are_asked_for_in_pieces, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
