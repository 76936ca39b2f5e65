#include "deliver/net/session.h"
#include "common/log.h"
#include "deliver/net/probe.h"
#include "deliver/net/secure.h"
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FULL (64u << 10) /* octets kept ready to be sent */
#define BLOCK 4096	 /* octets of text that must go within a block's time */
#define MESSAGE_SECONDS 3600 /* for one, however it drips, and */
#define MESSAGE_RATE 4096    /* octets of it a second besides */

static int64_t
seconds(const struct session *s, uint64_t n)
{
	return (int64_t)n * s->relay->net->second;
}

const char *
session_host(const struct session *s)
{
	return s->at.name ? s->at.name : "";
}

bool
session_is_local(const struct session *s)
{
	return *session_host(s) == '/' && !s->at.by_dns;
}

bool
session_is_idle(const struct session *s)
{
	return s->ready && !s->leaving && s->smtp.step == AT_IDLE &&
	       TAILQ_EMPTY(&s->jobs);
}

/* For the job whose answers come next. */
static void
limit(struct session *s)
{
	const struct job *job = TAILQ_FIRST(&s->jobs);

	conn_limit(&s->conn,
	    job ? seconds(s, MESSAGE_SECONDS + job->length / MESSAGE_RATE) : 0);
}

static void
finish_job(struct session *s, struct job *job)
{
	bool delivered = job->delivered, later = job->later;
	bool back = job->mail.given_back;

	TAILQ_REMOVE(&s->jobs, job, link);
	if (back) {
		job->mail.again = false;
		relay_give_back(s->relay, job);
	} else {
		job_end(job);
	}
	if (delivered)
		relay_delivered(s->relay, s->answer);
	else if (later && !back)
		relay_put_off(s->relay);
}

/* Those that have all their answers, or will have none here. */
static void
finish_jobs(struct session *s)
{
	struct job *first = TAILQ_FIRST(&s->jobs), *job, *next;

	TAILQ_FOREACH_SAFE(job, &s->jobs, link, next)
	if (job->mail.over)
		finish_job(s, job);
	if (TAILQ_FIRST(&s->jobs) != first)
		limit(s);
}

/* What stays on this machine (LMTP) keeps its sender.  Memory that is short, or
 * a disk that fails, is seen again when the text is read. */
static void
set_sender(struct session *s, struct job *job)
{
	const struct conf *c = s->relay->net->conf;

	if (!s->relay->conf->lmtp && job_sender(job, c) == -1)
		log_errno(
		    "net: error what=\"a sender cannot be rewritten now\"");
}

static void
begin_job(struct session *s, struct job *job)
{
	set_sender(s, job);
	job->mta = session_host(s);
	job->delivered = job->later = false;
	job->mail.terminal = s->relay->conf->terminal;
	job->mail.careful = s->woken;
	s->woken = false;
	TAILQ_INSERT_TAIL(&s->jobs, job, link);
	if (TAILQ_FIRST(&s->jobs) == job)
		limit(s);
	smtp_begin(&s->smtp, &job->mail);
}

/* RFC 8689 4.2.1: one that does not promise it is left for the next. */
static bool
is_enough(struct session *s)
{
	struct smtp *m = &s->smtp;
	struct buf b = { 0 };

	if (!s->relay->strict ||
	    (m->secure && (m->peer.offers & EHLO_REQUIRETLS)))
		return true;
	buf_fmt(&b,
	    "%s: the sender asks for TLS all the way, which the server does "
	    "not promise (REQUIRETLS)",
	    session_host(s));
	smtp_mishap(m, MISHAP_REQUIRETLS, buf_c(&b));
	buf_free(&b);
	return false;
}

/* It is well with us, for the first time.  false: it has ended. */
static bool
ready(struct session *s)
{
	if (!is_enough(s))
		return false;
	s->ready = true;
	secure_ready(s);
	probe_ready(s);
	relay_ready(s->relay, s);
	return true;
}

/* Between messages, at the end of one, and when one more may be begun. */
static void
settle(struct session *s)
{
	struct smtp *m = &s->smtp;
	struct job *job;

	for (;;) {
		finish_jobs(s);
		if (!smtp_room(m) || (!s->ready && !ready(s)))
			return;
		/* Others wait until there may be one more session at all. */
		if (m->step == AT_IDLE)
			s->leaving |= smtp_spent(m) ||
				      (TAILQ_EMPTY(&s->relay->waiting) &&
					  (net_is_crowded(s->relay->net) ||
					      s->relay->net->probe));
		if (s->leaving || (job = relay_take(s->relay)) == NULL)
			break;
		if (job_is_illegal(job, m->peer.offers))
			job_convert(job); /* the next one may be sent */
		else
			begin_job(s, job);
	}
	if (s->leaving && m->step == AT_IDLE)
		smtp_quit(m);
}

static void
sent(struct session *s, enum data_status status)
{
	char why[128];

	switch (status) {
	case DATA_MORE:
		return;
	case DATA_END:
		smtp_dot(&s->smtp);
		return;
	case DATA_DAMAGED:
		smtp_spoil(&s->smtp, MISHAP_DAMAGED,
		    "the stored message is damaged: it does not match its "
		    "length or sum");
		return;
	case DATA_ERROR:
		snprintf(why, sizeof why, "cannot read the stored message: %s",
		    strerror(errno));
		smtp_spoil(&s->smtp, MISHAP_READ, why);
		return;
	}
}

/* RFC 3030: each with its length in front, so it is made before it is named. */
static void
send_chunks(struct session *s)
{
	enum data_status status;

	while (smtp_body(&s->smtp) == SMTP_CHUNKS &&
	       conn_pending(&s->conn) < FULL) {
		buf_reset(&s->chunk);
		status = data_more(&s->data, &s->chunk, SMTP_CHUNK);
		if (status != DATA_MORE && status != DATA_END) {
			sent(s, status);
			return;
		}
		smtp_chunk(&s->smtp, &s->conn.out, buf_view(&s->chunk),
		    status == DATA_END);
	}
}

static void
send_body(struct session *s)
{
	const struct job *job = TAILQ_LAST(&s->jobs, jobs);
	bool chunks = smtp_body(&s->smtp) == SMTP_CHUNKS;

	if (job && s->round != s->smtp.rounds) {
		data_begin(
		    &s->data, job->fd, job->offset, job->length, job->sum);
		s->data.chunks = chunks;
		s->data.head = job->head.len ? &job->head : NULL;
		s->data.skip = job->skip;
	}
	s->round = s->smtp.rounds;
	if (chunks)
		send_chunks(s);
	else
		sent(s, data_more(&s->data, &s->conn.out, s->conn.sent + FULL));
}
/* Each step has its own time; text must move on, a block at a time. */
static void
watch(struct session *s)
{
	const struct smtp *m = &s->smtp;

	if (m->ticks == s->ticks &&
	    !(m->step == AT_BODY && s->conn.taken - s->taken >= BLOCK))
		return;
	s->ticks = m->ticks;
	s->taken = s->conn.taken;
	s->asked = loop_now();
	conn_patience(
	    &s->conn, seconds(s, (uint64_t)smtp_steps[m->step].seconds));
}

void
session_cannot(struct session *s, const struct verdict *why, struct span text)
{
	/* While one may do it later, it is no matter what another can never. */
	if (why->outcome == OUT_NEVER && s->why.status[0] &&
	    s->why.outcome != OUT_NEVER)
		return;
	s->why = *why;
	buf_reset(&s->text);
	buf_span(&s->text, text);
	for (size_t i = 0; i < s->text.len; i++) /* one value in the log */
		if (s->text.ptr[i] == '"')
			s->text.ptr[i] = '\'';
	log_warn("net: relay-failed relay=%s host=%s status=%s text=\"%s\"",
	    s->relay->conf->name, session_host(s), why->status,
	    buf_c(&s->text));
	probe_cannot(s);
}

/* The connection is of no use any more. */
static void
ended(struct session *s)
{
	finish_jobs(s);
	/* A token that comes later would be for the next address's server,
	 * which may not have greeted yet. */
	secure_forget(s);
	if (s->ready && s->smtp.why.busy)
		relay_frown(s->relay);
	if (s->ready || s->leaving) {
		relay_down(s->relay, s);
		return;
	}
	session_cannot(s, &s->smtp.why, buf_view(&s->smtp.text));
	if (s->smtp.denied) { /* so would the next address, and count it */
		relay_down(s->relay, s);
		return;
	}
	conn_next(&s->conn);
}

static bool
wants_job(const struct session *s)
{
	return s->ready && !s->leaving && smtp_room(&s->smtp) &&
	       !TAILQ_EMPTY(&s->relay->waiting);
}

/* After anything that happened: says what is to be said. */
static void
run(struct session *s)
{
	struct smtp *m = &s->smtp;

	secure_step(s);
	do { /* one message behind the other, as far as there is room */
		settle(s);
		if (m->step != AT_END)
			smtp_more(m, &s->conn.out, s->conn.sent + FULL);
		if (smtp_body(m) != SMTP_NO_BODY)
			send_body(s);
	} while (wants_job(s) && conn_pending(&s->conn) < FULL);
	if (s->conn.out.bad)
		smtp_mishap(m, MISHAP_READ, "out of memory");
	if (m->step == AT_END) {
		ended(s);
		return;
	}
	/* others have their turn between */
	s->conn.more = smtp_body(m) != SMTP_NO_BODY || wants_job(s);
	conn_flush(&s->conn);
	watch(s);
}

static void
mishap(struct session *s, enum mishap what, const char *fmt, const char *arg)
{
	struct buf b = { 0 };

	buf_fmt(&b, "%s: ", s->conn.name);
	buf_fmt(&b, fmt, smtp_steps[s->smtp.step].name, arg);
	smtp_mishap(&s->smtp, what, buf_c(&b));
	buf_free(&b);
}

static void
lost(struct session *s)
{
	int error = s->conn.error;

	mishap(s, MISHAP_LOST, "connection lost at %s%s",
	    error ? "" : ", closed by the server");
}

static void
timed_out(struct session *s)
{
	char time[32];

	if (s->smtp.step == AT_IDLE) {
		s->leaving = true;
		smtp_quit(&s->smtp);
		return;
	}
	snprintf(time, sizeof time, "%d s", smtp_steps[s->smtp.step].seconds);
	mishap(s, MISHAP_TIMEOUT, "no answer to %s within %s", time);
}

/* No address of this host took us as far as EHLO. */
static void
failed(struct session *s)
{
	struct verdict v;
	struct buf b = { 0 };

	if (s->conn.error) {
		judge_mishap(AT_CONNECT, MISHAP_CONNECT, &v);
		buf_fmt(&b, "%s: cannot connect: %s", s->conn.name,
		    strerror(s->conn.error));
		session_cannot(s, &v, buf_view(&b));
		buf_free(&b);
	}
	s->tried++;
	session_next_host(s);
}

static void
our_name(struct session *s)
{
	struct sockaddr_storage local = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof local;

	if (getsockname(s->conn.io.fd, (struct sockaddr *)&local, &len) == -1)
		local.ss_family = AF_UNSPEC;
	ehlo_name(
	    s->relay->net->conf->hostname, (struct sockaddr *)&local, s->self);
}

static void
happened(struct conn *c, enum conn_event event)
{
	struct session *s =
	    (struct session *)((char *)c - offsetof(struct session, conn));

	switch (event) {
	case CONN_UP:
		smtp_free(&s->smtp);
		our_name(s);
		smtp_init(&s->smtp, s->self);
		s->smtp.lmtp = s->relay->conf->lmtp;
		s->round = s->smtp.rounds;
		reply_reset(&s->reply);
		s->ticks = s->smtp.ticks - 1;
		probe_connected(s);
		secure_up(s);
		break;
	case CONN_SECURE:
		secure_done(s);
		break;
	case CONN_INSECURE:
		if (secure_failed(s))
			return;
		break;
	case CONN_DATA:
		s->answer = loop_now() - s->asked;
		smtp_take(&s->smtp, &s->reply, &c->in);
		break;
	case CONN_ROOM:
		break;
	case CONN_LOST:
		lost(s);
		break;
	case CONN_TIMEOUT:
		timed_out(s);
		break;
	case CONN_TOO_LONG:
		mishap(s, MISHAP_TIMEOUT, "too slow at %s%s",
		    ": the message took longer than any should");
		break;
	case CONN_FAILED:
		failed(s);
		return;
	}
	run(s);
}

struct session *
session_open(struct relay *r, size_t host)
{
	struct session *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->relay = r;
	s->host = host;
	conn_init(&s->conn, happened);
	TAILQ_INIT(&s->jobs);
	TAILQ_INSERT_TAIL(&r->sessions, s, link);
	TAILQ_INSERT_TAIL(&r->net->sessions, s, all);
	r->net->nsessions++;
	session_next_host(s);
	return s;
}

void
session_run(struct session *s)
{
	run(s);
}

void
session_wake(struct session *s)
{
	s->woken = true;
	run(s);
}

void
session_leave(struct session *s)
{
	bool idle = session_is_idle(s);

	s->leaving = true;
	if (idle)
		run(s);
	else if (!s->ready)
		relay_down(s->relay, s);
}

void
session_free(struct session *s)
{
	struct job *job;

	TAILQ_REMOVE(&s->relay->net->sessions, s, all);
	s->relay->net->nsessions--;
	if (s->smtp.step == AT_IDLE && s->conn.up) {
		smtp_quit(&s->smtp);
		smtp_more(&s->smtp, &s->conn.out, FULL);
		conn_flush(&s->conn);
	}
	session_forget_host(s);
	secure_forget(s);
	conn_close(&s->conn);
	while ((job = TAILQ_FIRST(&s->jobs)) != NULL) {
		TAILQ_REMOVE(&s->jobs, job, link);
		job_free(job);
	}
	smtp_free(&s->smtp);
	buf_free(&s->reply.text);
	buf_free(&s->text);
	buf_free(&s->chunk);
	free(s);
}
