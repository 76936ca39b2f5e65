#include "deliver/lock.h"
#include "common/log.h"
#include "common/run.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATIENCE 5 /* seconds for the roles of a dead agent to go */
#define AGAIN 1	   /* seconds until a pass is asked again to give way */

/* One octet of the file.  cmd is F_SETLK and its kin, or their OFD forms. */
static int
octet(int fd, int cmd, enum run_lock which, short type, pid_t *holder)
{
	struct flock l = { .l_type = type,
		.l_whence = SEEK_SET,
		.l_start = which,
		.l_len = 1 };

	if (fcntl(fd, cmd, &l) == -1)
		return -1;
	if (holder)
		*holder = l.l_type == F_UNLCK ? 0 : l.l_pid;
	return 0;
}

/* Does that process hold our file open for writing?  Nobody but root can, so
 * nobody can have another process killed by opening it. */
static bool
holds(const char *pid, const struct stat *ours)
{
	char path[600], text[256];
	struct dirent *e;
	bool found = false;
	DIR *d;

	snprintf(path, sizeof path, "/proc/%s/fd", pid);
	d = opendir(path);
	while (d && !found && (e = readdir(d)) != NULL) {
		struct stat st;
		unsigned flags = 0;
		FILE *f;

		if (fstatat(dirfd(d), e->d_name, &st, 0) == -1 ||
		    st.st_dev != ours->st_dev || st.st_ino != ours->st_ino)
			continue;
		snprintf(
		    path, sizeof path, "/proc/%s/fdinfo/%s", pid, e->d_name);
		f = fopen(path, "re");
		while (f && fgets(text, sizeof text, f))
			if (strncmp(text, "flags:", 6) == 0)
				flags = (unsigned)strtoul(text + 6, NULL, 8);
		if (f)
			fclose(f);
		found = (flags & O_ACCMODE) == O_RDWR;
	}
	if (d)
		closedir(d);
	return found;
}

/* A user may have stopped the process that delivers to him. */
static void
kill_holders(int fd)
{
	struct dirent *e;
	struct stat ours;
	DIR *d = opendir("/proc");

	if (d == NULL)
		return;
	if (fstat(fd, &ours) == -1) {
		closedir(d);
		return;
	}
	while ((e = readdir(d)) != NULL) {
		long pid = strtol(e->d_name, NULL, 10);

		if (pid <= 1 || pid == getpid() || !holds(e->d_name, &ours))
			continue;
		log_warn("agent: killing pid=%ld reason=\"it is left over from "
			 "an earlier agent\"",
		    pid);
		kill((pid_t)pid, SIGKILL);
	}
	closedir(d);
}

static void
wake(int sig)
{
	(void)sig;
}

static int
wait_for_the_last(int fd)
{
	const struct sigaction sa = { .sa_handler = wake };

	if (octet(fd, F_OFD_SETLK, RUN_AGENT, F_WRLCK, NULL) == 0)
		return 0;
	sigaction(SIGALRM, &sa, NULL);
	for (int round = 0; round < 3; round++) {
		int done;

		alarm(PATIENCE);
		done = octet(fd, F_OFD_SETLKW, RUN_AGENT, F_WRLCK, NULL);
		alarm(0);
		if (done == 0)
			return 0;
		if (errno != EINTR)
			return -1;
		kill_holders(fd);
	}
	return -1;
}

/* A pass may wait for silent servers as long as RFC 5321 bids; the agent does
 * the same work.  The number is looked at again when it cannot pass to another
 * process any more. */
static void
ask_to_give_way(int fd)
{
	pid_t pass = 0, still = 0;
	int process;

	if (octet(fd, F_GETLK, RUN_PASS, F_WRLCK, &pass) == -1 || pass <= 0)
		return;
	process = (int)syscall(SYS_pidfd_open, pass, 0);
	if (process == -1)
		return;
	if (octet(fd, F_GETLK, RUN_PASS, F_WRLCK, &still) == 0 && still == pass)
		syscall(SYS_pidfd_send_signal, process, SIGTERM, NULL, 0);
	close(process);
}

/* What has just begun may not have said yet that it is a pass. */
static int
wait_for_the_pass(int fd, bool pass)
{
	const struct sigaction sa = { .sa_handler = wake };
	int done;

	sigaction(SIGALRM, &sa, NULL);
	do {
		if (!pass) {
			ask_to_give_way(fd);
			alarm(AGAIN);
		}
		done = octet(fd, F_SETLKW, RUN_PARENT, F_WRLCK, NULL);
		alarm(0);
	} while (done == -1 && errno == EINTR && !pass);
	return done;
}

static enum lock_result
become_parent(int fd, bool pass, pid_t *other)
{
	pid_t resident = 0;

	if (octet(fd, F_SETLK, RUN_PARENT, F_WRLCK, other) == 0)
		return LOCK_MINE;
	if (octet(fd, F_GETLK, RUN_RESIDENT, F_WRLCK, &resident) == -1)
		return LOCK_ERROR;
	if (resident) {
		*other = resident;
		return LOCK_RUNNING;
	}
	/* A pass is at work, and may have looked already. */
	if (pass && octet(fd, F_SETLK, RUN_WAITER, F_WRLCK, NULL) == -1)
		return LOCK_QUEUED;
	if (wait_for_the_pass(fd, pass) == -1)
		return LOCK_ERROR;
	if (pass)
		octet(fd, F_SETLK, RUN_WAITER, F_UNLCK, NULL);
	return LOCK_MINE;
}

enum lock_result
lock_take(bool pass, int *fd, pid_t *other)
{
	enum lock_result r;
	char text[24];
	int n;

	if (mkdir(RUN_DIR, 0755) == -1 && errno != EEXIST)
		return LOCK_ERROR;
	*fd = open(RUN_PID, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (*fd == -1 || fchmod(*fd, 0644) == -1)
		return LOCK_ERROR;
	r = become_parent(*fd, pass, other);
	if (r != LOCK_MINE)
		return r;
	if (wait_for_the_last(*fd) == -1)
		return LOCK_ERROR;
	n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
	if (ftruncate(*fd, 0) == -1 || pwrite(*fd, text, (size_t)n, 0) != n)
		return LOCK_ERROR;
	return LOCK_MINE;
}

int
lock_pass(int fd)
{
	return octet(fd, F_SETLK, RUN_PASS, F_WRLCK, NULL);
}

int
lock_resident(int fd, bool on)
{
	return octet(fd, F_SETLK, RUN_RESIDENT, on ? F_WRLCK : F_UNLCK, NULL);
}
