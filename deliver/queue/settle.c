/* settle - every answer is in: the journal, the bounce, the next attempt, or
 * the end of the file. */
#include "common/log.h"
#include "deliver/queue/attempt.h"
#include "deliver/queue/bounce.h"
#include "deliver/queue/retry.h"
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define AGAIN 5 /* seconds between the attempts of a SEND */

/* All waiting recipients with one and the same reason make one line. */
static void
put_reasons(struct message *m, struct buf *b, int64_t now)
{
	struct file *f = m->file;
	struct rcpt *first = NULL;
	bool same = true;

	for (size_t i = 0; i < f->nrcpts; i++) {
		struct rcpt *r = &f->rcpts[i];

		if (r->state != R_WAITS || !r->fresh)
			continue;
		if (first == NULL)
			first = r;
		same = same && strcmp(first->status, r->status) == 0 &&
		       span_eq(span_of(first->text), span_of(r->text));
	}
	for (uint32_t i = 0; first && i < f->nrcpts; i++) {
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
	for (uint32_t i = 0; i < m->file->nrcpts; i++) {
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
	for (size_t i = 0; i < f->nrcpts; i++)
		if (f->rcpts[i].state == R_FAILED && !f->rcpts[i].bounced)
			return true;
	return false;
}

/* Those who waited as long as they may fail now, with the last answer. */
static void
expire(struct queue *q, struct message *m)
{
	struct file *f = m->file;
	bool late = attempt_late(f);
	bool over = file_waited(f, q->conf, q->conf->give_up, time(NULL)) >=
		    q->conf->give_up;

	for (uint32_t i = 0; i < f->nrcpts; i++) {
		struct rcpt *r = &f->rcpts[i];

		bool send = rcpt_kind(f, i) == ENV_SEND;

		if (r->state != R_WAITS || !(send ? late : over))
			continue;
		r->state = R_FAILED;
		if (!send)
			strlcpy(r->status, "4.4.7", sizeof r->status);
		attempt_log(q, m, i, "expired", span_of(r->status),
		    span_of(r->text), SPAN(""));
	}
}

/* A report was made, or is not to be. */
static void
note_report(
    struct message *m, enum journal_event e, unsigned round, const char *id)
{
	attempt_note(m, &(struct journal_line){ e, time(NULL), 0, round, { 0 },
			    span_of(id[0] ? id : "-") });
}

static int
tell_failures(struct queue *q, struct message *m)
{
	struct file *f = m->file;
	char id[SPOOL_IDSIZE];
	int made = 0;

	if (!untold(f))
		return 0;
	strlcpy(id, f->list, sizeof id);
	/* An earlier process had told it in a list, and went no further. */
	if (!spool_id_valid(id) || !bounce_exists(q, id))
		made = bounce_make(q, m, id);
	if (made == 0 && bounce_owners(q, m) == -1)
		made = -1;
	if (made == -1) {
		int err = errno;

		log_errno(
		    "%s: error what=\"its bounce cannot be made now\"", m->id);
		errno = err;
	}
	if (made != 0)
		return made;
	for (size_t i = 0; i < f->nrcpts; i++)
		f->rcpts[i].bounced |= f->rcpts[i].state == R_FAILED;
	f->rounds++;
	if (file_waiting(f))
		note_report(m, J_BOUNCE, f->rounds, id);
	return 0;
}

static int
tell_success(struct queue *q, struct message *m)
{
	struct file *f = m->file;
	char id[SPOOL_IDSIZE];

	if (!bounce_wants_success(m))
		return 0;
	if (bounce_success(q, m, id) == -1) {
		int err = errno;

		log_errno("%s: error what=\"its report of success cannot be "
			  "made now\"",
		    m->id);
		errno = err;
		return -1;
	}
	for (size_t i = 0; i < f->nrcpts; i++)
		f->rcpts[i].reported |=
		    f->rcpts[i].state == R_DONE || f->rcpts[i].state == R_SPLIT;
	note_report(m, J_TOLD, ++f->successes, id);
	return 0;
}

int
attempt_tell(struct queue *q, struct message *m)
{
	char id[SPOOL_IDSIZE];

	if (bounce_warned(q, m, id)) {
		m->file->warned = true;
		note_report(m, J_WARN, 1, id);
	}
	return tell_success(q, m) == -1 ? -1 : tell_failures(q, m);
}

static int64_t
has_waited(const struct queue *q, const struct message *m, int64_t now)
{
	return file_waited(m->file, q->conf, q->conf->warn, now);
}

/* The sender is warned once, when it has waited for so long.  Trouble with
 * that keeps no mail up: the next attempt will try it again. */
static void
warn(struct queue *q, struct message *m)
{
	char id[SPOOL_IDSIZE];

	if (!bounce_wants_warning(q, m) ||
	    has_waited(q, m, time(NULL)) < q->conf->warn)
		return;
	if (bounce_warn(q, m, id) == -1) {
		log_errno("%s: error what=\"its sender cannot be warned now\"",
		    m->id);
		return;
	}
	m->file->warned = true;
	note_report(m, J_WARN, 1, id);
}

/* Somebody's screen is waited for, which is a matter of seconds. */
static bool
any_send(const struct file *f)
{
	for (size_t i = 0; i < f->nrcpts; i++)
		if (f->rcpts[i].state == R_WAITS && rcpt_kind(f, i) == ENV_SEND)
			return true;
	return false;
}

static void
defer(struct queue *q, struct message *m)
{
	struct file *f = m->file;
	int64_t now = time(NULL), next;
	struct buf b = { 0 };

	if (any_send(f)) {
		/* Its bounce says what was tried, also when the last attempt
		 * comes too late. */
		put_reasons(m, &b, now);
		if (b.len)
			(void)attempt_write(m, &b);
		buf_free(&b);
		attempt_put_back(q, m, AGAIN);
		m->patient = true;
		q->patient++;
		return;
	}
	next = retry_next(q->conf, f->tries, f->soon, now);
	warn(q, m);
	/* Nobody is warned later than was said. */
	if (bounce_wants_warning(q, m)) {
		int64_t due = now + q->conf->warn - has_waited(q, m, now);

		if (due > now && due < next)
			next = due;
	}
	put_reasons(m, &b, now);
	journal_put(
	    &b, &(struct journal_line){ J_DEFER, now, 0, next, { 0 }, { 0 } });
	if (attempt_write(m, &b) == -1) {
		buf_free(&b);
		attempt_trouble(q, m, errno);
		return;
	}
	if (file_sync(f) == -1)
		log_errno(
		    "%s: error what=\"its journal cannot be written\"", m->id);
	buf_free(&b);
	attempt_put_back(q, m, next - now);
}

/* What was left out, since the file was to go at once: or the next attempt
 * would double it. */
static void
note_all(struct message *m)
{
	for (uint32_t i = 0; i < m->file->nrcpts; i++)
		if (m->file->rcpts[i].state == R_DONE)
			attempt_note(m, &(struct journal_line){ J_DONE,
					    time(NULL), i, 0, SPAN("2.0.0"),
					    span_of(m->file->rcpts[i].text) });
	if (m->file->rounds)
		note_report(m, J_BOUNCE, m->file->rounds, "");
}

/* Every answer is in. */
void
attempt_settle(struct queue *q, struct message *m)
{
	struct file *f = m->file;
	struct buf b = { 0 };
	int wrote, told;

	if (f->damaged) {
		quarantine(q, q->dir, m->id, "its body does not match its sum");
		attempt_drop(q, m);
		return;
	}
	if (!f->park)
		expire(q, m);
	put_failures(m, &b, time(NULL));
	wrote = b.len ? attempt_write(m, &b) : 0;
	buf_free(&b);
	told = wrote == -1 ? -1 : attempt_tell(q, m);
	if (told == -1) {
		attempt_trouble(q, m, errno);
		return;
	}
	if (told == 1 && file_waiting(f) == 0) {
		flood_hold(q, m);
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
		log_errno("%s: error what=\"it cannot be removed\"", m->id);
		note_all(m);
		attempt_put_back(q, m, TROUBLE);
		return;
	}
	log_info("%s: removed recipients=%zu", m->id, f->env.nrcpts);
	attempt_drop(q, m);
}

/* Recipient i has it; and one that was dropped stands for those that are the
 * same mailbox, and came back under another number.  Lines for the journal;
 * false: it was known. */
static bool
set_found(struct file *f, uint32_t i, struct span text, struct buf *b)
{
	bool dropped = i < f->nrcpts && f->rcpts[i].state == R_DROPPED;

	for (uint32_t k = 0; i < f->nrcpts && k < f->nrcpts; k++) {
		struct rcpt *r = &f->rcpts[k];

		if (!(k == i && dropped) &&
		    (r->state != R_WAITS ||
			(k != i && !(dropped && k >= f->env.nrcpts &&
				       rcpt_alike(&f->rcpts[i], r)))))
			continue;
		journal_put(b, &(struct journal_line){ J_DONE, time(NULL), k, 0,
				   SPAN("2.0.0"), text });
		rcpt_say(r, SPAN("2.0.0"), text, SPAN(""));
		r->state = R_DONE;
		r->fresh = true;
	}
	return b->len != 0;
}

/* It is open, and waits to hear where its mail goes (a .forward is being read):
 * when that is known, this recipient has been served. */
static void
found_open(struct message *m, uint32_t i, struct span text)
{
	struct buf b = { 0 };

	if (set_found(m->file, i, text, &b)) {
		(void)attempt_write(m, &b); /* it has said so */
		log_info(
		    "%s: found recipient=%u text=\"delivered before a process "
		    "ended\"",
		    m->id, i);
	}
	buf_free(&b);
}

int
attempt_found(struct queue *q, const char *id, uint32_t i, struct span text)
{
	struct message *m = sched_find(q, id);
	struct file *f;
	struct buf b = { 0 };
	int err, done = 0;

	if (m && m->file) {
		found_open(m, i, text);
		return 0;
	}
	f = file_open(q->dir, id, q->start->uid);
	err = errno;
	if (f == NULL && (err == ENOENT || file_is_bad(err)))
		return 0;   /* gone: all of it was finished */
	if (f == NULL && m) /* its line is of no use where it is known */
		journal_put(&b, &(struct journal_line){ J_DONE, time(NULL), i,
				    0, SPAN("2.0.0"), text });
	else if (f && set_found(f, i, text, &b))
		log_info("%s: found recipient=%u text=\"delivered before the "
			 "last restart\"",
		    id, i);
	if (f == NULL && m == NULL)
		done = -1;
	else if (b.len &&
		 (f == NULL || (m && m->owed) || file_note(f, &b) == -1)) {
		log_warn("%s: journal-owed octets=%zu reason=\"%s\"", id, b.len,
		    strerror(f ? errno : err));
		if (m == NULL)
			m = sched_add(q, id, bounce_is_report(id));
		if (m)
			message_owe(m, buf_view(&b));
		else
			done = -1;
	}
	buf_free(&b);
	if (f)
		file_close(f);
	return done;
}
