/* What goes out: transactions begun, one behind the other, and their text. */
#include "deliver/net/say.h"
#include "deliver/net/transact.h"

static void
refuse(struct smtp *m, struct smtp_mail *t, enum mishap mishap,
    const char *text, size_t only)
{
	struct verdict v;

	judge_mishap(AT_MAIL, mishap, &v);
	buf_reset(&m->text);
	buf_str(&m->text, text);
	if (only < t->nrcpts)
		transact_answer(m, t, &t->rcpts[only], &v);
	else
		transact_answer_all(m, t, &v, false);
}

/* RFC 6531 3.4: without the extension an address that is not ASCII cannot be
 * said.  The others can. */
static void
refuse_utf8(struct smtp *m, struct smtp_mail *t)
{
	static const char text[] =
	    "the server does not take addresses that are not ASCII (SMTPUTF8)";

	if (!say_ascii(t->from))
		refuse(m, t, MISHAP_UTF8, text, t->nrcpts);
	for (size_t i = 0; i < t->nrcpts; i++)
		if (!say_ascii(t->rcpts[i].addr))
			refuse(m, t, MISHAP_UTF8, text, i);
}

/* What needs no question to the server. */
static void
refuse_unsaid(struct smtp *m, struct smtp_mail *t)
{
	if (m->peer.size && t->size > m->peer.size)
		refuse(m, t, MISHAP_SIZE,
		    "the message is larger than the server takes (SIZE)",
		    t->nrcpts);
	if (!smtp_offers(m, EHLO_SMTPUTF8))
		refuse_utf8(m, t);
	if (t->requiretls && !(m->secure && smtp_offers(m, EHLO_REQUIRETLS)))
		refuse(m, t, MISHAP_REQUIRETLS,
		    "the sender asks for TLS all the way, which the server "
		    "does not promise (REQUIRETLS)",
		    t->nrcpts);
	if (say_verb(t, &m->peer) == NULL)
		refuse(m, t, MISHAP_TERMINAL,
		    "the server cannot pass a text on to a terminal (SEND)",
		    t->nrcpts);
}

bool
smtp_spent(const struct smtp *m)
{
	return (m->peer.mailmax && m->rounds >= m->peer.mailmax) ||
	       m->refused >= SMTP_REFUSED;
}

/* Behind DATA the server says itself when it wants the text, so that one can be
 * begun behind another's final dot.  BDAT asks for nothing: once the server
 * has shown that it knows it, all that may be in flight is. */
bool
smtp_room(const struct smtp *m)
{
	const struct smtp_mail *t = m->tail;

	if (t == NULL)
		return m->step == AT_IDLE;
	if (!smtp_offers(m, EHLO_PIPELINING) || smtp_spent(m) ||
	    !t->is.written || t->is.failed || t->is.repeat ||
	    (t->careful && !t->is.heard))
		return false;
	if (!t->is.chunking)
		return t == m->mail && m->step == AT_DOT && !t->is.put_off &&
		       !transact_left(t);
	return m->reused && !m->lmtp &&
	       m->count < SMTP_WINDOW / (1 + m->refused) &&
	       m->octets < SMTP_FLIGHT;
}

bool
transact_start(struct smtp *m, struct smtp_mail *t)
{
	size_t open = 0;

	t->is =
	    (struct smtp_state){ .chunking = smtp_offers(m, EHLO_CHUNKING) };
	m->rounds++;
	t->dsn_passed = smtp_offers(m, EHLO_DSN);
	refuse_unsaid(m, t);
	for (size_t i = 0; i < t->nrcpts; i++) {
		t->rcpts[i].sent = t->rcpts[i].taken = false;
		open += !t->rcpts[i].done;
	}
	return open > 0;
}

void
smtp_begin(struct smtp *m, struct smtp_mail *t)
{
	t->given_back = false;
	t->over = !transact_start(m, t);
	if (t->over)
		return;
	m->count++;
	m->octets += t->size;
	if (m->tail) {
		/* RFC 3030 2: what state a BDAT that fails leaves is unknown;
		 * and while RCPT may be refused, so is that of the whole. */
		t->is.rset = m->tail->is.chunking;
		m->tail->is.behind = t;
		m->tail = t;
		return;
	}
	m->mail = m->tail = t;
	smtp_go(m, AT_MAIL);
}

void
transact_write(struct smtp *m, struct buf *out, size_t full)
{
	bool ahead = smtp_offers(m, EHLO_PIPELINING);
	struct smtp_mail *t = m->tail;
	struct smtp_state *is;
	size_t at;

	if (t == NULL || t->is.failed ||
	    (t == m->mail && (m->step < AT_MAIL || m->step > AT_DATA)))
		return;
	is = &t->is;
	if (is->rset && !is->rset_sent)
		buf_str(out, "RSET\r\n");
	is->rset_sent = true;
	if (!is->mail_sent)
		say_mail(out, t, &m->peer);
	is->mail_sent = true;
	if (t->probe)
		return;
	while (!is->data_sent && !is->due && !is->chunks &&
	       (ahead || !transact_waits(m))) {
		at = transact_unsaid(m, t);
		if (at == t->nrcpts)
			break;
		if (out->len >= full)
			return;
		say_rcpt(out, &t->rcpts[at], &m->peer);
		t->rcpts[at].sent = true;
		is->next = at + 1;
		is->said++;
	}
	if (is->data_sent || transact_unsaid(m, t) < t->nrcpts ||
	    (!ahead && transact_waits(m)))
		return;
	if (!is->chunking) {
		buf_str(out, "DATA\r\n");
		is->data_sent = true;
	} else if (ahead && !t->careful && !is->last && t->size <= SMTP_AHEAD) {
		is->due = true;
	}
}

/* --- the text --- */

enum smtp_body
smtp_body(const struct smtp *m)
{
	const struct smtp_mail *t = m->tail;
	bool asked = t && t == m->mail && m->step == AT_BODY;

	if (t == NULL)
		return SMTP_NO_BODY;
	if (t->is.chunking)
		return t->is.due || asked ? SMTP_CHUNKS : SMTP_NO_BODY;
	return asked ? SMTP_DOTS : SMTP_NO_BODY;
}

void
smtp_dot(struct smtp *m)
{
	m->tail->is.written = true;
	smtp_go(m, AT_DOT);
}

void
smtp_chunk(struct smtp *m, struct buf *out, struct span octets, bool last)
{
	struct smtp_mail *t = m->tail;

	buf_fmt(out, "BDAT %zu%s\r\n", octets.len, last ? " LAST" : "");
	buf_span(out, octets);
	t->is.chunks++;
	t->is.last = t->is.written = last;
	if (last)
		t->is.due = false;
	if (last && t == m->mail && m->step == AT_BODY)
		transact_chunk(m);
}

void
smtp_spoil(struct smtp *m, enum mishap mishap, const char *detail)
{
	struct smtp_mail *t = m->tail;
	struct verdict v;

	if (t == m->mail) {
		smtp_mishap(m, mishap, detail);
		return;
	}
	/* Those ahead of it have their answers to come. */
	judge_mishap(AT_BODY, mishap, &v);
	buf_reset(&m->text);
	buf_str(&m->text, detail);
	t->is.failed = true;
	t->is.due = false;
	transact_answer_all(m, t, &v, false);
}
