/* Reports as files: how many, for whom, and what a crash leaves. */
#include "common/crc.h"
#include "common/log.h"
#include "deliver/queue/attempt.h"
#include "deliver/queue/bounce.h"
#include "tests/rows.h"
#include "tests/scratch.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

static struct queue q;
static struct conf conf;
static struct role_start start;
static char path[64];

static int
setup(void **state)
{
	(void)state;
	q = (struct queue){ 0 };
	conf = (struct conf){ .hostname = (char *)(uintptr_t) "host.example",
		.domain = (char *)(uintptr_t) "example.org",
		.retry = { 3600 },
		.nretry = 1,
		.warn = 3600,
		.give_up = 86400 };
	start = (struct role_start){ .conf = &conf, .uid = geteuid() };
	q.start = &start;
	q.conf = &conf;
	TAILQ_INIT(&q.jobs);
	TAILQ_INIT(&q.spare);
	TAILQ_INIT(&q.clients);
	RB_INIT(&q.floods);
	sched_init(&q);
	q.dir = scratch_make(path);
	return q.dir == -1 ? -1 : 0;
}

static int
teardown(void **state)
{
	struct message *m;

	(void)state;
	while ((m = RB_MIN(ids, &q.ids)) != NULL)
		sched_remove(&q, m);
	close(q.dir);
	scratch_remove(path);
	return 0;
}

/* A message of queue/ with that many recipients and that journal. */
static void
put(const char *id, const char *from, const char *words, int rcpts, time_t age,
    const struct buf *journal)
{
	static const char body[] = "Subject: the subject\n\nthe text\n";
	struct spool_head h = { .body_len = sizeof body - 1,
		.body_sum = crc32c(0, body, sizeof body - 1) };
	struct buf b = { 0 }, env = { 0 };
	char line[SPOOL_HEAD];
	int fd;

	buf_fmt(&env,
	    "time %lld.000000\nuid 1\nkind MAIL\nfrom <%s>\nbody 7BIT\n",
	    (long long)(time(NULL) - age), from);
	for (int i = 0; i < rcpts; i++)
		buf_fmt(&env, "to <r%d@c.example>%s\n", i, words);
	buf_chr(&env, '\n');
	h.env_len = (uint32_t)env.len;
	h.env_sum = crc32c(0, env.ptr, env.len);
	spool_head_put(&h, line);
	buf_add(&b, line, sizeof line);
	buf_span(&b, buf_view(&env));
	buf_str(&b, body);
	buf_span(&b, buf_view(journal));
	fd = openat(q.dir, id, O_WRONLY | O_CREAT | O_EXCL, 0660);
	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, b.ptr, b.len), (ssize_t)b.len);
	close(fd);
	buf_free(&b);
	buf_free(&env);
}

static void
note(struct buf *b, enum journal_event e, uint32_t rcpt, const char *status)
{
	journal_put(b, &(struct journal_line){
			   e, 5, rcpt, 1, span_of(status), SPAN("said so") });
}

/* As its turn comes. */
static void
turn(const char *id)
{
	struct message *m = sched_find(&q, id);

	if (m == NULL)
		m = sched_add(&q, id, false);
	assert_non_null(m);
	if (m->state == M_READY)
		turn_remove(&q.turn, m);
	m->state = M_OPEN;
	q.open++;
	attempt(&q, m);
}

static size_t
files(void)
{
	DIR *d = opendir(path);
	struct dirent *e;
	size_t n = 0;

	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static bool
there(const char *id)
{
	return faccessat(q.dir, id, F_OK, 0) == 0;
}

/* Text of a file of queue/. */
static void
get(const char *id, struct buf *b)
{
	int fd = openat(q.dir, id, O_RDONLY);
	ssize_t n;

	assert_int_not_equal(fd, -1);
	buf_reset(b);
	assert_int_equal(buf_room(b, 1 << 20), 0);
	n = read(fd, b->ptr, 1 << 20);
	assert_true(n > 0);
	b->len = (size_t)n;
	close(fd);
}

static void
has(const char *id, const char *text)
{
	struct buf b = { 0 };

	get(id, &b);
	if (strstr(buf_c(&b), text) == NULL)
		fail_msg("no \"%s\" in %s:\n%s", text, id, buf_c(&b));
	buf_free(&b);
}

#define ID "0123456789ABCDEF"

static void
one_bounce(void **state)
{
	struct buf j = { 0 };

	(void)state;
	note(&j, J_DONE, 0, "2.0.0");
	note(&j, J_FAIL, 1, "5.1.1");
	put(ID, "a@x.example", "", 2, 9, &j);
	turn(ID);
	assert_false(there(ID));
	assert_int_equal(files(), 1);
	has(ID "-1", "\nto <a@x.example>\n");
	has(ID "-1", "Final-Recipient: rfc822; r1@c.example");
	buf_free(&j);
}

/* Killed after the bounce was made, before anything was said of it; and after
 * half of it was written; and a power cut has left its name and mode alone. */
static void
killed_in_between(void **state)
{
	enum { MADE, HALF, NO_TEXT, WAYS };
	struct buf j = { 0 };
	int fd;

	(void)state;
	note(&j, J_FAIL, 0, "5.1.1");
	for (int way = MADE; way < WAYS; way++) {
		put(ID, "a@x.example", "", 1, 9, &j);
		if (way == MADE)
			put(ID "-1", "", "", 1, 9, &(struct buf){ 0 });
		fd = openat(q.dir, ID "-1", O_WRONLY | O_CREAT, 0600);
		if (way != MADE)
			assert_int_equal(write(fd, "it", 2), 2);
		assert_int_equal(fchmod(fd, way == HALF ? 0640 : 0660), 0);
		close(fd);
		turn(ID);
		assert_false(there(ID));
		assert_int_equal(files(), 1);
		has(ID "-1", way == MADE ? "the text" : "Final-Recipient");
		unlinkat(q.dir, ID "-1", 0);
	}
	buf_free(&j);
}

static const struct asked {
	const char *name, *from, *words;
	bool failed;	    /* else done */
	const char *report; /* its id, or NULL */
	const char *has;
} askeds[] = {
	{ "failure_by_default", "a@b", "", true, ID "-1", "Action: failed" },
	{ "failure_never", "a@b", " notify=NEVER", true, NULL, NULL },
	{ "failure_asked", "a@b", " notify=FAILURE", true, ID "-1", "failed" },
	{ "failure_not_asked", "a@b", " notify=SUCCESS,DELAY", true, NULL,
	    NULL },
	{ "success_not_asked", "a@b", "", false, NULL, NULL },
	{ "success_asked", "a@b", " notify=SUCCESS", false, ID "-1S",
	    "Action: delivered" },
	{ "success_of_no_sender", "", " notify=SUCCESS", false, NULL, NULL },
	{ "failure_of_no_sender", "", "", true, ID "-1D", "to <postmaster>" },
	{ "failure_of_no_sender_never", "", " notify=NEVER", true, NULL, NULL },
};

static void
check_asked(void **state)
{
	const struct asked *row = *state;
	struct buf j = { 0 };

	setup(NULL);
	note(&j, row->failed ? J_FAIL : J_DONE, 0,
	    row->failed ? "5.1.1" : "2.0.0");
	put(ID, row->from, row->words, 1, 9, &j);
	turn(ID);
	assert_false(there(ID));
	assert_int_equal(files(), row->report ? 1 : 0);
	if (row->report)
		has(row->report, row->has);
	buf_free(&j);
	teardown(NULL);
}

/* How a relay took it. */
static void
relayed(void **state)
{
	struct buf j = { 0 };

	(void)state;
	note(&j, J_RELAYED, 0, "2.0.0");
	note(&j, J_PASSED, 1, "2.0.0");
	put(ID, "a@b", " notify=SUCCESS", 2, 9, &j);
	turn(ID);
	assert_int_equal(files(), 1);
	has(ID "-1S", "r0@c.example\nAction: relayed");
	buf_free(&j);
	get(ID "-1S", &j);
	assert_null(strstr(buf_c(&j), "r1@c.example"));
	buf_free(&j);
}

/* Reports that fail: a bounce goes to postmaster, nothing else goes on. */
static const struct ends {
	const char *name, *id, *report;
} endings[] = {
	{ "bounce_fails", ID "-1", ID "-1D" },
	{ "third_bounce_fails", ID "-3", ID "-3D" },
	{ "warning_fails", ID "-1W", NULL },
	{ "success_fails", ID "-1S", NULL },
	{ "postmaster_fails", ID "-1D", NULL },
	{ "list_fails", ID "-1M", NULL },
};

static void
check_end(void **state)
{
	const struct ends *row = *state;
	struct buf j = { 0 };

	setup(NULL);
	note(&j, J_FAIL, 0, "5.1.1");
	put(row->id, "", "", 1, 9, &j);
	turn(row->id);
	assert_false(there(row->id));
	assert_int_equal(files(), row->report ? 1 : 0);
	if (row->report) {
		has(row->report, "to <postmaster>");
		has(row->report, "\nthe text\n");
	}
	buf_free(&j);
	teardown(NULL);
}

/* Late: warned once, also where a process died before it could say so. */
static void
warned_once(void **state)
{
	struct buf j = { 0 };
	char id[SPOOL_IDSIZE];
	struct message m = { .id = ID };

	(void)state;
	note(&j, J_LATER, JOURNAL_ALL, "4.4.1");
	put(ID, "a@b", "", 1, 7200, &j);
	m.file = file_open(q.dir, ID, geteuid());
	assert_non_null(m.file);
	assert_true(bounce_wants_warning(&q, &m));
	assert_false(bounce_warned(&q, &m, id));
	assert_int_equal(bounce_warn(&q, &m, id), 0);
	assert_string_equal(id, ID "-1W");
	has(ID "-1W", "Action: delayed\nStatus: 4.4.1");
	assert_true(bounce_warned(&q, &m, id)); /* nothing was said of it */
	assert_int_equal(bounce_warn(&q, &m, id), 0);
	assert_int_equal(files(), 2);
	assert_int_equal(attempt_tell(&q, &m), 0);
	assert_true(m.file->warned);
	file_close(m.file);
	m.file = file_open(q.dir, ID, geteuid());
	assert_true(m.file->warned); /* now it stands in the journal */
	assert_false(bounce_wants_warning(&q, &m));
	file_close(m.file);
	buf_free(&j);
}

static const struct warns {
	const char *name, *from, *words;
	long after;
	bool want;
} warns[] = {
	{ "warn_by_default", "a@b", "", 3600, true },
	{ "warn_asked", "a@b", " notify=DELAY", 3600, true },
	{ "warn_not_asked", "a@b", " notify=FAILURE", 3600, false },
	{ "warn_never", "a@b", " notify=NEVER", 3600, false },
	{ "warn_no_sender", "", "", 3600, false },
	{ "warn_switched_off", "a@b", "", 0, false },
	{ "warn_send", "a@b", " kind=SEND", 3600, false },
};

static void
check_warns(void **state)
{
	const struct warns *row = *state;
	struct message m = { .id = ID };
	struct buf j = { 0 };

	setup(NULL);
	conf.warn = row->after;
	put(ID, row->from, row->words, 1, 7200, &j);
	m.file = file_open(q.dir, ID, geteuid());
	assert_non_null(m.file);
	assert_int_equal(bounce_wants_warning(&q, &m), row->want);
	file_close(m.file);
	teardown(NULL);
}

static void
name_of(char id[SPOOL_IDSIZE], int n)
{
	snprintf(id, SPOOL_IDSIZE, "%016d", n);
}

/* Ten thousand failures in a minute: FLOOD_MAX reports and a list for each
 * thousand of the rest, and in memory nothing but what waits. */
static void
flood(void **state)
{
	enum { N = 10000 };
	struct buf j = { 0 };
	char id[SPOOL_IDSIZE];
	int lists = 0;
	struct stat st;

	(void)state;
	note(&j, J_FAIL, 0, "5.1.1");
	for (int i = 0; i < N; i++) {
		name_of(id, i);
		put(id, "a@b", "", 1, 9, &j);
		turn(id);
	}
	assert_int_equal(files(), N); /* one for one, so far */
	assert_int_equal(q.nfloods, 1);
	assert_int_equal(q.open, 0);
	while (flood_flush(&q))
		assert_true(++lists <= N);
	assert_int_equal(lists, 10);
	assert_int_equal(files(), FLOOD_MAX + lists);
	assert_int_equal(q.count, FLOOD_MAX + lists);
	name_of(id, FLOOD_MAX);
	strlcat(id, "-1M", sizeof id);
	has(id, "Subject: Undelivered: 1000 more messages\n");
	has(id, "\nto <a@b>\n");
	has(id, "0000000000000021  the subject\n    <r0@c.example>: 5.1.1 ");
	assert_int_equal(fstatat(q.dir, id, &st, 0), 0);
	assert_true(st.st_size < 300 << 10);
	buf_free(&j);
}

/* Killed when the list was made and half of its messages were gone: those that
 * are left find it, and nobody is told twice. */
static void
flood_killed(void **state)
{
	struct buf j = { 0 };
	int fd;

	(void)state;
	note(&j, J_FAIL, 0, "5.1.1");
	journal_put(&j, &(struct journal_line){ .event = J_LIST,
			    .text = SPAN("0000000000000001-1M") });
	put(ID, "a@b", "", 1, 9, &j);
	fd = openat(q.dir, "0000000000000001-1M", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(fchmod(fd, 0660), 0);
	close(fd);
	turn(ID);
	assert_false(there(ID));
	assert_int_equal(files(), 1);
	unlinkat(q.dir, "0000000000000001-1M", 0);
	put(ID, "a@b", "", 1, 9, &j); /* it was never made */
	turn(ID);
	assert_true(there(ID "-1"));
	assert_int_equal(files(), 1);
	buf_free(&j);
}

/* The list is for the sender; the owner of a list is told by himself. */
static void
flood_with_owner(void **state)
{
	struct buf j = { 0 };

	(void)state;
	for (int i = 0; i < FLOOD_MAX; i++)
		assert_true(flood_take(&q, "a@b"));
	note(&j, J_FAIL, 0, "5.1.1");
	journal_put(&j, &(struct journal_line){ J_CHILD, 5, 1, 0,
			    SPAN("address"), SPAN("- owner-l@x m@far") });
	note(&j, J_SPLIT, 1, "");
	note(&j, J_FAIL, 2, "5.1.1");
	put(ID, "a@b", "", 2, 9, &j);
	turn(ID);
	assert_int_equal(files(), 1);
	assert_int_equal(sched_find(&q, ID)->state, M_HELD);
	assert_true(flood_flush(&q));
	assert_false(there(ID));
	assert_true(there(ID "-1M"));
	has(ID "-2", "\nto <owner-l@x>\n");
	has(ID "-2", "Final-Recipient: rfc822; m@far");
	assert_int_equal(files(), 2);
	buf_free(&j);
}

static void
child(struct buf *j, const char *from, const char *addr)
{
	char words[64];

	snprintf(words, sizeof words, "- %s %s", from, addr);
	journal_put(j, &(struct journal_line){
			   J_CHILD, 5, 0, 0, SPAN("address"), span_of(words) });
}

/* Late members of lists: their owners are warned, each once, and the sender of
 * those who have none. */
static const struct late {
	const char *name, *from, *owners[3];
	bool one_is_done;
	const char *to[3]; /* of 1W, 2W, 3W */
} lates[] = {
	{ "no_owner", "a@b", { "-", "-", "-" }, false, { "a@b" } },
	{ "one_owner", "a@b", { "owner-l@x", "owner-l@x", "owner-l@x" }, false,
	    { NULL, "owner-l@x" } },
	{ "two_owners_and_none", "a@b", { "owner-l@x", "-", "owner-m@x" },
	    false, { "a@b", "owner-l@x", "owner-m@x" } },
	{ "an_owner_whose_member_has_it", "a@b",
	    { "owner-l@x", "-", "owner-m@x" }, true, { "a@b", "owner-m@x" } },
	{ "no_sender", "", { "owner-l@x", "-", "-" }, false, { NULL } },
};

static void
check_late(void **state)
{
	const struct late *row = *state;
	struct buf j = { 0 };
	struct message *m;
	char id[SPOOL_IDSIZE], want[64];

	setup(NULL);
	for (int i = 0; i < 3; i++) {
		snprintf(want, sizeof want, "m%d@far", i);
		child(&j, row->owners[i], want);
	}
	note(&j, J_SPLIT, 0, "");
	if (row->one_is_done)
		note(&j, J_DONE, 1, "2.0.0");
	put(ID, row->from, "", 1, 9, &j);
	m = sched_add(&q, ID, false);
	m->file = file_open(q.dir, ID, geteuid());
	assert_non_null(m->file);
	assert_int_equal(bounce_wants_warning(&q, m), row->from[0] != '\0');
	for (int again = 0; row->from[0] && again < 2; again++) {
		size_t made = 1;

		assert_int_equal(bounce_warn(&q, m, id), 0);
		assert_int_equal(id[0] != '\0', row->to[0] != NULL);
		for (int i = 0; i < 3; i++) {
			snprintf(id, sizeof id, ID "-%dW", i + 1);
			assert_int_equal(there(id), row->to[i] != NULL);
			if (row->to[i] == NULL)
				continue;
			made++;
			snprintf(want, sizeof want, "\nto <%s>\n", row->to[i]);
			has(id, want);
			has(id, "Action: delayed");
		}
		assert_int_equal(files(), made);
	}
	file_close(m->file);
	m->file = NULL;
	buf_free(&j);
	teardown(NULL);
}

/* RFC 3461 5.2.7: what its sender hears of the success of an alias. */
static const struct handed {
	const char *name, *owner, *words;
	int children;
	const char *addr, *action; /* NULL: no report */
} handeds[] = {
	{ "one_member", "-", " notify=SUCCESS", 1, "m0@far", "delivered" },
	{ "two_members", "-", " notify=SUCCESS", 2, "r0@c.example",
	    "expanded" },
	{ "a_list_with_an_owner", "owner-l@x", " notify=SUCCESS", 2,
	    "r0@c.example", "delivered" },
	{ "a_list_of_one_with_an_owner", "owner-l@x", " notify=SUCCESS", 1,
	    "r0@c.example", "delivered" },
	{ "two_members_not_asked", "-", "", 2, NULL, NULL },
	{ "two_members_never", "-", " notify=NEVER", 2, NULL, NULL },
};

static void
check_handed(void **state)
{
	const struct handed *row = *state;
	struct buf j = { 0 };
	char want[80];
	const char *at;

	setup(NULL);
	for (int i = 0; i < row->children; i++) {
		snprintf(want, sizeof want, "m%d@far", i);
		child(&j, row->owner, want);
	}
	note(&j, J_SPLIT, 0, "");
	for (int i = 0; i < row->children; i++)
		note(&j, J_DONE, 1 + (uint32_t)i, "2.0.0");
	put(ID, "a@b", row->words, 1, 9, &j);
	turn(ID);
	assert_false(there(ID));
	assert_int_equal(files(), row->action != NULL);
	if (row->action) {
		snprintf(want, sizeof want, "%s\nAction: %s\n", row->addr,
		    row->action);
		has(ID "-1S", want);
		get(ID "-1S", &j);
		at = strstr(buf_c(&j), "\nAction: ");
		assert_null(strstr(at + 1, "\nAction: "));
	}
	buf_free(&j);
	teardown(NULL);
}

/* What the next server is told that is to be heard of it. */
static void
notify_of_children(void **state)
{
	struct buf j = { 0 };
	struct file *f;

	(void)state;
	child(&j, "-", "m@far");
	put(ID, "a@b", " notify=SUCCESS", 1, 9, &j);
	f = file_open(q.dir, ID, geteuid());
	assert_int_equal(rcpt_notify(f, 1), ENV_SUCCESS);
	file_close(f);
	unlinkat(q.dir, ID, 0);
	child(&j, "-", "n@far");
	put(ID, "a@b", " notify=SUCCESS", 1, 9, &j);
	f = file_open(q.dir, ID, geteuid());
	assert_int_equal(rcpt_notify(f, 0), ENV_SUCCESS);
	assert_int_equal(rcpt_notify(f, 1), ENV_NEVER);
	f->env.rcpts[0].notify = ENV_SUCCESS | ENV_DELAY;
	assert_int_equal(rcpt_notify(f, 2), ENV_DELAY);
	f->env.rcpts[0].notify = 0;
	assert_int_equal(rcpt_notify(f, 2), 0);
	file_close(f);
	buf_free(&j);
}

/* Its report of success cannot be made: who was served last is not served
 * again for that. */
static void
success_cannot_be_told(void **state)
{
	struct message *m;
	struct buf j = { 0 };
	struct file *f;

	(void)state;
	note(&j, J_DONE, 0, "2.0.0");
	put(ID, "a@b", " notify=SUCCESS", 2, 9, &j);
	assert_int_equal(mkdirat(q.dir, ID "-1S", 0700), 0); /* in the way */
	m = sched_add(&q, ID, false);
	assert_non_null(m);
	turn_remove(&q.turn, m);
	m->state = M_OPEN;
	q.open++;
	m->file = file_open(q.dir, ID, geteuid());
	assert_non_null(m->file);
	m->file->env.rcpts[1].notify = 0; /* only the first asked */
	m->file->busy = 1;
	attempt_answer(
	    &q, m, 1, OUT_DELIVERED, SPAN("2.0.0"), SPAN("x"), SPAN("mx"));
	assert_true(there(ID));
	f = file_open(q.dir, ID, geteuid());
	assert_non_null(f);
	assert_int_equal(f->rcpts[1].state, R_DONE);
	file_close(f);
	unlinkat(q.dir, ID "-1S", AT_REMOVEDIR);
	buf_free(&j);
}

/* One whose other recipients wait is told at its next turn. */
static void
flood_with_waiting(void **state)
{
	struct buf j = { 0 };

	(void)state;
	for (int i = 0; i < FLOOD_MAX; i++)
		assert_true(flood_take(&q, "a@b"));
	assert_false(flood_take(&q, "a@b"));
	assert_true(flood_take(&q, "c@d"));
	conf.hold = true;
	note(&j, J_FAIL, 0, "5.1.1");
	put(ID, "a@b", "", 2, 9, &j);
	turn(ID);
	assert_int_equal(files(), 1);
	assert_int_equal(sched_find(&q, ID)->state, M_WAITS);
	assert_false(flood_flush(&q));
	buf_free(&j);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	static struct CMUnitTest tests[64] = { CASE(one_bounce),
		CASE(killed_in_between), CASE(relayed), CASE(warned_once),
		CASE(flood), CASE(flood_killed), CASE(flood_with_waiting),
		CASE(flood_with_owner), CASE(success_cannot_be_told),
		CASE(notify_of_children) };
	size_t n = 10;

	if (loop_init() == -1)
		return 1;
	ADD_ROWS(tests, n, askeds, check_asked);
	ADD_ROWS(tests, n, endings, check_end);
	ADD_ROWS(tests, n, warns, check_warns);
	ADD_ROWS(tests, n, lates, check_late);
	ADD_ROWS(tests, n, handeds, check_handed);
	return _cmocka_run_group_tests("bounce", tests, n, NULL, NULL);
}
