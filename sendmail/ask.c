#include "sendmail/ask.h"
#include "common/printable.h"
#include "common/run.h"
#include "common/spool.h"
#include "common/whole.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#ifndef DELIVER_PATH
#define DELIVER_PATH "/usr/sbin/deliver"
#endif

#define PATIENCE 30 /* seconds for a list, which may be long */
#define SEARCH 600  /* seconds for a piece of an answer that has begun */
#define SOON 5	    /* for a reply that somebody waits for */
#define FOLLOW 65   /* the agent's own limit is 60 */

static void
close_kept(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
}

int
ask_connect(int seconds)
{
	const struct timeval patience = { .tv_sec = seconds },
			     soon = { .tv_sec = SOON };
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strlcpy(to.sun_path, RUN_CONTROL, sizeof to.sun_path);
	if (fd == -1)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof soon);
	if (connect(fd, (struct sockaddr *)&to, sizeof to) == -1) {
		close_kept(fd);
		return -1;
	}
	return fd;
}

/* Everything until the agent closes, at most 256 MiB. */
static int
read_answer(int fd, struct buf *answer)
{
	for (;;) {
		ssize_t n;

		if (answer->len > 256u << 20 || buf_room(answer, 65536) == -1)
			return -1;
		n = read(fd, answer->ptr + answer->len, 65536);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		answer->len += (size_t)n;
	}
}

/* The first line of an answer; what of the rest came with it is in more. */
static int
first_line(int fd, struct buf *line, struct span *more)
{
	for (;;) {
		ssize_t n;

		if (line->len > RUN_REQUEST ||
		    buf_room(line, RUN_REQUEST) == -1)
			return -1;
		n = read(fd, line->ptr + line->len, RUN_REQUEST);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		line->len += (size_t)n;
		if (n == 0 || memchr(line->ptr, '\n', line->len))
			break;
	}
	*more = buf_view(line);
	return 0;
}

/* What follows, as it comes.  0; -1: it cannot be read; 1: not written. */
static int
print_rest(int fd, struct span text)
{
	char bytes[65536];
	ssize_t n;

	do {
		if (whole_write(STDOUT_FILENO, text) == -1)
			return 1;
		n = read(fd, bytes, sizeof bytes);
		text = (struct span){ bytes, n > 0 ? (size_t)n : 0 };
	} while (n > 0 || (n == -1 && errno == EINTR));
	return (int)n;
}

int
ask_nobody(struct buf *why)
{
	if (errno == ETIMEDOUT) {
		buf_fmt(why, "the agent did not answer within %d s", PATIENCE);
		return EX_TEMPFAIL;
	}
	buf_fmt(why,
	    "no agent answers on %s (%s); start deliver, or run `deliver -q` "
	    "as root; what waits is safe in " SPOOL_DIR,
	    RUN_CONTROL, strerror(errno));
	return EX_UNAVAILABLE;
}

/* One that ends closes its socket with those on it whom it has not heard: who
 * asks again finds the next agent, or none. */
int
ask_request(const char *request)
{
	char c;

	for (int tries = 0; tries < 2; tries++) {
		int fd = ask_connect(PATIENCE);
		ssize_t n;

		if (fd == -1)
			return -1;
		/* Closed already it may have been told why: of too many. */
		n = dprintf(fd, "%s\n", request) < 0 && errno != EPIPE ? -1 : 1;
		while (n == 1 && (n = recv(fd, &c, 1, MSG_PEEK)) == -1 &&
		       errno == EINTR)
			n = 1;
		if (n == 1)
			return fd;
		if (n == 0)
			errno = ECONNRESET;
		else if (errno == EAGAIN)
			errno = ETIMEDOUT;
		close_kept(fd);
		if (errno == ETIMEDOUT)
			break;
	}
	return -1;
}

int
ask(const char *request, struct buf *why)
{
	static const struct timeval search = { .tv_sec = SEARCH };
	struct buf answer = { 0 };
	struct span rest, first, word;
	int status = EX_TEMPFAIL, fd = ask_request(request), got;

	if (fd == -1)
		return ask_nobody(why);
	if (first_line(fd, &answer, &rest) == -1) {
		buf_fmt(why, "the agent did not answer: %s", strerror(errno));
		goto out;
	}
	first = span_cut(&rest, '\n');
	word = span_word(&first);
	if (span_eq(word, SPAN("ok"))) {
		/* To look for a part in a million messages takes its time. */
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &search, sizeof search);
		got = print_rest(fd, rest);
		status = 0;
		if (got == -1) {
			status = EX_TEMPFAIL;
			buf_fmt(why, "the agent's answer broke off: %s",
			    strerror(errno));
		} else if (got == 1 && errno != EPIPE) {
			status = EX_IOERR; /* else who reads has enough */
			buf_fmt(why, "cannot write: %s", strerror(errno));
		}
	} else if (span_eq(word, SPAN("error"))) {
		printable_add(why, span_trim(first), 500);
	} else {
		buf_str(why, "the agent's answer broke off");
	}
out:
	close(fd);
	buf_free(&answer);
	return status;
}

/* As read_answer, but short, and in time however slowly it comes. */
static int
read_reply(int fd, struct buf *answer)
{
	struct timespec now, end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += SOON;
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t ms;
		ssize_t n;

		clock_gettime(CLOCK_MONOTONIC, &now);
		ms = (end.tv_sec - now.tv_sec) * 1000 +
		     (end.tv_nsec - now.tv_nsec) / 1000000;
		if (ms <= 0 || poll(&p, 1, (int)ms) == 0) {
			errno = EAGAIN;
			return -1;
		}
		if (answer->len > 65536 || buf_room(answer, 4096) == -1)
			return -1;
		n = recv(fd, answer->ptr + answer->len, 4096, MSG_DONTWAIT);
		if (n == -1 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return (int)n;
		answer->len += (size_t)n;
	}
}

/* "ok" and at least one line make a reply; everything else is no answer. */
static int
query_once(struct buf *request, struct buf *reply)
{
	struct buf answer = { 0 };
	struct span rest;
	int result = -1, fd = ask_connect(SOON), saved;

	if (fd == -1)
		return -1;
	errno = ENOMEM;
	if (request->bad ||
	    send(fd, request->ptr, request->len, MSG_NOSIGNAL) !=
		(ssize_t)request->len ||
	    read_reply(fd, &answer) == -1)
		goto out;
	rest = buf_view(&answer);
	errno = EAGAIN; /* too many ask, it is stopping, it is an older one */
	if (!span_eq(span_cut(&rest, '\n'), SPAN("ok")) || rest.len < 4 ||
	    rest.ptr[rest.len - 1] != '\n')
		goto out;
	buf_add(reply, rest.ptr, rest.len - 1);
	result = reply->bad ? -1 : 0;
out:
	saved = errno;
	close(fd);
	buf_free(&answer);
	errno = saved;
	return result;
}

static int
query(struct buf *request, struct buf *reply)
{
	int result = query_once(request, reply);

	if (result == -1 && (errno == ECONNRESET || errno == EPIPE))
		result = query_once(request, reply); /* as ask_request */
	return result;
}

static int
ask_about(const char *verb, struct span addr, struct buf *reply)
{
	struct buf request = { 0 };
	int result;

	for (size_t i = 0; i < addr.len; i++)
		if ((unsigned char)addr.ptr[i] < ' ' || addr.ptr[i] == 0x7f)
			addr.len = 0;
	addr = span_trim(addr);
	buf_fmt(&request, "%s ", verb);
	if (addr.len == 0 || request.len + addr.len + 1 > RUN_REQUEST) {
		buf_free(&request);
		buf_str(reply, "553 5.1.3 the address is malformed");
		return reply->bad ? -1 : 0;
	}
	buf_span(&request, addr);
	buf_chr(&request, '\n');
	result = query(&request, reply);
	buf_free(&request);
	return result;
}

int
ask_verify(struct span addr, struct buf *reply)
{
	return ask_about("verify", addr, reply);
}

int
ask_expand(struct span addr, struct buf *reply)
{
	return ask_about("expand", addr, reply);
}

int
ask_rcpt(enum env_kind kind, struct span addr, struct buf *reply)
{
	char verb[16] = "rcpt ";

	strlcat(verb, env_kind_name[kind], sizeof verb);
	return ask_about(verb, addr, reply);
}

int
ask_explain(struct span addr, struct buf *reply)
{
	return ask_about("explain", addr, reply);
}

int
ask_check(long age, struct buf *reply)
{
	struct buf request = { 0 };
	int result;

	buf_str(&request, "check");
	if (age > 0)
		buf_fmt(&request, " %ld", age);
	buf_chr(&request, '\n');
	result = query(&request, reply);
	buf_free(&request);
	return result;
}

/* The agent has to know before the message is complete: its "ok" is awaited. */
int
ask_follow(const char *id)
{
	static const struct timeval patience = { .tv_sec = FOLLOW };
	int fd = ask_connect(SOON);
	char ok[3];

	if (fd == -1)
		return -1;
	if (dprintf(fd, "follow %s\n", id) == -1 ||
	    recv(fd, ok, sizeof ok, MSG_WAITALL) != sizeof ok ||
	    memcmp(ok, "ok\n", sizeof ok) != 0) {
		close(fd);
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	return fd;
}

void
ask_watch(int fd, bool show)
{
	char bytes[4096];
	ssize_t n;

	while (show && (n = read(fd, bytes, sizeof bytes)) > 0)
		if (whole_write(
			STDOUT_FILENO, (struct span){ bytes, (size_t)n }) == -1)
			break;
	close(fd);
}

void
ask_collect(int fd, struct buf *said)
{
	if (fd == -1)
		return;
	if (read_answer(fd, said) == -1)
		buf_reset(said);
	close(fd);
}

int
ask_start_pass(bool all)
{
	static char name[] = "deliver", run[] = "-q", due[] = "--due",
		    lang[] = "LC_ALL=C",
		    path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char *const argv[] = { name, all ? run : due, NULL }, *const env[] = {
		path, lang, NULL
	};
	sigset_t hangup, before;
	pid_t pid;
	int null;

	if (access(DELIVER_PATH, X_OK) == -1)
		return -1;
	/* The terminal may be gone before the child has left it. */
	sigemptyset(&hangup);
	sigaddset(&hangup, SIGHUP);
	sigprocmask(SIG_BLOCK, &hangup, &before);
	pid = fork();
	if (pid != 0) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		return pid == -1 ? -1 : 0;
	}
	/* Apart from the caller: its session, terminal, folder, descriptors. */
	setsid();
	signal(SIGHUP, SIG_IGN); /* forgets one that came */
	signal(SIGHUP, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (chdir("/") == -1)
		_exit(EX_OSERR);
	null = open("/dev/null", O_RDWR);
	for (int fd = 0; fd <= 2; fd++)
		if (null == -1 || dup2(null, fd) == -1)
			_exit(EX_OSERR);
	closefrom(3);
	execve(DELIVER_PATH, argv, env);
	_exit(EX_OSFILE);
}

void
ask_for_agent(const char *id, struct buf *why)
{
	const char *as = *id ? " as " : "";

	if (run_held(RUN_RESIDENT) || run_activated()) {
		if (*id)
			buf_fmt(why,
			    "queued as %s, but the agent does not tell what "
			    "becomes of it; mailq does while it waits",
			    id);
		return;
	}
	if (getuid() != 0)
		buf_fmt(why,
		    "queued%s%s, but no agent runs; it waits until deliver "
		    "is started",
		    as, id);
	else if (ask_start_pass(false) == -1)
		buf_fmt(why, "queued%s%s, but %s cannot be started: %s", as, id,
		    DELIVER_PATH, strerror(errno));
	else if (*id)
		buf_fmt(why,
		    "queued as %s; no agent runs, and a pass was started for "
		    "it: mailq shows whether it still waits, and the log what "
		    "became of it",
		    id);
}
