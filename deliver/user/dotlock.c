#include "deliver/user/dotlock.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOCK_PATIENCE 30 /* seconds */
#define LOCK_STEP 50	 /* ms between looks at another's dot-lock */
#define STALE 300	 /* seconds, where no pid tells (liblockfile) */
#define BOOT 5		 /* seconds that a machine is off at least */
#define WATCH 1000	 /* ms for which an old one is looked at */

struct seen { /* another's lock, as it was at first */
	ino_t ino;
	time_t made;
	int ms;
};

/* Seconds since the machine began. */
static long
uptime(void)
{
	struct timespec now;

	return clock_gettime(CLOCK_BOOTTIME, &now) == -1 ? STALE : now.tv_sec;
}

/* Seconds since a process began; -1: that cannot be told. */
static long
age_of(pid_t pid)
{
	char path[40], text[1024], *p;
	unsigned long long ticks;
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd == -1 ? -1 : read(fd, text, sizeof text - 1);
	if (fd != -1)
		close(fd);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	p = strrchr(text, ')'); /* its name may hold anything */
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	if (p == NULL)
		return -1;
	ticks = strtoull(p, NULL, 10);
	return uptime() -
	       (long)(ticks / (unsigned long long)sysconf(_SC_CLK_TCK));
}

/* Made just now it looks old when the clock was set meanwhile: what only its
 * age speaks against is watched for a moment.  True: it stands unchanged since
 * then. */
static bool
stands(struct seen *s, const struct stat *st, int ms)
{
	if (s->ino != st->st_ino || s->made != st->st_mtime)
		*s = (struct seen){ st->st_ino, st->st_mtime, ms };
	return ms - s->ms >= WATCH;
}

/* Is the process that made that lock gone?  Its number may be another's by
 * now: one that began after the lock was made.  What a power cut left has often
 * no number, for it was never synced; it is older than the machine's start.  A
 * clock that is set ahead just then may have a living one look so; that is
 * watched first.  ms: for how long we wait. */
static bool
is_stale(int at, const char *lock, struct seen *seen, int ms)
{
	long age, born, old = uptime();
	char text[32] = "";
	struct stat st;
	int fd =
	    openat(at, lock, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t n;
	long pid;

	if (fd == -1)
		return false;
	n = read(fd, text, sizeof text - 1);
	if (fstat(fd, &st) == -1)
		st = (struct stat){ .st_mtime = time(NULL) };
	close(fd);
	pid = n > 0 ? strtol(text, NULL, 10) : 0;
	age = (long)(time(NULL) - st.st_mtime);
	old = old < STALE - BOOT ? old + BOOT : STALE;
	if (pid <= 0)
		return age > old && stands(seen, &st, ms);
	if (kill((pid_t)pid, 0) == -1 && errno == ESRCH)
		return true;
	return age > old && (born = age_of((pid_t)pid)) != -1 &&
	       born + 2 < age && stands(seen, &st, ms);
}

/* Made by link, so that it never stands there empty.  The fcntl lock is held
 * already: no other process of ours is at the same names. */
int
dotlock_take(int folder, const char *name)
{
	const struct timespec step = { 0, LOCK_STEP * 1000000L };
	char lock[NAME_MAX + 8], mine[NAME_MAX + 16];
	int fd, err = EAGAIN;
	struct seen seen = { 0 };

	snprintf(lock, sizeof lock, "%s.lock", name);
	snprintf(mine, sizeof mine, ".%s.bellman", name);
	unlinkat(folder, mine, 0); /* left by a killed one */
	fd = openat(folder, mine,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd == -1)
		return -1;
	if (dprintf(fd, "%ld\n", (long)getpid()) < 0) {
		err = errno;
		goto out;
	}
	for (int ms = 0; ms <= LOCK_PATIENCE * 1000; ms += LOCK_STEP) {
		if (linkat(folder, mine, folder, lock, 0) == 0) {
			err = 0;
			break;
		}
		if (errno != EEXIST) {
			err = errno;
			break;
		}
		/* Nothing tells when another program's dot-lock goes. */
		if (is_stale(folder, lock, &seen, ms))
			unlinkat(folder, lock, 0);
		else
			nanosleep(&step, NULL);
	}
out:
	close(fd);
	unlinkat(folder, mine, 0);
	errno = err;
	return err ? -1 : 0;
}

void
dotlock_drop(int folder, const char *name)
{
	char lock[NAME_MAX + 8];

	snprintf(lock, sizeof lock, "%s.lock", name);
	unlinkat(folder, lock, 0);
}
