#include "deliver/net/smtp.h"
#include <string.h>

/* RFC 5321 4.5.3.2.  RSET and QUIT have no limit there; a QUIT that is not
 * answered costs nobody anything.  EHLO is the patience of the banner. */
const struct smtp_step smtp_steps[STAGES] = {
	[AT_CONNECT] = { "connect", 30, AT_BANNER },
	[AT_BANNER] = { "connect", 300, AT_EHLO },
	[AT_EHLO] = { "EHLO", 300, AT_IDLE },
	[AT_HELO] = { "HELO", 300, AT_IDLE },
	[AT_IDLE] = { "nothing", 5, AT_MAIL }, /* then QUIT */
	[AT_MAIL] = { "MAIL", 300, AT_RCPT },
	[AT_RCPT] = { "RCPT", 300, AT_DATA },
	[AT_DATA] = { "DATA", 120, AT_BODY },
	[AT_BODY] = { "the message text", 180, AT_DOT }, /* a block */
	[AT_DOT] = { "the end of DATA", 600, AT_IDLE },
	[AT_RSET] = { "RSET", 300, AT_IDLE },
	[AT_QUIT] = { "QUIT", 5, AT_END },
	[AT_END] = { "nothing", 0, AT_END },
};

void
smtp_init(struct smtp *m, const char *self)
{
	*m = (struct smtp){ .self = self, .step = AT_BANNER, .say = AT_IDLE };
}

void
smtp_free(struct smtp *m)
{
	buf_free(&m->text);
}

static void
go(struct smtp *m, enum stage step)
{
	m->step = step;
	m->ticks++;
}

/* A command that is written at the next smtp_more, and answered. */
static void
ask(struct smtp *m, enum stage command)
{
	m->say = command;
	go(m, command);
}

static bool
offers(const struct smtp *m, unsigned what)
{
	return (m->peer.offers & what) != 0;
}

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
		ask(m, AT_RSET);
	else
		go(m, then);
}

static void
end(struct smtp *m, const struct verdict *v, bool unheard)
{
	m->why = *v;
	if (m->mail && unheard && m->reused && m->mail->again && !m->heard)
		m->given_back = true;
	else if (m->mail)
		answer_all(m, v, false);
	m->mail = NULL;
	m->say = AT_IDLE;
	go(m, AT_END);
}

void
smtp_mishap(struct smtp *m, enum mishap mishap, const char *detail)
{
	struct verdict v;

	if (m->step == AT_END)
		return;
	judge_mishap(m->step, mishap, &v);
	buf_reset(&m->text);
	buf_str(&m->text, detail);
	if (m->text.len > JUDGE_TEXT)
		m->text.len = JUDGE_TEXT;
	end(m, &v, mishap == MISHAP_LOST);
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
	if (!offers(m, EHLO_SMTPUTF8))
		refuse_utf8(m);
	for (size_t i = 0; i < mail->nrcpts; i++) {
		mail->rcpts[i].sent = mail->rcpts[i].taken = false;
		open += !mail->rcpts[i].done;
	}
	if (open == 0)
		m->mail = NULL;
	else
		go(m, AT_MAIL);
}

static void
write_mail(struct smtp *m, struct buf *out)
{
	const struct smtp_mail *mail = m->mail;
	bool plain = ascii(mail->from);

	for (size_t i = 0; plain && i < mail->nrcpts; i++)
		plain = mail->rcpts[i].done || ascii(mail->rcpts[i].addr);
	buf_fmt(out, "MAIL FROM:<%s>", mail->from);
	if (offers(m, EHLO_SIZE))
		buf_fmt(out, " SIZE=%llu", (unsigned long long)mail->size);
	if (offers(m, EHLO_8BITMIME) && mail->eightbit)
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

/* A command of ours has no reply yet. */
static bool
outstanding(const struct smtp *m)
{
	switch (m->step) {
	case AT_IDLE:
	case AT_BODY:
		return false;
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

static void
write_transaction(struct smtp *m, struct buf *out, size_t full)
{
	bool ahead = offers(m, EHLO_PIPELINING);
	struct smtp_rcpt *r = m->mail->rcpts;

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

void
smtp_more(struct smtp *m, struct buf *out, size_t full)
{
	enum stage say = m->say;

	m->say = AT_IDLE;
	switch (say) {
	case AT_EHLO:
	case AT_HELO:
		buf_fmt(out, "%s %s\r\n", smtp_steps[say].name, m->self);
		return;
	case AT_RSET:
	case AT_QUIT:
		buf_fmt(out, "%s\r\n", smtp_steps[say].name);
		return;
	case AT_DOT: /* nobody is left for whom it could be */
		buf_str(out, ".\r\n");
		return;
	default:
		break;
	}
	if (m->mail && !m->failed && m->step >= AT_MAIL && m->step <= AT_DATA)
		write_transaction(m, out, full);
}

void
smtp_dot(struct smtp *m)
{
	go(m, AT_DOT);
}

void
smtp_quit(struct smtp *m)
{
	if (m->step == AT_IDLE)
		ask(m, AT_QUIT);
	else if (m->step != AT_QUIT)
		go(m, AT_END);
}

/* The server's words: "550 5.1.1 no such user; ask elsewhere". */
static void
quote(struct smtp *m, const struct reply *r)
{
	buf_reset(&m->text);
	buf_fmt(&m->text, "%d%s%s", r->code, r->enhanced[0] ? " " : "",
	    r->enhanced);
	if (r->text.len) {
		buf_chr(&m->text, ' ');
		buf_span(&m->text, buf_view(&r->text));
	}
	if (m->text.len > JUDGE_TEXT)
		m->text.len = JUDGE_TEXT;
	for (size_t i = 0; i < m->text.len; i++)
		if (m->text.ptr[i] == '\n')
			m->text.ptr[i] = ' ';
}

/* After a reply to MAIL or RCPT: which one comes next, or what is to be said
 * when none does. */
static void
advance(struct smtp *m)
{
	m->oldest = unheard(m);
	if (m->oldest < m->next)
		go(m, AT_RCPT);
	else if (m->data_sent)
		go(m, AT_DATA);
	else if (m->failed)
		over(m, AT_RSET);
	else if (unsaid(m) < m->mail->nrcpts)
		go(m, AT_RCPT);
	else if (m->taken)
		go(m, AT_DATA);
	else
		over(m, AT_RSET);
}

static void
on_opening(struct smtp *m, const struct reply *r, const struct verdict *v)
{
	if (v->next == NEXT_HELO) {
		ask(m, AT_HELO);
	} else if (m->step == AT_BANNER) {
		ask(m, AT_EHLO);
	} else {
		if (m->step == AT_EHLO)
			ehlo_parse(buf_view(&r->text), &m->peer);
		go(m, AT_IDLE);
	}
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
		go(m, AT_BODY);
	} else {
		/* RFC 2920 3.1: an empty message, which it will not take, or
		 * deliver to nobody. */
		ask(m, AT_DOT);
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
smtp_reply(struct smtp *m, const struct reply *r)
{
	struct verdict v;

	if (m->step == AT_END)
		return;
	judge_reply(m->step, r, m->taken > 0, &v);
	quote(m, r);
	if (v.next != NEXT_ON)
		m->why = v;
	if (v.close) {
		end(m, &v, r->code == 421);
		return;
	}
	m->heard = true;
	switch (m->step) {
	case AT_BANNER:
	case AT_EHLO:
	case AT_HELO:
		on_opening(m, r, &v);
		break;
	case AT_MAIL:
		if (v.next != NEXT_ON) {
			m->failed = true;
			answer_all(m, &v, false);
		}
		advance(m);
		break;
	case AT_RCPT:
		on_rcpt(m, &v);
		break;
	case AT_DATA:
		on_data(m, &v);
		break;
	case AT_DOT:
		on_dot(m, &v);
		break;
	default: /* AT_RSET, AT_QUIT: all others close */
		go(m, smtp_steps[m->step].next);
		break;
	}
}

void
smtp_take(struct smtp *m, struct reply *r, struct buf *in)
{
	size_t at = 0;

	while (m->step != AT_END && at < in->len) {
		const char *start = in->ptr + at;
		const char *lf = memchr(start, '\n', in->len - at);
		struct span line = { start, lf ? (size_t)(lf - start) : 0 };
		int whole;

		if (lf == NULL)
			break;
		at += line.len + 1;
		if (line.len && line.ptr[line.len - 1] == '\r')
			line.len--;
		/* A reply out of step would be taken for that to the next
		 * command, and in the end a message for delivered that is
		 * not. */
		if (!outstanding(m) && m->step != AT_BODY) {
			smtp_mishap(m, MISHAP_UNASKED,
			    "the server sent a reply to nothing");
			break;
		}
		whole = reply_line(r, line);
		if (whole == -1) {
			smtp_mishap(m, MISHAP_GARBAGE,
			    "the server sent what is no SMTP reply");
			break;
		}
		if (whole == 1) {
			smtp_reply(m, r);
			reply_reset(r);
		}
	}
	buf_drop(in, at);
	if (m->step == AT_END || in->len == 0)
		return;
	if (!outstanding(m) && m->step != AT_BODY)
		smtp_mishap(
		    m, MISHAP_UNASKED, "the server sent a reply to nothing");
	else if (in->len > SMTP_LINE)
		smtp_mishap(
		    m, MISHAP_GARBAGE, "the server sent a line without end");
}
