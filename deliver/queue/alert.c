#include "common/log.h"
#include "common/printable.h"
#include "deliver/queue/alerts.h"
#include "deliver/queue/bounce.h"
#include "deliver/queue/rule.h"
#include "deliver/queue/state.h"
#include "deliver/queue/terminal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DISK_MS 1000 /* between two looks at the disk */

bool
alert_is(const char *id)
{
	return bounce_letter(id) == ALERT_LETTER;
}

/* Where state.tdb keeps when it was told; 0: it does not stand. */
static void
put_told(struct alerts *a, enum cause c, const char *about, int64_t told)
{
	char key[CONF_RELAY_NAME + 40];

	snprintf(key, sizeof key, "alert/%s/%s", cause_rows[c].name, about);
	state_put(a->q->state, key, told);
}

static int64_t
get_told(struct alerts *a, enum cause c, const char *about)
{
	char key[CONF_RELAY_NAME + 40];

	snprintf(key, sizeof key, "alert/%s/%s", cause_rows[c].name, about);
	return state_get(a->q->state, key, 0);
}

struct alert_item *
alert_find(struct alerts *a, enum cause c, const char *about)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->items[i].cause == c &&
		    strcmp(a->items[i].about, about) == 0)
			return &a->items[i];
	return NULL;
}

struct alert_item *
alert_add(struct alerts *a, enum cause c, const char *about)
{
	struct alert_item *it;

	/* Many relays leave room to the other causes. */
	if (a->n >= ALERTS_MAX - (about[0] ? CAUSES : 0) ||
	    strlen(about) >= sizeof it->about)
		return NULL;
	it = &a->items[a->n++];
	*it = (struct alert_item){ .cause = c, .since = time(NULL) };
	it->last = it->since;
	strlcpy(it->about, about, sizeof it->about);
	return it;
}

void
alert_why(struct alert_item *it, struct span why)
{
	struct buf b = { 0 };

	printable_add(&b, why, sizeof it->why - 1);
	strlcpy(it->why, buf_c(&b), sizeof it->why);
	buf_free(&b);
}

static const char *
about_of(const struct alert_item *it)
{
	return it->about[0] ? it->about : "-";
}

/* It is over.  Nobody hears that who has not heard of it before. */
void
alert_end(struct alerts *a, struct alert_item *it)
{
	if (it->told) {
		put_told(a, it->cause, it->about, 0);
		if (a->q->conf->alert.on)
			log_info("agent: alert-over cause=%s about=%s",
			    cause_rows[it->cause].name, about_of(it));
	}
	*it = a->items[--a->n];
}

/* A time by the clock on the wall: the timer fires no later. */
void
alert_wake(struct alerts *a, int64_t when)
{
	int64_t ms, now = time(NULL);

	if (when == INT64_MAX)
		return;
	ms = when > now ? (when - now) * 1000 : 0;
	if (!a->next.armed || a->next.due > loop_now() + ms)
		loop_in(&a->next, ms);
}

static int64_t
due(const struct alerts *a, const struct alert_item *it)
{
	const struct conf_alert *c = &a->q->conf->alert;

	if (!c->on)
		return INT64_MAX;
	return cause_due(&(struct cause_times){ it->cause, a->told[it->cause],
	    it->told, it->seen, it->more, time(NULL), c->every });
}

struct note {
	struct queue *q;
	const char *text;
};

static void
note_one(const char *user, void *arg)
{
	const struct note *n = arg;

	terminal_note(n->q, user, n->text);
}

static void
note(struct queue *q, const struct cause_text *t)
{
	struct buf b = { 0 };

	if (!q->conf->terminal)
		return;
	buf_fmt(&b, "Alert of %s: ", q->conf->hostname);
	if (t)
		cause_sentence(t, true, &b);
	else
		buf_str(&b, "the log has one that postmaster's mailbox did not "
			    "take");
	rule_members(
	    q->conf->alert.via, note_one, &(struct note){ q, buf_c(&b) });
	buf_free(&b);
}

struct cause_text
alert_text(const struct alerts *a, const struct alert_item *it)
{
	const struct conf *c = a->q->conf;

	return (struct cause_text){ it->cause, it->about, it->why, it->more,
		it->told, time(NULL), it->id, c->hostname, c->domain };
}

static void
tell(struct alerts *a, struct alert_item *it)
{
	struct cause_text t = alert_text(a, it);
	struct buf text = { 0 }, why = { 0 };
	bool stored;

	spool_id_new(it->id);
	snprintf(
	    it->id + SPOOL_ID, sizeof it->id - SPOOL_ID, "-1%c", ALERT_LETTER);
	t.id = it->id;
	cause_compose(&t, &text);
	stored = !text.bad &&
		 bounce_write(a->q, it->id, POSTMASTER, ENV_SAML, &text) == 0;
	if (!stored) {
		log_errno("agent: error what=\"an alert cannot be stored\"");
		it->id[0] = '\0';
	}
	if (!stored || a->q->conf->hold)
		note(a->q, &t); /* nothing is delivered, or nothing now */
	printable_quoted(&why, span_of(it->why), ALERT_WHY);
	log_warn("agent: alert cause=%s about=%s seen=%u id=%s text=%s",
	    cause_rows[it->cause].name, about_of(it),
	    it->told ? it->more : it->seen, stored ? it->id : "-", buf_c(&why));
	it->told = a->told[it->cause] = time(NULL);
	it->more = 0;
	put_told(a, it->cause, it->about, it->told);
	put_told(a, it->cause, "*", it->told);
	buf_free(&text);
	buf_free(&why);
}

/* All that can be seen, what is due is told, and the timer is set to the next
 * moment at which there may be more. */
bool
alert_look(struct alerts *a)
{
	bool told = false;

	loop_cancel(&a->next);
	alert_look_age(a);
	alert_look_disk(a);
	alert_look_ends(a);
	if (alert_doubts(a))
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (due(a, &a->items[i]) <= time(NULL)) {
			tell(a, &a->items[i]);
			told = true;
		}
		alert_wake(a, due(a, &a->items[i]));
	}
	return told;
}

static void
fire(struct loop_timer *t)
{
	alert_look(t->arg);
}

/* What an earlier process has told, and may still be so. */
static void
restore(struct alerts *a, enum cause c, const char *about)
{
	int64_t told = get_told(a, c, about);
	struct alert_item *it;

	if (told <= 0)
		return;
	if (cause_lapsed(c, told, time(NULL))) {
		put_told(a, c, about, 0);
		return;
	}
	it = alert_add(a, c, about);
	if (it == NULL)
		return;
	it->since = it->last = it->told = told;
	it->seen = cause_rows[c].least;
	alert_why(it, SPAN("as told before the agent was started again"));
}

void
alert_start(struct queue *q)
{
	struct alerts *a = calloc(1, sizeof *a);

	q->alerts = a;
	if (a == NULL)
		return;
	a->q = q;
	a->next = (struct loop_timer){ .fire = fire, .arg = a };
	a->started = loop_now();
	a->offset = time(NULL) - a->started / 1000;
	for (int c = 0; c < CAUSES; c++) {
		a->told[c] = get_told(a, (enum cause)c, "*");
		restore(a, (enum cause)c, "");
	}
	for (size_t i = 0; i < q->conf->nrelays; i++)
		restore(a, CAUSE_HELD, q->conf->relays[i].name);
	if (!alert_find(a, CAUSE_QUARANTINE, "") && alert_quarantined(a) > 0)
		alert_seen(q, CAUSE_QUARANTINE, "",
		    SPAN("something is in the folder quarantine of the spool"));
	alert_look(a);
}

void
alert_seen(struct queue *q, enum cause c, const char *about, struct span why)
{
	struct alerts *a = q->alerts;
	struct alert_item *it;

	if (a == NULL)
		return;
	it = alert_find(a, c, about);
	if (it && !alert_doubts(a) && cause_lapsed(c, it->last, time(NULL))) {
		alert_end(a, it);
		it = NULL;
	}
	if (it == NULL && (it = alert_add(a, c, about)) == NULL)
		return;
	it->last = time(NULL);
	it->seen++;
	it->more++;
	alert_why(it, why);
	alert_wake(a, due(a, it));
}

void
alert_over(struct queue *q, enum cause c, const char *about)
{
	struct alert_item *it =
	    q->alerts ? alert_find(q->alerts, c, about) : NULL;

	if (it)
		alert_end(q->alerts, it);
}

void
alert_age(struct queue *q, struct message *m, int64_t since)
{
	const struct conf_alert *c = &q->conf->alert;

	m->since = since;
	if (q->alerts && since && c->on && c->age && !alert_is(m->id))
		alert_wake(q->alerts, since + c->age);
}

void
alert_come(struct queue *q, struct message *m)
{
	struct alerts *a = q->alerts;

	/* A report is younger than its id, which is that of its message. */
	alert_age(q, m, bounce_is_report(m->id) ? 0 : spool_id_time(m->id));
	if (a && alert_is(m->id))
		a->mine++;
	if (a == NULL || alert_is(m->id))
		return;
	if (loop_now() - a->disk_at >= DISK_MS) {
		alert_look_disk(a);
		for (size_t i = 0; i < a->n; i++)
			alert_wake(a, due(a, &a->items[i]));
	}
}

void
alert_gone(struct queue *q, const struct message *m)
{
	struct alerts *a = q->alerts;

	if (a && alert_is(m->id))
		a->mine--;
	if (a == NULL || alert_is(m->id))
		return;
	if (alert_find(a, CAUSE_DISK, "") || alert_find(a, CAUSE_AGE, ""))
		alert_wake(a, 0);
	else if (q->count == a->mine && a->n == 0)
		loop_cancel(&a->next); /* there is nothing to wake up for */
}

bool
alert_quiet(struct queue *q)
{
	struct alerts *a = q->alerts;

	if (a == NULL || (a->settled && !q->start->once))
		return false;
	a->settled = true;
	return alert_look(a);
}

bool
alert_owed(const struct queue *q)
{
	const struct alerts *a = q->alerts;

	/* What is known and goes on is found again, or is told by its mail. */
	for (size_t i = 0; a && i < a->n; i++)
		if (due(a, &a->items[i]) != INT64_MAX &&
		    !(a->items[i].told &&
			cause_rows[a->items[i].cause].goes_on))
			return true;
	return false;
}

void
alert_unstored(struct queue *q, const struct message *m, struct span why)
{
	struct alerts *a = q->alerts;
	struct cause_text t;
	struct buf b = { 0 };

	printable_quoted(&b, why, ALERT_WHY);
	log_warn("%s: alert-unstored text=%s", m->id, buf_c(&b));
	buf_free(&b);
	for (size_t i = 0; a && i < a->n; i++)
		if (strcmp(a->items[i].id, m->id) == 0) {
			t = alert_text(a, &a->items[i]);
			note(q, &t);
			return;
		}
	note(q, NULL);
}
