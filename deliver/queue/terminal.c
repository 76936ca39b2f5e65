#include "deliver/queue/terminal.h"
#include "common/log.h"
#include "common/printable.h"
#include "deliver/queue/alert.h"
#include "deliver/queue/may.h"
#include "deliver/queue/rule.h"
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUNNING_MAX 16
#define NOTES_MAX 64
#define TEXT_MAX 400 /* octets of what is said of several users */

/* One user, by one process of the tty role; or a note, of no message. */
struct showing {
	TAILQ_ENTRY(showing) link;
	struct queue *q;
	struct terminal *t; /* NULL: a note */
	char *user, *note;
	uint32_t ref;
	bool begun; /* its text is there */
	bool asked; /* of the parent */
	struct ipc chan;
	struct loop_timer limit;
};

static void pump(struct queue *);

/* Of several users the best counts: who was reached, then why not. */
static const int worth[TTY_RESULTS] = {
	[TTY_SHOWN] = 7,
	[TTY_LONG] = 6,
	[TTY_FAILED] = 5,
	[TTY_REFUSES] = 4,
	[TTY_ABSENT] = 3,
	[TTY_RATED] = 2,
	[TTY_FORBIDDEN] = 1,
};

/* The submitter by the kernel's word, never by the message's. */
static void
submitter(const struct file *f, struct buf *b)
{
	struct passwd *pw = getpwuid(f->uid);

	if (f->env.net)
		buf_str(b, "the network");
	else if (pw)
		printable_add(b, span_of(pw->pw_name), 64);
	else
		buf_str(b, "somebody");
	buf_fmt(b, " (uid %lu)", (unsigned long)f->uid);
}

/* Is what is shown in a mailbox as well? */
static bool
has_copy(const struct terminal *t)
{
	const struct file *f = t->m->file;

	return rcpt_kind(f, t->rcpt) == ENV_SAML || f->rcpts[t->rcpt].excerpt;
}

static void
count(struct terminal *t, const char *user, int result, struct span text)
{
	if (worth[result] < worth[t->result] && t->text.len)
		return;
	/* Once one was reached, only those who were are spoken of. */
	if (worth[result] > worth[t->result] && result == TTY_SHOWN)
		buf_reset(&t->text);
	t->result = result;
	if (t->text.len > TEXT_MAX)
		return;
	if (t->text.len)
		buf_str(&t->text, "; ");
	if (t->several && result == TTY_SHOWN)
		buf_fmt(&t->text, "%s: ", user);
	buf_span(&t->text, text);
}

static void
finish(struct terminal *t)
{
	struct queue *q = t->q;
	struct message *m = t->m;
	uint32_t rcpt = t->rcpt;
	struct buf text = t->text;
	int result = t->result;

	TAILQ_REMOVE(&q->terminals, t, link);
	loop_cancel(&t->limit);
	if (t->fd != -1)
		close(t->fd);
	free(t);
	attempt_shown(q, m, rcpt, result, buf_view(&text));
	buf_free(&text);
}

static void
done(struct showing *s, int result, struct span text)
{
	struct queue *q = s->q;
	struct terminal *t = s->t;

	TAILQ_REMOVE(&q->showings, s, link);
	if (s->asked)
		q->terminals_busy--;
	if (q->stopping)
		sched_soon(); /* it may have been the last */
	loop_cancel(&s->limit);
	ipc_close(&s->chan);
	if (t) {
		const struct file *f = t->m->file;

		if (result == TTY_SHOWN && has_copy(t))
			calm_begin(q, s->user);
		else if (result != TTY_SHOWN && !alert_is(t->m->id))
			may_give(q, MAY_SHOW, f->uid, s->user);
		count(t, s->user, result, text);
	} else {
		q->notes--;
	}
	free(s->user);
	free(s->note);
	free(s);
	if (t && --t->showings == 0)
		finish(t);
	pump(q);
}

static void
too_long(struct loop_timer *timer)
{
	done(timer->arg, TTY_FAILED, SPAN("the terminal took too long"));
}

static void
got(struct ipc *c, struct ipc_msg *m)
{
	struct ipc_in in = { m->body, false };
	uint8_t result = ipc_get8(&in);
	struct span text = ipc_get(&in);

	if (m->fd != -1)
		close(m->fd);
	if (!ipc_end(&in) || result >= TTY_RATED)
		result = TTY_FAILED;
	done(c->arg, result, text);
}

static void
gone(struct ipc *c, const char *why)
{
	(void)why;
	done(c->arg, TTY_FAILED,
	    SPAN("the process that writes to terminals ended in the middle"));
}

static void
pump(struct queue *q)
{
	struct showing *s;

	TAILQ_FOREACH (s, &q->showings, link) {
		struct buf body = { 0 };

		if (q->terminals_busy >= RUNNING_MAX || q->stopping)
			return;
		if (s->asked || !s->begun)
			continue;
		s->ref = ++q->ref;
		ipc_str(&body, s->user);
		if (ipc_send(&q->parent, IPC_FORK_TTY, s->ref, &body, -1) ==
		    0) {
			s->asked = true;
			q->terminals_busy++;
			loop_in(&s->limit, TERMINAL_MS);
		}
		buf_free(&body);
	}
}

static struct showing *
show(struct queue *q, struct terminal *t, const char *user)
{
	struct showing *s = calloc(1, sizeof *s);

	if (s == NULL || (s->user = strdup(user)) == NULL) {
		free(s);
		return NULL;
	}
	s->q = q;
	s->t = t;
	s->chan.io.fd = -1;
	s->limit = (struct loop_timer){ .fire = too_long, .arg = s };
	TAILQ_INSERT_TAIL(&q->showings, s, link);
	if (t)
		t->showings++;
	return s;
}

void
terminal_note(struct queue *q, const char *user, const char *text)
{
	struct showing *s;

	if (q->notes >= NOTES_MAX || (s = show(q, NULL, user)) == NULL)
		return;
	q->notes++;
	s->note = strdup(text);
	s->begun = s->note != NULL;
	pump(q);
}

/* What keeps a message from one user's terminals before anybody looks. */
static void
add_user(const char *user, void *arg)
{
	struct terminal *t = arg;
	struct queue *q = t->q;
	const struct file *f = t->m->file;
	bool copy = has_copy(t);
	bool alert = alert_is(t->m->id); /* which comes seldom enough */
	struct buf who = { 0 };

	submitter(f, &who);
	if (rule_via(f, t->rcpt) == NULL && !may_write(q, f->uid, user)) {
		count(t, user, TTY_FORBIDDEN,
		    SPAN("the sender may not write to that terminal "
			 "(terminal-senders)"));
	} else if (!alert && copy && calm_holds(q, user, buf_view(&who))) {
		count(t, user, TTY_RATED,
		    SPAN("within 10 s of another message; it is counted"));
	} else if (!alert && !may_take(q, MAY_SHOW, f->uid, user)) {
		if (copy)
			calm_count(q, user, buf_view(&who));
		count(t, user, TTY_RATED,
		    SPAN("too many messages to that terminal within a minute "
			 "(terminal-rate)"));
	} else if (show(q, t, user) == NULL) {
		count(t, user, TTY_FAILED, SPAN("no memory"));
	}
	buf_free(&who);
}

void
terminal_ready(struct terminal *t)
{
	struct queue *q = t->q;
	struct showing *s;

	TAILQ_FOREACH (s, &q->showings, link)
		if (s->t == t)
			s->begun = true;
	pump(q);
}

void
terminal_add(
    struct queue *q, const char *user, struct message *m, uint32_t rcpt)
{
	struct terminal *t = calloc(1, sizeof *t);
	const char *via = rule_via(m->file, rcpt);

	if (t == NULL) {
		attempt_shown(q, m, rcpt, TTY_FAILED, SPAN("no memory"));
		return;
	}
	t->q = q;
	t->m = m;
	t->rcpt = rcpt;
	t->fd = -1;
	t->result = TTY_FORBIDDEN;
	t->several = via && via[0] == '@';
	TAILQ_INSERT_TAIL(&q->terminals, t, link);
	if (via)
		rule_members(via, add_user, t);
	else
		add_user(user, t);
	if (t->showings == 0) {
		if (t->text.len == 0)
			count(t, user, TTY_ABSENT,
			    SPAN("there is nobody who stands in for him"));
		finish(t);
	} else if (!readable_ask(t)) {
		terminal_ready(t);
	}
}

static struct showing *
by_ref(struct queue *q, uint32_t ref)
{
	struct showing *s;

	TAILQ_FOREACH (s, &q->showings, link)
		if (s->asked && s->ref == ref)
			return s;
	return NULL;
}

bool
terminal_owns(struct queue *q, uint32_t ref)
{
	return by_ref(q, ref) != NULL;
}

void
terminal_refused(struct queue *q, uint32_t ref, struct span why)
{
	done(by_ref(q, ref), TTY_FAILED, why);
}

static int
send_note(struct showing *s)
{
	struct buf b = { 0 };
	int sent;

	ipc_str(&b, s->note);
	sent = ipc_send(&s->chan, IPC_TTY_NOTE, s->ref, &b, -1);
	buf_free(&b);
	return sent;
}

/* The body goes by descriptor: what deliver-mime made of it, or the file. */
static int
send_job(struct showing *s)
{
	const struct terminal *t = s->t;
	const struct file *f = t->m->file;
	enum env_kind kind = rcpt_kind(f, t->rcpt);
	bool made = t->fd != -1;
	struct buf b = { 0 }, who = { 0 };
	unsigned flags = has_copy(t) ? TTY_EXCERPT : 0u;
	int sent, fd = made ? dup(t->fd) : file_reader(s->q->dir, t->m->id);

	if (made && f->head.body_len > TERMINAL_TEXT)
		flags |= TTY_CUT;
	submitter(f, &who);
	ipc_u8(&b, (uint8_t)kind);
	ipc_str(&b, t->m->id);
	ipc_span(&b, buf_view(&who));
	ipc_u64(&b, (uint64_t)f->env.time_us);
	ipc_str(&b, rcpt_env(f, t->rcpt)->addr);
	ipc_u8(&b, (uint8_t)flags);
	ipc_u64(&b, made ? 0 : SPOOL_HEAD + f->head.env_len);
	ipc_u64(&b, made ? t->octets : f->head.body_len);
	sent = fd == -1 ? -1 : ipc_send(&s->chan, IPC_TTY_JOB, s->ref, &b, fd);
	if (fd != -1)
		close(fd);
	buf_free(&b);
	buf_free(&who);
	return sent;
}

void
terminal_forked(struct queue *q, uint32_t ref, int fd)
{
	struct showing *s = by_ref(q, ref);

	s->chan = (struct ipc){ .got = got, .gone = gone, .arg = s };
	if (ipc_open(&s->chan, fd, ROLE_QUEUE, ROLE_TTY) == -1) {
		close(fd);
		done(s, TTY_FAILED, SPAN("no channel"));
		return;
	}
	if ((s->t ? send_job(s) : send_note(s)) == -1)
		log_errno("agent: error what=\"role tty gets no job\"");
}
