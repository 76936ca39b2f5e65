#include "common/priv.h"
#include "common/log.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sysexits.h>
#include <unistd.h>

#define UNMAPPED 65534 /* kernel.overflowgid */

static _Noreturn void
die(const char *who, const char *what)
{
	log_errno("%s: error what=\"%s\"", who, what);
	dprintf(
	    STDERR_FILENO, "bellman: %s: %s; nothing was done\n", who, what);
	_exit(EX_SOFTWARE);
}

void
priv_group_park(void)
{
	gid_t real, effective, saved;

	if (getresgid(&real, &effective, &saved) == -1)
		die("sendmail", "cannot read the group");
	/* In a user namespace without a map no call would take any number. */
	if ((real != effective || real != saved) &&
	    setresgid((gid_t)-1, real, saved) == -1)
		die("sendmail", "cannot set the group aside");
}

void
priv_group_take(void)
{
	gid_t real, effective, saved;

	if (getresgid(&real, &effective, &saved) == -1 ||
	    setresgid((gid_t)-1, saved, saved) == -1)
		die("sendmail", "cannot take the group");
}

void
priv_group_drop(void)
{
	gid_t real, effective, saved;

	if (getresgid(&real, &effective, &saved) == -1)
		die("sendmail", "cannot read the group");
	if (real == effective && real == saved)
		return;
	if (setresgid(real, real, real) == -1)
		die("sendmail", "cannot drop the group");
	/* Root may take any group: for him there is nothing to prove. */
	if (saved != real && geteuid() != 0 &&
	    setresgid((gid_t)-1, saved, (gid_t)-1) == 0)
		die("sendmail", "the group came back");
}

bool
priv_group_can(gid_t folder, mode_t mode)
{
	gid_t real, effective, saved;

	/* What a user namespace has no number for all looks alike. */
	return folder != UNMAPPED &&
	       getresgid(&real, &effective, &saved) == 0 &&
	       (saved == folder || real == folder) && (mode & S_IWGRP);
}

/* With 0 to 2 closed the next file opened would become one of them, and a
 * diagnostic would land in a message. */
static int
standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) != -1)
			continue;
		if (errno != EBADF ||
		    open("/dev/null", fd == 0 ? O_WRONLY : O_RDWR) != fd)
			return -1;
	}
	return 0;
}

int
priv_start(void)
{
	static const struct rlimit no_core = { 0, 0 };
	static const struct itimerval none;
	sigset_t empty;

	prctl(PR_SET_DUMPABLE, 0);
	setrlimit(RLIMIT_CORE, &no_core);
	if (standard_descriptors() == -1) {
		dprintf(STDERR_FILENO,
		    "bellman: descriptors 0 to 2 cannot be had, nothing was "
		    "done: %s\n",
		    strerror(errno));
		return -1;
	}
	setitimer(ITIMER_REAL, &none, NULL);
	/* exec leaves a signal ignored or at its default; what the caller
	 * ignores (nohup) stays so, but for those that would mislead us. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGALRM, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&empty);
	sigprocmask(SIG_SETMASK, &empty, NULL);
	umask(0);
	return 0;
}

void
priv_become(const struct priv_id *id, pid_t parent, const char *role)
{
	if (setgroups((size_t)id->ngroups, id->groups) == -1 ||
	    setresgid(id->gid, id->gid, id->aside ? id->aside : id->gid) ==
		-1 ||
	    setresuid(id->uid, id->uid, id->uid) == -1)
		die(role, "cannot drop privileges");
	if (id->uid != 0 && (setuid(0) == 0 || seteuid(0) == 0))
		die(role, "privileges came back");
	/* Both are cleared by the change of uid, hence after it. */
	if ((!id->commands && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1) ||
	    prctl(PR_SET_DUMPABLE, 0) == -1 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL) == -1)
		die(role, "cannot confine itself");
	if (getppid() != parent)
		_exit(EX_TEMPFAIL); /* the parent died before we asked */
}

void
priv_descriptors(size_t want)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == -1)
		return;
	r.rlim_cur = want < r.rlim_max ? want : r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
}

int
priv_limit(int resource, rlim_t value)
{
	struct rlimit r = { value, value }, old;

	if (getrlimit(resource, &old) == 0 && old.rlim_max < value)
		r.rlim_cur = r.rlim_max = old.rlim_max;
	return setrlimit(resource, &r);
}
