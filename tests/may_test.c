/* Who may, by the users and groups that every Linux has: root, daemon (1), bin
 * (2); and how often. */
#include "deliver/queue/may.h"
#include "deliver/queue/state.h"
#include "tests/rows.h"
#include "tests/scratch.h"

#define OWN 64010 /* the agent's uid */

static const struct row {
	const char *name;
	enum conf_senders senders;
	const char *group;
	uid_t sender;
	const char *to;
	bool may;
} rows[] = {
	{ "all", MAY_ALL, NULL, 2, "daemon", true },
	{ "all_a_uid_without_a_name", MAY_ALL, NULL, 64011, "daemon", true },
	{ "same_user", MAY_SAME_USER, NULL, 1, "daemon", true },
	{ "another_user", MAY_SAME_USER, NULL, 2, "daemon", false },
	{ "same_user_nobody_there", MAY_SAME_USER, NULL, 2, "no-such-user",
	    false },
	{ "same_user_root_writes", MAY_SAME_USER, NULL, 0, "daemon", true },
	{ "same_user_the_agent", MAY_SAME_USER, NULL, OWN, "daemon", true },
	{ "group_of_his_own", MAY_GROUP, "daemon", 1, "bin", true },
	{ "another_group", MAY_GROUP, "daemon", 2, "bin", false },
	{ "group_to_himself", MAY_GROUP, "daemon", 2, "bin", false },
	{ "no_such_group", MAY_GROUP, "no-such-group", 1, "bin", false },
	{ "no_group_named", MAY_GROUP, NULL, 1, "bin", false },
	{ "group_of_a_uid_without_a_name", MAY_GROUP, "daemon", 64011, "bin",
	    false },
	{ "group_root_writes", MAY_GROUP, "no-such-group", 0, "bin", true },
	{ "root_only", MAY_ROOT, NULL, 1, "daemon", false },
	{ "root_only_root", MAY_ROOT, NULL, 0, "daemon", true },
	{ "root_only_the_agent", MAY_ROOT, NULL, OWN, "daemon", true },
};

static void
check(void **state)
{
	const struct row *r = *state;
	struct conf conf = { .senders = r->senders,
		.senders_group = (char *)r->group };
	struct role_start start = { .uid = OWN };
	struct queue q = { .conf = &conf, .start = &start };

	assert_int_equal(may_write(&q, r->sender, r->to), r->may);
}

static char dir[64], path[100];

static int
setup(void **state)
{
	int fd = scratch_make(dir);

	(void)state;
	snprintf(path, sizeof path, "%s/state.tdb", dir);
	return fd == -1 ? -1 : close(fd);
}

static int
teardown(void **state)
{
	(void)state;
	scratch_remove(dir);
	return 0;
}

static int
taken(struct queue *q, enum may what, uid_t sender, const char *user, int most)
{
	int n = 0;

	while (n < most && may_take(q, what, sender, user))
		n++;
	return n;
}

/* A minute is far longer than these take, and none comes back meanwhile: one
 * every twenty seconds and one every twelve. */
static void
test_rates(void **state)
{
	struct conf conf = { .rate_pair = 3, .rate_rcpt = 5 };
	struct queue q = { .conf = &conf, .state = state_open(path) };

	(void)state;
	assert_int_equal(taken(&q, MAY_SHOW, 1001, "alice", 99), 3);
	assert_int_equal(taken(&q, MAY_SHOW, 1002, "alice", 99), 2);
	assert_int_equal(taken(&q, MAY_SHOW, 1003, "alice", 99), 0);
	/* What was refused counts for nothing. */
	assert_int_equal(taken(&q, MAY_SHOW, 1003, "bob", 99), 3);
	/* RCPT has an account of its own. */
	assert_int_equal(taken(&q, MAY_ASK, 1001, "alice", 99), 3);
	/* Not shown after all: the pair's and the recipient's come back. */
	may_give(&q, MAY_SHOW, 1001, "alice");
	assert_int_equal(taken(&q, MAY_SHOW, 1001, "alice", 99), 1);
	may_give(&q, MAY_SHOW, 1002, "alice");
	assert_int_equal(taken(&q, MAY_SHOW, 1003, "alice", 99), 1);
	/* A restart forgives nothing. */
	state_close(q.state);
	q.state = state_open(path);
	assert_int_equal(taken(&q, MAY_SHOW, 1003, "alice", 99), 0);
	assert_int_equal(taken(&q, MAY_SHOW, 1001, "carol", 99), 3);
	state_close(q.state);
}

static void
test_no_rates(void **state)
{
	struct conf conf = { .rate_pair = 0, .rate_rcpt = 2 };
	struct queue q = { .conf = &conf, .state = state_open(path) };

	(void)state;
	assert_int_equal(taken(&q, MAY_SHOW, 1001, "alice", 99), 2);
	conf.rate_rcpt = 0;
	assert_int_equal(taken(&q, MAY_SHOW, 1001, "bob", 99), 99);
	state_close(q.state);
}

/* Two users never share an account, however their names are written. */
static void
test_names(void **state)
{
	struct conf conf = { .rate_pair = 1, .rate_rcpt = 1 };
	struct queue q = { .conf = &conf, .state = state_open(path) };

	(void)state;
	assert_int_equal(taken(&q, MAY_SHOW, 1001, "a", 9), 1);
	assert_int_equal(taken(&q, MAY_SHOW, 1001, "aa", 9), 1);
	assert_int_equal(taken(&q, MAY_SHOW, 1001, "1001/a", 9), 1);
	assert_int_equal(taken(&q, MAY_SHOW, 100, "1/a", 9), 1);
	state_close(q.state);
}

#define take_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + 3] = {
		take_test(test_rates),
		take_test(test_no_rates),
		take_test(test_names),
	};
	size_t n = 3;

	ADD_ROWS(tests, n, rows, check);
	return _cmocka_run_group_tests("may", tests, n, NULL, NULL);
}
