/* bounce - reports of failure, delay and success (RFC 3464, RFC 3461), and
 * whom they go to.  A report on what has no sender goes to postmaster's own
 * mailbox, once; a report on that goes nowhere (RFC 5321 4.5.5, 6.1). */
#include "deliver/queue/bounce.h"
#include "common/log.h"
#include "common/printable.h"
#include "deliver/queue/alert.h"
#include "deliver/queue/attempt.h"
#include "deliver/queue/report.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FULL_MAX (64 << 10) /* octets returned whole where nobody asked */
#define ASKED_MAX (1 << 20) /* where RET=FULL did; and to postmaster */

void
bounce_id(
    const struct message *m, unsigned round, char letter, char id[SPOOL_IDSIZE])
{
	char tail[2] = { letter, '\0' };

	snprintf(id, SPOOL_IDSIZE, "%.*s-%u%s", SPOOL_ID, m->id, round, tail);
}

bool
bounce_is_report(const char *id)
{
	return strchr(id, '-') != NULL;
}

char
bounce_letter(const char *id)
{
	const char *tail = strchr(id, '-');

	if (tail == NULL)
		return '\0';
	tail += 1 + strspn(tail + 1, "0123456789");
	return *tail;
}

bool
bounce_is_local(const struct message *m, struct span rcpt)
{
	return bounce_is_report(m->id) && span_eq(rcpt, SPAN(POSTMASTER));
}

const char *
bounce_to(const struct file *f)
{
	return f->env.from[0] ? f->env.from : POSTMASTER;
}

/* RFC 3461 4.1: what is not asked for is FAILURE and, by custom, DELAY. */
static bool
wanted(const struct file *f, uint32_t i, unsigned bit)
{
	unsigned notify = rcpt_notify(f, i);

	return notify == 0 ? bit != ENV_SUCCESS : (notify & bit) != 0;
}

static bool
failed(const struct file *f, uint32_t i)
{
	return f->rcpts[i].state == R_FAILED && !f->rcpts[i].bounced &&
	       wanted(f, i, ENV_FAILURE);
}

/* Is it the owner of a list who is told, in place of the sender? */
static bool
has_owner(const struct file *f, uint32_t i)
{
	return f->env.from[0] && f->rcpts[i].from;
}

bool
bounce_untold(const struct file *f, uint32_t i)
{
	return failed(f, i) && !has_owner(f, i);
}

static bool
delayed(const struct file *f, uint32_t i)
{
	return f->rcpts[i].state == R_WAITS && wanted(f, i, ENV_DELAY) &&
	       rcpt_kind(f, i) != ENV_SEND;
}

/* Nothing of the kind is said where the next server does so (RFC 3461 5.2.2).
 */
static bool
succeeded(const struct file *f, uint32_t i)
{
	const struct rcpt *r = &f->rcpts[i];

	if (r->reported || !wanted(f, i, ENV_SUCCESS))
		return false;
	return r->state == R_SPLIT ? rcpt_handed_on(f, i)
				   : r->state == R_DONE && !r->dsn_passed;
}

static enum report_action
action_of(const struct file *f, uint32_t i, enum report_kind kind)
{
	if (kind == REPORT_DELAYED)
		return ACTION_DELAYED;
	if (kind != REPORT_DONE)
		return ACTION_FAILED;
	/* A list with an owner is where it was to go (RFC 3464 2.3.3). */
	if (f->rcpts[i].state == R_SPLIT && !f->rcpts[i].owned)
		return ACTION_EXPANDED;
	return f->rcpts[i].relayed ? ACTION_RELAYED : ACTION_DELIVERED;
}

typedef bool which(const struct file *, uint32_t);
static which *const concerned[REPORT_KINDS] = {
	[REPORT_FAILED] = failed,
	[REPORT_DELAYED] = delayed,
	[REPORT_DONE] = succeeded,
	[REPORT_DOUBLE] = failed,
};

/* In the report to that owner of a list; NULL: to the sender? */
static bool
belongs(
    const struct file *f, uint32_t i, enum report_kind kind, const char *owner)
{
	if (!concerned[kind](f, i) || has_owner(f, i) != (owner != NULL))
		return false;
	return owner == NULL || strcmp(f->rcpts[i].from, owner) == 0;
}

static bool
any(const struct file *f, enum report_kind kind)
{
	for (uint32_t i = 0; i < f->nrcpts; i++)
		if (belongs(f, i, kind, NULL))
			return true;
	return false;
}

/* RFC 3461 4.3: RET is for failures; other reports bring the header. */
static bool
return_whole(const struct file *f, const struct report *r)
{
	uint64_t len = f->head.body_len;

	for (size_t i = 0; i < r->nrcpts; i++)
		if (r->rcpts[i].terminal)
			return true; /* there is no other copy */
	if (r->kind == REPORT_DOUBLE)
		return len <= 2 * ASKED_MAX; /* a report holds a message */
	/* RFC 8689 5: what must be hidden does not go back in the open. */
	return r->kind == REPORT_FAILED && f->env.ret != ENV_HDRS &&
	       !f->env.requiretls &&
	       len <= (f->env.ret == ENV_FULL ? ASKED_MAX : FULL_MAX);
}

static size_t
collect(const struct file *f, enum report_kind kind, const char *owner,
    struct report_rcpt *out)
{
	size_t n = 0;

	for (uint32_t i = 0; i < f->nrcpts; i++) {
		const struct rcpt *r = &f->rcpts[i];
		const struct env_rcpt *e = rcpt_env(f, i);

		if (!belongs(f, i, kind, owner))
			continue;
		out[n++] = (struct report_rcpt){
			.action = action_of(f, i, kind),
			.addr = rcpt_addr(f, i),
			.original = i < f->env.nrcpts ? NULL : e->addr,
			.orcpt = e->orcpt,
			.status = r->status,
			.text = r->text,
			.mta = r->mta,
			.terminal = e->kind == ENV_SEND,
			.last = r->last,
		};
	}
	return n;
}

static int
compose(struct queue *q, const struct message *m, enum report_kind kind,
    const char *owner, const char *id, struct buf *text)
{
	const struct file *f = m->file;
	struct buf message = { 0 };
	struct report_rcpt *rcpts = calloc(f->nrcpts, sizeof *rcpts);
	struct report r = { .kind = kind,
		.id = id,
		.of = m->id,
		.hostname = q->conf->hostname,
		.domain = q->conf->domain,
		.to = owner ? owner : bounce_to(f),
		.from = f->env.from,
		.now = time(NULL),
		.arrived = f->env.time_us / 1000000,
		.until = file_expires(f, q->conf),
		.envid = f->env.envid,
		.rcpts = rcpts };
	int done = -1;

	if (rcpts == NULL)
		return -1;
	r.nrcpts = collect(f, kind, owner, rcpts);
	r.whole = return_whole(f, &r);
	if (bounce_text(f, r.whole, &message) == 0) {
		r.message = buf_view(&message);
		report_compose(&r, text);
		done = text->bad ? -1 : 0;
	}
	buf_free(&message);
	free(rcpts);
	return done;
}

static int
make(struct queue *q, struct message *m, enum report_kind kind,
    const char *owner, const char *id)
{
	static const char *const event[REPORT_KINDS] = {
		[REPORT_FAILED] = "bounce",
		[REPORT_DELAYED] = "warning",
		[REPORT_DONE] = "success",
		[REPORT_DOUBLE] = "double-bounce",
	};
	const char *whom = owner ? owner : bounce_to(m->file);
	struct buf text = { 0 }, to = { 0 };
	int done = -1;

	if (compose(q, m, kind, owner, id, &text) == 0 &&
	    bounce_write(q, id, whom, ENV_MAIL, &text) == 0) {
		printable_add(&to, span_of(whom), 300);
		log_info(
		    "%s: %s id=%s to=<%s>", m->id, event[kind], id, buf_c(&to));
		done = 0;
	}
	buf_free(&to);
	buf_free(&text);
	return done;
}

/* A failure of what has no sender.  For a report: the first time only, and of
 * a bounce only, since the message itself comes to its end, too. */
static bool
goes_to_postmaster(const struct message *m)
{
	return !bounce_is_report(m->id) ||
	       (bounce_letter(m->id) == '\0' && m->file->rounds == 0);
}

static void
log_dropped(struct queue *q, const struct message *m)
{
	char letter = bounce_letter(m->id);

	if (letter == 'W' || letter == 'S') {
		log_info("%s: no-bounce reason=\"it is a %s\"", m->id,
		    letter == 'W' ? "warning of delay" : "report of success");
		return;
	}
	if (letter == ALERT_LETTER) { /* which alerts nobody again */
		log_warn("%s: alert-dropped reason=\"the mailbox of postmaster "
			 "does not take it\"",
		    m->id);
		return;
	}
	log_warn("%s: bounce-dropped reason=\"a report reached neither whom it "
		 "was for nor postmaster\"",
	    m->id);
	alert_seen(q, CAUSE_DROPPED, "", span_of(m->id));
}

int
bounce_make(struct queue *q, struct message *m, char id[SPOOL_IDSIZE])
{
	const struct file *f = m->file;
	enum report_kind kind = REPORT_FAILED;
	unsigned round = f->rounds + 1;

	id[0] = '\0';
	if (!any(f, kind)) {
		for (uint32_t i = 0; i < f->nrcpts; i++)
			if (failed(f, i))
				return 0; /* bounce_owners tells them */
		log_info("%s: no-bounce reason=\"notify\"", m->id);
		return 0;
	}
	if (f->env.from[0] == '\0') {
		if (!goes_to_postmaster(m)) {
			log_dropped(q, m);
			return 0;
		}
		kind = REPORT_DOUBLE;
		if (bounce_is_report(m->id)) /* that of the report itself */
			round =
			    (unsigned)strtoul(m->id + SPOOL_ID + 1, NULL, 10);
	}
	bounce_id(m, round, kind == REPORT_DOUBLE ? 'D' : '\0', id);
	if (bounce_exists(q, id))
		return 0; /* the scan of the folder knows it */
	if (!flood_take(q, bounce_to(f))) {
		id[0] = '\0';
		return 1;
	}
	return make(q, m, kind, NULL, id);
}

/* Was that owner met at an earlier recipient? */
static bool
met_before(const struct file *f, uint32_t i, enum report_kind kind)
{
	for (uint32_t k = 0; k < i; k++)
		if (belongs(f, k, kind, f->rcpts[i].from))
			return true;
	return false;
}

/* One for each owner, the first with that number; how many, or -1. */
static int
tell_owners(struct queue *q, struct message *m, enum report_kind kind,
    unsigned number, char letter)
{
	const struct file *f = m->file;
	char id[SPOOL_IDSIZE];
	int n = 0;

	for (uint32_t i = 0; i < f->nrcpts; i++) {
		const char *owner = f->rcpts[i].from;

		if (!concerned[kind](f, i) || !has_owner(f, i) ||
		    met_before(f, i, kind))
			continue;
		bounce_id(m, number + (unsigned)n++, letter, id);
		if (bounce_exists(q, id))
			continue;
		if (!flood_take(q, owner))
			log_warn(
			    "%s: no-bounce reason=\"more than %d reports a "
			    "minute to the owner of the list\"",
			    m->id, FLOOD_MAX);
		else if (make(q, m, kind, owner, id) == -1)
			return -1;
	}
	return n;
}

int
bounce_owners(struct queue *q, struct message *m)
{
	int n = tell_owners(q, m, REPORT_FAILED, m->file->rounds + 2, '\0');

	m->file->rounds += n > 0 ? (unsigned)n : 0;
	return n == -1 ? -1 : 0;
}

bool
bounce_wants_warning(const struct queue *q, const struct message *m)
{
	const struct file *f = m->file;

	if (q->conf->warn <= 0 || f->warned || f->env.from[0] == '\0')
		return false;
	for (uint32_t i = 0; i < f->nrcpts; i++)
		if (delayed(f, i))
			return true;
	return false;
}

int
bounce_warn(struct queue *q, struct message *m, char id[SPOOL_IDSIZE])
{
	id[0] = '\0';
	/* They come first: the sender's says that all are told. */
	if (tell_owners(q, m, REPORT_DELAYED, 2, 'W') == -1)
		return -1;
	if (!any(m->file, REPORT_DELAYED))
		return 0;
	bounce_id(m, 1, 'W', id);
	if (bounce_exists(q, id))
		return 0;
	if (flood_take(q, m->file->env.from))
		return make(q, m, REPORT_DELAYED, NULL, id);
	log_info("%s: no-warning reason=\"more than %d reports a minute\"",
	    m->id, FLOOD_MAX);
	id[0] = '\0';
	return 0;
}

bool
bounce_warned(struct queue *q, const struct message *m, char id[SPOOL_IDSIZE])
{
	bounce_id(m, 1, 'W', id);
	/* Not at a first attempt: that would be one more system call for all.
	 */
	return bounce_wants_warning(q, m) &&
	       (m->file->tries > 0 ||
		   file_waited(m->file, q->conf, q->conf->warn, time(NULL)) >=
		       q->conf->warn) &&
	       bounce_exists(q, id);
}

bool
bounce_wants_success(const struct message *m)
{
	return m->file->env.from[0] != '\0' && any(m->file, REPORT_DONE);
}

int
bounce_success(struct queue *q, struct message *m, char id[SPOOL_IDSIZE])
{
	bounce_id(m, m->file->successes + 1, 'S', id);
	return bounce_exists(q, id) ? 0 : make(q, m, REPORT_DONE, NULL, id);
}
