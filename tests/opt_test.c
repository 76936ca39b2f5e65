#include "sendmail/opt.h"
#include "tests/rows.h"
#include <sysexits.h>
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
	{ "newaliases_speaks_for_itself", { "/usr/bin/newaliases" },
	    { .mode = MODE_ALIASES, .program = "newaliases" }, 0 },
	{ "mailq", { "/usr/bin/mailq" },
	    { .program = "mailq", .mode = MODE_LIST }, 0 },
	{ "mailq_check", { "mailq", "--check" },
	    { .program = "mailq", .mode = MODE_CHECK }, 0 },
	{ "mailq_check_age", { "mailq", "--check=2h" },
	    { .program = "mailq", .mode = MODE_CHECK, .age = 7200 }, 0 },
	{ "name_like_mailq", { "/usr/bin/xmailq" }, { .mode = MODE_SUBMIT },
	    0 },
	{ "q", { "sendmail", "-q" }, { .mode = MODE_RUN }, 0 },
	{ "qf", { "sendmail", "-qf" }, { .mode = MODE_RUN }, 0 },
	{ "q_by_id", { "sendmail", "-qI3B0F" },
	    { .mode = MODE_RUN, .select = 'I', .selected = "3B0F" }, 0 },
	{ "q_by_recipient", { "sendmail", "-qR@a.example" },
	    { .mode = MODE_RUN, .select = 'R', .selected = "@a.example" }, 0 },
	{ "q_by_sender_not", { "sendmail", "-q!Sroot" },
	    { .mode = MODE_RUN,
		.select = 'S',
		.select_not = true,
		.selected = "root" },
	    0 },
	{ "q_before_bp", { "sendmail", "-q", "-bp" }, { .mode = MODE_LIST },
	    0 },
	{ "bs", { "sendmail", "-bs", "-odb", "-oem" }, { .mode = MODE_SMTP },
	    0 },
	{ "bv", { "sendmail", "-bv", "bob", "eve" }, { .mode = MODE_VERIFY },
	    2 },
	{ "bi", { "sendmail", "-bi" }, { .mode = MODE_ALIASES }, 0 },
	{ "I", { "sendmail", "-I" }, { .mode = MODE_ALIASES }, 0 },
	{ "newaliases", { "/usr/bin/newaliases" },
	    { .program = "newaliases", .mode = MODE_ALIASES }, 0 },
	{ "last_mode_wins", { "sendmail", "-bp", "-bm" },
	    { .mode = MODE_SUBMIT }, 0 },
	{ "unknown_name", { "/opt/x/rmail-of-old", "-i", "bob" },
	    { .dots = true }, 1 },
	{ "v", { "sendmail", "-v", "bob" }, { .verbose = true }, 1 },
	{ "ov", { "sendmail", "-ov", "bob" }, { .verbose = true }, 1 },
	{ "O_Verbose_no", { "sendmail", "-v", "-O", "Verbose=F", "bob" },
	    { .verbose = false }, 1 },
	{ "oeq", { "sendmail", "-oeq", "bob" }, { .quiet = true }, 1 },
	{ "e_q_apart", { "sendmail", "-e", "q", "bob" }, { .quiet = true }, 1 },
	{ "O_ErrorMode", { "sendmail", "-OErrorMode=quiet", "bob" },
	    { .quiet = true }, 1 },
	{ "oee_is_not_quiet", { "sendmail", "-oeq", "-oee", "bob" },
	    { .quiet = false }, 1 },
	{ "two_senders", { "sendmail", "-fa@b", "-f", "c@d", "-re@f" },
	    { .sender = "e@f" }, 0 },
	{ "grouped_with_a_value", { "sendmail", "-tiFName", "-vfa@b" },
	    { .from_header = true,
		.dots = true,
		.verbose = true,
		.fullname = "Name",
		.sender = "a@b" },
	    0 },
	{ "grouped_value_apart", { "sendmail", "-iF", "My Name", "bob" },
	    { .dots = true, .fullname = "My Name" }, 1 },
	{ "o_apart", { "sendmail", "-o", "i", "bob" }, { .dots = true }, 1 },
	{ "o_blank_is_a_long_name", { "sendmail", "-o Terminal=soml", "bob" },
	    { .kind = ENV_SOML }, 1 },
	{ "o_empty", { "sendmail", "-o", "", "bob" }, { .dots = false }, 1 },
	{ "q_with_v", { "sendmail", "-v", "-q" },
	    { .mode = MODE_RUN, .verbose = true }, 0 },
	{ "mailq_with_q", { "mailq", "-qIabc" },
	    { .program = "mailq",
		.mode = MODE_LIST,
		.select = 'I',
		.selected = "abc" },
	    0 },
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
	{ "O_unknown_is_nothing",
	    { "sendmail", "-O", "NoSuchOption=/x", "-OTimeout.queuewarn=4h" },
	    { .mode = MODE_SUBMIT }, 0 },
	{ "o_of_files_is_nothing",
	    { "sendmail", "-oA/etc/shadow", "-oS/tmp/x", "-oH/x", "-o7",
		"bob" },
	    { .mode = MODE_SUBMIT }, 1 },
	{ "d_is_nothing", { "sendmail", "-d0.1", "-d", "bob" },
	    { .mode = MODE_SUBMIT }, 1 },
	{ "letters_of_others",
	    { "sendmail", "-E", "-J", "-S", "-x", "-T", "-c", "-Ac", "-Am" },
	    { .mode = MODE_SUBMIT }, 0 },
	{ "e_p_M_L_h_apart",
	    { "sendmail", "-e", "m", "-p", "smtp:h", "-M", "xv", "-Lt", "-h3" },
	    { .mode = MODE_SUBMIT }, 0 },
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
	assert_string_equal(
	    o.program, row->want.program ? row->want.program : "sendmail");
	assert_int_equal(o.age, row->want.age);
	assert_int_equal(o.from_header, row->want.from_header);
	assert_int_equal(o.dots, row->want.dots);
	assert_int_equal(o.wait, row->want.wait);
	assert_int_equal(o.verbose, row->want.verbose);
	assert_int_equal(o.quiet, row->want.quiet);
	assert_int_equal(o.select, row->want.select);
	assert_int_equal(o.select_not, row->want.select_not);
	same(o.selected, row->want.selected);
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
	{ .name = "check_of_no_age", .argv = { "mailq", "--check=4" } },
	{ .name = "check_of_nothing", .argv = { "mailq", "--check=" } },
	{ .name = "check_and_more", .argv = { "mailq", "--check", "x" } },
	{ .name = "check_of_sendmail", .argv = { "sendmail", "--check" } },
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

	assert_int_equal(opt_parse(argc, argv, &o, &why), EX_USAGE);
	assert_true(why.len > 10);
	for (size_t i = 0; i < why.len; i++)
		assert_in_range(why.ptr[i], ' ', '~');
	buf_free(&why);
}

static const struct {
	const char *name, *argv[ARGS];
	int want;
	const char *says;
} refused[] = {
	{ "C", { "sendmail", "-C", "/etc/shadow", "bob" }, EX_CONFIG,
	    "bellman.conf" },
	{ "C_joined", { "sendmail", "-C/etc/shadow", "bob" }, EX_CONFIG,
	    "bellman.conf" },
	{ "X", { "sendmail", "-X", "/etc/passwd", "bob" }, EX_CONFIG, "-X" },
	{ "D", { "sendmail", "-D", "/etc/passwd", "bob" }, EX_CONFIG, "-D" },
	{ "oQ", { "sendmail", "-oQ/tmp", "bob" }, EX_CONFIG, "one spool" },
	{ "O_QueueDirectory", { "sendmail", "-O", "queuedirectory=/tmp" },
	    EX_CONFIG, "one spool" },
	{ "Q", { "sendmail", "-Qreason", "bob" }, EX_USAGE, "-odq" },
	{ "bd", { "sendmail", "-bd", "-q1h" }, EX_USAGE, "deliver(8)" },
	{ "bD", { "sendmail", "-bD" }, EX_USAGE, "deliver(8)" },
	{ "bt", { "sendmail", "-bt" }, EX_USAGE, "-bv" },
	{ "bP", { "sendmail", "-bP" }, EX_USAGE, "-bp" },
	{ "bC", { "sendmail", "-bC" }, EX_USAGE, "--check" },
	{ "ba", { "sendmail", "-ba" }, EX_USAGE, "-b takes" },
	{ "bv_of_nobody", { "sendmail", "-bv" }, EX_USAGE, "wants" },
	{ "bp_with_words", { "sendmail", "-bp", "bob" }, EX_USAGE,
	    "nothing was sent" },
	{ "bi_with_words", { "sendmail", "-bi", "bob" }, EX_USAGE,
	    "nothing was sent" },
	{ "bs_with_words", { "sendmail", "-bs", "bob" }, EX_USAGE,
	    "nothing was sent" },
	{ "q_with_words", { "sendmail", "-q", "bob" }, EX_USAGE,
	    "nothing was sent" },
	{ "qI_of_nothing", { "sendmail", "-qI" }, EX_USAGE, "-q takes" },
	{ "q_of_two_lines", { "sendmail", "-qIa\nrun" }, EX_USAGE, "-q takes" },
	{ "qQ", { "sendmail", "-qQ" }, EX_USAGE, "-q takes" },
	{ "qL", { "sendmail", "-qL" }, EX_USAGE, "-q takes" },
	{ "qG", { "sendmail", "-qGgroup" }, EX_USAGE, "-q takes" },
	{ "q_not_an_interval", { "sendmail", "-q!30m" }, EX_USAGE, "-q takes" },
	{ "help", { "sendmail", "--help" }, EX_USAGE, "--help; usage" },
};

static void
check_refused(void **state)
{
	size_t i = (size_t)(uintptr_t)*state;
	struct buf why = { 0 };
	struct opt o;
	int argc = 0;

	while (argc < ARGS && refused[i].argv[argc])
		argc++;
	optind = 0;
	assert_int_equal(opt_parse(argc, (char **)refused[i].argv, &o, &why),
	    refused[i].want);
	assert_non_null(strstr(buf_c(&why), refused[i].says));
	buf_free(&why);
}

static const char *const intervals[] = { "-q30m", "-q1h", "-qp", "-qp30s",
	"-q0" };

/* For a user 77, for root 64; both say what to do. */
static void
check_interval(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(intervals); i++) {
		const char *argv[] = { "sendmail", intervals[i], NULL };
		struct buf why = { 0 };
		struct opt o;

		optind = 0;
		assert_int_equal(opt_parse(2, (char **)argv, &o, &why),
		    getuid() == 0 ? EX_USAGE : EX_NOPERM);
		assert_non_null(strstr(buf_c(&why), "deliver(8)"));
		buf_free(&why);
	}
}

int
main(void)
{
	struct CMUnitTest
	    tests[COUNT(rows) + COUNT(wrong) + COUNT(refused) + 1];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	ADD_ROWS(tests, n, wrong, check_wrong);
	for (size_t i = 0; i < COUNT(refused); i++)
		tests[n++] = (struct CMUnitTest){ refused[i].name,
			check_refused, NULL, NULL, (void *)(uintptr_t)i };
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_interval);
	return cmocka_run_group_tests_name("opt", tests, NULL, NULL);
}
