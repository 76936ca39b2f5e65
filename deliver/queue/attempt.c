/* attempt - one message, from its opening to the answers of all recipients. */
#include "deliver/queue/attempt.h"
#include "common/log.h"
#include "common/printable.h"
#include "common/room.h"
#include "deliver/queue/alert.h"
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

bool
attempt_late(const struct file *f)
{
	return retry_late(f->env.time_us / 1000000, time(NULL), PATIENCE);
}

/* The file as it was before; its lock, and nothing else, is lost. */
void
attempt_put_back(struct queue *q, struct message *m, int64_t seconds)
{
	follow_end(q, m,
	    seconds < 0 ? "waits until somebody asks (mailq)"
			: "waits; it will be tried again");
	if (m->file)
		file_close(m->file);
	m->file = NULL;
	m->force = false;
	sched_wait(q, m, seconds);
}

static const char *
of_disk(int err)
{
	if (err == ENOSPC)
		return room_no_files(SPOOL_DIR "/queue")
			   ? "the file system has no free inodes (df -i); "
			     "remove files there"
			   : "the disk is full; make room there";
	if (err == EDQUOT)
		return "a disk quota is used up; raise it, or make room there";
	if (err == EROFS)
		return "the file system is read-only; mount it for writing";
	return strerror(err);
}

void
attempt_trouble(struct queue *q, struct message *m, int err)
{
	struct buf b = { 0 };

	buf_fmt(
	    &b, SPOOL_DIR ": %s (tried again within a minute)", of_disk(err));
	free(m->trouble);
	m->trouble = b.bad ? NULL : span_dup(buf_view(&b));
	buf_free(&b);
	attempt_put_back(q, m, TROUBLE);
}

void
attempt_drop(struct queue *q, struct message *m)
{
	follow_end(q, m, NULL);
	file_close(m->file);
	m->file = NULL;
	sched_remove(q, m);
	box_settled(q);
}

int
attempt_write(struct message *m, const struct buf *lines)
{
	int err;

	/* In their order: a bounce counts the failures before it. */
	if (m->owed == NULL && file_note(m->file, lines) == 0)
		return 0;
	err = errno;
	if (m->owed == NULL && !lines->bad)
		log_warn("%s: journal-owed octets=%zu reason=\"%s\"", m->id,
		    lines->len, strerror(err));
	message_owe(m, buf_view(lines));
	errno = err;
	return -1;
}

void
attempt_note(struct message *m, const struct journal_line *l)
{
	struct buf b = { 0 };

	journal_put(&b, l);
	(void)attempt_write(m, &b); /* it has said so */
	buf_free(&b);
}

void
attempt_log(struct queue *q, const struct message *m, uint32_t i,
    const char *word, struct span status, struct span text, struct span mta)
{
	struct buf b = { 0 };

	buf_str(&b, "to=<");
	printable_add(&b, span_of(rcpt_addr(m->file, i)), 300);
	buf_str(&b, "> status=");
	printable_add(&b, status, 11);
	if (mta.len) {
		buf_str(&b, " host=");
		printable_add(&b, mta, 100);
	}
	buf_str(&b, " text=");
	printable_quoted(&b, text, 500);
	log_info("%s: %s %s", m->id, word, buf_c(&b));
	buf_free(&b);
	follow_say(q, m, i, word, status, text);
}

/* Once a message: who handed what over, by the kernel's word. */
static void
log_taken(const struct message *m)
{
	const struct file *f = m->file;
	struct buf b = { 0 };

	buf_fmt(&b, "uid=%lu from=<", (unsigned long)f->uid);
	printable_add(&b, span_of(f->env.from), 300);
	buf_fmt(&b, "> size=%llu recipients=%zu kind=%s",
	    (unsigned long long)f->head.body_len, f->env.nrcpts,
	    env_kind_name[f->env.kind]);
	log_info("%s: queued %s", m->id, buf_c(&b));
	buf_free(&b);
}

/* What it owes its journal comes first; then it is read anew. */
static struct file *
open_paid(struct queue *q, struct message *m)
{
	struct file *f = file_open(q->dir, m->id, q->start->uid);

	if (f == NULL || m->owed == NULL)
		return f;
	if (file_note(f, m->owed) == -1 || file_sync(f) == -1) {
		int saved = errno;

		file_close(f);
		errno = saved;
		return NULL;
	}
	file_close(f);
	message_owes_nothing(m);
	box_settled(q);
	return file_open(q->dir, m->id, q->start->uid);
}

/* A person sends it back: who has it already, or may have it, is left alone. */
static void
attempt_return(struct queue *q, struct message *m)
{
	const struct span why =
	    SPAN("it was returned by a person before it was delivered");
	struct target t;

	for (uint32_t i = 0; i < m->file->nrcpts; i++) {
		struct rcpt *r = &m->file->rcpts[i];

		if (r->state != R_WAITS || box_uncertain(q, m->id, i, &t))
			continue;
		attempt_log(q, m, i, "returned", SPAN("5.7.0"), why, SPAN(""));
		rcpt_say(r, SPAN("5.7.0"), why, SPAN(""));
		r->state = R_FAILED;
	}
}

void
attempt(struct queue *q, struct message *m)
{
	struct file *f = open_paid(q, m);
	int64_t until, now = time(NULL);
	int err = errno;

	m->file = f;
	free(m->trouble);
	m->trouble = NULL;
	if (f == NULL && err == ENOENT) {
		sched_remove(q, m); /* somebody removed it by hand */
		box_settled(q);
		return;
	}
	if (f == NULL && file_is_bad(err)) {
		quarantine(q, q->dir, m->id, strerror(err));
		sched_remove(q, m);
		return;
	}
	if (f == NULL) {
		errno = err;
		log_errno("%s: error what=\"it cannot be opened, or its "
			  "journal be written\"",
		    m->id);
		attempt_trouble(q, m, err);
		return;
	}
	alert_age(q, m, f->env.time_us / 1000000);
	sched_is_of(q, m, f->uid);
	rule_apply(q->conf, f, q->start->uid);
	if (!m->known)
		log_taken(m);
	m->known = true;
	until = retry_due(q->conf, f->tries, f->until, now);
	sched_held(q, m, f->held && !f->back);
	if (f->back)
		attempt_return(q, m);
	if (file_waiting(f) == 0) {
		f->busy = 1;
		attempt_release(q, m);
	} else if (attempt_tell(q, m) == -1) {
		attempt_trouble(q, m, errno); /* an earlier process had not */
	} else if (f->held && !f->back) {
		attempt_put_back(q, m, -1);
	} else if (q->conf->hold ||
		   (f->env.wait && !m->force && !f->asked && f->tries == 0)) {
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
	char soft[16];
	bool last =
	    f->busy == 1 && file_waiting(f) == 1 && f->rounds == 0 && !asked;

	/* Others wait for it too: that is not believed of one process. */
	if (o == OUT_DAMAGED && file_verify(f) != 1)
		o = OUT_LATER;
	/* What the other host lacks is no fault of the message's. */
	if (q->conf->handoff && o == OUT_NEVER && status.len) {
		snprintf(soft, sizeof soft, "4%.*s", (int)status.len - 1,
		    status.ptr + 1);
		status = span_of(soft);
		o = OUT_LATER;
	}
	/* Nor while a report may fail, for which the file would stay. */
	for (size_t k = 0; last && k < f->nrcpts; k++)
		last = k == i || (f->rcpts[k].state != R_FAILED &&
				     !(rcpt_env(f, k)->notify & ENV_SUCCESS));
	attempt_log(q, m, i, outcome_word[o], status, text, mta);
	rcpt_say(r, status, text, mta);
	r->fresh = true;
	switch (o) {
	case OUT_DELIVERED:
		r->state = R_DONE;
		/* The last one's line would be removed with the file at once.
		 */
		if (!last || rcpt_kind(m->file, i) == ENV_SAML || r->excerpt)
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
}

/* SAML, and a long SOML: the mailbox has it; the terminal may have it too.
 * Those who stand in for a recipient have it once, wherever his mail goes. */
static void
show_too(struct queue *q, struct message *m, uint32_t i, bool here)
{
	struct file *f = m->file;
	const char *via = rule_via(f, i);
	uint32_t env = i < f->env.nrcpts ? i : f->rcpts[i].parent;

	/* Of an alert that was not stored at once they have had a note. */
	if (alert_is(m->id) && f->tries > 0)
		return;
	if ((rcpt_kind(m->file, i) != ENV_SAML && !f->rcpts[i].excerpt) ||
	    !q->conf->terminal || attempt_late(f) ||
	    (via && f->rcpts[env].via_shown) ||
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
	else if (alert_is(m->id) && m->file->tries == 0)
		alert_unstored(q, m, text);
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

	if (rcpt_kind(m->file, i) == ENV_SAML || m->file->rcpts[i].excerpt) {
		/* success was the mailbox alone */
		attempt_log(q, m, i,
		    result == TTY_SHOWN ? "shown" : "not-shown",
		    span_of(status[result]), text, SPAN(""));
	} else if (result == TTY_SHOWN) {
		answered(q, m, i, OUT_DELIVERED, SPAN("2.0.0"), text, SPAN(""));
	} else if (rcpt_kind(m->file, i) == ENV_SEND) {
		answered(q, m, i,
		    status[result][0] == '5' ? OUT_NEVER : OUT_LATER,
		    span_of(status[result]), text, SPAN(""));
	} else { /* SOML: then it is mail */
		attempt_log(q, m, i, "not-shown", span_of(status[result]), text,
		    SPAN(""));
		m->file->rcpts[i].excerpt = result == TTY_LONG;
		attempt_to_mailbox(q, m, i); /* owes the answer now */
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
