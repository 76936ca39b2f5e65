#include "deliver/net/race.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

static void go_on(struct race *);

static void
end_lane(struct lane *l)
{
	if (l->io.fd == -1)
		return;
	loop_del(&l->io);
	close(l->io.fd);
	l->io.fd = -1;
}

static void
failed(struct race *r, size_t i, int error)
{
	end_lane(&r->lanes[i]);
	r->lanes[i].used = true;
	r->at = i;
	r->error = error;
	r->begin_after = 0; /* the next one has not to wait for anybody */
}

static void
won(struct race *r, size_t i)
{
	struct lane *l = &r->lanes[i];
	int fd = l->io.fd;

	loop_del(&l->io);
	l->io.fd = -1;
	l->used = true;
	r->at = i;
	race_stop(r);
	r->over(r, fd);
}

static void
ready(struct loop_fd *f, uint32_t events)
{
	struct lane *l = f->arg;
	struct race *r = l->race;
	size_t i = (size_t)(l - r->lanes);
	int error = 0;
	socklen_t len = sizeof error;

	(void)events;
	if (getsockopt(f->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		error = errno;
	if (error == 0) {
		won(r, i);
		return;
	}
	failed(r, i, error);
	go_on(r);
}

/* 0: under way, or up already. */
static int
begin(struct race *r, size_t i)
{
	const struct conn_addr *a = &r->addrs[i];
	struct lane *l = &r->lanes[i];
	int one = 1, saved;
	int fd = socket(
	    a->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return -1;
	/* The last, short piece of a message must not wait for an
	 * acknowledgement that the other side delays. */
	if (a->sa.ss_family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(fd, (const struct sockaddr *)&a->sa, a->len) == -1 &&
	    errno != EINPROGRESS)
		goto undo;
	l->io = (struct loop_fd){ fd, EPOLLOUT, ready, l };
	l->until = loop_now() + r->patience;
	if (loop_add(&l->io) == 0)
		return 0;
undo:
	saved = errno;
	close(fd);
	l->io.fd = -1;
	errno = saved;
	return -1;
}

/* The next one in its order, when it is its time; those that cannot even begin
 * are passed over. */
static void
begin_next(struct race *r)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->lanes[i].used || r->lanes[i].io.fd != -1)
			continue;
		if (loop_now() < r->begin_after)
			return;
		if (begin(r, i) == 0)
			r->begin_after = loop_now() + r->patience / RACE_PARTS;
		else
			failed(r, i, errno);
	}
}

/* Ends what has had its time, begins what is due, and says when to look again.
 */
static void
go_on(struct race *r)
{
	int64_t now = loop_now(), wake = INT64_MAX;
	bool waits = false;

	for (size_t i = 0; i < r->n; i++)
		if (r->lanes[i].io.fd != -1 && r->lanes[i].until <= now)
			failed(r, i, ETIMEDOUT);
	begin_next(r);
	for (size_t i = 0; i < r->n; i++) {
		const struct lane *l = &r->lanes[i];

		if (l->io.fd != -1 && l->until < wake)
			wake = l->until;
		waits |= !l->used && l->io.fd == -1;
	}
	if (waits && r->begin_after < wake)
		wake = r->begin_after;
	if (wake == INT64_MAX) {
		loop_cancel(&r->timer);
		r->over(r, -1);
	} else {
		loop_in(&r->timer, wake > now ? wake - now : 0);
	}
}

static void
due(struct loop_timer *t)
{
	go_on(t->arg);
}

void
race_begin(struct race *r, const struct conn_addr *addrs, size_t n,
    int64_t patience, void (*over)(struct race *, int fd))
{
	race_stop(r);
	*r = (struct race){ .over = over,
		.n = n < CONN_ADDRS ? n : CONN_ADDRS,
		.error = EADDRNOTAVAIL, /* when there is none */
		.patience = patience,
		.timer = { .fire = due, .arg = r } };
	memcpy(r->addrs, addrs, r->n * sizeof *addrs);
	for (size_t i = 0; i < r->n; i++)
		r->lanes[i] = (struct lane){ .race = r, .io = { .fd = -1 } };
	loop_in(&r->timer, 0); /* only the loop reports */
}

void
race_next(struct race *r)
{
	r->error = 0; /* of connecting: there was none */
	r->begin_after = 0;
	loop_in(&r->timer, 0);
}

void
race_again(struct race *r)
{
	struct conn_addr again = r->addrs[r->at];

	r->addrs[r->at] = r->addrs[0];
	r->lanes[r->at].used = r->lanes[0].used;
	r->addrs[0] = again;
	r->lanes[0].used = false;
	r->at = 0;
	race_next(r);
}

void
race_stop(struct race *r)
{
	loop_cancel(&r->timer);
	for (size_t i = 0; i < r->n; i++)
		end_lane(&r->lanes[i]);
}
