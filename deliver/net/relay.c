#include "deliver/net/relay.h"
#include "common/log.h"
#include "common/printable.h"
#include "deliver/net/probe.h"
#include "deliver/net/session.h"
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define GOOD_SECONDS 300

static void begin_session(struct relay *);
static void feed(struct net *);
static void forget(struct loop_timer *);

static int
compare(const struct relay *a, const struct relay *b)
{
	if (a->conf != b->conf)
		return a->conf < b->conf ? -1 : 1;
	if (a->lax != b->lax)
		return a->lax ? 1 : -1;
	if (a->strict != b->strict)
		return a->strict ? 1 : -1;
	return strcmp(a->domain, b->domain);
}

RB_GENERATE(relays, relay, link, compare)

static bool
is_empty(const struct relay *r)
{
	return TAILQ_EMPTY(&r->sessions) && TAILQ_EMPTY(&r->waiting) &&
	       !r->way.asking && r->net->probe == NULL;
}

/* It is asked now, though it was not reached last time; or that is over. */
static void
doubt(struct relay *r, bool is)
{
	if (is == r->doubted)
		return;
	r->doubted = is;
	if (is)
		r->net->ndoubted++;
	else
		r->net->ndoubted--;
}

/* After anything that may have left nothing of it to be done.  The loop frees
 * it: callers still have it in hand. */
static void
settle(struct relay *r)
{
	int64_t now = loop_now();

	if (TAILQ_EMPTY(&r->sessions) && TAILQ_EMPTY(&r->waiting))
		doubt(r, false);
	if (is_empty(r))
		loop_in(&r->forget, shut_known(&r->shut) > now
					? shut_known(&r->shut) - now
					: 0);
}

static void
forget(struct loop_timer *t)
{
	struct relay *r = t->arg;

	if (is_empty(r) && loop_now() >= shut_known(&r->shut))
		relay_free(r);
}

static void
way_found(struct way *w)
{
	struct relay *r =
	    (struct relay *)((char *)w - offsetof(struct relay, way));

	r->opening = false;
	if (!r->net->stopping)
		begin_session(r);
	settle(r);
	if (relay_live(r) == 0) /* what it was given room for came to nothing */
		feed(r->net);
}

static unsigned
most(const struct conf_relay *conf)
{
	return conf->sessions && conf->sessions < RELAY_MOST ? conf->sessions
							     : RELAY_MOST;
}

struct relay *
relay_find(struct net *net, const struct conf_relay *conf, const char *domain,
    bool lax, bool strict)
{
	bool may = *domain &&
		   (conf->tls == TLS_DANE || conf->tls == TLS_OPPORTUNISTIC);
	struct relay key = { .conf = conf,
		.domain = (char *)domain,
		.lax = lax && may,
		.strict = strict };
	struct relay *r = RB_FIND(relays, &net->relays, &key);

	if (r)
		return r;
	r = calloc(1, sizeof *r);
	if (r == NULL || (r->domain = strdup(domain)) == NULL) {
		free(r);
		return NULL;
	}
	r->net = net;
	r->conf = conf;
	r->lax = key.lax;
	r->strict = strict;
	r->way = (struct way){ .conf = conf,
		.domain = r->domain,
		.self = net->conf->hostname,
		.lax = r->lax,
		.asks = &net->asks,
		.policies = &net->policies,
		.second = net->second,
		.found = way_found };
	r->forget.fire = forget;
	r->forget.arg = r;
	pace_init(&r->pace, most(conf), net->second);
	TAILQ_INIT(&r->waiting);
	TAILQ_INIT(&r->sessions);
	RB_INSERT(relays, &net->relays, r);
	return r;
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

/* Nobody there takes anything.  For a while that is the answer to all that
 * comes, so that a dead destination costs the others nothing. */
static void
failed(struct relay *r, enum shut_why by, const struct verdict *v,
    struct span text, const char *mta)
{
	const struct shut_for f = { .by = by,
		.why = v,
		.text = text,
		.mta = span_of(mta),
		.stamp = secrets_stamp(SECRETS_PATH) };

	if (v->outcome == OUT_LATER)
		shut(&r->shut, &f, loop_now(), r->net->second);
	fail_waiting(r, v, text, mta);
}

bool
net_is_crowded(const struct net *net)
{
	return !TAILQ_EMPTY(&net->hungry);
}

/* What is said of a domain is said by strangers: however many of their servers
 * stall, a relay of the settings has its sessions. */
static bool
has_room(const struct relay *r)
{
	return r->net->nsessions <
	       (r->domain[0] ? NET_SESSIONS - NET_RELAYS : NET_SESSIONS);
}

/* Each that does not answer holds a session for as long as a connection is
 * waited for.  However many they are, most of the room is for those that do. */
static bool
is_hopeless(const struct relay *r)
{
	return r->domain[0] && !r->doubted && shut_doubted(&r->shut) &&
	       r->net->ndoubted >= NET_DOUBTED;
}

/* Not now; an idle session of somebody else may make room. */
static void
wait_for_room(struct relay *r)
{
	struct session *s;

	if (r->hungry)
		return;
	r->hungry = true;
	TAILQ_INSERT_TAIL(&r->net->hungry, r, hunger);
	TAILQ_FOREACH (s, &r->net->sessions, all)
		if (session_is_idle(s)) {
			session_leave(s);
			return;
		}
}

static void
no_more_hunger(struct relay *r)
{
	if (r->hungry)
		TAILQ_REMOVE(&r->net->hungry, r, hunger);
	r->hungry = false;
}

/* Its hosts are known, or why there is none. */
static void
begin_session(struct relay *r)
{
	bool good = loop_now() < r->good_until && r->good < r->way.n;
	struct session *s;
	struct verdict v;
	struct buf b = { 0 };

	if (TAILQ_EMPTY(&r->waiting))
		return;
	if (r->way.n == 0) {
		r->way.until = 0;
		if (relay_live(r) == 0) {
			printable_quoted(&b, buf_view(&r->way.text), 400);
			log_warn("net: relay-failed relay=%s domain=%s "
				 "status=%s text=%s",
			    r->conf->name, r->domain, r->way.why.status,
			    buf_c(&b));
			buf_free(&b);
			failed(r, SHUT_AWAY, &r->way.why,
			    buf_view(&r->way.text), "");
		}
		return;
	}
	probe_way(r);
	if (relay_live(r) == 0 && is_hopeless(r)) {
		shut_again(&r->shut, loop_now(), r->net->second);
		fail_waiting(r, &r->shut.why, buf_view(&r->shut.text),
		    buf_c(&r->shut.mta));
		return;
	}
	doubt(r, r->domain[0] && shut_doubted(&r->shut));
	if (!has_room(r)) {
		if (relay_live(r) == 0)
			wait_for_room(r);
		return;
	}
	s = session_open(r, good ? r->good : 0);
	if (s == NULL && relay_live(r) == 0) {
		judge_mishap(AT_CONNECT, MISHAP_CONNECT, &v);
		fail_waiting(r, &v, SPAN("out of memory"), "");
	}
}

static void
open_session(struct relay *r)
{
	if (r->way.asking || r->hungry)
		return;
	if (loop_now() < r->way.until || way_find(&r->way))
		begin_session(r);
	else
		r->opening = true;
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
	if (!TAILQ_EMPTY(&r->waiting) && relay_live(r) == 0 &&
	    !r->net->stopping)
		open_session(r);
}

/* More sessions, as far as they help. */
static void
grow(struct relay *r, int64_t answer)
{
	struct pace_now now = { .answer = answer };
	unsigned more;

	if (TAILQ_EMPTY(&r->waiting) || r->opening || r->net->stopping)
		return;
	relay_count(r, &now);
	more = pace_more(&r->pace, &now, loop_now());
	/* Each may end at once, or only ask for the way. */
	while (more-- > 0 && relay_live(r) < r->pace.limit && !r->opening)
		open_session(r);
}

static struct relay *
next_hungry(const struct net *net)
{
	struct relay *r;

	TAILQ_FOREACH (r, &net->hungry, hunger)
		if (has_room(r))
			break;
	return r;
}

/* There is room for one who waits for it; who can make nothing of it leaves it
 * to the next. */
static void
feed(struct net *net)
{
	struct relay *r;

	while ((r = next_hungry(net)) != NULL && !net->stopping) {
		no_more_hunger(r);
		push(r);
		if (r->way.asking || relay_live(r) > 0)
			break; /* their end comes here again */
	}
}

static bool
is_shut(struct relay *r)
{
	int64_t now = loop_now();

	return shut_is(
		   &r->shut, SHUT_DENIED, now, secrets_stamp(SECRETS_PATH)) ||
	       (TAILQ_EMPTY(&r->sessions) &&
		   shut_is(&r->shut, SHUT_AWAY, now, 0));
}

void
relay_add(struct relay *r, struct job *job)
{
	TAILQ_INSERT_TAIL(&r->waiting, job, link);
	if (is_shut(r))
		fail_waiting(r, &r->shut.why, buf_view(&r->shut.text),
		    buf_c(&r->shut.mta));
	else
		push(r);
	settle(r);
}

void
relay_forgive(struct relay *r)
{
	shut_forgive(&r->shut);
}

void
relay_skip(struct relay *r, size_t hosts)
{
	way_skip(&r->way, hosts);
	r->good_until = 0;
	shut_forgive(&r->shut);
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
	shut_open(&r->shut);
	doubt(r, false);
	r->good = s->host;
	r->good_until = loop_now() + GOOD_SECONDS * r->net->second;
	if (s->answer > PACE_SLOW)
		grow(r, s->answer);
}

void
relay_put_off(struct relay *r)
{
	pace_later(&r->pace, relay_live(r), loop_now());
}

void
relay_frown(struct relay *r)
{
	unsigned n = relay_live(r);

	pace_frown(&r->pace, n > 0 ? n - 1 : 0, loop_now());
}

void
relay_delivered(struct relay *r, int64_t answer)
{
	pace_taken(&r->pace, loop_now());
	grow(r, answer);
}

void
relay_down(struct relay *r, struct session *s)
{
	struct net *net = r->net;

	TAILQ_REMOVE(&r->sessions, s, link);
	if (!s->ready) {
		doubt(r, false);
		/* Others get through: this many is what the server takes. */
		if (!relay_opens(r))
			pace_frown(&r->pace, relay_live(r), loop_now());
		if (relay_live(r) == 0) {
			r->good_until = r->way.until = 0;
			failed(r, s->smtp.denied ? SHUT_DENIED : SHUT_AWAY,
			    &s->why, buf_view(&s->text), session_host(s));
		}
	}
	session_free(s);
	push(r);
	settle(r);
	feed(net);
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
	way_cancel(&r->way);
	no_more_hunger(r);
	TAILQ_FOREACH_SAFE(s, &r->sessions, link, next)
	session_leave(s);
	settle(r);
}

void
relay_drop(struct relay *r)
{
	struct session *s;

	drop_waiting(r);
	way_cancel(&r->way);
	no_more_hunger(r);
	while ((s = TAILQ_FIRST(&r->sessions)) != NULL) {
		TAILQ_REMOVE(&r->sessions, s, link);
		session_free(s);
	}
	r->opening = false;
	settle(r);
}

void
relay_free(struct relay *r)
{
	doubt(r, false);
	RB_REMOVE(relays, &r->net->relays, r);
	loop_cancel(&r->forget);
	no_more_hunger(r);
	way_free(&r->way);
	shut_free(&r->shut);
	free(r->domain);
	free(r);
}

bool
relay_is_idle(const struct relay *r)
{
	return TAILQ_EMPTY(&r->sessions);
}
