#include "deliver/queue/limits.h"
#include "common/log.h"
#include "common/printable.h"
#include "deliver/queue/alert.h"
#include "deliver/queue/quota.h"
#include "deliver/subid.h"
#include <inttypes.h>
#include <stdlib.h>

#define TEXT_MAX (IPC_MAX - 4096) /* octets of the file */

struct limits {
	struct queue *q;
	struct quotas quotas;
	struct quota_most most;
	bool all;   /* nobody may submit: the queue is full */
	bool stale; /* the file says something else */
	struct loop_timer opens, tell;
};

static int64_t
now_us(void)
{
	return loop_now() * 1000;
}

static void
sentence(const struct queue *q, enum quota_met met, struct buf *b)
{
	const struct conf *c = q->conf;

	switch (met) {
	case QUOTA_COUNT:
		buf_fmt(b,
		    "%" PRIu64
		    " of your messages wait, as many as one user may have "
		    "(limits user-queue in bellman.conf); try again when some "
		    "of them are gone (mailq lists them)",
		    conf_user_queue(c));
		break;
	case QUOTA_SIZE:
		buf_fmt(b,
		    "your messages that wait take %" PRIu64
		    " KiB, as much as those of one user may (limits user-size "
		    "in bellman.conf); try again when some of them are gone "
		    "(mailq lists them)",
		    c->user_size >> 10);
		break;
	case QUOTA_RATE:
		buf_fmt(b, "you have sent %" PRIu64 " messages within ",
		    c->per_user);
		printable_age(c->per_seconds, b);
		buf_str(b, ", as many as one user may (limits per-user in "
			   "bellman.conf); try again later");
		break;
	default:
		buf_fmt(b,
		    "%" PRIu64 " messages wait, as many as the queue may hold "
		    "(limits queue in bellman.conf); try again later",
		    c->max_queue);
		break;
	}
	buf_chr(b, '\n');
}

/* He, and whoever runs in his containers. */
static void
put_user(const struct queue *q, const struct quota *u, struct buf *b)
{
	const struct subids *s = subid_known();

	buf_fmt(b, "uid %lu ", (unsigned long)u->uid);
	sentence(q, u->met, b);
	for (size_t i = 0; i < s->n && b->len < TEXT_MAX; i++) {
		if (s->all[i].owner != u->uid)
			continue;
		buf_fmt(b, "uid %lu-%lu ", (unsigned long)s->all[i].first,
		    (unsigned long)s->all[i].last);
		sentence(q, u->met, b);
	}
}

static void
put_all(const struct limits *l, struct buf *b)
{
	const struct quota *u;

	if (l->all) {
		buf_str(b, "all ");
		sentence(l->q, QUOTA_NONE, b);
	}
	/* Who is beyond that is refused when there is room for his line. */
	TAILQ_FOREACH (u, &l->quotas.refused, refused)
		if (b->len < TEXT_MAX)
			put_user(l->q, u, b);
}

/* From the loop: many that come or go at once make one file. */
static void
tell(struct loop_timer *t)
{
	struct limits *l = t->arg;
	struct buf b = { 0 };
	int64_t next;

	if (l->stale && !l->q->scanning) {
		put_all(l, &b);
		if (!b.bad &&
		    ipc_send(&l->q->parent, IPC_REFUSE, 0, &b, -1) == 0)
			l->stale = false;
		if (b.len == 0)
			alert_over(l->q, CAUSE_LIMIT, "");
		buf_free(&b);
	}
	next = quota_next(&l->quotas, &l->most);
	if (next == INT64_MAX)
		loop_cancel(&l->opens);
	else
		loop_in(&l->opens, (next - now_us()) / 1000 + 1);
}

static void
tell_soon(struct limits *l)
{
	l->stale = true;
	if (!l->tell.armed)
		loop_in(&l->tell, 0);
}

static void
opened(struct loop_timer *t)
{
	struct limits *l = t->arg;
	struct quota *u, *next;

	TAILQ_FOREACH_SAFE(u, &l->quotas.refused, refused, next)
	if (quota_judge(&l->quotas, u, &l->most, now_us()))
		tell_soon(l);
	tell_soon(l);
}

/* A limit is met: the log and an alert name whose. */
static void
say(struct limits *l, const struct quota *u)
{
	static const char *const name[] = {
		[QUOTA_NONE] = "queue",
		[QUOTA_COUNT] = "user-queue",
		[QUOTA_SIZE] = "user-size",
		[QUOTA_RATE] = "per-user",
	};
	enum quota_met met = u ? u->met : QUOTA_NONE;
	struct buf b = { 0 };

	if (u)
		buf_fmt(&b, "uid=%lu ", (unsigned long)u->uid);
	buf_fmt(&b, "limit=%s", name[met]);
	log_warn("agent: refused %s", buf_c(&b));
	buf_reset(&b);
	if (u)
		buf_fmt(&b, "uid %lu has reached ", (unsigned long)u->uid);
	buf_fmt(&b, "limits %s", name[met]);
	alert_seen(l->q, CAUSE_LIMIT, "", buf_view(&b));
	buf_free(&b);
}

static void
judge(struct limits *l, struct quota *u)
{
	uint64_t most = l->q->conf->max_queue, n = l->q->count;
	bool all = n >= (l->all ? most - most / 16 : most);

	if (u && quota_judge(&l->quotas, u, &l->most, now_us())) {
		if (u->met)
			say(l, u);
		tell_soon(l);
	}
	if (all == l->all)
		return;
	l->all = all;
	if (all)
		say(l, NULL);
	tell_soon(l);
}

/* Reports are the agent's own, and bounded elsewhere. */
static bool
counts(const struct queue *q, uid_t uid)
{
	return uid != q->start->uid;
}

void
limits_come(struct queue *q, const struct message *m, bool fresh)
{
	struct limits *l = q->limits;

	if (l == NULL)
		return;
	judge(l, !counts(q, m->uid) ? NULL
				    : quota_add(&l->quotas, &l->most, m->uid,
					  m->kib, fresh, now_us()));
}

void
limits_gone(struct queue *q, const struct message *m)
{
	struct limits *l = q->limits;

	if (l == NULL)
		return;
	judge(l, !counts(q, m->uid)
		     ? NULL
		     : quota_drop(&l->quotas, m->uid, m->kib, now_us()));
}

void
limits_move(struct queue *q, const struct message *m, uid_t from)
{
	struct limits *l = q->limits;
	struct quota *u;

	if (l == NULL)
		return;
	if (counts(q, from) &&
	    (u = quota_drop(&l->quotas, from, m->kib, now_us())) != NULL)
		judge(l, u);
	limits_come(q, m, !m->known);
}

void
limits_scanned(struct queue *q)
{
	if (q->limits)
		tell_soon(q->limits); /* what an earlier process has said */
}

bool
limits_stand(const struct queue *q)
{
	return q->limits && !TAILQ_EMPTY(&q->limits->quotas.refused);
}

void
limits_start(struct queue *q)
{
	const struct conf *c = q->conf;
	struct limits *l = calloc(1, sizeof *l);

	q->limits = l;
	if (l == NULL)
		return;
	l->q = q;
	quota_init(&l->quotas);
	l->most = (struct quota_most){ .count = conf_user_queue(c),
		.kib = c->user_size >> 10,
		.per_user = c->per_user,
		.per_us = (int64_t)c->per_seconds * 1000000 };
	l->opens = (struct loop_timer){ .fire = opened, .arg = l };
	l->tell = (struct loop_timer){ .fire = tell, .arg = l };
}
