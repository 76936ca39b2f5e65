/* attempt - one message, from its opening to the answers of all recipients. */
#include "deliver/queue/attempt.h"
#include "common/addr.h"
#include "common/log.h"
#include "common/printable.h"
#include "deliver/queue/bounce.h"
#include "deliver/queue/retry.h"
#include "deliver/queue/rule.h"
#include "deliver/tty/tty.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const outcome_word[OUT_COUNT] = {
	[OUT_DELIVERED] = "delivered",
	[OUT_LATER] = "deferred",
	[OUT_NEVER] = "failed",
	[OUT_DAMAGED] = "damaged",
};

int64_t
attempt_age(const struct file *f)
{
	int64_t a = time(NULL) - f->env.time_us / 1000000;

	return a > 0 ? a : 0;
}

/* The file as it was before; its lock, and nothing else, is lost. */
void
attempt_put_back(struct queue *q, struct message *m, int64_t seconds)
{
	follow_end(q, m,
	    seconds < 0 ? "waits until somebody asks (sendmail -q)"
			: "waits; it will be tried again");
	if (m->file)
		file_close(m->file);
	m->file = NULL;
	m->force = false;
	sched_wait(q, m, seconds);
}

void
attempt_drop(struct queue *q, struct message *m)
{
	follow_end(q, m, NULL);
	file_close(m->file);
	m->file = NULL;
	sched_remove(q, m);
}

void
attempt_note(struct message *m, const struct journal_line *l)
{
	struct buf b = { 0 };

	journal_put(&b, l);
	if (file_note(m->file, &b) == -1)
		log_errno("%s: journal", m->id);
	buf_free(&b);
}

void
attempt_log(struct queue *q, const struct message *m, uint32_t i,
    const char *word, struct span status, struct span text, struct span mta)
{
	struct buf b = { 0 };

	buf_fmt(&b, "%s: %s to=<", m->id, word);
	printable_add(&b, span_of(rcpt_addr(m->file, i)), 300);
	buf_str(&b, "> status=");
	printable_add(&b, status, 11);
	if (mta.len) {
		buf_str(&b, " host=");
		printable_add(&b, mta, 100);
	}
	buf_str(&b, " text=");
	printable_quoted(&b, text, 500);
	log_info("%s", buf_c(&b));
	buf_free(&b);
	follow_say(q, m, i, word, status, text);
}

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
	return (r->tried && !m->tried_here) || attempt_age(m->file) > PATIENCE;
}

static void
start_terminal(struct queue *q, struct message *m, uint32_t i, const char *user)
{
	struct rcpt *r = &m->file->rcpts[i];

	if (!r->tried) {
		attempt_note(m, &(struct journal_line){
				    J_TRY, time(NULL), i, 0, { 0 }, { 0 } });
		r->tried = m->tried_here = true;
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
		attempt_answer(q, m, i, OUT_NEVER, SPAN("4.2.1"),
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

	if (remote_full(q)) {
		park(q, m);
		return;
	}
	if (addr_parse(span_of(addr), &a) != ADDR_OK ||
	    a.domain.len >= sizeof away->domain) {
		attempt_answer(q, m, i, OUT_NEVER, SPAN("5.1.3"),
		    SPAN("the address is malformed"), SPAN(""));
		return;
	}
	relay = conf_route(q->conf, span_of(from), a.domain);
	*away = (struct away){ .rcpt = i, .relay = relay->name, .from = from };
	/* Only where the domain finds the hosts does it make a difference. */
	for (size_t k = 0;
	     relay->find == FIND_MX && relay->nhosts == 0 && k < a.domain.len;
	     k++) {
		char c = a.domain.ptr[k];

		away->domain[k] =
		    c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
	}
	sending->n++;
}

static void
command_or_file(struct queue *q, struct message *m, uint32_t i)
{
	const struct rcpt *r = &m->file->rcpts[i];
	struct target t = { T_FILE, r->user, r->addr };

	if (r->what == TO_COMMAND)
		t = (struct target){ T_COMMAND, r->user, r->addr + 1 };
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
		if (bounce_is_local(m, span_of(rcpt_addr(m->file, i))))
			to_mailbox(q, m, i, sending);
		else if (q->conf->local == LOCAL_LMTP ? remote_full(q)
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
attempt_send(struct queue *q, struct message *m)
{
	struct file *f = m->file;
	struct sending s = { .away = calloc(f->nrcpts, sizeof *s.away) };

	if (s.away == NULL || file_reserve(f) == -1) {
		log_errno("%s: no attempt without room for its outcome", m->id);
		free(s.away);
		attempt_put_back(q, m, TROUBLE);
		return;
	}
	/* One for each answer owed, and one that keeps the message until all
	 * are under way. */
	f->busy = 1 + file_waiting(f);
	for (uint32_t i = 0; i < f->nrcpts; i++) {
		f->rcpts[i].fresh = false;
		if (f->rcpts[i].state == R_WAITS)
			send_off(q, m, i, &s);
	}
	send_away(q, m, &s);
	free(s.away);
	attempt_release(q, m);
}

/* Once a message: who handed what over, by the kernel's word. */
static void
log_taken(const struct message *m)
{
	const struct file *f = m->file;
	struct buf b = { 0 };

	buf_fmt(&b, "%s: queued uid=%lu from=<", m->id, (unsigned long)f->uid);
	printable_add(&b, span_of(f->env.from), 300);
	buf_fmt(&b, "> size=%llu recipients=%zu kind=%s",
	    (unsigned long long)f->head.body_len, f->env.nrcpts,
	    env_kind_name[f->env.kind]);
	log_info("%s", buf_c(&b));
	buf_free(&b);
}

void
attempt(struct queue *q, struct message *m)
{
	struct file *f = file_open(q->dir, m->id, q->start->uid);
	int64_t until, now = time(NULL);

	m->file = f;
	if (f == NULL && errno == ENOENT) {
		sched_remove(q, m); /* somebody removed it by hand */
		return;
	}
	if (f == NULL && file_is_bad(errno)) {
		quarantine(q, q->dir, m->id, strerror(errno));
		sched_remove(q, m);
		return;
	}
	if (f == NULL) {
		log_errno("%s: cannot be opened", m->id);
		attempt_put_back(q, m, TROUBLE);
		return;
	}
	rule_apply(q->conf, f, q->start->uid);
	if (!m->known)
		log_taken(m);
	m->known = true;
	/* Further ahead than any step: the clock jumped, and it is due. */
	until = f->until - now > q->conf->retry[q->conf->nretry - 1] ? now
								     : f->until;
	if (file_waiting(f) == 0) {
		f->busy = 1;
		attempt_release(q, m);
	} else if (attempt_tell(q, m) == -1) {
		attempt_put_back(
		    q, m, TROUBLE); /* an earlier process had not */
	} else if (q->conf->hold ||
		   (f->env.wait && !m->force && f->tries == 0)) {
		attempt_put_back(q, m, -1);
	} else if (until > now && !m->force) {
		attempt_put_back(q, m, until - now);
	} else {
		attempt_split(q, m);
	}
}

static void
answered(struct queue *q, struct message *m, uint32_t i, enum outcome o,
    struct span status, struct span text, struct span mta)
{
	struct file *f = m->file;
	struct rcpt *r = &f->rcpts[i];
	bool asked = (rcpt_env(f, i)->notify & ENV_SUCCESS) != 0;
	bool last =
	    f->busy == 1 && file_waiting(f) == 1 && f->rounds == 0 && !asked;

	for (size_t k = 0; last && k < f->nrcpts; k++)
		last = k == i || f->rcpts[k].state != R_FAILED;
	attempt_log(q, m, i, outcome_word[o], status, text, mta);
	rcpt_say(r, status, text, mta);
	r->fresh = true;
	switch (o) {
	case OUT_DELIVERED:
		r->state = R_DONE;
		/* The last one's line would be removed with the file at once.
		 */
		if (!last || kind_of(m, i) == ENV_SAML)
			attempt_note(m, &(struct journal_line){
					    !asked || !r->relayed ? J_DONE
					    : r->dsn_passed	  ? J_PASSED
								  : J_RELAYED,
					    time(NULL), i, 0, status, text });
		break;
	case OUT_NEVER:
		r->state = R_FAILED;
		break;
	case OUT_DAMAGED:
		f->damaged = true;
		break;
	default:
		break;
	}
	(void)q;
}

/* SAML: the mailbox has it; the terminal may have it too.  Those who stand in
 * for a recipient have it once, wherever his mail goes. */
static void
show_too(struct queue *q, struct message *m, uint32_t i, bool here)
{
	struct file *f = m->file;
	const char *via = rule_via(f, i);
	uint32_t env = i < f->env.nrcpts ? i : f->rcpts[i].parent;

	if (kind_of(m, i) != ENV_SAML || !q->conf->terminal ||
	    attempt_age(f) > PATIENCE || (via && f->rcpts[env].via_shown) ||
	    (!via && (!here || f->rcpts[i].what != TO_BOX)))
		return;
	f->rcpts[env].via_shown = true;
	f->busy++;
	terminal_add(q, via ? via : f->rcpts[i].user, m, i);
}

void
attempt_answer(struct queue *q, struct message *m, uint32_t i, enum outcome o,
    struct span status, struct span text, struct span mta)
{
	answered(q, m, i, o, status, text, mta);
	if (o == OUT_DELIVERED)
		show_too(q, m, i, mta.len == 0);
	attempt_release(q, m);
}

void
attempt_shown(struct queue *q, struct message *m, uint32_t i, int result,
    struct span text)
{
	static const char *const status[TTY_RESULTS] = {
		[TTY_SHOWN] = "2.0.0",
		[TTY_ABSENT] = "4.2.1",
		[TTY_REFUSES] = "4.2.1",
		[TTY_FAILED] = "4.2.0",
		[TTY_LONG] = "5.3.4",
		[TTY_RATED] = "4.7.1",
		[TTY_FORBIDDEN] = "5.7.1",
	};

	if (kind_of(m, i) == ENV_SAML) { /* success was the mailbox alone */
		attempt_log(q, m, i,
		    result == TTY_SHOWN ? "shown" : "not-shown",
		    span_of(status[result]), text, SPAN(""));
	} else if (result == TTY_SHOWN) {
		answered(q, m, i, OUT_DELIVERED, SPAN("2.0.0"), text, SPAN(""));
	} else if (kind_of(m, i) == ENV_SEND) {
		answered(q, m, i,
		    status[result][0] == '5' ? OUT_NEVER : OUT_LATER,
		    span_of(status[result]), text, SPAN(""));
	} else { /* SOML: then it is mail */
		attempt_log(q, m, i, "not-shown", span_of(status[result]), text,
		    SPAN(""));
		to_mailbox(q, m, i, NULL); /* owes the answer now */
		return;
	}
	attempt_release(q, m);
}

void
attempt_release(struct queue *q, struct message *m)
{
	if (--m->file->busy == 0)
		attempt_settle(q, m);
}
