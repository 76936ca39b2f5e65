#include "deliver/net/auth.h"
#include "deliver/net/opening.h"
#include "deliver/net/transact.h"
#include <string.h>

/* RFC 5321 4.5.3.2.  RSET and QUIT have no limit there; a QUIT that is not
 * answered costs nobody anything.  EHLO is the patience of the banner. */
const struct smtp_step smtp_steps[STAGES] = {
	[AT_CONNECT] = { "connect", 30, AT_BANNER },
	[AT_BANNER] = { "connect", 300, AT_EHLO },
	[AT_EHLO] = { "EHLO", 300, AT_IDLE },
	[AT_HELO] = { "HELO", 300, AT_IDLE },
	[AT_STARTTLS] = { "STARTTLS", 120, AT_TLS },
	[AT_TLS] = { "the TLS handshake", 60, AT_EHLO },
	[AT_LOGIN] = { "the password", 60, AT_AUTH }, /* ours to find */
	[AT_AUTH] = { "AUTH", 180, AT_IDLE },	      /* RFC 4954 4.1 */
	[AT_IDLE] = { "nothing", 5, AT_MAIL },	      /* then QUIT */
	[AT_MAIL] = { "MAIL", 300, AT_RCPT },
	[AT_RCPT] = { "RCPT", 300, AT_DATA },
	[AT_DATA] = { "DATA", 120, AT_BODY },
	[AT_BODY] = { "the message text", 180, AT_DOT }, /* a block */
	[AT_CHUNK] = { "BDAT", 600, AT_BODY },
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
	opening_free(m);
}

void
smtp_go(struct smtp *m, enum stage step)
{
	m->step = step;
	m->ticks++;
}

void
smtp_ask(struct smtp *m, enum stage command)
{
	m->say = command;
	smtp_go(m, command);
}

bool
smtp_offers(const struct smtp *m, unsigned what)
{
	return (m->peer.offers & what) != 0;
}

static void
end(struct smtp *m, const struct verdict *v, enum transact_how how)
{
	m->why = *v;
	m->ended = m->step;
	transact_end(m, v, how);
	m->say = AT_IDLE;
	smtp_go(m, AT_END);
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
	end(m, &v, mishap == MISHAP_LOST ? TRANSACT_LOST : TRANSACT_ENDED);
}

void
smtp_more(struct smtp *m, struct buf *out, size_t full)
{
	enum stage say = m->say;

	m->say = AT_IDLE;
	switch (say) {
	case AT_EHLO:
		buf_fmt(out, "%s %s\r\n", m->lmtp ? "LHLO" : "EHLO", m->self);
		return;
	case AT_HELO:
		buf_fmt(out, "%s %s\r\n", smtp_steps[say].name, m->self);
		return;
	case AT_AUTH:
		buf_span(out, buf_view(&m->line));
		auth_wipe(&m->line);
		return;
	case AT_STARTTLS:
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
	transact_write(m, out, full);
}

void
smtp_quit(struct smtp *m)
{
	if (m->step == AT_IDLE)
		smtp_ask(m, AT_QUIT);
	else if (m->step != AT_QUIT)
		smtp_go(m, AT_END);
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

static void
on_opening(struct smtp *m, const struct reply *r, const struct verdict *v)
{
	if (v->next == NEXT_HELO) {
		smtp_ask(m, AT_HELO);
	} else if (m->step == AT_BANNER) {
		smtp_ask(m, AT_EHLO);
	} else {
		if (m->step == AT_EHLO)
			ehlo_parse(buf_view(&r->text), &m->peer);
		opening_next(m);
	}
}

/* As what a reply is judged. */
static enum stage
stage(const struct smtp *m)
{
	if (m->step == AT_EHLO && m->lmtp)
		return AT_HELO; /* RFC 2033 4.1: there is no other way in */
	if (m->step == AT_BODY && m->mail->is.chunking)
		return AT_CHUNK;
	return m->step;
}

void
smtp_reply(struct smtp *m, const struct reply *r)
{
	struct verdict v;

	if (m->step == AT_END)
		return;
	judge_reply(stage(m), r, m->mail && m->mail->is.taken > 0, &v);
	quote(m, r);
	if ((m->step == AT_STARTTLS || m->step == AT_AUTH) &&
	    opening_takes(m, r))
		return;
	if (v.next != NEXT_ON)
		m->why = v;
	if (v.close) {
		end(m, &v, r->code == 421 ? TRANSACT_QUIT : TRANSACT_ENDED);
		return;
	}
	if (m->mail)
		m->mail->is.heard = true;
	if (m->step >= AT_MAIL && m->step <= AT_DOT)
		transact_reply(m, &v, r->code);
	else if (m->step < AT_MAIL)
		on_opening(m, r, &v);
	else { /* AT_RSET, AT_QUIT: all others close */
		smtp_go(m, smtp_steps[m->step].next);
		if (m->mail)
			transact_again(m);
	}
}

/* A command of ours has no reply yet. */
static bool
outstanding(const struct smtp *m)
{
	if (m->step == AT_IDLE || m->step == AT_TLS || m->step == AT_LOGIN)
		return false;
	if (m->step == AT_BODY && !m->mail->is.chunking)
		return true; /* it may say no before the end */
	if (m->step >= AT_MAIL && m->step <= AT_DOT)
		return transact_waits(m);
	return m->say == AT_IDLE;
}

/* Before TLS it could be anybody's, and is taken for an attack (RFC 3207 6,
 * CVE-2011-0411 and its kin). */
static void
unasked(struct smtp *m)
{
	if (m->step == AT_TLS)
		smtp_mishap(m, MISHAP_TLS,
		    "plain text came behind the answer to STARTTLS: somebody "
		    "may have put it there");
	else
		smtp_mishap(
		    m, MISHAP_UNASKED, "the server sent a reply to nothing");
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
		if (!outstanding(m)) {
			unasked(m);
			break;
		}
		if (r->lines == 0 && opening_challenge(m, line))
			continue;
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
	if (!outstanding(m))
		unasked(m);
	else if (in->len > opening_line(m))
		smtp_mishap(
		    m, MISHAP_GARBAGE, "the server sent a line without end");
}
