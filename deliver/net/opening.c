#include "deliver/net/opening.h"
#include "deliver/net/auth.h"
#include "deliver/net/transact.h"
#include <string.h>

#define CHALLENGES 16 /* of all mechanisms that a session tries */

void
smtp_wrap(struct smtp *m)
{
	m->wrapped = true;
	smtp_go(m, AT_TLS);
}

/* RFC 3207 4.2: what was said before is forgotten, it could be anybody's. */
void
smtp_secured(struct smtp *m, bool verified)
{
	if (m->step != AT_TLS)
		return;
	m->encrypted = true;
	m->secure = verified;
	m->peer = (struct ehlo){ 0 };
	if (m->wrapped)
		smtp_go(m, AT_BANNER);
	else
		smtp_ask(m, AT_EHLO);
}

void
opening_next(struct smtp *m)
{
	bool may =
	    m->tls != SMTP_PLAIN && !m->encrypted && m->step != AT_STARTTLS;

	if (may && smtp_offers(m, EHLO_STARTTLS))
		smtp_ask(m, AT_STARTTLS);
	else if (m->tls == SMTP_MUST_TLS && !m->encrypted)
		smtp_mishap(m, MISHAP_TLS,
		    "the server offers no TLS (STARTTLS), and nothing is sent "
		    "to it without");
	else
		smtp_go(m, m->login ? AT_LOGIN : AT_IDLE);
}

static void
none_left(struct smtp *m)
{
	struct buf b = { 0 };

	if (!smtp_offers(m, EHLO_AUTH))
		buf_str(&b, "there is a password for the server, which offers "
			    "no AUTH");
	else
		buf_str(&b, "the server offers no AUTH mechanism that may be "
			    "used here; it offers:");
	for (int i = 0; i < AUTH_MECHS; i++)
		if (m->peer.auth & (1u << i))
			buf_fmt(&b, " %s", auth_names[i]);
	smtp_mishap(m, MISHAP_AUTH, buf_c(&b));
	buf_free(&b);
}

void
smtp_login(struct smtp *m, struct auth *a)
{
	auth_free(m->auth);
	m->auth = NULL;
	if (m->step != AT_LOGIN || a == NULL) {
		auth_free(a);
		if (m->step == AT_LOGIN)
			smtp_go(m, AT_IDLE);
		return;
	}
	m->auth = a;
	if (auth_begin(a, &m->line) == -1)
		none_left(m);
	else
		smtp_ask(m, AT_AUTH);
}

/* The server's words stand in text. */
static void
refused(struct smtp *m)
{
	struct buf b = { 0 };

	buf_fmt(&b, "AUTH %s is refused: ", auth_name(m->auth));
	buf_span(&b, buf_view(&m->text));
	if (b.len > JUDGE_TEXT)
		b.len = JUDGE_TEXT;
	buf_reset(&m->text);
	buf_span(&m->text, buf_view(&b));
	buf_free(&b);
	m->denied = true;
}

static bool
on_auth(struct smtp *m, const struct reply *r)
{
	switch (auth_ended(m->auth, r->code)) {
	case AUTH_IN:
		m->mechanism = auth_name(m->auth);
		auth_free(m->auth);
		m->auth = NULL;
		smtp_go(m, AT_IDLE);
		return true;
	case AUTH_NEXT:
		if (auth_begin(m->auth, &m->line) == 0) {
			smtp_ask(m, AT_AUTH);
			return true;
		}
		break;
	case AUTH_OVER:
		break;
	case AUTH_FALSE:
		m->denied = true;
		smtp_mishap(m, MISHAP_AUTH,
		    "the server did not prove that it knows the password: it "
		    "may not be the one it seems to be");
		return true;
	}
	refused(m);
	return false;
}

bool
opening_takes(struct smtp *m, const struct reply *r)
{
	if (r->code == 421)
		return false; /* it closes, whatever was asked */
	if (m->step == AT_AUTH && m->auth && (r->code == 235 || r->code >= 400))
		return on_auth(m, r);
	if (m->step == AT_STARTTLS && r->code >= 400 &&
	    m->tls == SMTP_MAY_TLS) {
		opening_next(m); /* without */
		return true;
	}
	if (m->step == AT_STARTTLS && r->code == 220) {
		smtp_go(m, AT_TLS);
		return true;
	}
	return false;
}

bool
opening_challenge(struct smtp *m, struct span line)
{
	if (m->step != AT_AUTH || m->auth == NULL || m->say == AT_AUTH ||
	    line.len < 3 || memcmp(line.ptr, "334", 3) != 0 ||
	    (line.len > 3 && line.ptr[3] != ' '))
		return false;
	if (++m->challenges > CHALLENGES) {
		m->denied = true;
		smtp_mishap(m, MISHAP_AUTH, "the server asks without end");
		return true;
	}
	auth_step(m->auth, span_from(line, 4), &m->line);
	smtp_ask(m, AT_AUTH);
	return true;
}

size_t
opening_line(const struct smtp *m)
{
	return m->step == AT_AUTH ? AUTH_LINE + 6 : SMTP_LINE;
}

void
opening_free(struct smtp *m)
{
	auth_free(m->auth);
	m->auth = NULL;
	auth_wipe(&m->line);
	buf_free(&m->line);
}
