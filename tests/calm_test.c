/* The ten seconds after a message that the mailbox has as well.  The loop's
 * clock, and the note, are this test's own. */
#include "deliver/queue/terminal.h"
#include "tests/rows.h"
#include <stdio.h>

static struct loop_timer *timers[2000];
static size_t ntimers;
static char noted[200];
static unsigned notes;

void
loop_in(struct loop_timer *t, int64_t ms)
{
	assert_int_equal(ms, 10000);
	if (!t->armed)
		timers[ntimers++] = t;
	t->armed = true;
}

void
terminal_note(struct queue *q, const char *user, const char *text)
{
	(void)q;
	snprintf(noted, sizeof noted, "%s: %s", user, text);
	notes++;
}

static void
ten_seconds_later(void)
{
	size_t n = ntimers;
	struct loop_timer *due[COUNT(timers)];

	memcpy(due, timers, sizeof due);
	ntimers = 0;
	for (size_t i = 0; i < n; i++) {
		due[i]->armed = false;
		due[i]->fire(due[i]);
	}
}

static struct queue q;

static int
setup(void **state)
{
	(void)state;
	TAILQ_INIT(&q.calms);
	notes = 0;
	noted[0] = '\0';
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	ten_seconds_later();
	ten_seconds_later();
	return q.ncalms || !TAILQ_EMPTY(&q.calms);
}

static void
test_nobody_is_calm(void **state)
{
	(void)state;
	assert_false(calm_holds(&q, "alice", SPAN("cron (uid 0)")));
	assert_int_equal(ntimers, 0);
}

static void
test_one_alone(void **state)
{
	(void)state;
	calm_begin(&q, "alice");
	assert_false(calm_holds(&q, "bob", SPAN("cron (uid 0)")));
	ten_seconds_later();
	assert_int_equal(notes, 0);
	assert_false(calm_holds(&q, "alice", SPAN("cron (uid 0)")));
}

static void
test_one_more(void **state)
{
	(void)state;
	calm_begin(&q, "alice");
	assert_true(calm_holds(&q, "alice", SPAN("bob (uid 1002)")));
	ten_seconds_later();
	assert_string_equal(
	    noted, "alice: 1 more message; last from bob (uid 1002)");
}

/* Told once; then he is left alone for as long again. */
static void
test_seven_more(void **state)
{
	(void)state;
	calm_begin(&q, "alice");
	for (int i = 0; i < 6; i++)
		assert_true(calm_holds(&q, "alice", SPAN("bob (uid 1002)")));
	assert_true(calm_holds(&q, "alice", SPAN("cron (uid 0)")));
	calm_begin(&q, "alice");
	ten_seconds_later();
	assert_string_equal(
	    noted, "alice: 7 more messages; last from cron (uid 0)");
	assert_true(calm_holds(&q, "alice", SPAN("mdadm (uid 0)")));
	ten_seconds_later();
	assert_string_equal(
	    noted, "alice: 1 more message; last from mdadm (uid 0)");
	ten_seconds_later();
	assert_int_equal(notes, 2);
	assert_false(calm_holds(&q, "alice", SPAN("bob (uid 1002)")));
}

/* Over the rate: counted, though nothing was shown before. */
static void
test_counted(void **state)
{
	(void)state;
	calm_count(&q, "alice", SPAN("bob (uid 1002)"));
	calm_count(&q, "alice", SPAN("bob (uid 1002)"));
	ten_seconds_later();
	assert_string_equal(
	    noted, "alice: 2 more messages; last from bob (uid 1002)");
}

static void
test_name_is_made_printable(void **state)
{
	(void)state;
	calm_begin(&q, "alice");
	assert_true(calm_holds(&q, "alice", SPAN("\x1b[31m")));
	ten_seconds_later();
	assert_null(strchr(noted, '\x1b'));
}

/* So many users that memory would be theirs: the rest is shown everything. */
static void
test_many(void **state)
{
	char user[16];

	(void)state;
	for (int i = 0; i < 1001; i++) {
		snprintf(user, sizeof user, "u%d", i);
		calm_begin(&q, user);
	}
	assert_int_equal(q.ncalms, 1000);
	assert_true(calm_holds(&q, "u999", SPAN("x")));
	assert_false(calm_holds(&q, "u1000", SPAN("x")));
}

#define calm_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		calm_test(test_nobody_is_calm),
		calm_test(test_one_alone),
		calm_test(test_one_more),
		calm_test(test_seven_more),
		calm_test(test_counted),
		calm_test(test_name_is_made_printable),
		calm_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
