/* Short-lived children and what they leave behind. */
#include "common/log.h"
#include "deliver/brief.h"
#include "deliver/loop.h"
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE 20000 /* ms: a slow machine is no failure */

static struct loop_timer timer;

static void
over(struct loop_timer *t)
{
	(void)t;
	loop_stop();
}

/* As token_run does it: the leader of a group; its child keeps the pipe open.
 * The leader says when both are there, then waits or ends. */
static pid_t
command(int *pipe_end, bool waits)
{
	int ends[2];
	char there;
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		setsid();
		if (fork() == 0)
			for (;;)
				pause();
		if (write(ends[1], "x", 1) != 1)
			_exit(1);
		while (waits)
			pause();
		_exit(0);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &there, 1), 1);
	*pipe_end = ends[0];
	return pid;
}

/* True: nobody has the other end any more. */
static bool
ended(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };
	char c;

	return poll(&p, 1, PATIENCE) == 1 && read(fd, &c, 1) == 0;
}

static struct brief
reaped(void)
{
	struct brief was = { 0 };
	siginfo_t is;
	int status;
	pid_t pid;

	assert_int_equal(waitid(P_ALL, 0, &is, WEXITED | WNOWAIT), 0);
	pid = brief_reap(&status);
	assert_true(pid > 0);
	assert_true(brief_ended(pid, &was));
	assert_int_equal(brief_reap(&status) > 0, 0);
	return was;
}

static void
overdue_with_its_children(void **state)
{
	int fd;

	(void)state;
	assert_true(brief_room());
	brief_add((struct brief){ .pid = command(&fd, true), .asker = 1 }, 10);
	timer.fire = over;
	loop_in(&timer, 200);
	loop_run();
	assert_true(ended(fd));
	reaped();
	close(fd);
}

static void
ended_and_its_children_too(void **state)
{
	int fd;

	(void)state;
	assert_true(brief_room());
	brief_add(
	    (struct brief){ .pid = command(&fd, false), .asker = 1 }, 60000);
	reaped();
	assert_true(ended(fd));
	close(fd);
}

static void
killed_with_its_children(void **state)
{
	int fd;

	(void)state;
	assert_true(brief_room());
	brief_add(
	    (struct brief){ .pid = command(&fd, true), .asker = 1 }, 60000);
	brief_kill(true);
	assert_true(ended(fd));
	reaped();
	assert_true(brief_none(true));
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overdue_with_its_children),
		cmocka_unit_test(ended_and_its_children_too),
		cmocka_unit_test(killed_with_its_children),
	};

	log_open("brief_test");
	loop_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
