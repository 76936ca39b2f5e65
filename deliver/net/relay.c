#include "deliver/net/relay.h"
#include "deliver/net/session.h"
#include <stdlib.h>
#include <string.h>

#define GOOD_SECONDS 300
#define HOLD_SECONDS 60 /* doubled each time, */
#define HOLD_LONGEST 960

struct relay *
relay_find(struct net *net, const struct conf_relay *conf)
{
	struct relay *r;

	TAILQ_FOREACH (r, &net->relays, link)
		if (r->conf == conf)
			return r;
	r = calloc(1, sizeof *r);
	if (r == NULL)
		return NULL;
	r->net = net;
	r->conf = conf;
	pace_init(&r->pace, conf->sessions ? conf->sessions : RELAY_SESSIONS,
	    net->second);
	TAILQ_INIT(&r->waiting);
	TAILQ_INIT(&r->sessions);
	TAILQ_INSERT_TAIL(&net->relays, r, link);
	return r;
}

static unsigned
live(const struct relay *r)
{
	struct session *s;
	unsigned n = 0;

	TAILQ_FOREACH (s, &r->sessions, link)
		n += !s->leaving;
	return n;
}

static void
fail_waiting(
    struct relay *r, const struct verdict *v, struct span text, const char *mta)
{
	struct job *job;

	while ((job = TAILQ_FIRST(&r->waiting)) != NULL) {
		TAILQ_REMOVE(&r->waiting, job, link);
		job->mta = mta;
		job_fail(job, v, text);
		job_end(job);
	}
}

static void
open_session(struct relay *r)
{
	bool good = loop_now() < r->good_until;
	struct session *s = session_open(r, good ? r->good : 0);
	struct verdict v;

	if (s != NULL) {
		TAILQ_INSERT_TAIL(&r->sessions, s, link);
		r->opening = true;
	} else if (live(r) == 0) {
		judge_mishap(AT_CONNECT, MISHAP_CONNECT, &v);
		fail_waiting(r, &v, SPAN("out of memory"), "");
	}
}

static struct session *
idle(struct relay *r)
{
	struct session *s;

	TAILQ_FOREACH (s, &r->sessions, link)
		if (session_is_idle(s))
			return s;
	return NULL;
}

static void
push(struct relay *r)
{
	struct session *s;

	while (!TAILQ_EMPTY(&r->waiting) && (s = idle(r)) != NULL)
		session_wake(s);
	if (!TAILQ_EMPTY(&r->waiting) && live(r) == 0 && !r->net->stopping)
		open_session(r);
}

static bool
held(struct relay *r)
{
	if (r->hold.until && (loop_now() >= r->hold.until ||
				 secrets_stamp(SECRETS_PATH) != r->hold.stamp))
		r->hold.until = 0;
	return r->hold.until != 0;
}

static void
hold(struct relay *r, const struct session *s)
{
	int64_t seconds = HOLD_SECONDS << (r->hold.times & 7);

	if (seconds > HOLD_LONGEST)
		seconds = HOLD_LONGEST;
	else
		r->hold.times++;
	r->hold.until = loop_now() + seconds * r->net->second;
	r->hold.stamp = secrets_stamp(SECRETS_PATH);
	r->hold.why = s->why;
	buf_reset(&r->hold.text);
	buf_span(&r->hold.text, buf_view(&s->text));
	strlcpy(r->hold.mta, session_host(s), sizeof r->hold.mta);
}

void
relay_add(struct relay *r, struct job *job)
{
	if (held(r)) {
		job->mta = r->hold.mta;
		job_fail(job, &r->hold.why, buf_view(&r->hold.text));
		job_end(job);
		return;
	}
	TAILQ_INSERT_TAIL(&r->waiting, job, link);
	push(r);
}

struct job *
relay_take(struct relay *r)
{
	struct job *job = TAILQ_FIRST(&r->waiting);

	if (job)
		TAILQ_REMOVE(&r->waiting, job, link);
	return job;
}

void
relay_give_back(struct relay *r, struct job *job)
{
	TAILQ_INSERT_HEAD(&r->waiting, job, link);
}

void
relay_ready(struct relay *r, struct session *s)
{
	r->opening = false;
	r->hold.until = r->hold.times = 0;
	r->good = s->host;
	r->good_until = loop_now() + GOOD_SECONDS * r->net->second;
}

void
relay_put_off(struct relay *r)
{
	pace_later(&r->pace, live(r), loop_now());
}

void
relay_frown(struct relay *r)
{
	unsigned n = live(r);

	pace_frown(&r->pace, n > 0 ? n - 1 : 0, loop_now());
}

void
relay_delivered(struct relay *r)
{
	pace_taken(&r->pace, loop_now());
	if (!TAILQ_EMPTY(&r->waiting) && !r->opening && !r->net->stopping &&
	    pace_may(&r->pace, live(r), loop_now()))
		open_session(r);
}

void
relay_down(struct relay *r, struct session *s)
{
	struct net *net = r->net;

	TAILQ_REMOVE(&r->sessions, s, link);
	if (!s->ready) {
		r->opening = false;
		/* Others get through: this many is what the server takes. */
		pace_frown(&r->pace, live(r), loop_now());
		if (live(r) == 0) {
			r->good_until = 0;
			if (s->smtp.denied)
				hold(r, s);
			fail_waiting(
			    r, &s->why, buf_view(&s->text), session_host(s));
		}
	}
	session_free(s);
	push(r);
	net_session_ended(net);
}

static void
drop_waiting(struct relay *r)
{
	struct job *job;

	while ((job = relay_take(r)) != NULL)
		job_free(job);
}

void
relay_stop(struct relay *r)
{
	struct session *s, *next;

	drop_waiting(r);
	TAILQ_FOREACH_SAFE(s, &r->sessions, link, next)
	session_leave(s);
}

void
relay_drop(struct relay *r)
{
	struct session *s;

	drop_waiting(r);
	while ((s = TAILQ_FIRST(&r->sessions)) != NULL) {
		TAILQ_REMOVE(&r->sessions, s, link);
		session_free(s);
	}
	r->opening = false;
}

void
relay_free(struct relay *r)
{
	TAILQ_REMOVE(&r->net->relays, r, link);
	buf_free(&r->hold.text);
	free(r);
}

bool
relay_is_idle(const struct relay *r)
{
	return TAILQ_EMPTY(&r->sessions);
}
