#include "common/run.h"
#include "tests/rows.h"
#include "tests/scratch.h"
#include <stdbool.h>

/* The names are fixed: a child has a file system of its own in place of /run,
 * so that no agent of this machine is asked. */
static int
lock(int fd, int cmd, enum run_lock which)
{
	struct flock l = { .l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = which,
		.l_len = 1 };

	return fcntl(fd, cmd, &l);
}

static bool
only(unsigned bits)
{
	return run_held(RUN_AGENT) == !!(bits & 1) &&
	       run_held(RUN_PARENT) == !!(bits & 2) &&
	       run_held(RUN_WAITER) == !!(bits & 4) &&
	       run_held(RUN_RESIDENT) == !!(bits & 8) &&
	       run_held(RUN_PASS) == !!(bits & 16);
}

static int
open_pid(void)
{
	if (mkdir(RUN_DIR, 0755) == -1)
		return -1;
	return open(RUN_PID, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
}

static int
no_folder(const char *dir)
{
	(void)dir;
	return only(0) ? 0 : 1;
}

static int
pid_file_of_a_dead_one(const char *dir)
{
	int fd = open_pid();

	(void)dir;
	if (fd == -1 || write(fd, "1\n", 2) != 2)
		return 1;
	return only(0) ? 0 : 2;
}

/* Another process holds a lock of its own kind: a parent's goes with it, one
 * of the open file stays with whoever inherited it. */
static int
holder(int cmd, enum run_lock which)
{
	int fd = open_pid(), ready[2], status;
	char c;
	pid_t pid;

	if (fd == -1 || pipe(ready) == -1)
		return 1;
	pid = fork();
	if (pid == 0) {
		c = lock(fd, cmd, which) == 0;
		if (write(ready[1], &c, 1) == 1)
			pause();
		_exit(0);
	}
	if (read(ready[0], &c, 1) != 1 || c != 1)
		return 2;
	status = only(1u << which) ? 0 : 3;
	if (cmd == F_OFD_SETLK) { /* held by us as well */
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		if (!only(1u << which))
			status = 4;
		close(fd);
	} else {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return status ? status : only(0) ? 0 : 5;
}

static int
agent(const char *dir)
{
	(void)dir;
	return holder(F_OFD_SETLK, RUN_AGENT);
}

static int
parent(const char *dir)
{
	(void)dir;
	return holder(F_SETLK, RUN_PARENT);
}

static int
waiter(const char *dir)
{
	(void)dir;
	return holder(F_SETLK, RUN_WAITER);
}

static int
resident(const char *dir)
{
	(void)dir;
	return holder(F_SETLK, RUN_RESIDENT);
}

static int
pass(const char *dir)
{
	(void)dir;
	return holder(F_SETLK, RUN_PASS);
}

/* A lock of ours: looking must not let it go (closing any descriptor of a file
 * drops a process's classic locks on it). */
static int
own(const char *dir)
{
	int fd = open_pid();

	(void)dir;
	if (fd == -1 || lock(fd, F_OFD_SETLK, RUN_AGENT) == -1)
		return 1;
	return only(1) && only(1) ? 0 : 2;
}

static const struct row {
	const char *name;
	int (*part)(const char *dir);
} rows[] = {
	{ "nothing_is_held_where_there_is_no_folder", no_folder },
	{ "a_pid_file_alone_holds_nothing", pid_file_of_a_dead_one },
	{ "agent_until_the_last_descriptor_is_gone", agent },
	{ "parent_while_it_lives", parent },
	{ "waiter_while_it_lives", waiter },
	{ "resident_while_it_lives", resident },
	{ "pass_while_it_lives", pass },
	{ "looking_takes_nothing_away", own },
};

static void
check(void **state)
{
	const struct row *row = *state;
	int status = scratch_in_memory("/run", "mode=755", row->part);

	if (status == SCRATCH_SKIP)
		skip();
	assert_int_equal(status, 0);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows)];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
