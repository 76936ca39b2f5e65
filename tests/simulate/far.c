/* far - sessions and the servers behind them, for relay.o, pace.o and shut.o.
 * A session takes a few round trips to open, two and some work for the first
 * message, one and some for each that follows at once; one that has nothing to
 * do leaves after as long as the product's. */
#include "common/log.h"
#include "deliver/net/probe.h"
#include "deliver/net/session.h"
#include "tests/simulate/simulate.h"
#include <stdio.h>
#include <stdlib.h>

#define OPENING 5	 /* round trips: TCP, greeting, EHLO, TLS, EHLO */
#define BUSY_SECONDS 300 /* for the answer of one that fell silent */
#define LATER 0.005	 /* of all transactions are put off by the server */

struct far {
	struct session s; /* the first: session.h's callers know no more */
	struct loop_timer timer;
	struct dest *dest;
	struct job *job;
	bool counted; /* by its server */
};

struct letter {
	uint32_t ref, dest;
};

static struct {
	struct net net;
	const struct conf_relay *mx;
	struct result *result;
	struct letter *inbox; /* a ring */
	uint32_t in, out;
} far;
#define INBOX 4096 /* more than may be under way */

/* What relay.o asks of the role around it. */
bool
way_find(struct way *w)
{
	w->n = 1;
	w->until = loop_now() + WAY_SECONDS * w->second;
	return true;
}

void
way_cancel(struct way *w)
{
	(void)w;
}

void
way_free(struct way *w)
{
	(void)w;
}

void
way_skip(struct way *w, size_t n)
{
	(void)w;
	(void)n;
}

void
probe_way(const struct relay *r)
{
	(void)r;
}

void
net_session_ended(struct net *net)
{
	(void)net;
}

uint64_t
secrets_stamp(const char *path)
{
	(void)path;
	return 0;
}

void
log_warn(const char *fmt, ...)
{
	(void)fmt;
}

const char *
session_host(const struct session *s)
{
	(void)s;
	return "";
}

/* Its answer, and its end. */
void
job_fail(struct job *job, const struct verdict *v, struct span text)
{
	(void)text;
	job->delivered = false;
	job->later = v->soon;
}

void
job_end(struct job *job)
{
	hub_answer(job->ref, job->delivered, job->later);
	free(job);
}

void
job_free(struct job *job)
{
	free(job);
}

bool
session_is_idle(const struct session *s)
{
	return s->ready && !s->leaving && ((const struct far *)s)->job == NULL;
}

static struct dest *
dest_of(const struct relay *r)
{
	return world_dest((uint32_t)strtoul(r->domain + 1, NULL, 10));
}

/* The next one, or what a session does that has none. */
static void
next_job(struct far *f, bool behind)
{
	struct session *s = &f->s;
	const struct dest *d = f->dest;

	s->leaving |=
	    TAILQ_EMPTY(&s->relay->waiting) && net_is_crowded(s->relay->net);
	f->job = s->leaving ? NULL : relay_take(s->relay);
	if (f->job == NULL && s->leaving)
		loop_in(&f->timer, d->rtt); /* QUIT */
	else if (f->job == NULL)
		loop_in(&f->timer, smtp_steps[AT_IDLE].seconds * SECOND);
	else if (!world_down(d, loop_now()))
		/* Its commands go behind the final dot of the one before. */
		loop_in(
		    &f->timer, (behind ? 1 : 2) * (int64_t)d->rtt + d->work);
	else
		loop_in(&f->timer, d->silent ? BUSY_SECONDS * SECOND : d->rtt);
}

static void
opened(struct far *f)
{
	struct session *s = &f->s;
	struct dest *d = f->dest;
	bool down = world_down(d, loop_now());

	if (down || d->live >= d->most) {
		far.result->connects_failed++;
		judge_mishap(AT_CONNECT,
		    down && d->silent ? MISHAP_TIMEOUT : MISHAP_CONNECT,
		    &s->why);
		relay_down(s->relay, s);
		return;
	}
	d->live++;
	f->counted = true;
	s->ready = true;
	s->answer = d->rtt;
	relay_ready(s->relay, s);
	next_job(f, false);
}

/* As finish_job of deliver/net/session.c. */
static void
job_over(struct far *f, bool taken, bool soon)
{
	struct session *s = &f->s;
	struct job *job = f->job;

	f->job = NULL;
	s->answer = f->dest->rtt + f->dest->work;
	job->delivered = taken;
	job->later = soon;
	far.result->transactions++;
	job_end(job);
	if (taken)
		relay_delivered(s->relay, s->answer);
	else if (soon)
		relay_put_off(s->relay);
}

static void
fired(struct loop_timer *t)
{
	struct far *f = t->arg;
	struct session *s = &f->s;
	bool soon;

	if (!s->ready) {
		opened(f);
	} else if (s->leaving && f->job == NULL) {
		relay_down(s->relay, s);
	} else if (f->job == NULL) {
		s->leaving = true;
		loop_in(&f->timer, f->dest->rtt);
	} else if (world_down(f->dest, loop_now())) {
		job_over(f, false, false);
		relay_down(s->relay, s);
	} else {
		soon = world_chance() < LATER;
		far.result->put_off += soon;
		job_over(f, !soon, soon);
		next_job(f, true);
	}
}

struct session *
session_open(struct relay *r, size_t host)
{
	struct far *f = calloc(1, sizeof *f);
	struct dest *d = dest_of(r);
	bool down = world_down(d, loop_now());

	if (f == NULL)
		abort();
	f->s.relay = r;
	f->s.host = host;
	f->dest = d;
	f->timer = (struct loop_timer){ .fire = fired, .arg = f };
	TAILQ_INSERT_TAIL(&r->sessions, &f->s, link);
	TAILQ_INSERT_TAIL(&r->net->sessions, &f->s, all);
	if (++r->net->nsessions > far.result->sessions_most)
		far.result->sessions_most = r->net->nsessions;
	far.result->connects++;
	loop_in(&f->timer, down && d->silent
			       ? smtp_steps[AT_CONNECT].seconds * SECOND
			       : (down ? 1 : OPENING) * (int64_t)d->rtt);
	return &f->s;
}

void
session_wake(struct session *s)
{
	next_job((struct far *)s, false);
}

void
session_leave(struct session *s)
{
	bool idle = session_is_idle(s);

	s->leaving = true;
	if (idle)
		next_job((struct far *)s, false);
	else if (!s->ready)
		relay_down(s->relay, s);
}

void
session_free(struct session *s)
{
	struct far *f = (struct far *)s;

	TAILQ_REMOVE(&s->relay->net->sessions, s, all);
	s->relay->net->nsessions--;
	loop_cancel(&f->timer);
	if (f->counted)
		f->dest->live--;
	free(f->job);
	free(f);
}

void
far_begin(const struct conf *conf, struct result *result)
{
	far.result = result;
	far.net = (struct net){ .conf = conf, .second = SECOND };
	far.mx = conf_relay(conf, "mx");
	if (far.mx == NULL)
		abort();
	RB_INIT(&far.net.relays);
	TAILQ_INIT(&far.net.hungry);
	TAILQ_INIT(&far.net.sessions);
	far.inbox = world_memory(INBOX * sizeof *far.inbox);
	far.in = far.out = 0;
}

/* Whom it remembers as shut it would forget in time. */
void
far_end(void)
{
	struct relay *r;

	far.result->left_sessions = far.net.nsessions;
	while ((r = RB_MIN(relays, &far.net.relays)) != NULL)
		relay_free(r);
}

void
far_send(uint32_t ref, uint32_t dest)
{
	far.inbox[far.in++ % INBOX] = (struct letter){ ref, dest };
}

bool
far_inbox(void)
{
	bool any = far.in != far.out;

	while (far.in != far.out) {
		struct letter l = far.inbox[far.out++ % INBOX];
		struct job *job = calloc(1, sizeof *job);
		char domain[32];
		struct relay *r;

		snprintf(domain, sizeof domain, "d%u.example", l.dest);
		r = relay_find(&far.net, far.mx, domain, false, false);
		if (job == NULL || r == NULL)
			abort();
		job->ref = l.ref;
		relay_add(r, job);
	}
	return any;
}
