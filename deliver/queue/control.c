/* control - the socket that sendmail and mailq ask (common/run.h).  Whoever
 * asks is known by SO_PEERCRED: root sees all, a user his own. */
#include "common/log.h"
#include "common/printable.h"
#include "common/run.h"
#include "deliver/queue/alert.h"
#include "deliver/queue/client.h"
#include "deliver/subid.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS_MAX 64
#define EACH_MAX 8 /* of one user, so that nobody shuts others out */
#define BUSY "error too many ask at once; try again in a minute\n"
#define PATIENCE 30000 /* ms */
#define SOME 100       /* messages before the loop has a turn */

static void
end(struct client *c)
{
	look_cancel(&c->look);
	work_end(c);
	loop_cancel(&c->limit);
	loop_del(&c->io);
	close(c->io.fd);
	buf_free(&c->in);
	buf_free(&c->out);
	TAILQ_REMOVE(&c->q->clients, c, link);
	free(c);
}

static void
too_slow(struct loop_timer *t)
{
	end(t->arg);
}

static bool
contains(struct span s, struct span part)
{
	for (; s.len >= part.len; s = span_from(s, 1))
		if (span_starts(s, part))
			return true;
	return false;
}

static bool
has(const struct file *f, const struct message *m, char by, struct span part)
{
	if (by == 'I')
		return contains(span_of(m->id), part);
	if (by == 'S')
		return contains(span_of(f->env.from), part);
	for (size_t i = 0; i < f->nrcpts; i++)
		if (f->rcpts[i].state == R_WAITS &&
		    contains(span_of(rcpt_addr(f, i)), part))
			return true;
	return false;
}

/* A user asks for his own messages only. */
static bool
selected(const struct client *c, const struct message *m)
{
	struct file *f = file_open(c->q->dir, m->id, c->q->start->uid);
	bool hit;

	if (f == NULL)
		return false;
	hit = (c->uid == 0 || c->uid == f->uid) &&
	      has(f, m, c->by, c->words) != c->no;
	file_close(f);
	return hit;
}

/* Each has to be opened: some in each round, so that nobody's mail waits for
 * that. */
static void
run_some(struct client *c)
{
	struct message *m = sched_behind(c->q, c->last), *next;

	for (int n = 0; m && n < SOME; n++, m = next) {
		next = RB_NEXT(ids, &c->q->ids, m);
		strlcpy(c->last, m->id, sizeof c->last);
		if (m->state != M_OPEN && selected(c, m))
			sched_force(c->q, m);
	}
	if (m)
		return;
	c->each = NULL;
	c->waits = false;
}

/* "run", "run I part", "run !S part" */
static void
run(struct client *c, struct span words)
{
	struct span by = span_word(&words);

	remote_forget(c->q);
	drop_scan(c->q); /* first: what came a moment ago is asked for too */
	words = span_trim(words);
	if (by.len == 0) {
		sched_force_all(c->q);
		return;
	}
	c->no = by.ptr[0] == '!';
	by = span_from(by, c->no);
	if (by.len != 1 || !span_has(SPAN("IRS"), *by.ptr) || words.len == 0)
		return;
	c->by = *by.ptr;
	c->words = words;
	c->each = run_some;
	c->waits = true;
}

/* For newaliases: what it would do by itself, at once and told. */
static void
newaliases(struct client *c, struct span none)
{
	(void)none;
	if (c->uid != 0) {
		buf_reset(&c->out);
		buf_str(&c->out,
		    "error only root may rebuild the aliases; a newer "
		    "/etc/aliases is read by itself\n");
	} else if (aliases_rebuild(&c->q->aliases, &c->out) == -1) {
		buf_reset(&c->out);
		buf_fmt(&c->out, "error %s cannot be read: %s\n",
		    c->q->conf->aliases, strerror(errno));
	}
}

/* For mailq --check, of anybody: how it is, and what is wrong. */
static void
check(struct client *c, struct span words)
{
	long long age = -1;

	if (words.len && span_num(words, 1, INT32_MAX, &age) == -1)
		age = -1;
	alert_check(c->q, (long)age, c->uid == 0, &c->out);
}

static const struct {
	const char *request;
	enum { ALONE = 1, WORDS = 2 } takes;
	void (*answer)(struct client *, struct span words);
} requests[] = {
	{ "mailq", WORDS, work },
	{ "check", ALONE | WORDS, check },
	{ "run", ALONE | WORDS, run },
	{ "newaliases", ALONE, newaliases },
	{ "verify", WORDS, query_verify },
	{ "expand", WORDS, query_expand },
	{ "rcpt", WORDS, query_rcpt },
	{ "explain", WORDS, query_explain },
	{ "follow", WORDS, follow },
	{ "watch", WORDS, follow_watch },
};

static bool
has_control(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] < ' ' || s.ptr[i] == 0x7f)
			return true;
	return false;
}

static void
answer(struct client *c, struct span request)
{
	struct span words = request, verb = span_word(&words);

	words = span_trim(words);
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
		if (!has_control(request) &&
		    span_eq(verb, span_of(requests[i].request)) &&
		    (requests[i].takes & (words.len ? WORDS : ALONE))) {
			buf_str(&c->out, "ok\n");
			requests[i].answer(c, words);
			return;
		}
	buf_str(&c->out, "error the agent does not know this request\n");
}

/* What is in out goes, as the client takes it. */
void
client_more(struct client *c)
{
	ssize_t n = c->out.bad ? -1
			       : send(c->io.fd, c->out.ptr + c->sent,
				     c->out.len - c->sent, MSG_NOSIGNAL);

	if (n == -1 && errno != EAGAIN) {
		end(c);
		return;
	}
	if (n > 0)
		c->sent += (size_t)n;
	if (c->sent < c->out.len) {
		loop_want(&c->io, EPOLLOUT);
	} else if (c->each) {
		loop_want(&c->io, 0);
		loop_in(&c->limit, PATIENCE);
		work_more(c);
	} else if (c->waits) {
		loop_want(&c->io, 0);
	} else {
		end(c);
	}
}

void
client_done(struct client *c)
{
	c->waits = false;
	client_more(c);
}

static void
serve(struct loop_fd *io, uint32_t events)
{
	struct client *c = io->arg;
	char bytes[RUN_REQUEST];
	struct span line, request;
	ssize_t n;

	if (c->answered) {
		if (events & (EPOLLHUP | EPOLLERR))
			end(c);
		else
			client_more(c);
		return;
	}
	n = read(io->fd, bytes, sizeof bytes);
	if (n == -1 && errno == EAGAIN)
		return;
	if (n <= 0) {
		end(c);
		return;
	}
	buf_add(&c->in, bytes, (size_t)n);
	line = buf_view(&c->in);
	if (!span_has(line, '\n') && line.len < RUN_REQUEST)
		return;
	c->answered = true;
	request = span_cut(&line, '\n');
	if (request.len >= RUN_REQUEST)
		buf_str(&c->out, "error the request is too long\n");
	else
		answer(c, span_trim(request));
	client_more(c);
}

/* The uids of a user's containers are his as well.  For root there is a place
 * when many users have taken all others. */
static bool
may_come(const struct queue *q, uid_t uid, uid_t owner)
{
	size_t all = 0, his = 0;
	struct client *c;

	TAILQ_FOREACH (c, &q->clients, link) {
		all++;
		his += c->owner == owner;
	}
	return his < EACH_MAX &&
	       all < CLIENTS_MAX + (uid == 0 ? (size_t)EACH_MAX : 0);
}

static void
come(struct loop_fd *io, uint32_t events)
{
	struct queue *q = io->arg;
	struct ucred peer;
	socklen_t len = sizeof peer;
	struct client *c;
	uid_t owner = 0;
	char request[RUN_REQUEST];
	int fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (fd == -1) {
		/* No descriptor is free: they come again in a moment. */
		if (errno == EMFILE || errno == ENFILE) {
			loop_want(io, 0);
			loop_in(&q->listen_again, 1000);
		}
		return;
	}
	c = calloc(1, sizeof *c);
	if (c == NULL ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == -1 ||
	    !may_come(q, peer.uid, owner = subid_owner(peer.uid))) {
		/* Unread, its request would reset the connection; it may be
		 * still to come. */
		(void)!recv(fd, request, sizeof request, 0);
		send(fd, BUSY, sizeof BUSY - 1, MSG_NOSIGNAL);
		free(c);
		close(fd);
		return;
	}
	c->q = q;
	c->uid = peer.uid;
	c->owner = owner;
	c->io = (struct loop_fd){ fd, EPOLLIN, serve, c };
	c->limit = (struct loop_timer){ .fire = too_slow, .arg = c };
	if (loop_add(&c->io) == -1) {
		free(c);
		close(fd);
		return;
	}
	TAILQ_INSERT_TAIL(&q->clients, c, link);
	loop_in(&c->limit, PATIENCE);
}

static void
listen_again(struct loop_timer *t)
{
	struct queue *q = t->arg;

	loop_want(&q->listener, EPOLLIN);
}

int
control_listen(struct queue *q, int fd)
{
	TAILQ_INIT(&q->clients);
	q->listener.fd = -1;
	if (fd == -1)
		return 0; /* a pass, and the sockets are systemd's */
	q->listener = (struct loop_fd){ fd, EPOLLIN, come, q };
	q->listen_again = (struct loop_timer){ .fire = listen_again, .arg = q };
	return loop_add(&q->listener);
}
