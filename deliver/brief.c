#include "deliver/brief.h"
#include "common/log.h"
#include "deliver/loop.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#define AGAIN 300000 /* ms until one that does not even die is told again */

static struct {
	struct brief *all; /* under way */
	size_t n;
	struct loop_timer overdue;
} b;

bool
brief_room(void)
{
	struct brief *more = reallocarray(b.all, b.n + 1, sizeof *more);

	if (more)
		b.all = more;
	return more != NULL;
}

/* A command leads a group of its own (token_run), where it has come as far. */
static void
end(const struct brief *one)
{
	kill(one->pid, SIGKILL);
	if (one->asker)
		kill(-one->pid, SIGKILL);
}

/* Nobody's mail waits for a process that somebody has stopped; what it did is
 * looked for by the next one. */
static void
kill_overdue(struct loop_timer *t)
{
	int64_t now = loop_now(), next = INT64_MAX;

	for (size_t i = 0; i < b.n; i++) {
		if (b.all[i].until <= now) {
			log_warn(
			    "agent: killing pid=%ld reason=\"it is overdue\"",
			    (long)b.all[i].pid);
			end(&b.all[i]);
			b.all[i].until = now + AGAIN;
		}
		if (b.all[i].until < next)
			next = b.all[i].until;
	}
	if (b.n)
		loop_in(t, next - now);
}

void
brief_add(struct brief one, int64_t limit)
{
	one.until = loop_now() + limit;
	b.all[b.n++] = one;
	b.overdue.fire = kill_overdue;
	if (!b.overdue.armed || b.overdue.due > one.until)
		loop_in(&b.overdue, limit);
}

void
brief_kill(bool guests)
{
	for (size_t i = 0; i < b.n; i++)
		if (guests || !b.all[i].guest)
			end(&b.all[i]);
}

bool
brief_none(bool guests)
{
	size_t n = 0;

	for (size_t i = 0; i < b.n; i++)
		n += guests || !b.all[i].guest;
	return n == 0;
}

size_t
brief_guests(uid_t uid, size_t *of_one)
{
	size_t n = 0;

	*of_one = 0;
	for (size_t i = 0; i < b.n; i++) {
		n += b.all[i].guest;
		*of_one += b.all[i].guest && b.all[i].uid == uid;
	}
	return n;
}

bool
brief_ended(pid_t pid, struct brief *was)
{
	for (size_t i = 0; i < b.n; i++)
		if (b.all[i].pid == pid) {
			*was = b.all[i];
			b.all[i] = b.all[--b.n];
			return true;
		}
	return false;
}

pid_t
brief_reap(int *status)
{
	siginfo_t is = { 0 };
	pid_t pid;

	while (waitid(P_ALL, 0, &is, WEXITED | WNOHANG | WNOWAIT) == -1)
		if (errno != EINTR) /* nobody would ask again */
			return 0;
	if (is.si_pid == 0)
		return 0;
	/* Until it is reaped nobody else can have its number. */
	for (size_t i = 0; i < b.n; i++)
		if (b.all[i].pid == is.si_pid)
			end(&b.all[i]);
	while (
	    (pid = waitpid(is.si_pid, status, WNOHANG)) == -1 && errno == EINTR)
		;
	return pid;
}
