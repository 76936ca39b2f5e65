/* Commands: what each exit status means, what is said, what it finds. */
#include "tests/box.h"
#include <signal.h>
#include <time.h>

static int
setup(void **state)
{
	int done = box_setup(state, &box_pipe);
	struct place *p = *state;

	p->start.home = p->path;
	p->start.local = true;
	p->conf.command_time = 20;
	return done;
}

static void
run(struct place *p, const char *command)
{
	uint64_t ino, size;

	buf_free(&p->box.path);
	p->box.path = (struct buf){ 0 };
	buf_str(&p->box.path, command);
	assert_int_equal(p->box.kind->open(&p->box, &ino, &size, &p->v), 0);
	p->box.kind->append(&p->box, &p->items[0], &p->v);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
	p->box.kind->close(&p->box);
}

static const struct row {
	const char *name, *command;
	enum outcome want;
	const char *status, *text; /* a part of it */
} rows[] = {
	{ "exit_0", "exit 0", OUT_DELIVERED, "2.0.0", "" },
	{ "exit_1", "exit 1", OUT_NEVER, "5.3.0", "status 1" },
	{ "usage", "exit 64", OUT_NEVER, "5.3.5", "(wrong usage)" },
	{ "dataerr", "exit 65", OUT_NEVER, "5.6.0", "65" },
	{ "noinput", "exit 66", OUT_NEVER, "5.3.0", "66" },
	{ "nouser", "exit 67", OUT_NEVER, "5.1.1", "no such user" },
	{ "nohost", "exit 68", OUT_NEVER, "5.1.2", "68" },
	{ "unavailable", "exit 69", OUT_NEVER, "5.3.0", "69" },
	{ "software", "exit 70", OUT_NEVER, "5.3.0", "70" },
	{ "oserr", "exit 71", OUT_LATER, "4.3.0", "71" },
	{ "osfile", "exit 72", OUT_LATER, "4.3.0", "72" },
	{ "cantcreat", "exit 73", OUT_NEVER, "5.2.0", "73" },
	{ "ioerr", "exit 74", OUT_LATER, "4.3.0", "74" },
	{ "tempfail", "exit 75", OUT_LATER, "4.3.0", "another try" },
	{ "protocol", "exit 76", OUT_NEVER, "5.5.0", "76" },
	{ "noperm", "exit 77", OUT_NEVER, "5.7.0", "77" },
	{ "config", "exit 78", OUT_NEVER, "5.3.5", "78" },
	{ "exit_79", "exit 79", OUT_NEVER, "5.3.0", "79" },
	{ "not_found", "/nonexistent/x", OUT_LATER, "4.3.5", "not found" },
	{ "not_executable", "/dev/null", OUT_LATER, "4.3.5", "executed" },
	{ "killed", "kill -9 $$", OUT_LATER, "4.3.0", "signal 9" },
	{ "its_child_killed", "sh -c 'kill -15 $$'; exit $?", OUT_LATER,
	    "4.3.0", "signal 15" },
	{ "exit_255", "exit 255", OUT_NEVER, "5.3.0", "ended with status 255" },
	{ "output_is_told", "echo some words; echo to read >&2; exit 69",
	    OUT_NEVER, "5.3.0", "it said: some words | to read" },
	{ "output_is_made_safe", "printf 'a\\033]0;x\\007b\\n'; exit 69",
	    OUT_NEVER, "5.3.0", "it said: a?]0;x?b" },
	{ "output_is_bounded", "yes | head -c 1000000; exit 69", OUT_NEVER,
	    "5.3.0", "it said: y | y" },
	{ "reads_nothing", "exec <&-; exit 0", OUT_DELIVERED, "2.0.0", "" },
	{ "home", "test \"$HOME\" = \"$PWD\"", OUT_DELIVERED, "2.0.0", "" },
	{ "a_small_environment",
	    "test \"$USER $LOGNAME $SHELL $SENDER $RECIPIENT\" = 'r r /bin/sh "
	    "s@x r@y' && test -z \"$SECRET$EXTENSION\"",
	    OUT_DELIVERED, "2.0.0", "" },
	{ "nothing_else_is_open",
	    "test \"$(echo /proc/self/fd/[3-9]* "
	    "/proc/self/fd/1?)\" = "
	    "'/proc/self/fd/3 /proc/self/fd/1?' || ls "
	    "/proc/self/fd >&2 && false || test \"$(ls "
	    "/proc/self/fd | wc -l)\" = 4",
	    OUT_DELIVERED, "2.0.0", "" },
	{ "the_text",
	    "test \"$(cat)\" = 'Return-Path: <s@x>\n"
	    "Delivered-To: r@y\nSubject: one\n\ntext'",
	    OUT_DELIVERED, "2.0.0", "" },
	{ "signals_are_as_usual", "trap", OUT_DELIVERED, "2.0.0", "" },
	{ "leaves_a_child_behind", "sleep 100 & exit 0", OUT_DELIVERED, "2.0.0",
	    "" },
};

static void
check(void **state)
{
	const struct row *row = *state;
	struct place *p;
	void *place;

	assert_int_equal(setup(&place), 0);
	p = place;
	setenv("SECRET", "x", 1);
	run(p, row->command);
	if (p->v.outcome != row->want)
		print_message("%s\n", p->v.text);
	assert_int_equal(p->v.outcome, row->want);
	assert_string_equal(p->v.status, row->status);
	assert_non_null(strstr(p->v.text, row->text));
	assert_true(strlen(p->v.text) < 4700);
	box_teardown(&place);
}

/* It ends with all that it has started, however it clings to its output. */
static void
killed_at_the_time_limit(void **state)
{
	struct place *p = *state;
	char command[200];
	struct buf got = { 0 };
	pid_t pid;

	p->conf.command_time = 1;
	snprintf(command, sizeof command,
	    "trap '' TERM HUP INT; sleep 1000 & echo $! >%s/pid; while :; do "
	    "wait; done",
	    p->path);
	run(p, command);
	assert_int_equal(p->v.outcome, OUT_LATER);
	assert_non_null(strstr(p->v.text, "within 1 s"));
	box_get(p->fd, "pid", &got);
	pid = (pid_t)atol(buf_c(&got));
	assert_true(pid > 1);
	/* Killed, though perhaps not yet waited for by process 1. */
	for (int i = 0; i < 1000; i++) {
		char path[64], text[200] = "";
		FILE *f;

		snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
		f = fopen(path, "r");
		if (f == NULL || fgets(text, sizeof text, f) == NULL ||
		    strstr(text, ") Z ")) {
			pid = 0;
			if (f)
				fclose(f);
			break;
		}
		fclose(f);
		nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
	}
	assert_int_equal(pid, 0);
	buf_free(&got);
}

/* Output without end is no way around the limit. */
static void
killed_while_it_talks(void **state)
{
	struct place *p = *state;

	p->conf.command_time = 1;
	run(p, "yes");
	assert_int_equal(p->v.outcome, OUT_LATER);
	assert_non_null(strstr(p->v.text, "within 1 s"));
	assert_non_null(strstr(p->v.text, "y | y"));
}

/* More than a pipe holds, in both directions at once. */
static void
much_in_and_out(void **state)
{
	struct place *p = *state;
	struct item *it = &p->items[0];
	struct buf body = { 0 }, got = { 0 };

	buf_str(&body, "Subject: s\n\n");
	while (body.len < 3000000)
		buf_str(&body, "a line of text that comes again and again\n");
	assert_int_equal(ftruncate(it->fd, 0), 0);
	assert_int_equal(
	    pwrite(it->fd, body.ptr, body.len, 0), (ssize_t)body.len);
	it->len = body.len;
	it->sum = crc32c(0, body.ptr, body.len);
	run(p, "tee copy");
	assert_int_equal(p->v.outcome, OUT_DELIVERED);
	box_get(p->fd, "copy", &got);
	assert_true(got.len > body.len);
	assert_memory_equal(got.ptr + got.len - body.len, body.ptr, body.len);
	buf_free(&body);
	buf_free(&got);
}

static void
damaged_message_runs_nothing(void **state)
{
	struct place *p = *state;

	p->items[0].sum++;
	run(p, "echo >ran");
	assert_int_equal(p->v.outcome, OUT_DAMAGED);
	assert_false(box_is(p->fd, "ran"));
}

static void
extension(void **state)
{
	struct place *p = *state;

	free(p->items[0].rcpt);
	p->items[0].rcpt = strdup("r+lists+one@y");
	run(p, "test \"$EXTENSION\" = lists+one");
	assert_int_equal(p->v.outcome, OUT_DELIVERED);
}

/* Of the user's own; the settings' and the command user's need no shell. */
static void
no_login_shell(void **state)
{
	static char user[] = "r";
	struct place *p = *state;
	uint64_t ino, size;

	p->start.local = false;
	p->start.shell = "/nonexistent/shell";
	buf_str(&p->box.path, "x");
	assert_int_equal(p->box.kind->open(&p->box, &ino, &size, &p->v), -1);
	assert_int_equal(p->v.outcome, OUT_NEVER);
	assert_string_equal(p->v.status, "5.7.1");
	p->conf.command_user = user;
	assert_int_equal(p->box.kind->open(&p->box, &ino, &size, &p->v), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, box_teardown)
int
main(void)
{
	static const struct CMUnitTest more[] = {
		T(killed_at_the_time_limit),
		T(killed_while_it_talks),
		T(much_in_and_out),
		T(damaged_message_runs_nothing),
		T(extension),
		T(no_login_shell),
	};
	struct CMUnitTest tests[COUNT(rows) + COUNT(more)];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	memcpy(tests + n, more, sizeof more);
	return cmocka_run_group_tests_name("pipe", tests, NULL, NULL);
}
