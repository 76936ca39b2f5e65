#include "sendmail/handover.h"
#include "common/buf.h"
#include "common/priv.h"
#include "common/run.h"
#include "common/spool.h"
#include "sendmail/opt.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE 60 /* seconds, to be taken */
#define ABSENCE 5   /* seconds without any agent */
#define NAP 100	    /* ms between two attempts */

bool
handover_needed(void)
{
	struct statvfs fs;
	struct stat st;

	if (stat(SPOOL_DIR "/drop", &st) == -1)
		return true;
	return !priv_group_can(st.st_gid, st.st_mode) ||
	       (statvfs(SPOOL_DIR "/drop", &fs) == 0 &&
		   (fs.f_flag & ST_RDONLY));
}

/* The name for people, then the arguments, each with its NUL. */
static int
words(int argc, char **argv, const char *name)
{
	struct buf b = { 0 };
	int fd = memfd_create("words", MFD_CLOEXEC);
	bool bad;
	int saved;

	errno = 0;
	buf_str(&b, name ? name : "");
	buf_chr(&b, '\0');
	for (int i = 0; i < argc; i++) {
		buf_str(&b, argv[i]);
		buf_chr(&b, '\0');
	}
	bad = b.bad || fd == -1 || write(fd, b.ptr, b.len) != (ssize_t)b.len;
	saved = errno ? errno : ENOMEM;
	buf_free(&b);
	if (!bad)
		return fd;
	if (fd != -1)
		close(fd);
	errno = saved;
	return -1;
}

static int
send_all(int sock, int list)
{
	const int fds[RUN_SUBMIT_FDS] = { list, STDIN_FILENO, STDOUT_FILENO,
		STDERR_FILENO };
	union {
		char bytes[CMSG_SPACE(sizeof fds)];
		struct cmsghdr align;
	} room = { 0 };
	char version = RUN_SUBMIT_VERSION;
	struct iovec v = { &version, 1 };
	struct msghdr m = { .msg_iov = &v,
		.msg_iovlen = 1,
		.msg_control = room.bytes,
		.msg_controllen = sizeof room.bytes };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof fds);
	memcpy(CMSG_DATA(c), fds, sizeof fds);
	return sendmsg(sock, &m, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

static int
reach(void)
{
	static const struct timeval patience = { .tv_sec = PATIENCE };
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int saved, fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strlcpy(to.sun_path, RUN_SUBMIT, sizeof to.sun_path);
	if (fd == -1)
		return -1;
	/* Its line may be full of those whom nobody answers. */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* Is that an errno of a moment? */
static bool
passes(int err)
{
	return err == EMFILE || err == ENFILE || err == ENOMEM ||
	       err == ENOBUFS || err == ETOOMANYREFS;
}

/* What one attempt has come to. */
enum outcome {
	OVER,  /* there is a status */
	GONE,  /* an agent was there, and has read nothing of it */
	NOBODY /* errno */
};

/* Does an agent come to its end, or begin, or is about to be installed?  A pass
 * does not listen. */
static bool
agent_comes(void)
{
	int saved = errno;
	bool comes = access(RUN_INSTALLING, F_OK) == 0 ||
		     (run_held(RUN_AGENT) && !run_held(RUN_PASS));

	errno = saved;
	return comes;
}

static enum outcome
try_later(const char *program, const char *why, int *status)
{
	dprintf(STDERR_FILENO, "%s: %s\n", program, why);
	*status = EX_TEMPFAIL;
	return OVER;
}

/* One octet, the status; 0: the other side has ended; -1 with errno. */
static ssize_t
answer(int fd, int list, unsigned char *status)
{
	unsigned char end[2];
	ssize_t n = send_all(fd, list) == -1 ? -1 : 1;

	while (n == 1 && (n = recv(fd, end, 2, 0)) == -1 && errno == EINTR)
		n = 1;
	if (n == 1)
		*status = end[0];
	if (n == 2) { /* RUN_SUBMIT_MANY: there was no sendmail to tell him */
		errno = EAGAIN;
		return -1;
	}
	if (n != -1 || (errno != EPIPE && errno != ECONNRESET))
		return n;
	/* The kernel resets a line that is closed with a packet unread, and
	 * tells that before what was said on it: no, to one of too many. */
	for (int tries = 0; tries < 2; tries++)
		if (recv(fd, end, 2, MSG_DONTWAIT) > 0) {
			errno = EAGAIN;
			return -1;
		}
	errno = ECONNRESET;
	return -1;
}

static enum outcome
attempt(int list, const char *program, int *status)
{
	unsigned char end;
	ssize_t n = -1;
	int saved, fd = reach();

	if (fd != -1) {
		n = answer(fd, list, &end);
		saved = errno;
		close(fd);
		errno = saved;
	}
	if (n == 1) {
		*status = end;
		return OVER;
	}
	if (n == 0) /* what the other side had done by then is not known */
		return try_later(program,
		    "the agent ended in the middle of the submission; "
		    "whether the message was queued is not known: look at "
		    "mailq",
		    status);
	if (errno == ECONNREFUSED || errno == ECONNRESET ||
	    (errno == ENOENT && agent_comes()))
		return GONE;
	if (errno == EAGAIN)
		return try_later(program,
		    "too many submit at once: nothing was queued; try again "
		    "later",
		    status);
	if (passes(errno))
		return try_later(program,
		    "too little memory or too many files are open: nothing "
		    "was queued; try again later",
		    status);
	return NOBODY;
}

/* An agent that is started again, as by an upgrade, is away for a moment, and
 * few callers come twice: cron does not. */
static enum outcome
persist(int list, const char *program, int *status)
{
	static const struct timespec nap = { .tv_nsec = NAP * 1000000L };
	enum outcome how = attempt(list, program, status);
	/* Root can write to the spool without the group, if it is there. */
	bool seen = how == GONE &&
		    (geteuid() != 0 || access(RUN_INSTALLING, F_OK) == 0);

	for (int all = 0, idle = 0; seen && how != OVER; all += NAP) {
		idle = agent_comes() ? 0 : idle + NAP;
		if (all >= PATIENCE * 1000 || idle > ABSENCE * 1000)
			return try_later(program,
			    "no agent has come to " RUN_SUBMIT
			    ", and this process cannot write to the spool "
			    "itself: nothing was queued; try again later",
			    status);
		nanosleep(&nap, NULL);
		how = attempt(list, program, status);
	}
	return how;
}

/* This process may have no memory, no descriptor, or write no file (FSIZE). */
static enum outcome
no_list(const char *program, int *status)
{
	char why[200];

	snprintf(why, sizeof why,
	    "the message cannot be handed to the agent: %s; nothing was "
	    "queued: a limit of this process may be too low (ulimit -a), or "
	    "try again later",
	    strerror(errno));
	return try_later(program, why, status);
}

int
handover(int argc, char **argv, const char *name, int *status)
{
	enum outcome how = NOBODY;
	int saved, list = words(argc, argv, name);

	if (list != -1)
		how = persist(list, opt_program(argv[0]), status);
	else if (geteuid() != 0) /* who does without the socket */
		how = no_list(opt_program(argv[0]), status);
	saved = errno;
	if (list != -1)
		close(list);
	errno = saved;
	return how == OVER ? 0 : -1;
}
