/* remote - jobs for the net role: one for each message and relay. */
#include "deliver/queue/remote.h"
#include "common/log.h"
#include "deliver/queue/alert.h"
#include "deliver/queue/attempt.h"
#include "deliver/queue/kept.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUT_MAX 1000 /* at net at once: a descriptor each */
#define LOSSES 3     /* ends of net under one job, before it is deferred */

static void
memory_free(struct job *j)
{
	free(j->relay);
	free(j->domain);
	free(j->rcpts);
	free(j->answered);
	free(j);
}

static void
enter(struct queue *q, struct job *j)
{
	TAILQ_INSERT_TAIL(&q->jobs, j, link);
	q->njobs++;
	j->m->file->jobs++;
	turn_job(&q->turn, j->m->uid, 1);
}

/* One of that message has ended: the next may begin. */
static void
enter_next(struct queue *q, const struct message *m)
{
	struct job *j;

	if (share_message(m->file->jobs, q->njobs))
		return;
	TAILQ_FOREACH (j, &q->spare, link)
		if (j->m == m) {
			TAILQ_REMOVE(&q->spare, j, link);
			enter(q, j);
			return;
		}
}

static void
job_free(struct queue *q, struct job *j)
{
	TAILQ_REMOVE(&q->jobs, j, link);
	share_drop(&q->shares, j->relay, j->domain);
	q->njobs--;
	j->m->file->jobs--;
	turn_job(&q->turn, j->m->uid, -1);
	enter_next(q, j->m);
	if (j->out)
		q->jobs_out--;
	if (q->stopping)
		sched_soon(); /* it may have been the last */
	if (j->fd != -1)
		close(j->fd);
	memory_free(j);
}

static void
end(struct queue *q, struct job *j, enum outcome o, struct span status,
    struct span text)
{
	struct message *m = j->m;
	uint32_t *rcpts = j->rcpts;
	bool *answered = j->answered;
	size_t n = j->n;

	j->rcpts = NULL;
	j->answered = NULL;
	job_free(q, j);
	m->file->busy++; /* it must outlive the loop */
	for (size_t i = 0; i < n; i++)
		if (!answered[i])
			attempt_answer(
			    q, m, rcpts[i], o, status, text, SPAN(""));
	free(rcpts);
	free(answered);
	attempt_release(q, m);
}

void
remote_end(struct queue *q, struct job *j, enum outcome o, struct span status,
    struct span text)
{
	end(q, j, o, status, text);
	remote_pump(q);
}

static int
send_rcpts(struct queue *q, struct job *j)
{
	const struct file *f = j->m->file;
	struct buf list = { 0 }, body = { 0 };
	size_t i = 0;
	int done = 0;

	while (i < j->n && done == 0) {
		uint32_t first = (uint32_t)i;
		uint16_t count = 0;

		buf_reset(&list);
		buf_reset(&body);
		while (i < j->n && list.len < IPC_MAX - 4096 && count < 1000) {
			uint32_t k = j->rcpts[i++];
			const struct env_rcpt *r = rcpt_env(f, k);

			ipc_str(&list,
			    f->rcpts[k].as ? f->rcpts[k].as : rcpt_addr(f, k));
			ipc_u8(&list, (uint8_t)rcpt_notify(f, k));
			ipc_str(&list, r->orcpt ? r->orcpt : "");
			count++;
		}
		ipc_u32(&body, first);
		ipc_u16(&body, count);
		buf_span(&body, buf_view(&list));
		done = ipc_send(&q->net, IPC_NET_RCPT, j->ref, &body, -1);
	}
	buf_free(&list);
	buf_free(&body);
	return done;
}

static int
send_job(struct queue *q, struct job *j, int fd)
{
	const struct file *f = j->m->file;
	bool made = j->mime == JOB_CONVERTED;
	struct buf b = { 0 };
	int done;

	ipc_str(&b, j->relay);
	ipc_str(&b, j->domain);
	ipc_str(&b, rcpt_from(f, j->rcpts[0]));
	ipc_u8(&b, (uint8_t)j->kind);
	ipc_u8(&b, (uint8_t)f->env.ret);
	ipc_str(&b, f->env.envid ? f->env.envid : "");
	ipc_u32(&b, (uint32_t)j->n);
	ipc_u64(&b, made ? 0 : SPOOL_HEAD + f->head.env_len);
	ipc_u64(&b, made ? j->octets : f->head.body_len);
	ipc_u32(&b, made ? j->sum : f->head.body_sum);
	ipc_u8(&b, (uint8_t)(made ? ENV_7BIT : f->env.body));
	ipc_u8(&b, (uint8_t)(made ? 0 : env_suspects(f->env.text)));
	ipc_u8(&b, f->env.requiretls	 ? IPC_REQUIRETLS
		   : f->env.tls_optional ? IPC_TLS_OPTIONAL
					 : 0);
	j->ref = ++q->ref;
	done = ipc_send(&q->net, IPC_NET_MAIL, j->ref, &b, fd);
	buf_free(&b);
	return done == 0 ? send_rcpts(q, j) : -1;
}

/* Otherwise nothing would look at it again before another job has ended. */
static void
put_off(struct queue *q, struct job *j)
{
	struct buf text = { 0 };

	buf_fmt(
	    &text, "its file in queue/ cannot be opened: %s", strerror(errno));
	end(q, j, OUT_LATER, SPAN("4.3.0"), buf_view(&text));
	buf_free(&text);
}

void
remote_pump(struct queue *q)
{
	struct job *j;
	int fd, sent;

	if (!ipc_is_open(&q->net) || q->net.lost || q->stopping)
		return;
again:
	TAILQ_FOREACH (j, &q->jobs, link) {
		if (q->jobs_out >= OUT_MAX)
			return;
		if (j->out || j->mime == JOB_ASKS || j->mime == JOB_CONVERTS)
			continue;
		fd = j->mime == JOB_CONVERTED ? dup(j->fd)
					      : file_reader(q->dir, j->m->id);
		if (fd == -1) {
			put_off(q, j);
			goto again; /* more than one may have gone */
		}
		sent = send_job(q, j, fd);
		close(fd);
		if (sent == -1)
			return; /* the channel's end will be told */
		j->out = true;
		q->jobs_out++;
	}
}

void
remote_forget(struct queue *q)
{
	if (ipc_is_open(&q->net) && !q->net.lost)
		ipc_send(&q->net, IPC_NET_FORGET, 0, NULL, -1);
}

bool
remote_full(struct queue *q, const struct message *m, const char *relay,
    const char *domain)
{
	return !turn_may(turn_jobs(&q->turn, m->uid), q->njobs, SHARE_ROOM) ||
	       share_full(&q->shares, relay, domain, q->njobs);
}

static struct job *
new_job(const struct job *like, size_t n)
{
	struct job *j = calloc(1, sizeof *j);

	if (j == NULL)
		return NULL;
	j->fd = -1;
	j->m = like->m;
	j->kind = like->kind;
	j->relay = strdup(like->relay);
	j->domain = strdup(like->domain);
	j->rcpts = calloc(n, sizeof *j->rcpts);
	j->answered = calloc(n, sizeof *j->answered);
	if (j->relay && j->domain && j->rcpts && j->answered)
		return j;
	memory_free(j);
	return NULL;
}

/* How a recipient is spoken of.  A text for a terminal is never late, and where
 * it cannot go to one SOML and SAML are mail. */
static enum env_kind
spoken(const struct message *m, uint32_t rcpt, bool terminal)
{
	enum env_kind kind = rcpt_kind(m->file, rcpt);

	return kind == ENV_SEND || terminal ? kind : ENV_MAIL;
}

/* 0, or -1 when there is no memory: then none of them is under way. */
static int
add_kind(struct queue *q, const struct job *like, bool terminal,
    const uint32_t *rcpts, size_t n)
{
	struct job *j = NULL;

	for (size_t i = 0; i < n; i++) {
		if (spoken(like->m, rcpts[i], terminal) != like->kind)
			continue;
		if (!j && (j = new_job(like, n - i)) == NULL)
			return -1;
		j->rcpts[j->n++] = rcpts[i];
	}
	if (j && share_add(&q->shares, j->relay, j->domain) == -1) {
		memory_free(j);
		return -1;
	}
	if (j) {
		j->left = j->n;
		if (share_message(j->m->file->jobs, q->njobs))
			TAILQ_INSERT_TAIL(&q->spare, j, link);
		else
			enter(q, j);
	}
	return 0;
}

static void
refuse(struct queue *q, const struct job *like, bool terminal,
    const uint32_t *rcpts, size_t n, enum outcome o, struct span status,
    struct span text)
{
	for (size_t i = 0; i < n; i++)
		if (spoken(like->m, rcpts[i], terminal) == like->kind)
			attempt_answer(
			    q, like->m, rcpts[i], o, status, text, SPAN(""));
}

void
remote_add(struct queue *q, const char *relay, const char *domain,
    struct message *m, const uint32_t *rcpts, size_t n)
{
	const struct conf_relay *conf = conf_relay(q->conf, relay);
	bool allowed = conf && conf->terminal;
	bool terminal = allowed && !attempt_late(m->file);
	struct job like = {
		.m = m, .relay = (char *)relay, .domain = (char *)domain
	};

	m->file->busy++; /* it must outlive the loops */
	for (int kind = 0; kind < ENV_KINDS; kind++) {
		like.kind = (enum env_kind)kind;
		if (kind == ENV_SEND && !allowed)
			refuse(q, &like, terminal, rcpts, n, OUT_NEVER,
			    SPAN("5.3.3"),
			    SPAN("the recipient is on another machine, whose "
				 "terminals cannot be reached"));
		else if (kind == ENV_SEND && !terminal)
			refuse(q, &like, terminal, rcpts, n, OUT_NEVER,
			    SPAN("4.2.1"),
			    SPAN("it could not be shown within a minute"));
		else if (add_kind(q, &like, terminal, rcpts, n) == -1)
			refuse(q, &like, terminal, rcpts, n, OUT_LATER,
			    SPAN("4.3.0"), SPAN("no memory"));
	}
	remote_pump(q);
	attempt_release(q, m);
}

static struct job *
by_ref(struct queue *q, uint32_t ref)
{
	struct job *j;

	TAILQ_FOREACH (j, &q->jobs, link)
		if (j->out && j->ref == ref)
			return j;
	return NULL;
}

/* A relay of the settings that needs a person's hand, or takes mail again. What
 * is wrong with a recipient's own domain is not for us to mend. */
static void
tell(struct queue *q, const struct job *j, uint8_t outcome, uint8_t flags,
    struct span text)
{
	if (j->domain[0] || alert_is(j->m->id))
		return;
	if (flags & IPC_MEND) {
		if (j->left == j->n) /* once, of all its recipients */
			alert_seen(q, CAUSE_HELD, j->relay, text);
	} else if (outcome != OUT_LATER || (flags & IPC_SOON)) {
		alert_over(q, CAUSE_HELD, j->relay);
	}
}

static void
got(struct ipc *c, struct ipc_msg *m)
{
	struct queue *q = c->arg;
	struct ipc_in in = { m->body, false };
	struct job *j = by_ref(q, m->ref);
	const struct conf_relay *relay;
	struct span status, text, mta;
	struct rcpt *r;
	uint32_t i;
	uint8_t o, flags;

	if (m->fd != -1)
		close(m->fd);
	if (m->type == IPC_NET_KEEP) {
		if (kept_take(q, m->body) == -1)
			c->gone(c, "a message that does not parse");
		return;
	}
	if (j == NULL)
		return;
	if (m->type == IPC_NET_CONVERT && j->mime == JOB_AS_IT_IS &&
	    j->left == j->n) {
		j->out = false;
		q->jobs_out--;
		mime_begin(q, j);
		remote_pump(q);
		return;
	}
	if (m->type != IPC_NET_ANSWER) {
		remote_end(q, j, OUT_LATER, SPAN("4.3.0"),
		    SPAN("no answer from the net role"));
		remote_pump(q);
		return;
	}
	i = ipc_get32(&in);
	o = ipc_get8(&in);
	status = ipc_get(&in);
	text = ipc_get(&in);
	mta = ipc_get(&in);
	flags = ipc_get8(&in);
	if (!ipc_end(&in) || i >= j->n || o >= OUT_COUNT || j->answered[i])
		return;
	j->answered[i] = true;
	tell(q, j, o, flags, text);
	r = &j->m->file->rcpts[j->rcpts[i]];
	r->dsn_passed = o == OUT_DELIVERED && (flags & IPC_DSN_PASSED);
	j->m->file->soon |= o == OUT_LATER && (flags & IPC_SOON);
	j->left--;
	relay = conf_relay(q->conf, j->relay);
	j->m->file->rcpts[j->rcpts[i]].relayed = !(relay && relay->lmtp);
	/* The job outlives its answers: IPC_NET_END ends it.  The message must
	 * outlive them too. */
	if (j->left == 0) {
		struct message *msg = j->m;
		uint32_t rcpt = j->rcpts[i];

		job_free(q, j);
		attempt_answer(
		    q, msg, rcpt, (enum outcome)o, status, text, mta);
		remote_pump(q);
	} else {
		attempt_answer(
		    q, j->m, j->rcpts[i], (enum outcome)o, status, text, mta);
	}
}

/* What net did of the jobs it had is unknown: they are tried again, which may
 * double what was in flight at that moment (RFC 1047), never lose it. */
static void
gone(struct ipc *c, const char *why)
{
	struct queue *q = c->arg;
	struct job *j, *next;

	log_warn("agent: role-ended role=net reason=\"%s\"", why);
	ipc_close(c);
	for (j = TAILQ_FIRST(&q->jobs); j; j = next) {
		next = TAILQ_NEXT(j, link);
		if (!j->out)
			continue;
		j->out = false;
		q->jobs_out--;
		if (++j->losses >= LOSSES || q->stopping)
			remote_end(q, j, OUT_LATER, SPAN("4.3.0"),
			    SPAN("the process that speaks SMTP ended in the "
				 "middle"));
	}
}

void
remote_connect(struct queue *q, int fd)
{
	if (ipc_is_open(&q->net))
		gone(&q->net, "replaced");
	q->net = (struct ipc){ .got = got, .gone = gone, .arg = q };
	if (ipc_open(&q->net, fd, ROLE_QUEUE, ROLE_NET) == -1) {
		close(fd);
		return;
	}
	kept_give(q);
	remote_pump(q);
}
