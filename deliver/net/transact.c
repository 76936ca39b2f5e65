#include "deliver/net/transact.h"

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
	if (m->put_off)
		answer_put_off(m);
	m->mail = NULL;
	m->reused = true;
	if (then == AT_RSET)
		smtp_ask(m, AT_RSET);
	else
		smtp_go(m, then);
}

static bool
ascii(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
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

	if (!ascii(m->mail->from))
		refuse(m, MISHAP_UTF8, text, m->mail->nrcpts);
	for (size_t i = 0; i < m->mail->nrcpts; i++)
		if (!ascii(m->mail->rcpts[i].addr))
			refuse(m, MISHAP_UTF8, text, i);
}

void
smtp_begin(struct smtp *m, struct smtp_mail *mail)
{
	size_t open = 0;

	m->mail = mail;
	m->mail_sent = m->data_sent = m->failed = m->heard = false;
	m->given_back = false;
	m->next = m->oldest = m->taken = m->put_off = 0;
	m->rounds++;
	if (m->peer.size && mail->size > m->peer.size)
		refuse(m, MISHAP_SIZE,
		    "the message is larger than the server takes (SIZE)",
		    mail->nrcpts);
	if (!smtp_offers(m, EHLO_SMTPUTF8))
		refuse_utf8(m);
	for (size_t i = 0; i < mail->nrcpts; i++) {
		mail->rcpts[i].sent = mail->rcpts[i].taken = false;
		open += !mail->rcpts[i].done;
	}
	if (open == 0)
		m->mail = NULL;
	else
		smtp_go(m, AT_MAIL);
}

static void
write_mail(struct smtp *m, struct buf *out)
{
	const struct smtp_mail *mail = m->mail;
	bool plain = ascii(mail->from);

	for (size_t i = 0; plain && i < mail->nrcpts; i++)
		plain = mail->rcpts[i].done || ascii(mail->rcpts[i].addr);
	buf_fmt(out, "MAIL FROM:<%s>", mail->from);
	if (smtp_offers(m, EHLO_SIZE))
		buf_fmt(out, " SIZE=%llu", (unsigned long long)mail->size);
	if (smtp_offers(m, EHLO_8BITMIME) && mail->eightbit)
		buf_str(out, " BODY=8BITMIME");
	if (!plain) /* it is offered, or there would be none left */
		buf_str(out, " SMTPUTF8");
	buf_str(out, "\r\n");
	m->mail_sent = true;
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

/* The first recipient from next on whose RCPT is still to be said. */
static size_t
unsaid(const struct smtp *m)
{
	size_t at = m->next;

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
	default:
		return m->say == AT_IDLE;
	}
}

void
transact_write(struct smtp *m, struct buf *out, size_t full)
{
	bool ahead = smtp_offers(m, EHLO_PIPELINING);
	struct smtp_rcpt *r;

	if (m->mail == NULL || m->failed || m->step < AT_MAIL ||
	    m->step > AT_DATA)
		return;
	r = m->mail->rcpts;
	if (!m->mail_sent)
		write_mail(m, out);
	while (!m->data_sent && (ahead || !outstanding(m))) {
		m->next = unsaid(m);
		if (m->next == m->mail->nrcpts) {
			buf_str(out, "DATA\r\n");
			m->data_sent = true;
			return;
		}
		if (out->len >= full)
			return;
		buf_fmt(out, "RCPT TO:<%s>\r\n", r[m->next].addr);
		r[m->next++].sent = true;
	}
}

/* After a reply to MAIL or RCPT: which one comes next, or what is to be said
 * when none does. */
static void
advance(struct smtp *m)
{
	m->oldest = unheard(m);
	if (m->oldest < m->next)
		smtp_go(m, AT_RCPT);
	else if (m->data_sent)
		smtp_go(m, AT_DATA);
	else if (m->failed)
		over(m, AT_RSET);
	else if (unsaid(m) < m->mail->nrcpts)
		smtp_go(m, AT_RCPT);
	else if (m->taken)
		smtp_go(m, AT_DATA);
	else
		over(m, AT_RSET);
}

static void
on_mail(struct smtp *m, const struct verdict *v)
{
	if (v->next != NEXT_ON) {
		m->failed = true;
		answer_all(m, v, false);
	}
	advance(m);
}

static void
on_rcpt(struct smtp *m, const struct verdict *v)
{
	struct smtp_rcpt *rcpt = &m->mail->rcpts[m->oldest++];

	if (v->again && !m->failed) {
		m->put_off++;
	} else if (v->next != NEXT_ON) {
		answer(m, rcpt, v);
	} else if (!m->failed) {
		rcpt->taken = true;
		m->taken++;
	}
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
	} else {
		/* RFC 2920 3.1: an empty message, which it will not take, or
		 * deliver to nobody. */
		smtp_ask(m, AT_DOT);
	}
}

static void
on_dot(struct smtp *m, const struct verdict *v)
{
	bool ok = v->next == NEXT_ON;

	if (m->taken)
		answer_all(m, v, true);
	if (ok && m->put_off) {
		m->reused = true;
		smtp_begin(m, m->mail); /* at least one was settled now */
	} else {
		over(m, ok || m->taken ? AT_IDLE : AT_RSET);
	}
}

void
transact_reply(struct smtp *m, const struct verdict *v)
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
	default:
		on_dot(m, v);
		break;
	}
}

void
transact_end(struct smtp *m, const struct verdict *v, bool unread)
{
	if (m->mail && unread && m->reused && m->mail->again && !m->heard)
		m->given_back = true;
	else if (m->mail)
		answer_all(m, v, false);
	m->mail = NULL;
}
