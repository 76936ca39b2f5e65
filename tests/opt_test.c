#include "sendmail/opt.h"
#include "tests/rows.h"
#include <unistd.h>

#define ARGS 10
struct row {
	const char *name;
	const char *argv[ARGS];
	struct opt want;
	int nrcpts;
};

/* Command lines as callers write them. */
static const struct row rows[] = {
	{ "cron",
	    { "sendmail", "-FCronDaemon", "-i", "-B8BITMIME", "-oem", "root" },
	    { .fullname = "CronDaemon", .dots = true, .body = ENV_8BIT }, 1 },
	{ "cron_of_fedora",
	    { "/usr/sbin/sendmail", "-i", "-FCronDaemon", "-oem", "-oi", "-t",
		"-f", "root" },
	    { .fullname = "CronDaemon",
		.dots = true,
		.from_header = true,
		.sender = "root" },
	    0 },
	{ "php", { "/usr/sbin/sendmail", "-t", "-i" },
	    { .from_header = true, .dots = true }, 0 },
	{ "git_send_email", { "sendmail", "-i", "-f", "a@b", "c@d", "e@f" },
	    { .dots = true, .sender = "a@b" }, 2 },
	{ "mail_1", { "send-mail", "-i", "--", "bob" }, { .dots = true }, 1 },
	{ "mutt",
	    { "sendmail", "-oem", "-oi", "-N", "failure,delay", "-R", "hdrs",
		"--", "bob" },
	    { .dots = true,
		.notify = ENV_FAILURE | ENV_DELAY,
		.ret = ENV_HDRS },
	    1 },
	{ "r_for_f", { "sendmail", "-r", "a@b" }, { .sender = "a@b" }, 0 },
	{ "empty_sender", { "sendmail", "-f", "", "bob" }, { .sender = "" },
	    1 },
	{ "f_without_a_blank", { "sendmail", "-fa@b" }, { .sender = "a@b" },
	    0 },
	{ "letters_together", { "sendmail", "-ti" },
	    { .from_header = true, .dots = true }, 0 },
	{ "nothing", { "sendmail" }, { .mode = MODE_SUBMIT }, 0 },
	{ "no_arguments_at_all", { NULL }, { .mode = MODE_SUBMIT }, 0 },
	{ "first_name_ends_options", { "sendmail", "bob", "-t" },
	    { .mode = MODE_SUBMIT }, 2 },
	{ "bm", { "sendmail", "-bm", "bob" }, { .mode = MODE_SUBMIT }, 1 },
	{ "bp", { "sendmail", "-bp" }, { .mode = MODE_LIST }, 0 },
	{ "mailq", { "/usr/bin/mailq" }, { .mode = MODE_LIST }, 0 },
	{ "name_like_mailq", { "/usr/bin/xmailq" }, { .mode = MODE_SUBMIT },
	    0 },
	{ "q", { "sendmail", "-q" }, { .mode = MODE_RUN }, 0 },
	{ "q_with_interval", { "sendmail", "-q15m" }, { .mode = MODE_RUN }, 0 },
	{ "q_with_v", { "sendmail", "-v", "-q" }, { .mode = MODE_RUN }, 0 },
	{ "mailq_with_q", { "mailq", "-qIabc" }, { .mode = MODE_LIST }, 0 },
	{ "odq", { "sendmail", "-odq", "bob" }, { .wait = true }, 1 },
	{ "odb_takes_odq_back", { "sendmail", "-odq", "-odb", "bob" },
	    { .wait = false }, 1 },
	{ "O_DeliveryMode", { "sendmail", "-O", "DeliveryMode=q" },
	    { .wait = true }, 0 },
	{ "O_IgnoreDots", { "sendmail", "-OIgnoreDots" }, { .dots = true }, 0 },
	{ "O_IgnoreDots_no", { "sendmail", "-i", "-OIgnoreDots=No" },
	    { .dots = false }, 0 },
	{ "O_Terminal", { "sendmail", "-O", "Terminal=saml" },
	    { .kind = ENV_SAML }, 0 },
	{ "O_Terminal_in_capitals", { "sendmail", "-O", " TERMINAL = SEND " },
	    { .kind = ENV_SEND }, 0 },
	{ "O_QueueDirectory_is_nothing",
	    { "sendmail", "-O", "QueueDirectory=/tmp" },
	    { .mode = MODE_SUBMIT }, 0 },
	{ "C_X_d_are_nothing",
	    { "sendmail", "-C", "/etc/shadow", "-X", "/etc/passwd", "-d0.1",
		"bob" },
	    { .mode = MODE_SUBMIT }, 1 },
	{ "accepted_and_ignored",
	    { "sendmail", "-G", "-U", "-n", "-m", "-s", "-h5", "-oA/x",
		"-L x" },
	    { .mode = MODE_SUBMIT }, 0 },
	{ "notify_never", { "sendmail", "-N", "never" },
	    { .notify = ENV_NEVER }, 0 },
	{ "notify_list_with_blanks", { "sendmail", "-N", "Success, DELAY" },
	    { .notify = ENV_SUCCESS | ENV_DELAY }, 0 },
	{ "envelope_id", { "sendmail", "-V", "x y" }, { .envid = "x y" }, 0 },
	{ "body_in_lower_case", { "sendmail", "-B", "7bit" },
	    { .body = ENV_7BIT }, 0 },
};

static char **
arguments(const struct row *row, int *argc)
{
	*argc = 0;
	while (*argc < ARGS && row->argv[*argc])
		++*argc;
	optind = 0; /* glibc: begin anew */
	return (char **)row->argv;
}

static void
same(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		assert_ptr_equal(a, b);
	else
		assert_string_equal(a, b);
}

static void
check(void **state)
{
	const struct row *row = *state;
	struct buf why = { 0 };
	struct opt o;
	int argc;
	char **argv = arguments(row, &argc);

	assert_int_equal(opt_parse(argc, argv, &o, &why), 0);
	assert_int_equal(why.len, 0);
	assert_int_equal(o.mode, row->want.mode);
	assert_int_equal(o.from_header, row->want.from_header);
	assert_int_equal(o.dots, row->want.dots);
	assert_int_equal(o.wait, row->want.wait);
	assert_int_equal(o.kind, row->want.kind);
	assert_int_equal(o.body, row->want.body);
	assert_int_equal(o.ret, row->want.ret);
	assert_int_equal(o.notify, row->want.notify);
	same(o.sender, row->want.sender);
	same(o.fullname, row->want.fullname);
	same(o.envid, row->want.envid);
	assert_int_equal(o.nrcpts, row->nrcpts);
	for (int i = 0; i < o.nrcpts; i++)
		assert_ptr_equal(o.rcpts[i], argv[argc - o.nrcpts + i]);
	buf_free(&why);
}

#define A100                                                                   \
	"0123456789012345678901234567890123456789012345678901234567890123456"  \
	"789012345678901234567890123456789"
static const struct row wrong[] = {
	{ .name = "unknown_letter", .argv = { "sendmail", "-k" } },
	{ .name = "unknown_octet", .argv = { "sendmail", "-\xff" } },
	{ .name = "f_without_value", .argv = { "sendmail", "-f" } },
	{ .name = "unknown_b", .argv = { "sendmail", "-bz" } },
	{ .name = "b_of_two_letters", .argv = { "sendmail", "-bpp" } },
	{ .name = "unknown_body", .argv = { "sendmail", "-BBINARY" } },
	{ .name = "unknown_notify", .argv = { "sendmail", "-N", "always" } },
	{ .name = "never_and_more",
	    .argv = { "sendmail", "-N", "never,delay" } },
	{ .name = "never_then_more",
	    .argv = { "sendmail", "-N", "never", "-N", "delay" } },
	{ .name = "empty_notify", .argv = { "sendmail", "-N", "" } },
	{ .name = "unknown_ret", .argv = { "sendmail", "-R", "all" } },
	{ .name = "unknown_terminal",
	    .argv = { "sendmail", "-O", "Terminal=beep" } },
	{ .name = "terminal_without_value",
	    .argv = { "sendmail", "-O", "Terminal" } },
	{ .name = "empty_envelope_id", .argv = { "sendmail", "-V", "" } },
	{ .name = "envelope_id_of_101",
	    .argv = { "sendmail", "-V", "x" A100 } },
};

static void
check_wrong(void **state)
{
	const struct row *row = *state;
	struct buf why = { 0 };
	struct opt o;
	int argc;
	char **argv = arguments(row, &argc);

	assert_int_equal(opt_parse(argc, argv, &o, &why), -1);
	assert_true(why.len > 10);
	for (size_t i = 0; i < why.len; i++)
		assert_in_range(why.ptr[i], ' ', '~');
	buf_free(&why);
}

/* What this version does not do is said, never done otherwise. */
static const struct row not_yet[] = {
	{ .name = "bs_not_yet", .argv = { "sendmail", "-bs" } },
	{ .name = "bv_not_yet", .argv = { "sendmail", "-bv", "bob" } },
	{ .name = "bi_not_yet", .argv = { "sendmail", "-bi" } },
	{ .name = "bd_never", .argv = { "sendmail", "-bd", "-q1h" } },
	{ .name = "newaliases_not_yet", .argv = { "newaliases" } },
};

static void
check_not_yet(void **state)
{
	const struct row *row = *state;
	struct buf why = { 0 };
	struct opt o;
	int argc;
	char **argv = arguments(row, &argc);

	assert_int_equal(opt_parse(argc, argv, &o, &why), 0);
	assert_int_equal(o.mode, MODE_NOT_YET);
	assert_non_null(o.not_yet);
	buf_free(&why);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + COUNT(wrong) + COUNT(not_yet)];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	ADD_ROWS(tests, n, wrong, check_wrong);
	ADD_ROWS(tests, n, not_yet, check_not_yet);
	return cmocka_run_group_tests_name("opt", tests, NULL, NULL);
}
