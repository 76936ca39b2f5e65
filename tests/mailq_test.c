/* mailq's own command line. */
#include "sendmail/mailq_opt.h"
#include "tests/rows.h"
#include <sysexits.h>

#define ARGS 8
#define ID "3B0FFD6TBZV35VGN"
#define ID2 ID "-1W"

static const struct row {
	const char *name, *argv[ARGS];
	struct mailq want;
} rows[] = {
	{ "json", { "--json" }, { .what = MAILQ_JSON } },
	{ "list", { "list", "--held" }, { .held = true } },
	{ "check", { "--check" }, { .what = MAILQ_CHECK } },
	{ "check_age", { "--check=2h" }, { .what = MAILQ_CHECK, .age = 7200 } },
	{ "thresholds", { "--check", "--warning", "1h", "--critical=1d" },
	    { .what = MAILQ_CHECK, .warning = 3600, .critical = 86400 } },
	{ "prometheus", { "--prometheus" }, { .what = MAILQ_PROMETHEUS } },
	{ "prometheus_file", { "--prometheus", "/x" },
	    { .what = MAILQ_PROMETHEUS, .file = "/x" } },
	{ "prometheus_file_joined", { "--prometheus=/x" },
	    { .what = MAILQ_PROMETHEUS, .file = "/x" } },
	{ "follow", { "--follow", ID }, { .what = MAILQ_FOLLOW, .nids = 1 } },
	{ "v_id", { "-v", ID },
	    { .what = MAILQ_FOLLOW, .nids = 1, .verbose = true } },
	{ "help", { "--help" }, { .what = MAILQ_HELP } },
	{ "help_short", { "-h" }, { .what = MAILQ_HELP } },
	{ "show", { "show", "--body", ID },
	    { .what = MAILQ_SHOW, .body = true, .nids = 1 } },
	{ "two_ids", { "remove", ID, ID2 },
	    { .what = MAILQ_REMOVE, .nids = 2 } },
	{ "ids_around_options", { "hold", ID, "--sender", "bob", ID2 },
	    { .what = MAILQ_HOLD, .sender = "bob", .nids = 2 } },
	{ "all", { "bounce", "--all" }, { .what = MAILQ_BOUNCE, .all = true } },
	{ "several", { "retry", "--to-domain", "x", "--older", "2d" },
	    { .what = MAILQ_RETRY, .domain = "x", .older = 172800 } },
	{ "null_sender", { "remove", "--sender", "" },
	    { .what = MAILQ_REMOVE, .sender = "" } },
	{ "null_sender_joined", { "remove", "--sender=" },
	    { .what = MAILQ_REMOVE, .sender = "" } },
	{ "a_sender_like_an_option", { "release", "--recipient", "-x" },
	    { .what = MAILQ_RELEASE, .recipient = "-x" } },
};

static void
same(const char *a, const char *b)
{
	if (a && b)
		assert_string_equal(a, b);
	else
		assert_true(a == NULL && b == NULL);
}

static int
line(const char *const *words, char **argv)
{
	int argc = 1;

	argv[0] = (char *)"mailq";
	while (argc <= ARGS && words[argc - 1]) {
		argv[argc] = (char *)words[argc - 1];
		argc++;
	}
	argv[argc] = NULL;
	return argc;
}

static void
check(void **state)
{
	const struct row *row = *state;
	char *argv[ARGS + 2];
	int argc = line(row->argv, argv);
	struct buf why = { 0 };
	struct mailq m;

	assert_true(mailq_opt_own(argc, argv));
	assert_int_equal(mailq_opt(argc, argv, &m, &why), 0);
	assert_int_equal(why.len, 0);
	assert_int_equal(m.what, row->want.what);
	assert_int_equal(m.age, row->want.age);
	assert_int_equal(m.warning, row->want.warning);
	assert_int_equal(m.critical, row->want.critical);
	assert_int_equal(m.older, row->want.older);
	assert_int_equal(m.held, row->want.held);
	assert_int_equal(m.all, row->want.all);
	assert_int_equal(m.body, row->want.body);
	assert_int_equal(m.verbose, row->want.verbose);
	same(m.file, row->want.file);
	same(m.sender, row->want.sender);
	same(m.recipient, row->want.recipient);
	same(m.domain, row->want.domain);
	assert_int_equal(m.nids, row->want.nids);
	if (m.nids)
		assert_string_equal(m.ids[0], ID);
	if (m.nids > 1)
		assert_string_equal(m.ids[1], ID2);
	buf_free(&why);
}

static const struct bad {
	const char *name, *argv[ARGS], *says;
} bad[] = {
	{ "unknown_command", { "dance" }, "dance is no command" },
	{ "unknown_option", { "--dance" }, "unknown option --dance" },
	{ "unknown_letter", { "hold", "-x", ID }, "unknown option -x" },
	{ "no_id", { "hold", "../x" }, "no queue id" },
	{ "nothing_selected", { "remove" }, "which messages?" },
	{ "all_and_one", { "remove", "--all", ID }, "--all" },
	{ "no_age", { "retry", "--older", "2" }, "takes an age" },
	{ "no_value", { "retry", "--older" }, "--older wants" },
	{ "a_value_too_much", { "--json=x" }, "takes no value" },
	{ "two_things", { "--json", "--check" }, "one thing at a time" },
	{ "threshold_of_a_list", { "--json", "--warning", "1h" }, "belong" },
	{ "threshold_alone", { "--warning", "1h" }, "belong to --check" },
	{ "body_of_a_list", { "--body" }, "belongs to show" },
	{ "check_of_a_message", { "--check", "--sender", "x" },
	    "select no messages" },
	{ "age_apart", { "--check", "1h" }, "--check=1h" },
	{ "no_age_but_an_escape", { "--check", "\033[2J" }, "--check=?[2J" },
	{ "follow_two", { "--follow", ID, ID2 }, "" },
	{ "a_control_octet", { "hold", "--sender", "a\nb" }, "control" },
	{ "an_empty_file", { "--prometheus=" }, "wants" },
};

static void
check_bad(void **state)
{
	const struct bad *row = *state;
	char *argv[ARGS + 2];
	int argc = line(row->argv, argv);
	struct buf why = { 0 };
	struct mailq m;

	assert_int_equal(mailq_opt(argc, argv, &m, &why), EX_USAGE);
	assert_non_null(strstr(buf_c(&why), row->says));
	assert_true(why.len > 10);
	for (size_t i = 0; i < why.len; i++)
		assert_in_range(why.ptr[i], ' ', '~');
	buf_free(&why);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + COUNT(bad)];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	ADD_ROWS(tests, n, bad, check_bad);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
