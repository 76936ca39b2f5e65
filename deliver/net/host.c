/* The part of a session before it has a connection: one host after the other,
 * its addresses, and what DNS holds of its certificate (RFC 7672). */
#include "common/printable.h"
#include "deliver/net/order.h"
#include "deliver/net/probe.h"
#include "deliver/net/session.h"
#include <arpa/inet.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define LOOKUP_SECONDS 60

static struct session *
of(struct ask *a)
{
	return (struct session *)((char *)a - offsetof(struct session, ask));
}

static int64_t
seconds(const struct session *s, int n)
{
	return n * s->relay->net->second;
}

void
session_forget_host(struct session *s)
{
	ask_cancel(&s->ask);
	free(s->at.name);
	free(s->at.port);
	free(s->records);
	free(s->tlsa);
	free(s->lookup);
	s->at = (struct way_host){ 0 };
	s->records = NULL;
	s->tlsa = NULL;
	s->also = NULL;
	s->plain = false;
	s->ntlsa = 0;
	s->naddrs = 0;
	s->lookup = NULL;
	s->canon[0] = '\0';
}

static void
give_up(struct session *s, enum mishap what, const char *fmt, const char *why)
{
	struct verdict v;
	struct buf b = { 0 }, said = { 0 };

	judge_mishap(AT_CONNECT, what, &v);
	buf_fmt(&said, fmt, why);
	buf_fmt(&b, "%s: ", session_host(s));
	printable_add(&b, buf_view(&said), JUDGE_TEXT);
	session_cannot(s, &v, buf_view(&b));
	buf_free(&b);
	buf_free(&said);
	s->tried++;
	session_next_host(s);
}

static void
connect_it(struct session *s)
{
	probe_records(s);
	conn_open(&s->conn, s->addrs, s->naddrs,
	    seconds(s, smtp_steps[AT_CONNECT].seconds));
}

/* --- TLSA --- */

static void got_tlsa(struct ask *, const struct dns_answer *);

static void
ask_tlsa(struct session *s, const char *name)
{
	const struct sockaddr_storage *sa = &s->addrs[0].sa;
	/* The settings may call it by a name. */
	in_port_t port = sa->ss_family == AF_INET
			     ? ((const struct sockaddr_in *)sa)->sin_port
			     : ((const struct sockaddr_in6 *)sa)->sin6_port;

	free(s->lookup);
	if (asprintf(&s->lookup, "_%u._tcp.%s", ntohs(port), name) == -1) {
		s->lookup = NULL;
		give_up(s, MISHAP_READ, "%s", "out of memory");
		return;
	}
	s->ask.got = got_tlsa;
	s->ask.what = DNS_TLSA;
	s->ask.host = s->lookup;
	s->ask.port = "";
	ask(&s->relay->net->asks, &s->ask, seconds(s, LOOKUP_SECONDS));
}

static int
keep_tlsa(struct session *s, const struct dns_answer *a)
{
	s->records = calloc(a->n, sizeof *s->records);
	s->tlsa = calloc(a->n, sizeof *s->tlsa);
	if (s->records == NULL || s->tlsa == NULL)
		return -1;
	for (size_t i = 0; i < a->n; i++) {
		struct dns_tlsa *r = &s->records[i];

		*r = a->tlsa[i];
		s->tlsa[i] = (struct tls_record){ r->usage, r->selector,
			r->match, { (const char *)r->data, r->len } };
	}
	s->ntlsa = a->n;
	/* RFC 7672 3.2.2, RFC 7673 4.2: with DANE-TA the certificate may be
	 * that of the domain which led here. */
	if (way_is_direct(&s->relay->way))
		s->also = s->relay->domain;
	else if (s->relay->conf->find != FIND_HOST)
		s->also = s->relay->conf->hosts[0].name;
	return 0;
}

static void
got_tlsa(struct ask *ask, const struct dns_answer *a)
{
	struct session *s = of(ask);

	if (a->status == DNS_LATER) {
		/* RFC 7672 2.1.2: who can suppress the answer must not gain by
		 * it, so this host is not used. */
		give_up(s, MISHAP_LOOKUP, "TLSA: %s", a->why);
		return;
	}
	if (a->status == DNS_FOUND && a->secure) {
		if (keep_tlsa(s, a) == -1) {
			give_up(s, MISHAP_READ, "%s", "out of memory");
			return;
		}
	} else if (s->canon[0]) {
		/* RFC 7672 2.2.2: at the alias itself, then. */
		s->canon[0] = '\0';
		ask_tlsa(s, s->at.name);
		return;
	}
	connect_it(s);
}

/* --- addresses --- */

/* A host of MX that is this machine would send it back to us (RFC 5321 5.1);
 * so would those of lesser preference.  True: it is. */
static bool
loops(struct session *s)
{
	struct way *w = &s->relay->way;
	struct buf name = { 0 };
	bool own = false;

	if (w->conf->find != FIND_MX || !s->at.by_dns)
		return false;
	for (size_t i = 0; i < s->naddrs && !own; i++)
		own = way_is_own((const struct sockaddr *)&s->addrs[i].sa);
	if (!own)
		return false;
	buf_str(&name, session_host(s));
	way_cut(w, s->at.pref, buf_c(&name));
	buf_free(&name);
	if (w->n == 0)
		session_cannot(s, &w->why, buf_view(&w->text));
	if (s->why.status[0] == '\0') /* it began behind them */
		s->host = s->tried = 0;
	if (s->tried > w->n)
		s->tried = w->n;
	session_next_host(s);
	return true;
}

static void ask_addrs(struct session *);

static void
got_addrs(struct ask *ask, const struct dns_answer *a)
{
	struct session *s = of(ask);
	bool direct = way_is_direct(&s->relay->way);

	/* One of the settings may stand in the hosts file alone. */
	if ((a->status == DNS_NONE || a->status == DNS_EMPTY) && s->at.by_dns &&
	    s->relay->conf->find == FIND_HOST) {
		s->at.by_dns = s->at.secure = false;
		ask_addrs(s);
		return;
	}
	if (a->status != DNS_FOUND) {
		give_up(s,
		    a->status == DNS_LATER ? MISHAP_LOOKUP
		    : direct		   ? MISHAP_NO_ROUTE
					   : MISHAP_NO_HOST,
		    "%s", a->why);
		return;
	}
	for (s->naddrs = 0; s->naddrs < a->n && s->naddrs < CONN_ADDRS;
	     s->naddrs++) {
		const struct dns_addr *from = &a->addrs[s->naddrs];

		s->addrs[s->naddrs].len = from->len;
		s->addrs[s->naddrs].sa = from->sa;
	}
	order_families(s->addrs, s->naddrs, a->what == DNS_HOST);
	probe_addresses(s);
	if (loops(s))
		return;
	if (s->relay->lax || s->relay->conf->tls != TLS_DANE || !s->at.secure ||
	    !a->secure) {
		connect_it(s);
		return;
	}
	if (strcasecmp(a->canon, s->at.name) != 0)
		strlcpy(s->canon, a->canon, sizeof s->canon);
	ask_tlsa(s, s->canon[0] ? s->canon : s->at.name);
}

static void
ask_addrs(struct session *s)
{
	s->ask.got = got_addrs;
	s->ask.what = s->at.by_dns ? DNS_HOST : DNS_ADDRS;
	s->ask.host = s->at.name;
	s->ask.port = s->at.port;
	ask(&s->relay->net->asks, &s->ask, seconds(s, LOOKUP_SECONDS));
}

static void
unix_socket(struct session *s)
{
	struct sockaddr_un *sa = (struct sockaddr_un *)&s->addrs[0].sa;

	memset(&s->addrs[0], 0, sizeof s->addrs[0]);
	sa->sun_family = AF_UNIX;
	if (strlcpy(sa->sun_path, s->at.name, sizeof sa->sun_path) >=
	    sizeof sa->sun_path) {
		give_up(s, MISHAP_NO_HOST, "%s",
		    "the path is too long for a socket");
		return;
	}
	s->addrs[0].len = sizeof *sa;
	s->naddrs = 1;
	probe_addresses(s);
	connect_it(s);
}

void
session_next_host(struct session *s)
{
	const struct way *w = &s->relay->way;

	if (s->tried >= w->n) {
		relay_down(s->relay, s);
		return;
	}
	if (s->tried)
		s->host++;
	s->host %= w->n;
	session_forget_host(s);
	s->at = w->hosts[s->host];
	s->at.name = strdup(w->hosts[s->host].name);
	s->at.port = strdup(w->hosts[s->host].port);
	if (s->at.name == NULL || s->at.port == NULL) {
		give_up(s, MISHAP_READ, "%s", "out of memory");
	} else if (session_is_local(s)) {
		unix_socket(s);
	} else {
		ask_addrs(s);
	}
}
