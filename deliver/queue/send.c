/* send - each recipient that waits goes to where its mail is taken: a mailbox,
 * a command, a terminal, or with all that go the same way to another machine.
 */
#include "common/addr.h"
#include "common/log.h"
#include "deliver/queue/attempt.h"
#include "deliver/queue/bounce.h"
#include "deliver/queue/route.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static enum env_kind
kind_of(const struct message *m, uint32_t i)
{
	return rcpt_kind(m->file, i);
}

/* SEND and SOML are never late: what was begun by an earlier process, or is
 * older than its minute, does not reach a screen any more. */
static bool
stale(const struct message *m, const struct rcpt *r)
{
	return (r->tried && !m->tried_here) || attempt_late(m->file);
}

static void
start_terminal(struct queue *q, struct message *m, uint32_t i, const char *user)
{
	struct rcpt *r = &m->file->rcpts[i];

	if (!r->tried) {
		attempt_note(m, &(struct journal_line){
				    J_TRY, time(NULL), i, 0, { 0 }, { 0 } });
		r->tried = true;
	}
	m->file->busy++;
	terminal_add(q, user, m, i);
}

/* The recipients of other machines, and of LMTP: where each one goes. */
struct away {
	uint32_t rcpt;
	const char *relay, *from;
	char domain[256];
};

struct sending {
	struct away *away;
	size_t n;
};

static int
away_order(const void *one, const void *other)
{
	const struct away *a = one, *b = other;
	int by = strcmp(a->relay, b->relay);

	by = by ? by : strcmp(a->domain, b->domain);
	by = by ? by : strcmp(a->from, b->from);
	return by ? by : a->rcpt < b->rcpt ? -1 : a->rcpt > b->rcpt;
}

/* By LMTP the user is called by his own name, and keeps his +detail. */
static char *
lmtp_name(const struct queue *q, const struct file *f, uint32_t i)
{
	const char *addr = rcpt_addr(f, i), *plus = strchr(addr, '+');
	const char *at = strrchr(addr, '@');
	struct buf b = { 0 };
	char *name;

	buf_str(&b, f->rcpts[i].user);
	if (plus && addr[0] != '"' && (at == NULL || plus < at))
		buf_add(&b, plus, at ? (size_t)(at - plus) : strlen(plus));
	buf_fmt(&b, "@%s", q->conf->domain);
	name = b.bad ? NULL : span_dup(buf_view(&b));
	buf_free(&b);
	return name;
}

static void
to_mailbox(
    struct queue *q, struct message *m, uint32_t i, struct sending *sending)
{
	struct rcpt *r = &m->file->rcpts[i];
	struct target t = { T_BOX, r->user, NULL };

	if (q->conf->local != LOCAL_LMTP) {
		box_add(q, &t, m, i);
		return;
	}
	free(r->as);
	r->as = lmtp_name(q, m->file, i);
	if (r->as == NULL)
		attempt_answer(q, m, i, OUT_LATER, SPAN("4.3.0"),
		    SPAN("no memory"), SPAN(""));
	else if (sending)
		sending->away[sending->n++] = (struct away){ .rcpt = i,
			.relay = q->conf->local_path,
			.from = rcpt_from(m->file, i) };
	else
		remote_add(q, q->conf->local_path, "", m, &i, 1);
}

static void
local(struct queue *q, struct message *m, uint32_t i, struct sending *sending)
{
	struct rcpt *r = &m->file->rcpts[i];
	enum env_kind kind = kind_of(m, i);

	if (!q->conf->terminal && kind == ENV_SEND) {
		attempt_answer(q, m, i, OUT_NEVER, SPAN("5.3.3"),
		    SPAN("terminals are switched off on this machine"),
		    SPAN(""));
	} else if (kind == ENV_SEND && stale(m, r)) {
		attempt_answer(q, m, i, OUT_NEVER,
		    r->text ? span_of(r->status) : SPAN("4.2.1"),
		    r->text ? span_of(r->text)
			    : SPAN("it could not be shown within a minute"),
		    SPAN(""));
	} else if ((kind == ENV_SEND || kind == ENV_SOML) &&
		   q->conf->terminal && !stale(m, r)) {
		start_terminal(q, m, i, r->user);
		attempt_release(q, m);
	} else {
		to_mailbox(q, m, i, sending);
	}
}

/* No answer for that recipient in this round. */
static void
park(struct queue *q, struct message *m)
{
	m->file->park = true;
	attempt_release(q, m);
}

static void
elsewhere(
    struct queue *q, struct message *m, uint32_t i, struct sending *sending)
{
	const char *addr = rcpt_addr(m->file, i), *from = rcpt_from(m->file, i);
	struct away *away = &sending->away[sending->n];
	const struct conf_relay *relay;
	struct addr a;

	if (addr_parse(span_of(addr), &a) != ADDR_OK ||
	    a.domain.len >= sizeof away->domain) {
		attempt_answer(q, m, i, OUT_NEVER, SPAN("5.1.3"),
		    SPAN("the address is malformed"), SPAN(""));
		return;
	}
	relay = conf_route(q->conf, span_of(from), a.domain);
	if (relay->none) {
		attempt_answer(q, m, i, OUT_NEVER, SPAN(ROUTE_NONE_STATUS),
		    SPAN(ROUTE_NONE_TEXT), SPAN(""));
		return;
	}
	*away = (struct away){ .rcpt = i, .relay = relay->name, .from = from };
	/* Only where the domain finds the hosts does it make a difference. */
	for (size_t k = 0;
	     relay->find == FIND_MX && relay->nhosts == 0 && k < a.domain.len;
	     k++) {
		char c = a.domain.ptr[k];

		away->domain[k] =
		    c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
	}
	m->dest = turn_dest(away->relay, away->domain);
	if (remote_full(q, m, away->relay, away->domain))
		park(q, m);
	else
		sending->n++;
}

static void
command_or_file(struct queue *q, struct message *m, uint32_t i)
{
	const struct rcpt *r = &m->file->rcpts[i];
	struct target t = { T_FILE, r->user, r->addr };

	if (r->what == TO_COMMAND)
		t = (struct target){ T_COMMAND, r->user, r->addr + 1 };
	m->dest = turn_dest(r->user ? r->user : "", r->addr);
	if (kind_of(m, i) == ENV_SEND)
		attempt_answer(q, m, i, OUT_NEVER, SPAN("5.3.3"),
		    SPAN("it is no user, and has no terminal"), SPAN(""));
	else if (box_full(q, &t))
		park(q, m);
	else
		box_add(q, &t, m, i);
}

/* Each call owes one answer for i. */
static void
send_off(
    struct queue *q, struct message *m, uint32_t i, struct sending *sending)
{
	static const enum outcome known[] = {
		[V_DONE] = OUT_DELIVERED,
		[V_LATER] = OUT_LATER,
		[V_NEVER] = OUT_NEVER,
	};
	const struct rcpt *r = &m->file->rcpts[i];
	struct target t;

	if (box_uncertain(q, m->id, i, &t)) {
		box_add(q, &t, m, i);
		return;
	}
	if (r->verdict != V_GO) {
		attempt_answer(q, m, i, known[r->verdict],
		    span_of(r->why_status), span_of(r->why), SPAN(""));
		return;
	}
	switch (r->what) {
	case TO_BOX:
		t = (struct target){ T_BOX, r->user, NULL };
		m->dest = turn_dest(r->user, "");
		if (bounce_is_local(m, span_of(rcpt_addr(m->file, i))))
			to_mailbox(q, m, i, sending);
		else if (q->conf->local == LOCAL_LMTP
			     ? remote_full(q, m, q->conf->local_path, "")
			     : box_full(q, &t))
			park(q, m);
		else
			local(q, m, i, sending);
		return;
	case TO_COMMAND:
	case TO_FILE:
		command_or_file(q, m, i);
		return;
	default:
		elsewhere(q, m, i, sending);
		return;
	}
}

/* One job for all that go the same way. */
static void
send_away(struct queue *q, struct message *m, struct sending *s)
{
	uint32_t *rcpts = calloc(s->n + 1, sizeof *rcpts);
	size_t n;

	qsort(s->away, s->n, sizeof *s->away, away_order);
	for (size_t i = 0; i < s->n; i += n) {
		const struct away *a = &s->away[i];

		for (n = 0; i + n < s->n && strcmp(a[n].relay, a->relay) == 0 &&
			    strcmp(a[n].domain, a->domain) == 0 &&
			    strcmp(a[n].from, a->from) == 0;
		     n++)
			if (rcpts)
				rcpts[n] = a[n].rcpt;
		if (rcpts)
			remote_add(q, a->relay, a->domain, m, rcpts, n);
		for (size_t k = 0; rcpts == NULL && k < n; k++)
			attempt_answer(q, m, a[k].rcpt, OUT_LATER,
			    SPAN("4.3.0"), SPAN("no memory"), SPAN(""));
	}
	free(rcpts);
}

void
attempt_to_mailbox(struct queue *q, struct message *m, uint32_t i)
{
	to_mailbox(q, m, i, NULL);
}

/* Did an earlier process begin to show it to anybody who waits? */
static bool
begun_before(const struct message *m)
{
	const struct file *f = m->file;

	for (size_t i = 0; !m->tried_here && i < f->nrcpts; i++)
		if (f->rcpts[i].state == R_WAITS && f->rcpts[i].tried)
			return true;
	return false;
}

void
attempt_send(struct queue *q, struct message *m)
{
	struct file *f = m->file;
	struct sending s = { .away = calloc(f->nrcpts, sizeof *s.away) };

	if (s.away == NULL || file_reserve(f) == -1) {
		int err = errno;

		log_errno("%s: error what=\"no attempt without room for its "
			  "outcome\"",
		    m->id);
		free(s.away);
		attempt_trouble(q, m, err);
		return;
	}
	/* One for each answer owed, and one that keeps the message until all
	 * are under way. */
	f->busy = 1 + file_waiting(f);
	/* Else whom it never tried has one try, and no second. */
	m->tried_here = !begun_before(m);
	for (uint32_t i = 0; i < f->nrcpts; i++) {
		f->rcpts[i].fresh = false;
		if (f->rcpts[i].state == R_WAITS)
			send_off(q, m, i, &s);
	}
	send_away(q, m, &s);
	free(s.away);
	attempt_release(q, m);
}
