#include "sendmail/bs.h"
#include "sendmail/ask.h"
#include "sendmail/dialogue.h"
#include "sendmail/opener.h"
#include "sendmail/who.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE                                                               \
	300 /* seconds for a command or a piece (RFC 5321 4.5.3.2.7)           \
	     */
#define CHUNK 65536

static int
make_file(void *arg, struct deposit *m)
{
	m->fd = opener_file(arg, &m->dir, m->id);
	return m->fd == -1 ? -1 : 0;
}

static int
start_run(void *arg)
{
	struct buf why = { 0 };
	int status = ask("run", &why);

	(void)arg;
	if (status == EX_UNAVAILABLE && getuid() == 0)
		status = ask_start_pass(true);
	buf_free(&why);
	return status ? -1 : 0;
}

/* "[192.0.2.1]" for a network, and its address, IPv4 mapped; NULL for a pipe, a
 * terminal, a local socket. A socket whose other end cannot be told is a
 * stranger's. */
static const char *
peer_of(int fd, char *text, size_t size, unsigned char addr[16])
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_storage room;
	} a;
	socklen_t len = sizeof a;
	char number[INET6_ADDRSTRLEN] = "";

	a.any.sa_family = AF_UNSPEC;
	if (getpeername(fd, &a.any, &len) == -1) {
		if (errno == ENOTSOCK || errno == EBADF)
			return NULL;
		a.any.sa_family = AF_UNSPEC;
	}
	if (a.any.sa_family == AF_UNIX)
		return NULL;
	if (a.any.sa_family == AF_INET) {
		memset(addr, 0, 10);
		memset(addr + 10, 0xff, 2);
		memcpy(addr + 12, &a.v4.sin_addr, 4);
		inet_ntop(AF_INET, &a.v4.sin_addr, number, sizeof number);
	} else if (a.any.sa_family == AF_INET6) {
		memcpy(addr, &a.v6.sin6_addr, 16);
		inet_ntop(AF_INET6, &a.v6.sin6_addr, number, sizeof number);
	}
	snprintf(text, size, "[%s%s]",
	    a.any.sa_family == AF_INET6 ? "IPv6:" : "",
	    number[0] ? number : "unknown");
	return text;
}

/* inetd makes standard error the stranger's socket too: sentences for the user
 * are not for him. */
static void
hide_errors(void)
{
	struct stat st;
	int null;

	if (fstat(STDERR_FILENO, &st) == -1 || !S_ISSOCK(st.st_mode))
		return;
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (null == -1)
		return;
	dup2(null, STDERR_FILENO);
	close(null);
}

static time_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/* Until the descriptor is ready: 0; -1 with ETIMEDOUT or another errno. */
static int
await(int fd, short events, time_t until)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = events };
		time_t left = until - now();
		int n;

		if (left <= 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		n = poll(&p, 1, (int)left * 1000);
		if (n == 1)
			return 0;
		if (n == -1 && errno != EINTR)
			return -1;
	}
}

/* A ready pipe takes PIPE_BUF octets without making us wait. */
static int
send_out(struct buf *out)
{
	time_t until = now() + PATIENCE;

	while (out->len) {
		size_t n = out->len < PIPE_BUF ? out->len : PIPE_BUF;
		ssize_t w;

		if (await(STDOUT_FILENO, POLLOUT, until) == -1)
			return -1;
		w = write(STDOUT_FILENO, out->ptr, n);
		if (w == -1 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (w == -1)
			return -1;
		buf_drop(out, (size_t)w);
	}
	return out->bad ? -1 : 0;
}

/* 0 at the end, whichever; -1 with errno when reading or writing fails. */
static int
talk(struct dialogue *d, char *chunk)
{
	time_t until = now() + PATIENCE;

	for (;;) {
		unsigned lines = d->lines;
		ssize_t n;

		if (send_out(&d->out) == -1)
			return -1;
		if (d->at == AT_END)
			return 0;
		if (await(STDIN_FILENO, POLLIN, until) == -1) {
			if (errno != ETIMEDOUT)
				return -1;
			dialogue_timeout(d);
			continue;
		}
		n = read(STDIN_FILENO, chunk, CHUNK);
		if (n == -1 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return (int)n;
		dialogue_feed(d, (struct span){ chunk, (size_t)n });
		/* octet by octet is no way to hold a command open for ever */
		if (d->lines != lines || d->at == AT_DATA || d->chunk)
			until = now() + PATIENCE;
	}
}

int
bs(const struct opt *o, const struct conf *conf, unsigned *queued,
    struct buf *why)
{
	struct opener opener;
	struct who who;
	char number[INET6_ADDRSTRLEN + 16];
	unsigned char addr[16] = { 0 }; /* nobody's */
	struct stat st;
	struct dialogue_ops ops = { .verify = ask_verify,
		.expand = ask_expand,
		.rcpt = ask_rcpt,
		.refused = deposit_refused,
		.make = make_file,
		.run = start_run,
		.arg = &opener };
	struct dialogue d = { .conf = conf, .ops = &ops, .wait = o->wait };
	int done, saved, status = 0;
	static char chunk[CHUNK]; /* a stack may have less room */

	if (opener_start(&opener, conf) == -1) {
		buf_fmt(why, "cannot start the dialogue: %s", strerror(errno));
		return EX_OSERR;
	}
	who_is(o->uid, &who);
	d.uid = o->uid;
	d.login = who.login;
	d.account = who.account;
	d.fullname = who.fullname;
	d.peer = peer_of(STDIN_FILENO, number, sizeof number, addr);
	d.may_relay = d.peer && conf_is_client(d.conf, addr);
	d.socket = fstat(STDIN_FILENO, &st) == 0 && S_ISSOCK(st.st_mode);
	if (d.peer)
		hide_errors();
	dialogue_open(&d);
	done = talk(&d, chunk);
	saved = errno;
	if (done == -1) {
		buf_fmt(why, "the dialogue broke off: %s", strerror(saved));
		status = saved == EBADF ? EX_NOINPUT : EX_IOERR;
	} else if (d.at == AT_DATA || d.at == AT_BDAT) {
		buf_str(why, "the dialogue ended in the middle of a message, "
			     "which was not queued");
		status = EX_IOERR;
	}
	*queued = d.queued;
	dialogue_close(&d);
	opener_stop(&opener);
	return status;
}
