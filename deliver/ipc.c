#include "deliver/ipc.h"
#include "common/log.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WITH_FD 1
#define BURST                                                                  \
	64 /* packets taken from one channel before others have a turn         \
	    */

/* Who may say what to whom: the closed table. */
static const struct rule {
	enum role from, to;
	uint16_t min, max; /* octets of the body */
	int fd;
} rules[IPC_TYPES] = {
	[IPC_PEER] = { ROLE_PARENT, ROLES, 1, 1, WITH_FD },
	[IPC_STOP] = { ROLE_PARENT, ROLES, 0, 0, 0 },
	[IPC_FORK_USER] = { ROLE_QUEUE, ROLE_PARENT, 4, 259, 0 },
	[IPC_FORK_TTY] = { ROLE_QUEUE, ROLE_PARENT, 3, 258, 0 },
	[IPC_FORK_MIME] = { ROLE_QUEUE, ROLE_PARENT, 17, 17, WITH_FD },
	[IPC_REFUSE] = { ROLE_QUEUE, ROLE_PARENT, 0, IPC_MAX - 16, 0 },
	[IPC_DONE] = { ROLE_QUEUE, ROLE_PARENT, 0, 0, 0 },
	[IPC_FORKED] = { ROLE_PARENT, ROLE_QUEUE, 0, 0, WITH_FD },
	[IPC_NOFORK] = { ROLE_PARENT, ROLE_QUEUE, 3, 1024, 0 },
	[IPC_NOTHING] = { ROLE_PARENT, ROLE_QUEUE, 0, 0, 0 },
	[IPC_MIMED] = { ROLE_PARENT, ROLE_QUEUE, 0, 0, WITH_FD },
	[IPC_BOX_ITEM] = { ROLE_QUEUE, ROLE_USER, 34, 2048, WITH_FD },
	[IPC_BOX_AT] = { ROLE_QUEUE, ROLE_USER, 3, 4098, 0 },
	[IPC_BOX_OPEN] = { ROLE_QUEUE, ROLE_USER, 0, 0, 0 },
	[IPC_BOX_CHECK] = { ROLE_QUEUE, ROLE_USER, 16, 16, 0 },
	[IPC_BOX_GO] = { ROLE_QUEUE, ROLE_USER, 0, 0, WITH_FD },
	[IPC_BOX_LOCKED] = { ROLE_USER, ROLE_QUEUE, 16, 16, 0 },
	[IPC_BOX_RESULT] = { ROLE_USER, ROLE_QUEUE, 5, 6144, 0 },
	[IPC_BOX_END] = { ROLE_USER, ROLE_QUEUE, 0, 512, 0 },
	[IPC_BOX_UNNAMED] = { ROLE_USER, ROLE_QUEUE, 3, 1024, 0 },
	[IPC_BOX_FAIL] = { ROLE_USER, ROLE_QUEUE, 5, 1024, 0 },
	[IPC_READ_ASK] = { ROLE_QUEUE, ROLE_USER, 2, 4098, 0 },
	[IPC_READ_TEXT] = { ROLE_USER, ROLE_QUEUE, 1, IPC_MAX - 16, 0 },
	[IPC_READ_END] = { ROLE_USER, ROLE_QUEUE, 3, 1024, 0 },
	[IPC_NET_MAIL] = { ROLE_QUEUE, ROLE_NET, 37, 4096, WITH_FD },
	[IPC_NET_RCPT] = { ROLE_QUEUE, ROLE_NET, 6, IPC_MAX - 16, 0 },
	[IPC_NET_FORGET] = { ROLE_QUEUE, ROLE_NET, 0, 0, 0 },
	[IPC_NET_KEPT] = { ROLE_QUEUE, ROLE_NET, 14, IPC_KEEP + 268, 0 },
	[IPC_NET_KEEP] = { ROLE_NET, ROLE_QUEUE, 14, IPC_KEEP + 268, 0 },
	[IPC_NET_ANSWER] = { ROLE_NET, ROLE_QUEUE, 12, 4096, 0 },
	[IPC_NET_END] = { ROLE_NET, ROLE_QUEUE, 0, 0, 0 },
	[IPC_NET_CONVERT] = { ROLE_NET, ROLE_QUEUE, 0, 0, 0 },
	[IPC_DNS_ASK] = { ROLE_NET, ROLE_DNS, 5, 1024, 0 },
	[IPC_DNS_ANSWER] = { ROLE_DNS, ROLE_NET, 12, 16384, 0 },
	[IPC_TTY_JOB] = { ROLE_QUEUE, ROLE_TTY, 32, 2048, WITH_FD },
	[IPC_TTY_DONE] = { ROLE_TTY, ROLE_QUEUE, 3, 1024, 0 },
	[IPC_FORK_TOKEN] = { ROLE_NET, ROLE_PARENT, 4, 260, 0 },
	[IPC_TOKEN] = { ROLE_PARENT, ROLE_NET, 0, 0, WITH_FD },
	[IPC_NOTOKEN] = { ROLE_PARENT, ROLE_NET, 3, 1024, 0 },
	[IPC_TTY_LOOK] = { ROLE_QUEUE, ROLE_TTY, 0, 0, 0 },
	[IPC_TTY_NOTE] = { ROLE_QUEUE, ROLE_TTY, 3, 600, 0 },
};

struct head {
	uint16_t type;
	uint16_t zero;
	uint32_t ref;
};

/* The channel whose packets are being handed out; NULL once a handler has
 * closed it, after which its memory may be gone. */
static struct ipc *current;

struct ipc_out {
	TAILQ_ENTRY(ipc_out) link;
	struct head head;
	size_t len;
	int fd;
	char body[];
};

static bool
allowed(const struct head *h, size_t len, enum role from, enum role to, int fd)
{
	const struct rule *r;

	if (h->type >= IPC_TYPES || h->zero != 0)
		return false;
	r = &rules[h->type];
	return r->from == from && (r->to == to || r->to == ROLES) &&
	       len >= r->min && len <= r->max && (fd != -1) == r->fd;
}

int
ipc_pair(int fds[2])
{
	return socketpair(
	    AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds);
}

/* The owner hears of it once, from the loop, never from within a send; it may
 * free the channel's memory then. */
static void
lose(struct ipc *c, const char *why)
{
	if (c->lost)
		return;
	c->lost = true;
	c->gone(c, why);
}

static int
send_now(int sock, const struct head *h, const void *body, size_t len, int fd)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov[2] = { { (void *)h, sizeof *h },
		{ (void *)body, len } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = len ? 2 : 1 };

	if (fd != -1) {
		struct cmsghdr *c;

		m.msg_control = control.space;
		m.msg_controllen = sizeof control.space;
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(c), &fd, sizeof fd);
	}
	return sendmsg(sock, &m, MSG_NOSIGNAL) == -1 ? -1 : 0;
}

static void
out_free(struct ipc *c, struct ipc_out *o)
{
	TAILQ_REMOVE(&c->out, o, link);
	if (o->fd != -1)
		close(o->fd);
	free(o);
}

/* Descriptors in flight are counted by user (ETOOMANYREFS): that passes as the
 * other side reads, like a full socket, but nothing tells when.  The next
 * EPOLLOUT comes at once, so the wait is short and self-ending. */
static bool
full(int err)
{
	return err == EAGAIN || err == ENOBUFS || err == ETOOMANYREFS ||
	       err == ENOMEM || err == EINTR;
}

static void
flush_out(struct ipc *c)
{
	struct ipc_out *o;

	while ((o = TAILQ_FIRST(&c->out)) != NULL) {
		if (send_now(c->io.fd, &o->head, o->body, o->len, o->fd) ==
		    -1) {
			if (full(errno))
				return;
			lose(c, strerror(errno));
			return; /* c may be gone */
		}
		out_free(c, o);
	}
	loop_want(&c->io, EPOLLIN);
}

/* 1: a packet; 0: none now; -1: the channel is lost. */
static int
receive(struct ipc *c, struct head *h, char *body, size_t *len, int *fd)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(4 * sizeof(int))];
	} control;
	struct iovec iov[2] = { { h, sizeof *h }, { body, IPC_MAX } };
	struct msghdr m = { .msg_iov = iov,
		.msg_iovlen = 2,
		.msg_control = control.space,
		.msg_controllen = sizeof control.space };
	ssize_t n = recvmsg(c->io.fd, &m, MSG_CMSG_CLOEXEC);
	int extra = 0;

	*fd = -1;
	if (n == -1)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	for (struct cmsghdr *k = CMSG_FIRSTHDR(&m); k; k = CMSG_NXTHDR(&m, k)) {
		size_t count = (k->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (k->cmsg_level != SOL_SOCKET || k->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int got;

			memcpy(&got, CMSG_DATA(k) + i * sizeof got, sizeof got);
			if (*fd == -1)
				*fd = got;
			else
				extra++, close(got);
		}
	}
	if (n == 0) {
		errno = 0; /* the peer has closed */
	} else if ((size_t)n < sizeof *h || extra ||
		   (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		errno = EPROTO;
	} else {
		*len = (size_t)n - sizeof *h;
		return 1;
	}
	if (*fd != -1)
		close(*fd);
	return -1;
}

static void
take(struct ipc *c)
{
	static char body[IPC_MAX]; /* one loop, one packet at a time */

	for (int i = 0; i < BURST && current == c && !c->lost; i++) {
		struct ipc_msg m;
		struct head h;
		size_t len = 0;
		int fd, got = receive(c, &h, body, &len, &fd);

		if (got == 0)
			return;
		if (got == -1) {
			lose(c, errno ? strerror(errno) : "closed");
			return;
		}
		if (!allowed(&h, len, c->peer, c->self, fd)) {
			if (fd != -1)
				close(fd);
			lose(c, "a message that the table does not allow");
			return;
		}
		m = (struct ipc_msg){ h.type, h.ref, { body, len }, fd };
		c->got(c, &m);
	}
}

static void
ready(struct loop_fd *f, uint32_t events)
{
	struct ipc *c = (struct ipc *)((char *)f - offsetof(struct ipc, io));

	if (c->lost)
		return;
	current = c;
	if (events & EPOLLOUT)
		flush_out(c);
	if (current == c && !c->lost &&
	    (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		take(c);
	current = NULL;
}

int
ipc_open(struct ipc *c, int fd, enum role self, enum role peer)
{
	c->io = (struct loop_fd){ fd, EPOLLIN, ready, c };
	c->self = self;
	c->peer = peer;
	c->lost = false;
	TAILQ_INIT(&c->out);
	if (loop_add(&c->io) == -1) {
		c->io.fd = -1;
		c->io.ready = NULL;
		return -1;
	}
	return 0;
}

bool
ipc_is_open(const struct ipc *c)
{
	return c->io.ready != NULL && c->io.fd != -1;
}

void
ipc_close(struct ipc *c)
{
	struct ipc_out *o;

	if (!ipc_is_open(c))
		return;
	if (current == c)
		current = NULL;
	while ((o = TAILQ_FIRST(&c->out)) != NULL)
		out_free(c, o);
	loop_del(&c->io);
	close(c->io.fd);
	c->io.fd = -1;
	c->lost = true;
}

void
ipc_end_with(struct ipc *c, const char *why)
{
	(void)why;
	ipc_close(c);
	loop_stop();
}

/* Keeps the packet until the socket has room. */
static int
put_by(
    struct ipc *c, const struct head *h, const void *body, size_t len, int fd)
{
	struct ipc_out *o = malloc(sizeof *o + len);

	if (o == NULL)
		return -1;
	o->head = *h;
	o->len = len;
	o->fd = -1;
	if (fd != -1 && (o->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3)) == -1) {
		free(o);
		return -1;
	}
	if (len)
		memcpy(o->body, body, len);
	TAILQ_INSERT_TAIL(&c->out, o, link);
	return loop_want(&c->io, EPOLLIN | EPOLLOUT);
}

int
ipc_send(struct ipc *c, enum ipc_type type, uint32_t ref,
    const struct buf *body, int fd)
{
	struct head h = { (uint16_t)type, 0, ref };
	const void *ptr = body ? body->ptr : NULL;
	size_t len = body ? body->len : 0;

	if (!ipc_is_open(c) || c->lost || (body && body->bad) ||
	    !allowed(&h, len, c->self, c->peer, fd)) {
		errno = EINVAL;
		return -1;
	}
	if (!TAILQ_EMPTY(&c->out))
		return put_by(c, &h, ptr, len, fd);
	if (send_now(c->io.fd, &h, ptr, len, fd) == 0)
		return 0;
	if (full(errno))
		return put_by(c, &h, ptr, len, fd);
	return -1; /* the loop will see the hang-up and say so */
}

int
ipc_join(struct ipc *a, struct ipc *b)
{
	struct buf to_a = { 0 }, to_b = { 0 };
	int ends[2];

	if (ipc_pair(ends) == -1) {
		log_errno("agent: error what=\"cannot join roles\"");
		return -1;
	}
	ipc_u8(&to_a, (uint8_t)b->peer);
	ipc_u8(&to_b, (uint8_t)a->peer);
	ipc_send(a, IPC_PEER, 0, &to_a, ends[0]);
	ipc_send(b, IPC_PEER, 0, &to_b, ends[1]);
	close(ends[0]);
	close(ends[1]);
	buf_free(&to_a);
	buf_free(&to_b);
	return 0;
}

void
ipc_u8(struct buf *b, uint8_t v)
{
	buf_add(b, &v, sizeof v);
}

void
ipc_u16(struct buf *b, uint16_t v)
{
	buf_add(b, &v, sizeof v);
}

void
ipc_u32(struct buf *b, uint32_t v)
{
	buf_add(b, &v, sizeof v);
}

void
ipc_u64(struct buf *b, uint64_t v)
{
	buf_add(b, &v, sizeof v);
}

void
ipc_span(struct buf *b, struct span s)
{
	if (s.len > UINT16_MAX) {
		b->bad = true;
		return;
	}
	ipc_u16(b, (uint16_t)s.len);
	buf_span(b, s);
}

void
ipc_str(struct buf *b, const char *s)
{
	ipc_span(b, span_of(s));
}

static void
get(struct ipc_in *in, void *out, size_t bytes)
{
	if (in->bad || in->rest.len < bytes) {
		in->bad = true;
		memset(out, 0, bytes);
		return;
	}
	memcpy(out, in->rest.ptr, bytes);
	in->rest = span_from(in->rest, bytes);
}

uint8_t
ipc_get8(struct ipc_in *in)
{
	uint8_t v;

	get(in, &v, sizeof v);
	return v;
}

uint16_t
ipc_get16(struct ipc_in *in)
{
	uint16_t v;

	get(in, &v, sizeof v);
	return v;
}

uint32_t
ipc_get32(struct ipc_in *in)
{
	uint32_t v;

	get(in, &v, sizeof v);
	return v;
}

uint64_t
ipc_get64(struct ipc_in *in)
{
	uint64_t v;

	get(in, &v, sizeof v);
	return v;
}

struct span
ipc_get(struct ipc_in *in)
{
	size_t len = ipc_get16(in);
	struct span s = { in->rest.ptr, len };

	if (in->bad || in->rest.len < len) {
		in->bad = true;
		return (struct span){ NULL, 0 };
	}
	in->rest = span_from(in->rest, len);
	return s;
}

bool
ipc_end(const struct ipc_in *in)
{
	return !in->bad && in->rest.len == 0;
}
