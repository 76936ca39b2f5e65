/* Alerts: when what is told again, in what words, what a restart knows. */
#include "deliver/queue/alerts.h"
#include "deliver/queue/bounce.h"
#include "deliver/queue/state.h"
#include "tests/rows.h"
#include "tests/scratch.h"
#include <dirent.h>
#include <limits.h>
#include <time.h>

#define NEVER INT64_MAX
#define T 1000000
static const struct due {
	const char *name;
	struct cause_times t;
	int64_t want;
} dues[] = {
	/* cause, told_any, told, seen, more, now, every */
	{ "the_first_time", { CAUSE_DROPPED, 0, 0, 1, 1, T, 3600 }, 0 },
	{ "another_of_the_cause_was_told",
	    { CAUSE_HELD, T - 100, 0, 1, 1, T, 3600 }, T + 3500 },
	{ "another_long_ago", { CAUSE_HELD, T - 7200, 0, 1, 1, T, 3600 },
	    T - 3600 },
	{ "it_is_known", { CAUSE_DROPPED, T - 100, T - 100, 1, 0, T, 3600 },
	    NEVER },
	{ "again_within_the_hour",
	    { CAUSE_DROPPED, T - 100, T - 100, 2, 1, T, 3600 }, T + 3500 },
	{ "again_after_the_hour",
	    { CAUSE_DROPPED, T - 3600, T - 3600, 2, 1, T, 3600 }, T },
	{ "a_state_is_mentioned_once_a_day",
	    { CAUSE_AGE, T - 3600, T - 3600, 9, 8, T, 3600 },
	    T - 3600 + CAUSE_DAY },
	{ "or_less_often", { CAUSE_AGE, T, T, 1, 0, T, 2 * CAUSE_DAY },
	    T + 2 * CAUSE_DAY },
	{ "few_are_none", { CAUSE_RUNAWAY, 0, 0, 99, 99, T, 3600 }, NEVER },
	{ "many_are", { CAUSE_RUNAWAY, 0, 0, 100, 100, T, 3600 }, 0 },
	{ "told_in_the_future",
	    { CAUSE_HELD, T + 9999, T + 9999, 1, 0, T, 3600 }, 0 },
	{ "told_a_moment_ahead", { CAUSE_DROPPED, T + 2, T + 2, 1, 0, T, 3600 },
	    NEVER },
};

static void
check_due(void **state)
{
	const struct due *row = *state;

	assert_int_equal(cause_due(&row->t), row->want);
}

static const struct text {
	const char *name;
	struct cause_text t;
	const char *want[4];
} texts[] = {
	{ "first",
	    { CAUSE_HELD, "main", "535 no", 1, 0, T, "I-1A", "h.example",
		"example" },
	    { "\nSubject: Alert of h.example: a relay cannot be used\n",
		"\n\nA relay cannot be used: main: 535 no.\n",
		"\nTo: <postmaster@example>\nMessage-ID: <I-1A@h.example>\n",
		"charset=us-ascii\n\n" } },
	{ "again", { CAUSE_DROPPED, "", "3B", 12, T, T + 9, "I", "h", "d" },
	    { "reached nobody: 3B.\n", "\nSeen 12 more times since " } },
	{ "once_more", { CAUSE_DROPPED, "", "3B", 1, T, T + 9, "I", "h", "d" },
	    { "\nSeen 1 more time since " } },
	{ "words_of_others",
	    { CAUSE_HELD, "m", "a\nBcc: x\033[m \303\244", 1, 0, T, "I", "h",
		"d" },
	    { "m: a Bcc: x?[m \303\244.\n", "charset=utf-8\n",
		"Content-Transfer-Encoding: 8bit\n\n" } },
};

static void
check_text(void **state)
{
	const struct text *row = *state;
	struct buf b = { 0 };
	size_t lines = 0;

	cause_compose(&row->t, &b);
	for (size_t i = 0; i < COUNT(row->want) && row->want[i]; i++)
		if (strstr(buf_c(&b), row->want[i]) == NULL)
			fail_msg("%s\nhas not: %s", buf_c(&b), row->want[i]);
	/* All of it is shown: deliver/tty cuts after 12 lines. */
	for (const char *p = strstr(buf_c(&b), "\n\n") + 2; *p; p++)
		lines += *p == '\n';
	assert_in_range(lines, 2, 12);
	buf_free(&b);
}

static void
every_row_is_whole(void **state)
{
	(void)state;
	for (int c = 0; c < CAUSES; c++) {
		const struct cause_row *row = &cause_rows[c];

		assert_true(row->name && row->what && row->todo);
		assert_true(row->level > LEVEL_OK && row->least > 0);
		for (const char *p = row->what; *p; p++)
			assert_in_range(*p, ' ', '~');
	}
}

/* The agent's part: a queue without messages but its own. */
static struct queue q;
static struct conf conf;
static struct role_start start;
static struct conf_relay relay;
static char path[64], db[80];

static void
begin(void)
{
	q.alerts = NULL;
	q.state = state_open(db);
	alert_start(&q);
}

static void
restart(void)
{
	struct message *m;

	while ((m = RB_MIN(ids, &q.ids)) != NULL)
		sched_remove(&q, m);
	loop_cancel(&q.alerts->next);
	free(q.alerts);
	state_close(q.state);
	begin();
}

static int
setup(void **state)
{
	char sub[80];

	(void)state;
	q = (struct queue){ 0 };
	relay = (struct conf_relay){ .name = (char *)(uintptr_t) "main" };
	conf = (struct conf){ .hostname = (char *)(uintptr_t) "host.example",
		.domain = (char *)(uintptr_t) "example.org",
		.relays = &relay,
		.nrelays = 1,
		.alert = { .on = true,
		    .age = 3600,
		    .every = 3600,
		    .via = (char *)(uintptr_t) "nobody" } };
	/* A pass looks whenever it is quiet. */
	start = (struct role_start){
		.conf = &conf, .uid = geteuid(), .once = true
	};
	q.start = &start;
	q.conf = &conf;
	TAILQ_INIT(&q.clients);
	loop_init();
	sched_init(&q);
	q.dir = scratch_make(path);
	snprintf(db, sizeof db, "%s.tdb", path);
	snprintf(sub, sizeof sub, "%s/q", path);
	if (q.dir == -1 || mkdir(sub, 0700) == -1)
		return -1;
	q.quarantine = open(sub, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	begin();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	restart();
	free(q.alerts);
	state_close(q.state);
	close(q.dir);
	close(q.quarantine);
	unlink(db);
	scratch_remove(path);
	return 0;
}

/* How many alerts were written by now. */
static size_t
told(void)
{
	DIR *d;
	struct dirent *e;
	size_t n = 0;

	alert_quiet(&q);
	d = opendir(path);
	while ((e = readdir(d)) != NULL)
		n += alert_is(e->d_name);
	closedir(d);
	return n;
}

/* All that was told was told so long ago. */
static void
pass(int64_t seconds)
{
	static const char *const keys[] = { "alert/dropped/*", "alert/dropped/",
		"alert/held/*", "alert/held/main", "alert/age/*", "alert/age/",
		"alert/quarantine/*", "alert/quarantine/" };

	for (size_t i = 0; i < COUNT(keys); i++) {
		int64_t t = state_get(q.state, keys[i], 0);

		if (t)
			state_put(q.state, keys[i], t - seconds);
	}
	restart();
}

static void
says(const char *want)
{
	struct buf b = { 0 };

	alert_check(&q, -1, true, &b);
	if (strstr(buf_c(&b), want) == NULL)
		fail_msg("%s\nhas not: %s", buf_c(&b), want);
	buf_free(&b);
}

static void
one_an_hour(void **state)
{
	(void)state;
	assert_int_equal(told(), 0);
	says("0 ok: nothing waits\n");
	alert_seen(&q, CAUSE_DROPPED, "", SPAN("one"));
	assert_int_equal(told(), 1);
	says("1 warning: a report of failure has reached nobody: one (since");
	alert_seen(&q, CAUSE_DROPPED, "", SPAN("two"));
	assert_int_equal(told(), 1);
	alert_seen(&q, CAUSE_HELD, "main", SPAN("535"));
	assert_int_equal(told(), 2);
	says("2 critical: ");
	restart();
	says("2 critical: ");
	alert_seen(&q, CAUSE_DROPPED, "", SPAN("three"));
	alert_seen(&q, CAUSE_HELD, "main", SPAN("535"));
	assert_int_equal(told(), 2);
	pass(3600);
	alert_seen(&q, CAUSE_HELD, "main", SPAN("535"));
	assert_int_equal(told(), 2);
	alert_seen(&q, CAUSE_DROPPED, "", SPAN("four"));
	assert_int_equal(told(), 3);
}

/* For it an agent that leaves when it is idle stays. */
static void
owed(void **state)
{
	(void)state;
	assert_false(alert_owed(&q));
	alert_seen(&q, CAUSE_DROPPED, "", SPAN("one"));
	assert_int_equal(told(), 1);
	assert_false(alert_owed(&q));
	alert_seen(&q, CAUSE_DROPPED, "", SPAN("two"));
	assert_int_equal(told(), 1);
	assert_true(alert_owed(&q));
	restart();
	assert_false(alert_owed(&q));
	alert_seen(&q, CAUSE_HELD, "main", SPAN("535"));
	alert_seen(&q, CAUSE_HELD, "main", SPAN("535"));
	assert_true(alert_owed(&q));
	assert_int_equal(told(), 2);
	alert_seen(&q, CAUSE_HELD, "main", SPAN("535"));
	assert_false(alert_owed(&q));
	conf.alert.on = false;
	alert_seen(&q, CAUSE_QUARANTINE, "", SPAN("x"));
	assert_false(alert_owed(&q));
}

static void
what_ends_is_over(void **state)
{
	(void)state;
	alert_seen(&q, CAUSE_HELD, "main", SPAN("535"));
	assert_int_equal(told(), 1);
	alert_over(&q, CAUSE_HELD, "main");
	says("0 ok: nothing waits\n");
	restart();
	says("0 ok: nothing waits\n");
	/* A new one, but within the hour. */
	alert_seen(&q, CAUSE_HELD, "main", SPAN("535"));
	assert_int_equal(told(), 1);
	says("2 critical: a relay cannot be used: main: 535 (since");
	pass(3600);
	alert_seen(&q, CAUSE_HELD, "main", SPAN("535"));
	assert_int_equal(told(), 2);
	pass(CAUSE_DAY + 1); /* and nobody tries it any more */
	says("0 ok: nothing waits\n");
}

static void
age(void **state)
{
	struct message *m;

	(void)state;
	/* 1970: old enough. */
	m = sched_add(&q, "0000000000000000", false);
	assert_non_null(m);
	assert_int_equal(told(), 0); /* of which nothing is known */
	alert_age(&q, m, time(NULL) - 3599 + 1);
	assert_int_equal(told(), 0);
	alert_age(&q, m, time(NULL) - 3601);
	assert_int_equal(told(), 1);
	says("1 warning: mail is stuck (since 0s); 1 message waits, for 60m\n");
	assert_int_equal(told(), 1);
	sched_remove(&q, m);
	says("0 ok: nothing waits\n");
}

static void
of_a_report_the_id_says_nothing(void **state)
{
	struct message *m, *n;

	(void)state;
	m = sched_add(&q, "3A00000000000000-1", false);
	assert_int_equal(told(), 0);
	alert_age(&q, m, time(NULL) - 10);
	assert_int_equal(told(), 0);
	n = sched_add(&q, "3A00000000000001", false);
	assert_non_null(n);
	assert_int_equal(told(), 1);
	says("2 messages wait, the oldest for ");
}

static void
an_alert_is_no_mail(void **state)
{
	struct message *m = sched_add(&q, "3A00000000000000-1A", false);

	(void)state;
	alert_age(&q, m, 1);
	assert_int_equal(told(), 0);
	says("0 ok: nothing waits\n");
	assert_int_equal(loop_now() >= 0 && q.alerts->next.armed, 0);
}

static void
off(void **state)
{
	(void)state;
	conf.alert.on = false;
	alert_seen(&q, CAUSE_DROPPED, "", SPAN("one"));
	assert_int_equal(told(), 0);
	says("1 warning: ");
}

static void
quarantine_until_it_is_empty(void **state)
{
	int fd = openat(q.quarantine, "x", O_CREAT | O_WRONLY, 0600);

	(void)state;
	close(fd);
	restart();
	assert_int_equal(told(), 1);
	restart();
	assert_int_equal(told(), 1);
	says("1 warning: a file of the queue");
	unlinkat(q.quarantine, "x", 0);
	says("0 ok: ");
}

static void
disk(void **state)
{
	(void)state;
	conf.alert.disk = UINT64_MAX;
	assert_int_equal(told(), 1);
	says("2 critical: the disk of the spool is nearly full: ");
	conf.alert.disk = 0;
	says("0 ok: ");
}

static void
memory_is_bounded(void **state)
{
	char name[24];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "relay%d", i);
		alert_seen(&q, CAUSE_HELD, name, SPAN("no"));
	}
	assert_int_equal(q.alerts->n, ALERTS_MAX - CAUSES);
	assert_int_equal(told(), 1); /* of one cause */
	for (int c = 0; c < CAUSES; c++)
		alert_seen(&q, (enum cause)c, "", SPAN("no"));
	assert_int_equal(q.alerts->n, ALERTS_MAX);
	alert_seen(&q, CAUSE_HELD, "one more", SPAN("no"));
	assert_int_equal(q.alerts->n, ALERTS_MAX);
}

static const struct set {
	const char *name;
	int64_t was, wall, steady, is;
	bool want;
} sets[] = {
	{ "as_it_was", T, T + 5, 5, T, false },
	{ "kept_right", T, T + 7, 5, T + 2, false },
	{ "an_hour_ahead", T, T + 3605, 5, T + 3600, true },
	{ "an_hour_back", T, T - 3595, 5, T - 3600, true },
	{ "asleep", T, T + 36000, 36000, T, false },
};

static void
check_set(void **state)
{
	const struct set *row = *state;
	int64_t offset = row->was;

	assert_int_equal(
	    cause_clock_set(&offset, row->wall, row->steady), row->want);
	assert_int_equal(offset, row->is);
}

/* The message is of the time before, and looks old for a moment. */
static void
a_clock_that_jumps_is_not_believed(void **state)
{
	struct message *m;

	(void)state;
	alert_quiet(&q);
	m = sched_add(&q, "3B00000000000000", false);
	alert_age(&q, m, time(NULL) - 30 * 86400);
	q.alerts->offset -= 30 * 86400;
	alert_look(q.alerts);
	assert_int_equal(told(), 0);
	assert_true(q.alerts->next.armed);
	q.alerts->doubt = loop_now();
	alert_look(q.alerts);
	assert_int_equal(told(), 1); /* it stays, and so it is */
}

static void
nothing_wakes_up_for_nothing(void **state)
{
	struct message *m;

	(void)state;
	alert_quiet(&q);
	assert_false(q.alerts->next.armed);
	m = sched_add(&q, "3B00000000000000", false);
	alert_age(&q, m, time(NULL));
	assert_true(q.alerts->next.armed);
	sched_remove(&q, m);
	assert_false(q.alerts->next.armed);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(dues) + COUNT(texts) + COUNT(sets) + 20];
	size_t n = 0;
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(every_row_is_whole),
#define MADE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		MADE(one_an_hour),
		MADE(owed),
		MADE(what_ends_is_over),
		MADE(age),
		MADE(of_a_report_the_id_says_nothing),
		MADE(an_alert_is_no_mail),
		MADE(off),
		MADE(quarantine_until_it_is_empty),
		MADE(disk),
		MADE(memory_is_bounded),
		MADE(a_clock_that_jumps_is_not_believed),
		MADE(nothing_wakes_up_for_nothing),
	};

	ADD_ROWS(tests, n, dues, check_due);
	ADD_ROWS(tests, n, texts, check_text);
	ADD_ROWS(tests, n, sets, check_set);
	for (size_t i = 0; i < COUNT(others); i++)
		tests[n++] = others[i];
	return _cmocka_run_group_tests("alert", tests, n, NULL, NULL);
}
