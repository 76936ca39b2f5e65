#include "deliver/net/secure.h"
#include "common/log.h"
#include "common/printable.h"
#include "deliver/net/auth.h"
#include "deliver/net/probe.h"
#include "deliver/token.h"
#include <stddef.h>
#include <string.h>

#define TOKEN_PATIENCE 40 /* seconds; the parent's limit is shorter */

static const struct way_host *
host(const struct session *s)
{
	return &s->at;
}

/* RFC 8314 7.3: TLS before the first word. */
static bool
implicit(const struct session *s)
{
	static const char *const ports[] = { "465", "submissions", "smtps" };
	const struct way_host *h = host(s);

	if (s->relay->conf->tls == TLS_NEVER || h->starttls ||
	    session_is_local(s))
		return false;
	if (h->implicit)
		return true;
	for (size_t i = 0; i < sizeof ports / sizeof *ports; i++)
		if (strcmp(h->port, ports[i]) == 0)
			return true;
	return false;
}

/* A name that came by DNS, unsigned, could be anybody's, and so could a
 * certificate for it: then it must be for the domain that was asked for, unless
 * the host is within it (RFC 6186 6). */
static const char *
owner(const struct session *s)
{
	const struct relay *r = s->relay;
	const char *domain = r->domain && *r->domain ? r->domain
			     : r->conf->nhosts	     ? r->conf->hosts[0].name
						     : "";
	struct span name = span_of(session_host(s)), last;
	size_t len = strlen(domain);

	if (r->conf->tls != TLS_VERIFY || !s->at.by_dns || s->at.secure ||
	    len == 0)
		return NULL;
	last = span_from(name, name.len > len ? name.len - len : 0);
	if (span_ieq(last, span_of(domain)) &&
	    (name.len == len || last.ptr[-1] == '.'))
		return NULL;
	return domain;
}

static struct tls_want
want(const struct session *s)
{
	/* RFC 8461 2: where there are TLSA records they decide, unless none of
	 * them can be used. */
	bool sts = s->at.verify && s->ntlsa == 0;

	return (struct tls_want){ .how = sts ? TLS_VERIFY : s->relay->conf->tls,
		/* RFC 7672 2.2.2: the name at which the records stand */
		.name = s->ntlsa && s->canon[0] ? s->canon : session_host(s),
		.as = owner(s),
		.also = s->also,
		.port = host(s)->port,
		.relay = s->relay->conf,
		.tlsa = s->tlsa,
		.ntlsa = s->ntlsa,
		.verify = s->at.verify };
}

/* The recipient's own domain has no password of ours. */
static bool
may_login(const struct session *s)
{
	const struct conf_relay *r = s->relay->conf;

	return !(r->find == FIND_MX && r->nhosts == 0) &&
	       strcmp(r->name, "mx") != 0;
}

void
secure_up(struct session *s)
{
	struct tls_want w = want(s);
	bool plain = s->plain || w.how == TLS_NEVER || session_is_local(s);

	s->plain = false;
	s->smtp.tls = plain	     ? SMTP_PLAIN
		      : tls_must(&w) ? SMTP_MUST_TLS
				     : SMTP_MAY_TLS;
	s->smtp.login = may_login(s);
	if (implicit(s))
		smtp_wrap(&s->smtp);
}

void
secure_done(struct session *s)
{
	const struct tls_facts *f = tls_facts(s->conn.tls);

	log_info("net: tls relay=%s host=%s address=%s protocol=%s cipher=%s "
		 "verified=%s resumed=%s",
	    s->relay->conf->name, session_host(s), s->conn.name, f->protocol,
	    f->cipher, tls_by_text[f->by], f->resumed ? "yes" : "no");
	probe_secure(s);
	smtp_secured(&s->smtp, f->by != TLS_BY_NOBODY);
}

bool
secure_failed(struct session *s)
{
	struct tls_want w = want(s);
	struct buf b = { 0 };

	if (!tls_must(&w) && !implicit(s)) {
		printable_quoted(&b, buf_view(&s->conn.why), 300);
		log_info("net: tls-failed relay=%s host=%s address=%s text=%s "
			 "next=\"once more in plain text\"",
		    s->relay->conf->name, session_host(s), s->conn.name,
		    buf_c(&b));
		buf_free(&b);
		probe_plain(s);
		s->plain = true;
		conn_again(&s->conn);
		return true;
	}
	buf_fmt(&b, "%s: ", session_host(s));
	buf_span(&b, buf_view(&s->conn.why));
	if (w.as)
		buf_str(&b,
		    "; the host's name is from DNS without DNSSEC: a "
		    "line \"host\" in the relay's block would trust it");
	smtp_mishap(&s->smtp, MISHAP_TLS, buf_c(&b));
	buf_free(&b);
	return false;
}

static void
no_login(struct session *s, const char *why)
{
	struct buf b = { 0 };

	buf_fmt(&b, "relay %s: ", s->relay->conf->name);
	buf_str(&b, why);
	smtp_mishap(&s->smtp, MISHAP_AUTH, buf_c(&b));
	buf_free(&b);
}

/* Whatever was found is copied; what is here is wiped. */
static void
log_in(struct session *s, const char *token, const char *password)
{
	const struct conf_relay *r = s->relay->conf;
	const struct tls_facts *f = s->conn.tls ? tls_facts(s->conn.tls) : NULL;
	struct auth_want w = { .offered = s->smtp.peer.auth,
		.allowed = r->auth,
		.nallowed = r->nauth,
		.user = r->user ? r->user : s->secret.user,
		.password = password ? password : s->secret.password,
		.token = token,
		.host = session_host(s),
		.port = host(s)->port,
		.clear = r->plain_auth || (f && f->by != TLS_BY_NOBODY),
		.cert = f && r->cert };
	unsigned char exporter[32];
	struct buf unique = { 0 };
	struct auth *a;

	if (s->conn.tls && tls_exporter(s->conn.tls, exporter) == 0)
		w.exporter = (struct span){ (char *)exporter, sizeof exporter };
	else if (s->conn.tls && tls_unique(s->conn.tls, &unique) == 0)
		w.unique = buf_view(&unique);
	/* RFC 4954 4: not before TLS, and then a password that is shown to
	 * nobody may still be guessed at. */
	if (s->conn.tls == NULL && !r->plain_auth)
		w.offered = 0;
	a = auth_new(&w);
	if (a == NULL)
		no_login(s, "out of memory");
	else if (s->conn.tls == NULL && !r->plain_auth)
		no_login(s, "no password is sent without TLS; "
			    "\"auth-without-tls yes\" would allow it");
	if (s->smtp.step == AT_LOGIN)
		smtp_login(&s->smtp, a);
	else
		auth_free(a);
	buf_free(&unique);
	secret_wipe(&s->secret);
}

static void
got(struct token_ask *t, const char *text, const char *why)
{
	struct session *s =
	    (struct session *)((char *)t - offsetof(struct session, token));
	struct buf b = { 0 };

	if (text) {
		log_in(s, t->which == TOKEN_TOKEN ? text : NULL,
		    t->which == TOKEN_PASSWORD ? text : NULL);
	} else {
		buf_fmt(&b, "no %s: %s",
		    t->which == TOKEN_TOKEN ? "token" : "password", why);
		no_login(s, buf_c(&b));
		buf_free(&b);
	}
	session_run(s);
}

/* Of the file, or none. */
static int
secret(struct session *s)
{
	const struct conf_relay *r = s->relay->conf;
	struct secrets_key key = { r->name, session_host(s), r->user };
	struct buf why = { 0 }, quoted = { 0 };
	bool wanted =
	    r->user || r->nauth || r->cert || (s->smtp.peer.offers & EHLO_AUTH);
	const struct net *net = s->relay->net;
	int rc = secrets_find(net->trial ? SECRETS_NOWHERE : SECRETS_PATH,
	    net->credential, &key, &s->secret, &why);

	if (rc == -1 && !wanted) {
		printable_quoted(&quoted, buf_view(&why), 300);
		log_warn("net: no-secret relay=%s reason=%s", r->name,
		    buf_c(&quoted));
		rc = 0;
	} else if (rc == -1) {
		no_login(s, buf_c(&why));
	}
	buf_free(&quoted);
	buf_free(&why);
	return rc;
}

static void
login(struct session *s)
{
	const struct conf_relay *r = s->relay->conf;
	bool external = r->cert && s->conn.tls &&
			(s->smtp.peer.auth & (1u << AUTH_EXTERNAL));
	int rc = secret(s);

	if (rc == -1)
		return;
	if (r->ntoken || r->npassword) {
		s->token.got = got;
		s->token.relay = r->name;
		s->token.which = r->ntoken ? TOKEN_TOKEN : TOKEN_PASSWORD;
		token_ask(&s->relay->net->tokens, &s->token,
		    TOKEN_PATIENCE * s->relay->net->second);
	} else if (rc == 1 || external) {
		log_in(s, NULL, NULL);
	} else if (r->user || r->nauth) {
		no_login(s, "there is no password for it in " SECRETS_PATH);
	} else {
		smtp_login(&s->smtp, NULL);
	}
}

void
secure_step(struct session *s)
{
	struct tls_want w;

	if (s->smtp.step == AT_TLS && s->conn.tls == NULL && !s->conn.shaking) {
		w = want(s);
		conn_starttls(&s->conn, s->relay->net->tls, &w);
	}
	if (s->smtp.step == AT_LOGIN && s->token.all == NULL)
		login(s);
	s->conn.secret = s->smtp.step == AT_AUTH;
	if (s->smtp.denied)
		token_forget(&s->relay->net->tokens, s->relay->conf->name);
}

void
secure_ready(struct session *s)
{
	if (s->smtp.mechanism)
		log_info("net: auth relay=%s host=%s mechanism=%s",
		    s->relay->conf->name, session_host(s), s->smtp.mechanism);
}

void
secure_forget(struct session *s)
{
	token_cancel(&s->token);
	secret_wipe(&s->secret);
}
