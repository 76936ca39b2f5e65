#include "deliver/net/conn.h"
#include <errno.h>
#include <netdb.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#define PIECE 16384 /* octets read at once */

static void ready(struct loop_fd *, uint32_t);

static void
drop(struct conn *c)
{
	loop_cancel(&c->step);
	tls_free(c->tls);
	c->tls = NULL;
	if (c->secret)
		explicit_bzero(c->out.ptr, c->out.cap);
	if (c->io.fd != -1) {
		loop_del(&c->io);
		close(c->io.fd);
		c->io.fd = -1;
	}
	buf_reset(&c->in);
	buf_reset(&c->out);
	c->sent = 0;
	c->up = c->broken = c->more = c->secret = c->shaking = false;
}

static void
step_due(struct loop_timer *t)
{
	struct conn *c = t->arg;

	if (c->shaking) {
		if (c->why.len == 0)
			buf_str(&c->why, "the TLS handshake took too long");
		c->happened(c, CONN_INSECURE);
	} else {
		c->happened(c, CONN_TIMEOUT);
	}
}

static void
limit_due(struct loop_timer *t)
{
	struct conn *c = t->arg;

	c->happened(c, CONN_TOO_LONG);
}

void
conn_init(struct conn *c, void (*happened)(struct conn *, enum conn_event))
{
	*c = (struct conn){ .happened = happened,
		.io = { .fd = -1 },
		.step = { .fire = step_due, .arg = c },
		.limit = { .fire = limit_due, .arg = c } };
}

static void
name_it(struct conn *c, const struct conn_addr *a)
{
	char host[48], port[8];
	bool six = a->sa.ss_family == AF_INET6;

	if (a->sa.ss_family == AF_UNIX)
		snprintf(c->name, sizeof c->name, "%s",
		    ((const struct sockaddr_un *)&a->sa)->sun_path);
	else if (getnameinfo((const struct sockaddr *)&a->sa, a->len, host,
		     sizeof host, port, sizeof port,
		     NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		strlcpy(c->name, "an address", sizeof c->name);
	else
		snprintf(c->name, sizeof c->name, "%s%s%s:%s", six ? "[" : "",
		    host, six ? "]" : "", port);
}

static void
raced(struct race *r, int fd)
{
	struct conn *c =
	    (struct conn *)((char *)r - offsetof(struct conn, race));

	if (r->n)
		name_it(c, &r->addrs[r->at]);
	c->error = r->error;
	if (fd == -1) {
		c->happened(c, CONN_FAILED);
		return;
	}
	c->error = 0;
	c->io = (struct loop_fd){ fd, EPOLLIN, ready, c };
	if (loop_add(&c->io) == -1) {
		c->error = errno;
		close(fd);
		c->io.fd = -1;
		c->happened(c, CONN_FAILED);
		return;
	}
	c->up = true;
	c->happened(c, CONN_UP);
}

void
conn_open(
    struct conn *c, const struct conn_addr *addrs, size_t n, int64_t patience)
{
	drop(c);
	race_begin(&c->race, addrs, n, patience, raced);
}

void
conn_next(struct conn *c)
{
	drop(c);
	race_next(&c->race);
}

void
conn_again(struct conn *c)
{
	drop(c);
	race_again(&c->race);
}

size_t
conn_pending(const struct conn *c)
{
	return c->out.len - c->sent;
}

/* Without it nothing would be heard of the connection any more: it is ended,
 * and the loop reports that, whatever is wanted. */
static void
await(struct conn *c, uint32_t events)
{
	if (loop_want(&c->io, events) == -1)
		shutdown(c->io.fd, SHUT_RDWR);
}

static void
want(struct conn *c)
{
	bool write = (conn_pending(c) || c->more ||
			 (c->tls && tls_wants_write(c->tls))) &&
		     !c->broken;

	if (c->up && !c->shaking && c->io.fd != -1)
		await(c, EPOLLIN | (write ? EPOLLOUT : 0));
}

static ssize_t
transmit(struct conn *c)
{
	const char *from = c->out.ptr + c->sent;

	return c->tls ? tls_send(c->tls, from, conn_pending(c))
		      : send(c->io.fd, from, conn_pending(c), MSG_NOSIGNAL);
}

void
conn_flush(struct conn *c)
{
	while (c->up && !c->shaking && !c->broken && conn_pending(c)) {
		ssize_t n = transmit(c);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			break;
		if (n == -1) {
			/* What it said before it closed may be waiting to be
			 * read, and counts: the loss is reported behind it. */
			c->broken = true;
			c->error = errno;
			/* One that is still there would say nothing more. */
			if (errno != EPIPE && errno != ECONNRESET)
				shutdown(c->io.fd, SHUT_RDWR);
			break;
		}
		c->sent += (size_t)n;
		c->taken += (uint64_t)n;
	}
	if (c->sent == c->out.len || c->sent > (64u << 10)) {
		buf_drop(&c->out, c->sent);
		c->sent = 0;
		if (c->secret && c->out.len == 0 && c->out.cap)
			explicit_bzero(c->out.ptr, c->out.cap);
	}
	want(c);
}

static void
receive(struct conn *c)
{
	ssize_t n;

	if (buf_room(&c->in, PIECE) == -1) {
		c->error = ENOMEM;
		c->happened(c, CONN_LOST);
		return;
	}
	/* A record of TLS is no longer than this: none is left inside. */
	n = c->tls ? tls_recv(c->tls, c->in.ptr + c->in.len, PIECE)
		   : recv(c->io.fd, c->in.ptr + c->in.len, PIECE, 0);
	if (n > 0) {
		c->in.len += (size_t)n;
		c->happened(c, CONN_DATA);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		if (!c->broken)
			c->error = n == 0 ? 0 : errno;
		c->happened(c, CONN_LOST);
	} else {
		c->happened(c, c->broken ? CONN_LOST : CONN_ROOM);
	}
}

static void
shake(struct conn *c)
{
	switch (tls_shake(c->tls, &c->why)) {
	case TLS_READ:
		await(c, EPOLLIN);
		return;
	case TLS_WRITE:
		await(c, EPOLLIN | EPOLLOUT);
		return;
	case TLS_DONE:
		c->shaking = false;
		loop_cancel(&c->step);
		want(c);
		c->happened(c, CONN_SECURE);
		return;
	case TLS_FAILED:
		c->happened(c, CONN_INSECURE);
		return;
	}
}

void
conn_starttls(
    struct conn *c, struct tls_store *store, const struct tls_want *tls_want)
{
	buf_reset(&c->why);
	c->shaking = true;
	if (c->in.len)
		buf_str(&c->why,
		    "plain text came before the TLS handshake: somebody may "
		    "have put it there");
	else
		c->tls = tls_new(store, tls_want, c->io.fd, &c->why);
	if (c->tls) {
		await(c, EPOLLIN | EPOLLOUT);
	} else {
		await(c, 0); /* only the loop may report it */
		loop_in(&c->step, 0);
	}
}

static void
ready(struct loop_fd *f, uint32_t events)
{
	struct conn *c = f->arg;
	uint64_t before = c->taken;

	if (c->shaking) {
		if (c->tls)
			shake(c);
		else
			step_due(&c->step);
		return;
	}
	if (events & EPOLLOUT || (c->tls && conn_pending(c)))
		conn_flush(c);
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR) || c->broken)
		receive(c);
	else if (c->taken != before || c->more)
		c->happened(c, CONN_ROOM);
}

void
conn_patience(struct conn *c, int64_t ms)
{
	if (c->shaking && c->tls == NULL)
		return; /* it is about to be reported */
	loop_in(&c->step, ms);
}

void
conn_limit(struct conn *c, int64_t ms)
{
	if (ms)
		loop_in(&c->limit, ms);
	else
		loop_cancel(&c->limit);
}

void
conn_close(struct conn *c)
{
	drop(c);
	race_stop(&c->race);
	loop_cancel(&c->limit);
	buf_free(&c->in);
	buf_free(&c->out);
	buf_free(&c->why);
}
