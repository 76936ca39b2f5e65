#include "deliver/queue/look.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOKS_MAX 16 /* each is a process */
#define LIMIT 4000   /* ms; who asks waits 5 s (sendmail/ask.h) */

struct looking {
	TAILQ_ENTRY(looking) link;
	struct queue *q;
	char *user;
	uint32_t ref;
	struct ipc chan;
	struct loop_timer limit;
	TAILQ_HEAD(, look) all;
};

static void
done(struct looking *l, enum tty_result result)
{
	struct look *one;

	TAILQ_REMOVE(&l->q->looks_out, l, link);
	loop_cancel(&l->limit);
	ipc_close(&l->chan);
	while ((one = TAILQ_FIRST(&l->all)) != NULL) {
		look_cancel(one);
		one->seen(one, result);
	}
	free(l->user);
	free(l);
}

static void
too_long(struct loop_timer *t)
{
	done(t->arg, TTY_FAILED);
}

static void
got(struct ipc *c, struct ipc_msg *m)
{
	struct ipc_in in = { m->body, false };
	uint8_t result = ipc_get8(&in);

	ipc_get(&in);
	if (m->fd != -1)
		close(m->fd);
	done(c->arg, ipc_end(&in) && result < TTY_RESULTS
			 ? (enum tty_result)result
			 : TTY_FAILED);
}

static void
gone(struct ipc *c, const char *why)
{
	(void)why;
	done(c->arg, TTY_FAILED);
}

static struct looking *
begin(struct queue *q, const char *user)
{
	struct looking *l = calloc(1, sizeof *l);
	struct buf body = { 0 };

	if (l == NULL || (l->user = strdup(user)) == NULL) {
		free(l);
		return NULL;
	}
	l->q = q;
	l->ref = ++q->ref;
	l->chan.io.fd = -1;
	l->limit = (struct loop_timer){ .fire = too_long, .arg = l };
	TAILQ_INIT(&l->all);
	TAILQ_INSERT_TAIL(&q->looks_out, l, link);
	/* A lost request, and a tty process that hangs, end by the limit. */
	loop_in(&l->limit, LIMIT);
	ipc_str(&body, user);
	ipc_send(&q->parent, IPC_FORK_TTY, l->ref, &body, -1);
	buf_free(&body);
	return l;
}

int
look(struct queue *q, const char *user, struct look *one)
{
	struct looking *l;
	size_t n = 0;

	TAILQ_FOREACH (l, &q->looks_out, link) {
		if (strcmp(l->user, user) == 0)
			break;
		n++;
	}
	if (l == NULL && (n >= LOOKS_MAX || (l = begin(q, user)) == NULL))
		return -1;
	one->at = l;
	TAILQ_INSERT_TAIL(&l->all, one, link);
	return 0;
}

void
look_cancel(struct look *one)
{
	if (one->at)
		TAILQ_REMOVE(&one->at->all, one, link);
	one->at = NULL;
}

static struct looking *
by_ref(struct queue *q, uint32_t ref)
{
	struct looking *l;

	TAILQ_FOREACH (l, &q->looks_out, link)
		if (l->ref == ref)
			return l;
	return NULL;
}

bool
look_owns(struct queue *q, uint32_t ref)
{
	return by_ref(q, ref) != NULL;
}

void
look_refused(struct queue *q, uint32_t ref)
{
	done(by_ref(q, ref), TTY_FAILED);
}

void
look_forked(struct queue *q, uint32_t ref, int fd)
{
	struct looking *l = by_ref(q, ref);

	l->chan = (struct ipc){ .got = got, .gone = gone, .arg = l };
	if (ipc_open(&l->chan, fd, ROLE_QUEUE, ROLE_TTY) == -1) {
		close(fd);
		done(l, TTY_FAILED);
		return;
	}
	ipc_send(&l->chan, IPC_TTY_LOOK, ref, NULL, -1);
}
