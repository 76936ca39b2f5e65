/* attempt - one message from its opening to what becomes of it. */
#include "common/log.h"
#include "common/printable.h"
#include "deliver/queue/core.h"
#include "deliver/queue/retry.h"
#include "deliver/tty/tty.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TROUBLE 60  /* seconds until our own disk is tried again */
#define PATIENCE 60 /* seconds for which a SEND is tried */
#define AGAIN 5	    /* seconds between its attempts */

static const char *const outcome_word[OUT_COUNT] = {
	[OUT_DELIVERED] = "delivered",
	[OUT_LATER] = "deferred",
	[OUT_NEVER] = "failed",
	[OUT_DAMAGED] = "damaged",
};

static int64_t
age(const struct file *f)
{
	int64_t a = time(NULL) - f->env.time_us / 1000000;

	return a > 0 ? a : 0;
}

/* The file as it was before; its lock, and nothing else, is lost. */
static void
put_back(struct queue *q, struct message *m, int64_t seconds)
{
	if (m->file)
		file_close(m->file);
	m->file = NULL;
	m->force = false;
	sched_wait(q, m, seconds);
}

static void
drop_message(struct queue *q, struct message *m)
{
	file_close(m->file);
	m->file = NULL;
	sched_remove(q, m);
}

static void
note(struct message *m, const struct journal_line *l)
{
	struct buf b = { 0 };

	journal_put(&b, l);
	if (file_note(m->file, &b) == -1)
		log_errno("%s: journal", m->id);
	buf_free(&b);
}

static void
log_answer(const struct message *m, uint32_t i, const char *word,
    struct span status, struct span text, struct span mta)
{
	struct buf b = { 0 };

	buf_fmt(&b, "%s: %s to=<", m->id, word);
	printable_add(&b, span_of(m->file->env.rcpts[i].addr), 300);
	buf_str(&b, "> status=");
	printable_add(&b, status, 11);
	if (mta.len) {
		buf_str(&b, " host=");
		printable_add(&b, mta, 100);
	}
	buf_str(&b, " text=\"");
	printable_add(&b, text, 500);
	buf_chr(&b, '"');
	log_info("%s", buf_c(&b));
	buf_free(&b);
}

/* SEND and SOML are never late: what was begun by an earlier process, or is
 * older than its minute, does not reach a screen any more. */
static bool
stale(const struct message *m, const struct rcpt *r)
{
	return (r->tried && !m->tried_here) || age(m->file) > PATIENCE;
}

static void
start_terminal(struct queue *q, struct message *m, uint32_t i, const char *user)
{
	struct rcpt *r = &m->file->rcpts[i];

	if (!r->tried) {
		note(m, &(struct journal_line){
			    J_TRY, time(NULL), i, 0, { 0 }, { 0 } });
		r->tried = m->tried_here = true;
	}
	m->file->busy++;
	terminal_add(q, user, m, i);
}

static void
local(struct queue *q, struct message *m, uint32_t i, const char *user)
{
	struct rcpt *r = &m->file->rcpts[i];
	enum env_kind kind = m->file->env.kind;

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
		start_terminal(q, m, i, user);
		attempt_release(q, m);
	} else {
		box_add(q, user, m, i);
	}
}

/* No answer for that recipient in this round. */
static void
park(struct queue *q, struct message *m)
{
	m->file->park = true;
	attempt_release(q, m);
}

/* Each call owes one answer for i. */
static void
send_off(struct queue *q, struct message *m, uint32_t i, uint32_t *relayed,
    size_t *nrelayed, char *relay, size_t size)
{
	const char *box = box_uncertain(q, m->id, i);
	struct route r;

	if (box) {
		box_add(q, box, m, i);
		return;
	}
	route(q->conf, span_of(m->file->env.rcpts[i].addr), &r);
	switch (r.kind) {
	case ROUTE_BOX:
		if (box_full(q, r.name))
			park(q, m);
		else
			local(q, m, i, r.name);
		return;
	case ROUTE_RELAY:
		if (remote_full(q)) {
			park(q, m);
			return;
		}
		if (m->file->env.kind == ENV_SEND) {
			attempt_answer(q, m, i, OUT_NEVER, SPAN("5.3.3"),
			    SPAN("the recipient is on another machine, whose "
				 "terminals cannot be reached"),
			    SPAN(""));
			return;
		}
		strlcpy(relay, r.name, size);
		relayed[(*nrelayed)++] = i;
		return;
	case ROUTE_LATER:
	case ROUTE_NEVER:
		attempt_answer(q, m, i,
		    r.kind == ROUTE_NEVER ? OUT_NEVER : OUT_LATER,
		    span_of(r.status), span_of(r.text), SPAN(""));
		return;
	}
}

static void
send_all(struct queue *q, struct message *m)
{
	struct file *f = m->file;
	uint32_t *relayed = calloc(f->env.nrcpts, sizeof *relayed);
	size_t n = 0;
	char relay[128];

	if (relayed == NULL) {
		put_back(q, m, TROUBLE);
		return;
	}
	/* One for each answer owed, and one that keeps the message until all
	 * are under way. */
	f->busy = 1 + file_waiting(f);
	for (uint32_t i = 0; i < f->env.nrcpts; i++) {
		f->rcpts[i].fresh = false;
		if (f->rcpts[i].state == R_WAITS)
			send_off(q, m, i, relayed, &n, relay, sizeof relay);
	}
	if (n)
		remote_add(q, relay, m, relayed, n);
	free(relayed);
	attempt_release(q, m);
}

static void settle(struct queue *, struct message *);
static int tell_sender(struct queue *, struct message *);

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
		put_back(q, m, TROUBLE);
		return;
	}
	if (!m->known)
		log_taken(m);
	m->known = true;
	/* Further ahead than any step: the clock jumped, and it is due. */
	until = f->until - now > q->conf->retry[q->conf->nretry - 1] ? now
								     : f->until;
	if (file_waiting(f) == 0) {
		f->busy = 1;
		attempt_release(q, m);
	} else if (tell_sender(q, m) == -1) {
		put_back(q, m, TROUBLE); /* an earlier process had not */
	} else if (q->conf->hold || (f->env.wait && !m->force)) {
		put_back(q, m, -1);
	} else if (until > now && !m->force) {
		put_back(q, m, until - now);
	} else if (file_reserve(f) == -1) {
		log_errno("%s: no attempt without room for its outcome", m->id);
		put_back(q, m, TROUBLE);
	} else {
		send_all(q, m);
	}
}

static void
answered(struct queue *q, struct message *m, uint32_t i, enum outcome o,
    struct span status, struct span text, struct span mta)
{
	struct file *f = m->file;
	struct rcpt *r = &f->rcpts[i];
	bool last = f->busy == 1 && file_waiting(f) == 1 && f->rounds == 0;

	for (size_t k = 0; last && k < f->env.nrcpts; k++)
		last = k == i || f->rcpts[k].state == R_DONE;
	log_answer(m, i, outcome_word[o], status, text, mta);
	rcpt_say(r, status, text, mta);
	r->fresh = true;
	switch (o) {
	case OUT_DELIVERED:
		r->state = R_DONE;
		/* The last one's line would be removed with the file at once.
		 */
		if (!last || f->env.kind == ENV_SAML)
			note(m, &(struct journal_line){
				    J_DONE, time(NULL), i, 0, status, text });
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

void
attempt_answer(struct queue *q, struct message *m, uint32_t i, enum outcome o,
    struct span status, struct span text, struct span mta)
{
	struct route r;

	answered(q, m, i, o, status, text, mta);
	/* SAML: the mailbox has it; the terminal may have it too. */
	if (o == OUT_DELIVERED && m->file->env.kind == ENV_SAML &&
	    mta.len == 0 && q->conf->terminal && age(m->file) <= PATIENCE) {
		route(q->conf, span_of(m->file->env.rcpts[i].addr), &r);
		if (r.kind == ROUTE_BOX) {
			m->file->busy++;
			terminal_add(q, r.name, m, i);
		}
	}
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
	};
	struct route r;

	if (m->file->env.kind == ENV_SAML) { /* success was the mailbox alone */
		log_answer(m, i, result == TTY_SHOWN ? "shown" : "not-shown",
		    span_of(status[result]), text, SPAN(""));
	} else if (result == TTY_SHOWN) {
		answered(q, m, i, OUT_DELIVERED, SPAN("2.0.0"), text, SPAN(""));
	} else if (m->file->env.kind == ENV_SEND) {
		answered(q, m, i, result == TTY_LONG ? OUT_NEVER : OUT_LATER,
		    span_of(status[result]), text, SPAN(""));
	} else { /* SOML: then it is mail */
		log_answer(
		    m, i, "not-shown", span_of(status[result]), text, SPAN(""));
		route(q->conf, span_of(m->file->env.rcpts[i].addr), &r);
		if (r.kind == ROUTE_BOX) {
			box_add(q, r.name, m, i); /* owes the answer now */
			return;
		}
		answered(q, m, i, OUT_LATER, SPAN("4.3.0"),
		    SPAN("the user is gone"), SPAN(""));
	}
	attempt_release(q, m);
}

void
attempt_release(struct queue *q, struct message *m)
{
	if (--m->file->busy == 0)
		settle(q, m);
}

/* All waiting recipients with one and the same reason make one line. */
static void
put_reasons(struct message *m, struct buf *b, int64_t now)
{
	struct file *f = m->file;
	struct rcpt *first = NULL;
	bool same = true;

	for (size_t i = 0; i < f->env.nrcpts; i++) {
		struct rcpt *r = &f->rcpts[i];

		if (r->state != R_WAITS || !r->fresh)
			continue;
		if (first == NULL)
			first = r;
		same = same && strcmp(first->status, r->status) == 0 &&
		       span_eq(span_of(first->text), span_of(r->text));
	}
	for (uint32_t i = 0; first && i < f->env.nrcpts; i++) {
		struct rcpt *r = same ? first : &f->rcpts[i];

		if (r->state == R_WAITS && r->fresh)
			journal_put(
			    b, &(struct journal_line){ J_LATER, now,
				   same ? JOURNAL_ALL : i, 0,
				   span_of(r->status), span_of(r->text) });
		if (same)
			break;
	}
}

/* Failures are written down before their bounce is made, so that after a crash
 * nobody is tried, and nobody told, twice. */
static void
put_failures(struct message *m, struct buf *b, int64_t now)
{
	for (uint32_t i = 0; i < m->file->env.nrcpts; i++) {
		struct rcpt *r = &m->file->rcpts[i];

		if (r->state != R_FAILED || r->logged)
			continue;
		journal_put(b, &(struct journal_line){ J_FAIL, now, i, 0,
				   span_of(r->status), span_of(r->text) });
		r->logged = true;
	}
}

static bool
untold(const struct file *f)
{
	for (size_t i = 0; i < f->env.nrcpts; i++)
		if (f->rcpts[i].state == R_FAILED && !f->rcpts[i].bounced)
			return true;
	return false;
}

/* Those who waited as long as they may fail now, with the last answer. */
static void
expire(struct queue *q, struct message *m)
{
	struct file *f = m->file;
	bool send = f->env.kind == ENV_SEND;

	if (send ? age(f) < PATIENCE
		 : !retry_over(q->conf, f->env.time_us / 1000000, time(NULL)))
		return;
	for (uint32_t i = 0; i < f->env.nrcpts; i++) {
		struct rcpt *r = &f->rcpts[i];

		if (r->state != R_WAITS)
			continue;
		r->state = R_FAILED;
		if (!send)
			strlcpy(r->status, "4.4.7", sizeof r->status);
		log_answer(m, i, "expired", span_of(r->status),
		    span_of(r->text), SPAN(""));
	}
}

static int
tell_sender(struct queue *q, struct message *m)
{
	char id[SPOOL_IDSIZE];

	if (!untold(m->file))
		return 0;
	if (bounce_make(q, m, id) == -1) {
		log_errno("%s: its bounce cannot be made now", m->id);
		return -1;
	}
	for (size_t i = 0; i < m->file->env.nrcpts; i++)
		m->file->rcpts[i].bounced |=
		    m->file->rcpts[i].state == R_FAILED;
	m->file->rounds++;
	if (file_waiting(m->file))
		note(
		    m, &(struct journal_line){ J_BOUNCE, time(NULL), 0,
			   m->file->rounds, { 0 }, span_of(id[0] ? id : "-") });
	return 0;
}

static void
defer(struct queue *q, struct message *m)
{
	struct file *f = m->file;
	int64_t now = time(NULL), next;
	struct buf b = { 0 };

	if (f->env.kind == ENV_SEND) {
		put_back(q, m, AGAIN);
		m->patient = true;
		q->patient++;
		return;
	}
	next = retry_next(q->conf, f->tries, now);
	put_reasons(m, &b, now);
	journal_put(
	    &b, &(struct journal_line){ J_DEFER, now, 0, next, { 0 }, { 0 } });
	if (file_note(f, &b) == -1 || file_sync(f) == -1)
		log_errno("%s: journal", m->id);
	buf_free(&b);
	put_back(q, m, next - now);
}

/* What was left out, since the file was to go at once. */
static void
note_done(struct message *m)
{
	for (uint32_t i = 0; i < m->file->env.nrcpts; i++)
		if (m->file->rcpts[i].state == R_DONE)
			note(m, &(struct journal_line){ J_DONE, time(NULL), i,
				    0, SPAN("2.0.0"),
				    span_of(m->file->rcpts[i].text) });
}

/* Every answer is in. */
static void
settle(struct queue *q, struct message *m)
{
	struct file *f = m->file;
	struct buf b = { 0 };
	int wrote;

	if (f->damaged) {
		quarantine(q, q->dir, m->id, "its body does not match its sum");
		drop_message(q, m);
		return;
	}
	if (!f->park)
		expire(q, m);
	put_failures(m, &b, time(NULL));
	wrote = b.len ? file_note(f, &b) : 0;
	buf_free(&b);
	if (wrote == -1 || tell_sender(q, m) == -1) {
		put_back(q, m, TROUBLE);
		return;
	}
	if (file_waiting(f) && f->park) {
		file_close(f);
		m->file = NULL;
		sched_park(q, m);
		return;
	}
	if (file_waiting(f)) {
		defer(q, m);
		return;
	}
	if (unlinkat(q->dir, m->id, 0) == -1 && errno != ENOENT) {
		log_errno("%s: cannot be removed", m->id);
		note_done(m); /* or the next attempt would double it */
		put_back(q, m, TROUBLE);
		return;
	}
	log_info("%s: removed recipients=%zu", m->id, f->env.nrcpts);
	drop_message(q, m);
}

void
attempt_found(struct queue *q, const char *id, uint32_t i, struct span text)
{
	struct file *f = file_open(q->dir, id, q->start->uid);
	struct buf b = { 0 };

	if (f == NULL) /* gone: all of it was finished */
		return;
	if (i < f->env.nrcpts && f->rcpts[i].state == R_WAITS) {
		journal_put(&b, &(struct journal_line){ J_DONE, time(NULL), i,
				    0, SPAN("2.0.0"), text });
		if (file_note(f, &b) == -1)
			log_errno("%s: journal", id);
		log_info("%s: found recipient=%u text=\"delivered before the "
			 "last restart\"",
		    id, i);
	}
	buf_free(&b);
	file_close(f);
}
