/* terminal - one message to the terminals of one user, by a process of the tty
 * role. */
#include "common/log.h"
#include "common/printable.h"
#include "deliver/queue/core.h"
#include "deliver/tty/tty.h"
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUNNING_MAX 16
#define LIMIT 8000 /* ms for one process; its own limit is 5 s */

struct terminal {
	TAILQ_ENTRY(terminal) link;
	struct queue *q;
	struct message *m;
	uint32_t rcpt, ref;
	char *user;
	bool asked; /* of the parent */
	struct ipc chan;
	struct loop_timer limit;
};

static void pump(struct queue *);

static void
done(struct terminal *t, int result, struct span text)
{
	struct queue *q = t->q;
	struct message *m = t->m;
	uint32_t rcpt = t->rcpt;

	TAILQ_REMOVE(&q->terminals, t, link);
	if (t->asked)
		q->terminals_busy--;
	if (q->stopping)
		sched_soon(); /* it may have been the last */
	loop_cancel(&t->limit);
	ipc_close(&t->chan);
	free(t->user);
	free(t);
	attempt_shown(q, m, rcpt, result, text);
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
	if (!ipc_end(&in) || result >= TTY_RESULTS)
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
	struct terminal *t;

	TAILQ_FOREACH (t, &q->terminals, link) {
		struct buf body = { 0 };

		if (q->terminals_busy >= RUNNING_MAX || q->stopping)
			return;
		if (t->asked)
			continue;
		t->ref = ++q->ref;
		ipc_str(&body, t->user);
		if (ipc_send(&q->parent, IPC_FORK_TTY, t->ref, &body, -1) ==
		    0) {
			t->asked = true;
			q->terminals_busy++;
			loop_in(&t->limit, LIMIT);
		}
		buf_free(&body);
	}
}

void
terminal_add(
    struct queue *q, const char *user, struct message *m, uint32_t rcpt)
{
	struct terminal *t = calloc(1, sizeof *t);

	if (t == NULL || (t->user = strdup(user)) == NULL) {
		free(t);
		attempt_shown(q, m, rcpt, TTY_FAILED, SPAN("no memory"));
		return;
	}
	t->q = q;
	t->m = m;
	t->rcpt = rcpt;
	t->chan.io.fd = -1;
	t->limit = (struct loop_timer){ .fire = too_long, .arg = t };
	TAILQ_INSERT_TAIL(&q->terminals, t, link);
	pump(q);
}

static struct terminal *
by_ref(struct queue *q, uint32_t ref)
{
	struct terminal *t;

	TAILQ_FOREACH (t, &q->terminals, link)
		if (t->asked && t->ref == ref)
			return t;
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

/* The submitter by the kernel's word, never by the message's. */
static void
submitter(const struct file *f, struct buf *b)
{
	struct passwd *pw = getpwuid(f->uid);

	if (pw)
		printable_add(b, span_of(pw->pw_name), 64);
	else
		buf_str(b, "somebody");
	buf_fmt(b, " (uid %lu)", (unsigned long)f->uid);
}

void
terminal_forked(struct queue *q, uint32_t ref, int fd)
{
	struct terminal *t = by_ref(q, ref);
	const struct file *f = t->m->file;
	struct buf b = { 0 }, who = { 0 };
	int body;

	t->chan = (struct ipc){ .got = got, .gone = gone, .arg = t };
	if (ipc_open(&t->chan, fd, ROLE_QUEUE, ROLE_TTY) == -1) {
		close(fd);
		done(t, TTY_FAILED, SPAN("no channel"));
		return;
	}
	submitter(f, &who);
	ipc_u8(&b, (uint8_t)rcpt_kind(f, t->rcpt));
	ipc_str(&b, t->m->id);
	ipc_span(&b, buf_view(&who));
	ipc_u64(&b, (uint64_t)f->env.time_us);
	ipc_str(&b, rcpt_addr(f, t->rcpt));
	ipc_u8(&b, rcpt_kind(f, t->rcpt) == ENV_SAML);
	ipc_u64(&b, SPOOL_HEAD + f->head.env_len);
	ipc_u64(&b, f->head.body_len);
	body = file_reader(q->dir, t->m->id);
	if (body == -1 || ipc_send(&t->chan, IPC_TTY_JOB, ref, &b, body) == -1)
		log_warn("%s: no job for the tty role", t->m->id);
	if (body != -1)
		close(body);
	buf_free(&b);
	buf_free(&who);
}
