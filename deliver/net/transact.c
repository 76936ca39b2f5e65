#include "deliver/net/transact.h"
#include "deliver/net/say.h"

static void
answer(struct smtp *m, struct smtp_rcpt *r, const struct verdict *v)
{
	if (r->done)
		return;
	r->done = true;
	m->mail->answer(m->mail, r, v, buf_view(&m->text));
}

/* All recipients that are open, or of those only the accepted ones. */
static void
answer_all(struct smtp *m, const struct verdict *v, bool taken)
{
	for (size_t i = 0; i < m->mail->nrcpts; i++)
		if (!taken || m->mail->rcpts[i].taken)
			answer(m, &m->mail->rcpts[i], v);
}

/* The transaction for which they were too many has failed. */
static void
answer_put_off(struct smtp *m)
{
	struct verdict v = {
		.next = NEXT_FAIL, .outcome = OUT_LATER, .status = "4.5.3"
	};

	buf_reset(&m->text);
	buf_str(&m->text, "too many recipients for one message to the server");
	answer_all(m, &v, false);
}

/* Nothing is outstanding, and nobody is left who could be asked for. */
static void
over(struct smtp *m, enum stage then)
{
	m->due = false;
	if (m->repeat) {
		smtp_ask(m, AT_RSET);
		return;
	}
	answer_put_off(m);
	m->mail = NULL;
	m->reused = true;
	if (then == AT_RSET)
		smtp_ask(m, AT_RSET);
	else
		smtp_go(m, then);
}

static void
refuse(struct smtp *m, enum mishap mishap, const char *text, size_t only)
{
	struct verdict v;

	judge_mishap(AT_MAIL, mishap, &v);
	buf_reset(&m->text);
	buf_str(&m->text, text);
	if (only < m->mail->nrcpts)
		answer(m, &m->mail->rcpts[only], &v);
	else
		answer_all(m, &v, false);
}

/* RFC 6531 3.4: without the extension an address that is not ASCII cannot be
 * said.  The others can. */
static void
refuse_utf8(struct smtp *m)
{
	static const char text[] =
	    "the server does not take addresses that are not ASCII (SMTPUTF8)";

	if (!say_ascii(m->mail->from))
		refuse(m, MISHAP_UTF8, text, m->mail->nrcpts);
	for (size_t i = 0; i < m->mail->nrcpts; i++)
		if (!say_ascii(m->mail->rcpts[i].addr))
			refuse(m, MISHAP_UTF8, text, i);
}

/* What needs no question to the server. */
static void
refuse_unsaid(struct smtp *m)
{
	const struct smtp_mail *mail = m->mail;

	if (m->peer.size && mail->size > m->peer.size)
		refuse(m, MISHAP_SIZE,
		    "the message is larger than the server takes (SIZE)",
		    mail->nrcpts);
	if (!smtp_offers(m, EHLO_SMTPUTF8))
		refuse_utf8(m);
	if (mail->requiretls && !(m->secure && smtp_offers(m, EHLO_REQUIRETLS)))
		refuse(m, MISHAP_REQUIRETLS,
		    "the sender asks for TLS all the way, which the server "
		    "does not promise (REQUIRETLS)",
		    mail->nrcpts);
	if (say_verb(mail, &m->peer) == NULL)
		refuse(m, MISHAP_TERMINAL,
		    "the server cannot pass a text on to a terminal (SEND)",
		    mail->nrcpts);
}

void
smtp_begin(struct smtp *m, struct smtp_mail *mail)
{
	size_t open = 0;

	m->mail = mail;
	m->mail_sent = m->data_sent = m->failed = m->heard = false;
	m->due = m->last = m->repeat = m->given_back = false;
	m->next = m->oldest = m->taken = m->put_off = 0;
	m->said = m->lines = m->chunks = 0;
	m->chunking = smtp_offers(m, EHLO_CHUNKING);
	m->rounds++;
	mail->dsn_passed = smtp_offers(m, EHLO_DSN);
	refuse_unsaid(m);
	for (size_t i = 0; i < mail->nrcpts; i++) {
		mail->rcpts[i].sent = mail->rcpts[i].taken = false;
		open += !mail->rcpts[i].done;
	}
	if (open == 0)
		m->mail = NULL;
	else
		smtp_go(m, AT_MAIL);
}

bool
smtp_spent(const struct smtp *m)
{
	return m->peer.mailmax && m->rounds >= m->peer.mailmax;
}

/* The first recipient from oldest on whose RCPT is on its way; next: none. */
static size_t
unheard(const struct smtp *m)
{
	size_t at = m->oldest;

	while (at < m->next && !m->mail->rcpts[at].sent)
		at++;
	return at;
}

/* The first recipient from next on whose RCPT is still to be said in this
 * transaction: RFC 9422 says how many it may have. */
static size_t
unsaid(const struct smtp *m)
{
	size_t at = m->next;

	if (m->peer.rcptmax && m->said >= m->peer.rcptmax)
		return m->mail->nrcpts;
	while (at < m->mail->nrcpts && m->mail->rcpts[at].done)
		at++;
	return at;
}

bool
transact_waits(const struct smtp *m)
{
	switch (m->step) {
	case AT_MAIL:
		return m->mail_sent;
	case AT_RCPT:
		return unheard(m) < m->next;
	case AT_DATA:
		return m->data_sent;
	case AT_BODY: /* by BDAT: the server answers while we send */
		return m->chunks > 0;
	default:
		return m->say == AT_IDLE;
	}
}

void
transact_write(struct smtp *m, struct buf *out, size_t full)
{
	bool ahead = smtp_offers(m, EHLO_PIPELINING);
	struct smtp_rcpt *r;
	size_t at;

	if (m->mail == NULL || m->failed || m->step < AT_MAIL ||
	    m->step > AT_DATA)
		return;
	r = m->mail->rcpts;
	if (!m->mail_sent)
		say_mail(out, m->mail, &m->peer);
	m->mail_sent = true;
	if (m->mail->probe)
		return;
	while (!m->data_sent && !m->due && !m->chunks &&
	       (ahead || !transact_waits(m))) {
		at = unsaid(m);
		if (at == m->mail->nrcpts)
			break;
		if (out->len >= full)
			return;
		say_rcpt(out, &r[at], &m->peer);
		r[at].sent = true;
		m->next = at + 1;
		m->said++;
	}
	if (m->data_sent || unsaid(m) < m->mail->nrcpts ||
	    (!ahead && transact_waits(m)))
		return;
	if (!m->chunking) {
		buf_str(out, "DATA\r\n");
		m->data_sent = true;
	} else if (ahead && !m->mail->careful && !m->last &&
		   m->mail->size <= SMTP_AHEAD) {
		m->due = true;
	}
}

enum smtp_body
smtp_body(const struct smtp *m)
{
	if (m->mail == NULL)
		return SMTP_NO_BODY;
	if (m->chunking)
		return m->due || m->step == AT_BODY ? SMTP_CHUNKS
						    : SMTP_NO_BODY;
	return m->step == AT_BODY ? SMTP_DOTS : SMTP_NO_BODY;
}

void
smtp_dot(struct smtp *m)
{
	smtp_go(m, AT_DOT);
}

/* Chunks are what is waited for: the answer to the last is that for all. */
static void
go_chunk(struct smtp *m)
{
	smtp_go(m, m->last && m->chunks == 1 && !m->failed ? AT_DOT : AT_CHUNK);
}

void
smtp_chunk(struct smtp *m, struct buf *out, struct span octets, bool last)
{
	buf_fmt(out, "BDAT %zu%s\r\n", octets.len, last ? " LAST" : "");
	buf_span(out, octets);
	m->chunks++;
	m->last = last;
	if (last)
		m->due = false;
	if (last && m->step == AT_BODY)
		go_chunk(m);
}

/* After a reply to MAIL or RCPT: which one comes next, or what is to be said
 * when none does. */
static void
advance(struct smtp *m)
{
	bool more = unsaid(m) < m->mail->nrcpts;

	m->oldest = unheard(m);
	if (m->oldest < m->next)
		smtp_go(m, AT_RCPT);
	else if (m->data_sent)
		smtp_go(m, AT_DATA);
	else if (m->chunks)
		go_chunk(m);
	else if (m->failed)
		over(m, AT_RSET);
	else if (more)
		smtp_go(m, AT_RCPT);
	else if (m->taken)
		smtp_go(m, m->chunking ? AT_BODY : AT_DATA);
	else
		over(m, AT_RSET);
}

static void
on_mail(struct smtp *m, const struct verdict *v)
{
	if (v->next != NEXT_ON) {
		m->failed = true;
		answer_all(m, v, false);
	} else if (m->mail->probe) {
		answer_all(m, v, false);
	}
	advance(m);
}

static bool
anyone_unsaid(const struct smtp *m)
{
	for (size_t i = 0; i < m->mail->nrcpts; i++)
		if (!m->mail->rcpts[i].done && !m->mail->rcpts[i].sent)
			return true;
	return false;
}

static void
on_rcpt(struct smtp *m, const struct verdict *v)
{
	struct smtp_rcpt *rcpt;

	m->oldest = unheard(m); /* those before it were not asked for */
	rcpt = &m->mail->rcpts[m->oldest++];
	if (v->again && !m->failed) {
		m->put_off++;
	} else if (v->next != NEXT_ON) {
		answer(m, rcpt, v);
	} else if (!m->failed) {
		rcpt->taken = true;
		m->taken++;
	}
	/* Of those who may be named at once all were refused: the others have
	 * not been asked for. */
	if (!m->failed && m->taken == 0 && m->said == m->peer.rcptmax &&
	    unheard(m) == m->next)
		m->repeat = anyone_unsaid(m) && !smtp_spent(m);
	advance(m);
}

static void
on_data(struct smtp *m, const struct verdict *v)
{
	if (v->next != NEXT_ON) {
		answer_all(m, v, true);
		over(m, AT_RSET);
	} else if (m->taken) {
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

/* The text has been judged, for all. */
static void
settled(struct smtp *m, bool ok)
{
	bool left = m->put_off + anyone_unsaid(m) > 0;

	if (ok && left && smtp_spent(m)) {
		m->given_back = true; /* for a new session */
		m->mail = NULL;
		smtp_go(m, AT_IDLE);
	} else if (ok && left) {
		m->reused = true;
		smtp_begin(m, m->mail); /* at least one was settled now */
	} else if (ok && m->repeat) {
		over(m, AT_RSET);
	} else {
		over(m, ok || (m->taken && !m->chunking) ? AT_IDLE : AT_RSET);
	}
}

static void
on_dot(struct smtp *m, const struct verdict *v)
{
	bool ok = v->next == NEXT_ON;

	m->chunks = 0;
	if (m->lmtp && m->taken) { /* one line for each, in their order */
		while (!m->mail->rcpts[m->lines].taken)
			m->lines++;
		answer(m, &m->mail->rcpts[m->lines++], v);
		m->heard = true;
		if (--m->taken) {
			smtp_go(m, AT_DOT);
			return;
		}
		settled(m, true);
		return;
	}
	if (m->taken)
		answer_all(m, v, true);
	settled(m, ok);
}

/* 500 or 502 to what was offered: the command is not known after all. */
static bool
unknown(const struct smtp *m, int code)
{
	return (code == 500 || code == 502) && m->taken && !m->failed;
}

static void
on_chunk(struct smtp *m, const struct verdict *v)
{
	m->chunks--;
	if (v->next != NEXT_ON && !m->failed) {
		m->failed = true;
		answer_all(m, v, true);
		/* Whether it answers the last chunk once, or for each who is
		 * no recipient any more, is not said in RFC 2033. */
		if (m->lmtp && m->chunks) {
			transact_end(m, v, false);
			smtp_go(m, AT_END);
			return;
		}
	}
	if (m->chunks)
		go_chunk(m);
	else if (m->failed)
		over(m, AT_RSET);
	else
		smtp_go(m, AT_BODY);
}

/* The transaction is said anew, by DATA. */
static void
without_chunks(struct smtp *m)
{
	m->peer.offers &= ~(unsigned)EHLO_CHUNKING;
	m->failed = m->repeat = true;
	m->chunks--;
	if (m->chunks)
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
		if (m->chunking && unknown(m, code))
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
	struct smtp_mail *mail = m->mail;

	if (!m->repeat)
		return;
	smtp_begin(m, mail);
}

void
transact_end(struct smtp *m, const struct verdict *v, bool unread)
{
	if (m->mail && unread && m->reused && m->mail->again && !m->heard)
		m->given_back = true;
	else if (m->mail) {
		/* What it will never take was offered it for these only. */
		answer_all(m, v, v->outcome == OUT_NEVER);
		answer_put_off(m);
	}
	m->mail = NULL;
}
