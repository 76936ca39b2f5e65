/* What the server says to a transaction, and what becomes of it. */
#include "deliver/net/transact.h"

void
transact_answer(struct smtp *m, struct smtp_mail *t, struct smtp_rcpt *r,
    const struct verdict *v)
{
	if (r->done)
		return;
	r->done = true;
	t->answer(t, r, v, buf_view(&m->text));
}

void
transact_answer_all(
    struct smtp *m, struct smtp_mail *t, const struct verdict *v, bool taken)
{
	for (size_t i = 0; i < t->nrcpts; i++)
		if (!taken || t->rcpts[i].taken)
			transact_answer(m, t, &t->rcpts[i], v);
}

/* The transaction for which they were too many has failed. */
static void
answer_put_off(struct smtp *m, struct smtp_mail *t)
{
	struct verdict v = {
		.next = NEXT_FAIL, .outcome = OUT_LATER, .status = "4.5.3"
	};

	buf_reset(&m->text);
	buf_str(&m->text, "too many recipients for one message to the server");
	transact_answer_all(m, t, &v, false);
}

/* The replies that come now are for the one behind it.  then: what is to be
 * done if there is none. */
static void
pass(struct smtp *m, enum stage then)
{
	struct smtp_mail *t = m->mail, *next = t->is.behind;

	m->mail = next;
	if (next == NULL)
		m->tail = NULL;
	m->count--;
	m->octets -= t->size;
	m->reused = true;
	m->refused += !t->is.good && !t->probe;
	t->over = true;
	if (next == NULL && then == AT_RSET)
		smtp_ask(m, AT_RSET);
	else if (next == NULL)
		smtp_go(m, then);
	else if (next->is.rset && !next->is.rset_sent)
		smtp_ask(m, AT_RSET);
	else
		smtp_go(m, next->is.rset ? AT_RSET : AT_MAIL);
}

/* Nothing of it is outstanding, and nobody is left who could be asked for. */
static void
over(struct smtp *m, enum stage then)
{
	struct smtp_mail *t = m->mail;

	t->is.due = false;
	if (t->is.repeat && t->is.behind == NULL) {
		smtp_ask(m, AT_RSET);
		return;
	}
	if (t->is.repeat)
		t->given_back = true;
	else
		answer_put_off(m, t);
	pass(m, then);
}

/* The first recipient from oldest on whose RCPT is on its way; next: none. */
static size_t
unheard(const struct smtp_mail *t)
{
	size_t at = t->is.oldest;

	while (at < t->is.next && !t->rcpts[at].sent)
		at++;
	return at;
}

size_t
transact_unsaid(const struct smtp *m, const struct smtp_mail *t)
{
	size_t at = t->is.next;

	if (m->peer.rcptmax && t->is.said >= m->peer.rcptmax)
		return t->nrcpts;
	while (at < t->nrcpts && t->rcpts[at].done)
		at++;
	return at;
}

bool
transact_waits(const struct smtp *m)
{
	const struct smtp_state *is = &m->mail->is;

	switch (m->step) {
	case AT_MAIL:
		return is->mail_sent;
	case AT_RCPT:
		return unheard(m->mail) < is->next;
	case AT_DATA:
		return is->data_sent;
	case AT_BODY: /* by BDAT: the server answers while we send */
		return is->chunks > 0;
	default:
		return m->say == AT_IDLE;
	}
}

/* Chunks are what is waited for: the answer to the last is that for all. */
void
transact_chunk(struct smtp *m)
{
	const struct smtp_state *is = &m->mail->is;

	smtp_go(
	    m, is->last && is->chunks == 1 && !is->failed ? AT_DOT : AT_CHUNK);
}

/* After a reply to MAIL or RCPT: which one comes next, or what is to be said
 * when none does. */
static void
advance(struct smtp *m)
{
	struct smtp_mail *t = m->mail;
	bool more = transact_unsaid(m, t) < t->nrcpts;

	t->is.oldest = unheard(t);
	if (t->is.oldest < t->is.next)
		smtp_go(m, AT_RCPT);
	else if (t->is.data_sent)
		smtp_go(m, AT_DATA);
	else if (t->is.chunks)
		transact_chunk(m);
	else if (t->is.failed)
		over(m, AT_RSET);
	else if (more)
		smtp_go(m, AT_RCPT);
	else if (t->is.taken)
		smtp_go(m, t->is.chunking ? AT_BODY : AT_DATA);
	else
		over(m, AT_RSET);
}

static void
on_mail(struct smtp *m, const struct verdict *v)
{
	struct smtp_mail *t = m->mail;

	if (v->next != NEXT_ON) {
		t->is.failed = true;
		transact_answer_all(m, t, v, false);
	} else if (t->probe) {
		transact_answer_all(m, t, v, false);
	}
	advance(m);
}

bool
transact_left(const struct smtp_mail *t)
{
	for (size_t i = 0; i < t->nrcpts; i++)
		if (!t->rcpts[i].done && !t->rcpts[i].sent)
			return true;
	return false;
}

static void
on_rcpt(struct smtp *m, const struct verdict *v)
{
	struct smtp_mail *t = m->mail;
	struct smtp_state *is = &t->is;
	struct smtp_rcpt *rcpt;

	is->oldest = unheard(t); /* those before it were not asked for */
	rcpt = &t->rcpts[is->oldest++];
	if (v->again && !is->failed) {
		is->put_off++;
	} else if (v->next != NEXT_ON) {
		transact_answer(m, t, rcpt, v);
	} else if (!is->failed) {
		rcpt->taken = true;
		is->taken++;
	}
	/* Of those who may be named at once all were refused: the others have
	 * not been asked for. */
	if (!is->failed && is->taken == 0 && is->said == m->peer.rcptmax &&
	    unheard(t) == is->next)
		is->repeat = transact_left(t) && !smtp_spent(m);
	advance(m);
}

static void
on_data(struct smtp *m, const struct verdict *v)
{
	struct smtp_mail *t = m->mail;

	if (v->next != NEXT_ON) {
		transact_answer_all(m, t, v, true);
		over(m, AT_RSET);
	} else if (t->is.taken) {
		smtp_go(m, AT_BODY);
	} else if (m->lmtp) {
		/* RFC 2033 4.2: it must refuse; how many replies an empty
		 * message would have is anybody's guess. */
		smtp_mishap(
		    m, MISHAP_UNASKED, "the server wants a text for nobody");
	} else {
		/* RFC 2920 3.1: an empty message, which it will not take, or
		 * deliver to nobody. */
		smtp_ask(m, AT_DOT);
	}
}

/* The same mail, for those of its recipients that are left. */
static void
restart(struct smtp *m)
{
	struct smtp_mail *t = m->mail;

	m->reused = true;
	if (transact_start(m, t))
		smtp_go(m, AT_MAIL);
	else
		pass(m, AT_IDLE);
}

/* The text has been judged, for all. */
static void
settled(struct smtp *m, bool ok)
{
	struct smtp_mail *t = m->mail;
	bool left = t->is.put_off > 0 || transact_left(t);

	t->is.good = ok;
	if (ok && left && (smtp_spent(m) || t->is.behind)) {
		t->given_back = true; /* for a new session */
		pass(m, AT_IDLE);
	} else if (ok && left) {
		restart(m); /* at least one was settled now */
	} else if (ok && t->is.repeat) {
		over(m, AT_RSET);
	} else {
		over(m,
		    ok || (t->is.taken && !t->is.chunking) ? AT_IDLE : AT_RSET);
	}
}

static void
on_dot(struct smtp *m, const struct verdict *v)
{
	struct smtp_mail *t = m->mail;
	struct smtp_state *is = &t->is;
	bool ok = v->next == NEXT_ON;

	is->chunks = 0;
	if (m->lmtp && is->taken) { /* one line for each, in their order */
		while (!t->rcpts[is->lines].taken)
			is->lines++;
		transact_answer(m, t, &t->rcpts[is->lines++], v);
		if (--is->taken) {
			smtp_go(m, AT_DOT);
			return;
		}
		settled(m, true);
		return;
	}
	if (is->taken)
		transact_answer_all(m, t, v, true);
	settled(m, ok);
}

/* 500 or 502 to what was offered: the command is not known after all. */
static bool
unknown(const struct smtp *m, int code)
{
	const struct smtp_state *is = &m->mail->is;

	return (code == 500 || code == 502) && is->taken && !is->failed;
}

static void
on_chunk(struct smtp *m, const struct verdict *v)
{
	struct smtp_mail *t = m->mail;

	t->is.chunks--;
	if (v->next != NEXT_ON && !t->is.failed) {
		t->is.failed = true;
		transact_answer_all(m, t, v, true);
		/* Whether it answers the last chunk once, or for each who is
		 * no recipient any more, is not said in RFC 2033. */
		if (m->lmtp && t->is.chunks) {
			transact_end(m, v, TRANSACT_ENDED);
			smtp_go(m, AT_END);
			return;
		}
	}
	if (t->is.chunks)
		transact_chunk(m);
	else if (t->is.failed)
		over(m, AT_RSET);
	else
		smtp_go(m, AT_BODY);
}

/* The transaction is said anew, by DATA. */
static void
without_chunks(struct smtp *m)
{
	struct smtp_state *is = &m->mail->is;

	m->peer.offers &= ~(unsigned)EHLO_CHUNKING;
	is->failed = is->repeat = true;
	is->chunks--;
	if (is->chunks)
		smtp_go(m, AT_CHUNK);
	else
		over(m, AT_RSET);
}

void
transact_reply(struct smtp *m, const struct verdict *v, int code)
{
	switch (m->step) {
	case AT_MAIL:
		on_mail(m, v);
		break;
	case AT_RCPT:
		on_rcpt(m, v);
		break;
	case AT_DATA:
		on_data(m, v);
		break;
	case AT_DOT:
		if (m->mail->is.chunking && unknown(m, code))
			without_chunks(m);
		else
			on_dot(m, v);
		break;
	default: /* AT_CHUNK, AT_BODY */
		if (unknown(m, code))
			without_chunks(m);
		else
			on_chunk(m, v);
		break;
	}
}

void
transact_again(struct smtp *m)
{
	struct smtp_state *is = &m->mail->is;

	if (is->rset) {
		is->rset = false;
		smtp_go(m, AT_MAIL);
	} else if (is->repeat) {
		restart(m);
	}
}

/* One that was begun behind others has had no reply: it goes another way,
 * unless its text may have been taken. */
static void
end_behind(struct smtp *m, struct smtp_mail *t, const struct verdict *v,
    enum transact_how how)
{
	static const char text[] = "the session ended before the server "
				   "answered for this message";
	struct verdict later = *v;

	t->over = true;
	if (t->again && (!t->is.written || how == TRANSACT_QUIT)) {
		t->given_back = true;
		return;
	}
	if (v->outcome != OUT_LATER) {
		judge_mishap(AT_DOT, MISHAP_LOST, &later);
		buf_reset(&m->text);
		buf_str(&m->text, text);
	}
	transact_answer_all(m, t, &later, false);
}

void
transact_end(struct smtp *m, const struct verdict *v, enum transact_how how)
{
	struct smtp_mail *t = m->mail, *next;

	m->mail = m->tail = NULL;
	m->count = m->octets = 0;
	if (t == NULL)
		return;
	next = t->is.behind;
	t->over = true;
	/* Once a whole text is on its way it may have been taken. */
	if ((how == TRANSACT_QUIT || (how == TRANSACT_LOST && !t->is.last)) &&
	    m->reused && t->again && !t->is.heard) {
		t->given_back = true;
	} else {
		/* What it will never take was offered it for these only. */
		transact_answer_all(m, t, v, v->outcome == OUT_NEVER);
		answer_put_off(m, t);
	}
	for (t = next; t; t = next) {
		next = t->is.behind;
		end_behind(m, t, v, how);
	}
}
