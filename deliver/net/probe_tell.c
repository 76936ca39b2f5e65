/* probe - what the sessions tell, in sentences. */
#include "common/printable.h"
#include "deliver/net/probe_in.h"
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

void
probe_line(struct probe *p, struct buf *b)
{
	size_t at = 0;
	ssize_t n;

	buf_chr(b, '\n');
	while (!b->bad && at < b->len) {
		n = write(p->out, b->ptr + at, b->len - at);
		if (n == -1 && errno != EINTR)
			break; /* nobody reads it any more */
		at += n > 0 ? (size_t)n : 0;
	}
	p->unsaid |= b->bad || at < b->len;
	buf_free(b);
}

void
probe_say(struct buf *b, const char *text)
{
	printable_add(b, span_of(text), JUDGE_TEXT);
}

static void
policy(struct probe *p, const struct way *w)
{
	static const char *const says[] = {
		[STS_NONE] = "the domain has no policy that holds",
		[STS_TESTING] = "the domain's policy is only being tested",
		[STS_ENFORCE] =
		    ("the domain's policy is enforced: only servers "
		     "that it names, with a good certificate"),
	};
	struct buf b = { 0 };

	if (w->sts_asked)
		buf_fmt(&b, "  MTA-STS: %s.", says[w->sts]);
	else
		buf_str(&b, "  MTA-STS is not asked (\"mta-sts\" in "
			    "bellman.conf(5)).");
	probe_line(p, &b);
}

static void
say_srv(struct probe *p, const struct way *w)
{
	for (size_t i = 0; i < w->n; i++) {
		struct buf b = { 0 };

		buf_str(&b, "srv ");
		probe_say(&b, w->hosts[i].name);
		buf_fmt(&b, " %s %s", w->hosts[i].port,
		    w->hosts[i].implicit ? "first" : "starttls");
		probe_line(p, &b);
	}
	p->over = true;
	loop_stop();
}

void
probe_way(const struct relay *r)
{
	struct probe *p = r->net->probe;
	const struct way *w = &r->way;
	struct buf b = { 0 };

	if (p && p->find) {
		say_srv(p, w);
		return;
	}
	if (p == NULL || p->listed || r->conf->find != FIND_MX ||
	    !w->hosts[0].by_dns)
		return;
	p->listed = true;
	buf_str(&b, "  The servers (MX), in order: ");
	for (size_t i = 0; i < w->n; i++) {
		buf_str(&b, i ? ", " : "");
		probe_say(&b, w->hosts[i].name);
		if (w->hosts[i].pref)
			buf_fmt(&b, " (%u)", w->hosts[i].pref);
	}
	buf_str(&b, w->hosts[0].secure ? "; DNSSEC vouches for that."
				       : "; DNSSEC does not vouch for that.");
	probe_line(p, &b);
	if (way_is_direct(w))
		policy(p, w);
}

void
probe_records(const struct session *s)
{
	struct probe *p = s->relay->net->probe;
	struct buf b = { 0 };

	if (p == NULL || !s->at.by_dns)
		return;
	if (s->ntlsa)
		buf_fmt(&b,
		    "  DANE: it has %zu TLSA record%s, and the certificate "
		    "must fit.",
		    s->ntlsa, s->ntlsa == 1 ? "" : "s");
	else if (s->at.verify)
		buf_str(&b, "  The certificate must be for that name, by an "
			    "authority that is known here (MTA-STS).");
	else if (s->relay->conf->tls == TLS_DANE)
		buf_fmt(&b,
		    "  DANE: %s, so any certificate will do, and plain text "
		    "where there is no TLS.",
		    s->lookup ? "it has no TLSA record"
			      : "DNSSEC does not vouch for its addresses");
	else
		return;
	probe_line(p, &b);
}

void
probe_addresses(const struct session *s)
{
	struct probe *p = s->relay->net->probe;
	struct buf b = { 0 };
	char host[64];

	if (p == NULL)
		return;
	p->connected = false;
	p->where = AT_HOST;
	p->host = s->host;
	if (*session_host(s) == '/')
		return;
	buf_str(&b, "  The host ");
	probe_say(&b, session_host(s));
	buf_str(&b, " has the address ");
	for (size_t i = 0; i < s->naddrs; i++) {
		buf_str(&b, i ? ", " : "");
		if (getnameinfo((const struct sockaddr *)&s->addrs[i].sa,
			s->addrs[i].len, host, sizeof host, NULL, 0,
			NI_NUMERICHOST) == 0)
			probe_say(&b, host);
	}
	buf_chr(&b, '.');
	probe_line(p, &b);
}

void
probe_connected(const struct session *s)
{
	struct probe *p = s->relay->net->probe;
	struct buf b = { 0 };

	if (p == NULL)
		return;
	p->connected = true;
	p->where = AT_GREETING;
	buf_str(&b, "  Connected to ");
	probe_say(&b, s->conn.name);
	buf_chr(&b, '.');
	probe_line(p, &b);
}

void
probe_secure(const struct session *s)
{
	struct probe *p = s->relay->net->probe;
	struct buf b = { 0 }, facts = { 0 };
	struct span rest;

	if (p == NULL)
		return;
	tls_tell(tls_facts(s->conn.tls), &facts);
	rest = buf_view(&facts);
	while (rest.len) {
		buf_str(&b, "  ");
		printable_add(&b, span_cut(&rest, '\n'), 1024);
		probe_line(p, &b);
	}
	buf_free(&facts);
}

void
probe_plain(const struct session *s)
{
	struct probe *p = s->relay->net->probe;
	struct buf b = { 0 };

	if (p == NULL)
		return;
	buf_str(&b, "  No TLS: ");
	buf_span(&b, buf_view(&s->conn.why));
	buf_str(&b, "; once more in plain text, as the settings allow.");
	probe_line(p, &b);
}

void
probe_ready(const struct session *s)
{
	struct probe *p = s->relay->net->probe;
	struct buf b = { 0 };

	if (p == NULL)
		return;
	p->where = AT_SENDER;
	buf_fmt(&b, "  It has answered to %s ",
	    s->relay->conf->lmtp ? "LHLO" : "EHLO");
	probe_say(&b, s->self);
	buf_str(&b,
	    s->conn.tls || *session_host(s) == '/' ? "" : ", in plain text");
	if (s->smtp.mechanism)
		buf_fmt(&b, "; the password is right (%s).", s->smtp.mechanism);
	else
		buf_str(&b, "; no password was used.");
	probe_line(p, &b);
}

void
probe_cannot(const struct session *s)
{
	struct probe *p = s->relay->net->probe;
	struct buf b = { 0 };
	const char *status = s->why.status;

	if (p == NULL)
		return;
	p->host = s->host;
	if (!p->connected) {
		p->where = strcmp(status, "4.4.1") == 0 ? AT_HOST : AT_NAME;
	} else if (s->smtp.denied || s->smtp.ended == AT_LOGIN ||
		   s->smtp.ended == AT_AUTH) {
		p->where = AT_PASSWORD;
	} else if (s->smtp.ended == AT_TLS || s->smtp.ended == AT_STARTTLS ||
		   strcmp(status, "4.7.5") == 0) {
		p->where = AT_CIPHER;
	}
	buf_reset(&p->told);
	buf_span(&p->told, buf_view(&s->text));
	buf_str(&b, "  ");
	buf_span(&b, buf_view(&s->text));
	buf_chr(&b, '.');
	probe_line(p, &b);
}
