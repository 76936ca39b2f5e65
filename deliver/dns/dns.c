#include "deliver/dns/dns.h"
#include "common/log.h"
#include "deliver/dns/answer.h"
#include "deliver/dns/resolver.h"
#include "deliver/ipc.h"
#include <ares.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LONELY_MS 10000 /* without anybody who could ask */

struct dns {
	struct ipc parent, net;
	uint32_t round; /* which net asks: the answers to others are dropped */
	struct resolvers resolvers;
	struct loop_timer lonely;
};

struct question {
	struct dns *dns;
	struct resolver *resolver;
	uint32_t ref, round;
	uint16_t port; /* DNS_HOST */
	unsigned left; /* answers that have not come */
	bool some, all_secure, later, empty;
	struct dns_answer out;
};

/* One of them: DNS_HOST has two. */
struct part {
	struct question *q;
	enum dns_type type;
};

static void
send_answer(struct dns *d, uint32_t ref, const struct dns_answer *a)
{
	struct buf b = { 0 };

	dns_encode(a, &b);
	ipc_send(&d->net, IPC_DNS_ANSWER, ref, &b, -1);
	buf_free(&b);
}

static void
say(struct dns_answer *a, enum dns_status status, const char *why)
{
	a->status = status;
	a->n = 0;
	snprintf(a->why, sizeof a->why, "%s", why);
}

static void
refuse(struct dns *d, uint32_t ref, enum dns_what what, enum dns_status status,
    const char *why)
{
	struct dns_answer a = { .what = what };

	say(&a, status, why);
	send_answer(d, ref, &a);
}

static struct question *
question(struct dns *d, uint32_t ref, enum dns_what what)
{
	struct resolver *r = resolver(&d->resolvers);
	struct question *q = r ? calloc(1, sizeof *q) : NULL;

	if (q == NULL) {
		refuse(d, ref, what, DNS_LATER, "the resolver does not start");
		return NULL;
	}
	q->dns = d;
	q->resolver = r;
	q->ref = ref;
	q->round = d->round;
	q->out.what = what;
	r->open++;
	return q;
}

static void
question_end(struct question *q, bool destroyed)
{
	q->resolver->open--;
	if (!destroyed && q->round == q->dns->round)
		send_answer(q->dns, q->ref, &q->out);
	free(q);
}

/* What c-ares says when no server has answered, or each with an error, sounds
 * as if there were none. */
static const char *
reason(int status)
{
	return status == ARES_ECONNREFUSED ? "no name server gives an answer, "
					     "or each an error (SERVFAIL)"
					   : ares_strerror(status);
}

/* --- names of the settings: hosts file, then A and AAAA --- */

static void
found(struct dns_answer *out, const struct ares_addrinfo *ai)
{
	for (const struct ares_addrinfo_node *a = ai->nodes;
	     a && out->n < DNS_ADDRS_MAX; a = a->ai_next) {
		struct dns_addr *to = &out->addrs[out->n];

		if (a->ai_family != AF_INET && a->ai_family != AF_INET6)
			continue;
		to->len = a->ai_addrlen;
		memcpy(&to->sa, a->ai_addr, a->ai_addrlen);
		out->n++;
	}
	if (out->n)
		out->status = DNS_FOUND;
	else
		say(out, DNS_LATER, "no address");
}

/* NXDOMAIN is the only no that is one.  "No data" is what c-ares also says when
 * the question for the other family of addresses has failed. */
static void
resolved(void *arg, int status, int timeouts, struct ares_addrinfo *ai)
{
	struct question *q = arg;

	(void)timeouts;
	if (status == ARES_SUCCESS)
		found(&q->out, ai);
	else if (status == ARES_ENOTFOUND)
		say(&q->out, DNS_NONE, "there is no host of that name");
	else
		say(&q->out, status == ARES_ESERVICE ? DNS_NONE : DNS_LATER,
		    reason(status));
	question_end(q, status == ARES_EDESTRUCTION);
	if (ai)
		ares_freeaddrinfo(ai);
}

static bool
numeric(const char *port)
{
	long long n;

	return span_num(span_of(port), 0, 65535, &n) == 0;
}

/* "192.0.2.1", "2001:db8::1", "fe80::1%eth0"; also in brackets, with the tag
 * of RFC 5321 4.1.3.  No network is asked. */
static bool
literal(struct dns *d, uint32_t ref, struct span host, const char *port)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST };
	struct dns_answer a = { .what = DNS_ADDRS, .n = 1 };
	struct addrinfo *ai;
	bool brackets = host.ptr[0] == '[';
	char *name;
	int rc;

	if (brackets && host.len > 2 && host.ptr[host.len - 1] == ']') {
		host = (struct span){ host.ptr + 1, host.len - 2 };
		if (span_starts(host, SPAN("IPv6:")))
			host = span_from(host, 5);
	}
	name = span_dup(host);
	if (name == NULL)
		return false;
	hints.ai_socktype = SOCK_STREAM; /* one answer, not one a protocol */
	if (numeric(port))
		hints.ai_flags |= AI_NUMERICSERV;
	rc = getaddrinfo(name, port, &hints, &ai);
	free(name);
	if (rc == EAI_SERVICE) {
		refuse(d, ref, DNS_ADDRS, DNS_NONE, "there is no such port");
	} else if (rc != 0 && brackets) {
		refuse(d, ref, DNS_ADDRS, DNS_NONE, "not an address");
	} else if (rc == 0) {
		a.addrs[0].len = ai->ai_addrlen;
		memcpy(&a.addrs[0].sa, ai->ai_addr, ai->ai_addrlen);
		freeaddrinfo(ai);
		send_answer(d, ref, &a);
	} else {
		return false;
	}
	return true;
}

static void
look_up(struct dns *d, uint32_t ref, const char *host, const char *port)
{
	struct ares_addrinfo_hints hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = numeric(port) ? ARES_AI_NUMERICSERV : 0 };
	struct question *q = question(d, ref, DNS_ADDRS);
	struct resolver *r;

	if (q == NULL)
		return;
	r = q->resolver;
	ares_getaddrinfo(r->ares, host, port, &hints, resolved, q);
	resolver_after(r);
}

/* --- questions of our own --- */

/* The addresses of one family, added to those of the other. */
static void
join(struct question *q, const struct dns_answer *a)
{
	struct dns_answer *out = &q->out;

	q->later |= a->status == DNS_LATER;
	q->empty |= a->status == DNS_EMPTY;
	if (a->status != DNS_FOUND) {
		if (!q->some && (!q->later || a->status == DNS_LATER))
			memcpy(out->why, a->why, sizeof out->why);
		return;
	}
	out->secure = a->secure && (!q->some || out->secure);
	if (!q->some || a->ttl < out->ttl)
		out->ttl = a->ttl;
	q->some = true;
	memcpy(out->canon, a->canon, sizeof out->canon);
	for (size_t i = 0; i < a->n && out->n < DNS_ADDRS_MAX; i++) {
		struct dns_addr *to = &out->addrs[out->n++];

		*to = a->addrs[i];
		if (to->sa.ss_family == AF_INET)
			((struct sockaddr_in *)&to->sa)->sin_port =
			    htons(q->port);
		else
			((struct sockaddr_in6 *)&to->sa)->sin6_port =
			    htons(q->port);
	}
}

static void
host_end(struct question *q)
{
	struct dns_answer *out = &q->out;

	out->status = q->some	 ? DNS_FOUND
		      : q->later ? DNS_LATER
		      : q->empty ? DNS_EMPTY
				 : DNS_NONE;
	if (out->status == DNS_FOUND)
		out->why[0] = '\0';
}

static void
answered(void *arg, int status, int timeouts, unsigned char *packet, int octets)
{
	struct part *p = arg;
	struct question *q = p->q;
	struct dns_answer a = { .what = q->out.what };

	(void)timeouts;
	if (status == ARES_SUCCESS)
		answer_parse((struct span){ (char *)packet, (size_t)octets },
		    p->type, &a);
	else
		say(&a, DNS_LATER, reason(status));
	a.secure = a.secure && q->resolver->trusted;
	free(p);
	if (q->out.what == DNS_HOST)
		join(q, &a);
	else
		q->out = a;
	if (--q->left)
		return;
	if (q->out.what == DNS_HOST)
		host_end(q);
	question_end(q, status == ARES_EDESTRUCTION);
}

static bool
put(struct question *q, const char *name, enum dns_type type)
{
	struct part *p = malloc(sizeof *p);
	struct buf b = { 0 };
	bool fits =
	    p && question_build(&b, (uint16_t)arc4random(), name, type) == 0;

	if (fits) {
		*p = (struct part){ q, type };
		ares_send(q->resolver->ares, (unsigned char *)b.ptr, (int)b.len,
		    answered, p);
	} else {
		free(p);
	}
	buf_free(&b);
	return fits;
}

static void
ask(struct dns *d, uint32_t ref, enum dns_what what, const char *name,
    const char *port)
{
	static const enum dns_type types[DNS_WHATS] = { [DNS_HOST] = TYPE_A,
		[DNS_MX] = TYPE_MX,
		[DNS_SRV] = TYPE_SRV,
		[DNS_TLSA] = TYPE_TLSA,
		[DNS_TXT] = TYPE_TXT };
	struct question *q = question(d, ref, what);
	struct resolver *r;
	long long n = 0;
	bool put_all;

	if (q == NULL)
		return;
	r = q->resolver;
	if (what == DNS_HOST)
		span_num(span_of(port), 1, 65535, &n);
	q->port = (uint16_t)n;
	/* One more than are asked: an answer may come within the call. */
	q->left = what == DNS_HOST ? 3 : 2;
	put_all = put(q, name, types[what]);
	if (put_all && what == DNS_HOST && !put(q, name, TYPE_AAAA)) {
		q->later = true;
		q->left--;
	}
	if (!put_all) {
		say(&q->out, DNS_NONE, "not a name that a host can have");
		question_end(q, false);
	} else if (--q->left == 0) {
		if (what == DNS_HOST)
			host_end(q);
		question_end(q, false);
	}
	resolver_after(r);
}

/* The ports of mail by their names (IANA): a small container has no file of
 * services. */
static const char *
known_port(const char *port)
{
	static const struct {
		const char *name, *number;
	} ports[] = { { "smtp", "25" }, { "submission", "587" },
		{ "submissions", "465" }, { "smtps", "465" },
		{ "lmtp", "24" } };

	for (size_t i = 0; i < sizeof ports / sizeof *ports; i++)
		if (strcmp(port, ports[i].name) == 0)
			return ports[i].number;
	return port;
}

static void
from_net(struct ipc *c, struct ipc_msg *m)
{
	struct dns *d = c->arg;
	struct ipc_in in = { .rest = m->body };
	unsigned what = ipc_get8(&in);
	struct span host = ipc_get(&in), port = ipc_get(&in);
	char *h = span_dup(host), *p = span_dup(port);

	if (what >= DNS_WHATS)
		what = DNS_ADDRS;
	if (!ipc_end(&in) || h == NULL || p == NULL || *h == '\0' ||
	    (what <= DNS_HOST && *p == '\0'))
		refuse(d, m->ref, (enum dns_what)what, DNS_NONE, "not a name");
	else if (what != DNS_ADDRS)
		ask(d, m->ref, (enum dns_what)what, h, known_port(p));
	else if (!literal(d, m->ref, host, known_port(p)))
		look_up(d, m->ref, h, known_port(p));
	free(h);
	free(p);
}

/* The parent joins net with a new dns role, never with one that lives. */
static void
net_gone(struct ipc *c, const char *why)
{
	struct dns *d = c->arg;

	(void)why;
	d->round++;
	ipc_close(c);
	loop_in(&d->lonely, LONELY_MS);
}

static void
nobody_came(struct loop_timer *t)
{
	(void)t;
	loop_stop();
}

static void
from_parent(struct ipc *c, struct ipc_msg *m)
{
	struct dns *d = c->arg;
	struct ipc_in in = { .rest = m->body };

	if (m->type == IPC_STOP) {
		loop_stop();
		return;
	}
	if (m->type != IPC_PEER || ipc_get8(&in) != ROLE_NET) {
		if (m->fd != -1)
			close(m->fd);
		return;
	}
	d->round++;
	ipc_close(&d->net);
	loop_cancel(&d->lonely);
	d->net = (struct ipc){ .got = from_net, .gone = net_gone, .arg = d };
	if (ipc_open(&d->net, m->fd, ROLE_DNS, ROLE_NET) == -1) {
		log_errno("dns: error what=\"no channel to role net\"");
		close(m->fd);
		loop_stop();
	}
}

void
dns_run(const struct role_start *start)
{
	struct dns d = { .lonely.fire = nobody_came,
		.resolvers.trust = start->conf->trust_dns };
	int rc = ares_library_init(ARES_LIB_INIT_ALL);

	d.parent =
	    (struct ipc){ .got = from_parent, .gone = ipc_end_with, .arg = &d };
	if (rc != ARES_SUCCESS)
		log_warn("dns: no-resolver reason=\"%s\"", ares_strerror(rc));
	else if (ipc_open(&d.parent, start->fd, ROLE_DNS, ROLE_PARENT) == -1 ||
		 loop_run() == -1)
		log_errno("dns: error what=\"cannot wait\"");
	d.round++; /* questions that are open have no answer any more */
	resolvers_free(&d.resolvers);
	ipc_close(&d.net);
	ipc_close(&d.parent);
	ares_library_cleanup();
}
