#include "deliver/queue/rule.h"
#include "tests/rows.h"
#include <grp.h>
#include <stdio.h>

static const char *const settings =
    "hostname mail.example\nlocal-domains mail.example lan.example\n"
    "terminal root saml from local via @adm\n"
    "terminal backup@mail.example soml from any\n"
    "terminal backup send\n"
    "terminal alarm send from network via carol\n"
    "terminal alarm mail\n"
    "terminal quiet mail\n"
    "terminal * saml from network\n";

/* How the first rule that fits stands in the file, or 0. */
static const struct row {
	const char *name, *addr;
	bool network;
	unsigned line;
} rows[] = {
	{ "root", "root@mail.example", false, 3 },
	{ "bare_name", "root", false, 3 },
	{ "any_case", "ROOT@Mail.Example", false, 3 },
	{ "with_detail", "root+cron@mail.example", false, 3 },
	{ "other_local_domain", "root@lan.example", false, 3 },
	{ "far_root", "root@far.example", false, 0 },
	{ "root_from_the_network", "root@mail.example", true, 9 },
	{ "address", "backup@mail.example", false, 4 },
	{ "address_with_detail_is_the_name", "backup+x@mail.example", false,
	    5 },
	{ "name_of_the_other_domain", "backup@lan.example", false, 5 },
	{ "from_network", "alarm@mail.example", true, 6 },
	{ "from_local", "alarm@mail.example", false, 7 },
	{ "mail_ends_the_search", "quiet@mail.example", true, 8 },
	{ "nobody", "alice@mail.example", false, 0 },
	{ "everybody", "alice@mail.example", true, 9 },
	{ "everybody_far_away", "alice@far.example", true, 9 },
	{ "part_of_a_name", "roo@mail.example", false, 0 },
	{ "longer_name", "roots@mail.example", false, 0 },
	{ "empty", "", false, 0 },
};

static struct conf conf;

static int
setup(void **state)
{
	struct buf err = { 0 };

	(void)state;
	if (conf_parse(span_of(settings), "rules", &conf, &err) == -1)
		print_error("%s\n", buf_c(&err));
	return err.len ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	conf_free(&conf);
	return 0;
}

static void
check(void **state)
{
	const struct row *r = *state;
	const struct conf_rule *found =
	    rule_find(&conf, span_of(r->addr), r->network);

	assert_int_equal(found ? found->line : 0, r->line);
}

/* What a message of these becomes, with a child of the first. */
static struct file
file_of(struct env_rcpt *env, struct rcpt *rcpts, size_t n, uid_t uid)
{
	struct file f = { .uid = uid, .rcpts = rcpts, .nrcpts = n + 1 };

	f.env.rcpts = env;
	f.env.nrcpts = n;
	rcpts[n].parent = 0;
	return f;
}

static void
test_apply(void **state)
{
	struct env_rcpt env[] = { { .addr = (char *)"root@mail.example" },
		{ .addr = (char *)"root", .kind = ENV_SEND },
		{ .addr = (char *)"quiet" }, { .addr = (char *)"alice" } };
	struct rcpt rcpts[COUNT(env) + 1] = { 0 };
	struct file f = file_of(env, rcpts, COUNT(env), 1001);

	(void)state;
	rule_apply(&conf, &f, 900);
	assert_int_equal(env[0].kind, ENV_SAML);
	assert_string_equal(rule_via(&f, 0), "@adm");
	assert_string_equal(rule_via(&f, COUNT(env)), "@adm");
	/* The sender's own choice stands. */
	assert_int_equal(env[1].kind, ENV_SEND);
	assert_null(rule_via(&f, 1));
	assert_int_equal(env[2].kind, ENV_MAIL);
	assert_int_equal(env[3].kind, ENV_MAIL);
	assert_null(rule_via(&f, 3));
}

static void
test_off(void **state)
{
	struct env_rcpt env[] = { { .addr = (char *)"root" } };
	struct rcpt rcpts[2] = { 0 };
	struct file f = file_of(env, rcpts, 1, 1001);

	(void)state;
	conf.terminal = false;
	rule_apply(&conf, &f, 900);
	conf.terminal = true;
	assert_int_equal(env[0].kind, ENV_MAIL);
	assert_null(rule_via(&f, 0));
}

/* The agent's own SAML is an alert, and a user's is not. */
static void
test_alerts(void **state)
{
	struct env_rcpt env[] = { { .addr = (char *)"postmaster",
	    .kind = ENV_SAML } };
	struct rcpt rcpts[2] = { 0 };
	struct file f = file_of(env, rcpts, 1, 1001);

	(void)state;
	rule_apply(&conf, &f, 900);
	assert_null(rule_via(&f, 0));
	f.uid = 900;
	rule_apply(&conf, &f, 900);
	assert_string_equal(rule_via(&f, 0), "@adm");
}

static void
add(const char *user, void *arg)
{
	struct buf *b = arg;

	buf_fmt(b, "%s ", user);
}

/* The machine's own groups are what there is to be looked at here. */
static void
test_members(void **state)
{
	struct buf got = { 0 }, want = { 0 };
	const struct group *gr;

	(void)state;
	rule_members("carol", add, &got);
	assert_string_equal(buf_c(&got), "carol ");
	buf_reset(&got);
	rule_members("@no-such-group", add, &got);
	assert_int_equal(got.len, 0);
	setgrent();
	while ((gr = getgrent()) != NULL && gr->gr_mem[0] == NULL)
		;
	if (gr) {
		char name[80];

		for (int i = 0; gr->gr_mem[i] && i < 32; i++)
			buf_fmt(&want, "%s ", gr->gr_mem[i]);
		snprintf(name, sizeof name, "@%s", gr->gr_name);
		endgrent();
		rule_members(name, add, &got);
		assert_string_equal(buf_c(&got), buf_c(&want));
	}
	buf_free(&got);
	buf_free(&want);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + 4] = {
		cmocka_unit_test(test_apply),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_alerts),
		cmocka_unit_test(test_members),
	};
	size_t n = 4;

	ADD_ROWS(tests, n, rows, check);
	return _cmocka_run_group_tests("rule", tests, n, setup, teardown);
}
