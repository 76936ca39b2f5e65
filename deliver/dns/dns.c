#include "deliver/dns/dns.h"
#include "common/log.h"
#include "deliver/ipc.h"
#include <ares.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ADDRS 16	/* in an answer */
#define TRY_MS 2000	/* for a server's answer; doubled with each try */
#define TRIES 3		/* of each server */
#define LONELY_MS 10000 /* without anybody who could ask */
#define WHY_MAX 200

/* One channel of c-ares.  When resolv.conf changes, the next question goes to
 * a new one; the old one goes with its last answer. */
struct resolver {
	struct dns *dns;
	ares_channel ares;
	unsigned open; /* questions */
	struct loop_timer timer;
	struct stat conf;
	TAILQ_HEAD(, watched) fds;
};

struct watched {
	TAILQ_ENTRY(watched) link;
	struct loop_fd io;
};

struct dns {
	struct ipc parent, net;
	uint32_t round; /* which net asks: the answers to others are dropped */
	struct resolver *now;
	struct loop_timer lonely;
};

struct question {
	struct resolver *resolver;
	uint32_t ref, round;
};

static void
answer(struct dns *d, uint32_t ref, enum dns_status status, const char *why,
    const struct buf *addrs, uint8_t n)
{
	struct span text = span_of(why);
	struct buf b = { 0 };

	if (text.len > WHY_MAX)
		text.len = WHY_MAX;
	ipc_u8(&b, (uint8_t)status);
	ipc_span(&b, text);
	ipc_u8(&b, n);
	if (addrs)
		buf_span(&b, buf_view(addrs));
	ipc_send(&d->net, IPC_DNS_ANSWER, ref, &b, -1);
	buf_free(&b);
}

static void
rearm(struct resolver *r)
{
	struct timeval tv, *next = ares_timeout(r->ares, NULL, &tv);

	if (next)
		loop_in(&r->timer,
		    (int64_t)next->tv_sec * 1000 + next->tv_usec / 1000 + 1);
	else
		loop_cancel(&r->timer);
}

static void
resolver_free(struct resolver *r)
{
	loop_cancel(&r->timer);
	ares_destroy(r->ares); /* closes its sockets, and tells of each */
	free(r);
}

/* Each call of c-ares ends with this: its next time-out, or its end. */
static void
after(struct resolver *r)
{
	if (r->dns->now != r && r->open == 0)
		resolver_free(r);
	else
		rearm(r);
}

static void
ready(struct loop_fd *f, uint32_t events)
{
	struct resolver *r = f->arg;
	bool fault = (events & (EPOLLERR | EPOLLHUP)) != 0;
	int fd = f->fd; /* f may be gone during the call */

	ares_process_fd(r->ares,
	    events & EPOLLIN || fault ? fd : ARES_SOCKET_BAD,
	    events & EPOLLOUT ? fd : ARES_SOCKET_BAD);
	after(r);
}

static void
due(struct loop_timer *t)
{
	struct resolver *r = t->arg;

	ares_process_fd(r->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	after(r);
}

static void
forget(struct resolver *r, struct watched *w)
{
	TAILQ_REMOVE(&r->fds, w, link);
	loop_del(&w->io);
	free(w);
}

/* c-ares says what it waits for; nothing is the end of a socket. */
static void
socket_state(void *arg, ares_socket_t fd, int in, int out)
{
	struct resolver *r = arg;
	uint32_t events = (in ? EPOLLIN : 0) | (out ? EPOLLOUT : 0);
	struct watched *w;

	TAILQ_FOREACH (w, &r->fds, link)
		if (w->io.fd == fd)
			break;
	if (w && events) {
		loop_want(&w->io, events);
	} else if (w) {
		forget(r, w);
	} else if (events && (w = calloc(1, sizeof *w)) != NULL) {
		w->io = (struct loop_fd){ fd, events, ready, r };
		TAILQ_INSERT_TAIL(&r->fds, w, link);
		if (loop_add(&w->io) == -1)
			forget(r, w); /* its time will run out */
	}
}

static struct resolver *
resolver_new(struct dns *d, const struct stat *conf)
{
	struct resolver *r = calloc(1, sizeof *r);
	struct ares_options o = { .timeout = TRY_MS, .tries = TRIES };
	int rc;

	if (r == NULL)
		return NULL;
	r->dns = d;
	r->conf = *conf;
	r->timer.fire = due;
	r->timer.arg = r;
	TAILQ_INIT(&r->fds);
	o.sock_state_cb = socket_state;
	o.sock_state_cb_data = r;
	rc = ares_init_options(&r->ares, &o,
	    ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
	if (rc == ARES_SUCCESS)
		return r;
	log_warn("dns: cannot start the resolver: %s", ares_strerror(rc));
	free(r);
	return NULL;
}

/* The resolver for a new question: made anew when the file has changed, as it
 * does on a machine that moves between networks. */
static struct resolver *
resolver(struct dns *d)
{
	struct resolver *old = d->now, *fresh;
	struct stat st = { 0 };

	if (stat("/etc/resolv.conf", &st) == -1)
		memset(&st, 0, sizeof st);
	if (old && old->conf.st_ino == st.st_ino &&
	    old->conf.st_mtim.tv_sec == st.st_mtim.tv_sec &&
	    old->conf.st_mtim.tv_nsec == st.st_mtim.tv_nsec)
		return old;
	fresh = resolver_new(d, &st);
	if (fresh == NULL)
		return old;
	d->now = fresh;
	if (old && old->open == 0)
		resolver_free(old);
	return fresh;
}

static void
found(struct dns *d, uint32_t ref, const struct ares_addrinfo *ai)
{
	struct buf b = { 0 };
	uint8_t n = 0;

	for (const struct ares_addrinfo_node *a = ai->nodes; a && n < ADDRS;
	     a = a->ai_next) {
		if (a->ai_family != AF_INET && a->ai_family != AF_INET6)
			continue;
		ipc_span(&b,
		    (struct span){ (const char *)a->ai_addr, a->ai_addrlen });
		n++;
	}
	answer(d, ref, n ? DNS_FOUND : DNS_LATER, n ? "" : "no address", &b, n);
	buf_free(&b);
}

/* NXDOMAIN is the only no that is one.  "No data" is what c-ares also says when
 * the question for the other family of addresses has failed. */
static void
resolved(void *arg, int status, int timeouts, struct ares_addrinfo *ai)
{
	struct question *q = arg;
	struct dns *d = q->resolver->dns;

	(void)timeouts;
	q->resolver->open--;
	if (status != ARES_EDESTRUCTION && q->round == d->round) {
		if (status == ARES_SUCCESS)
			found(d, q->ref, ai);
		else
			answer(d, q->ref,
			    status == ARES_ENOTFOUND || status == ARES_ESERVICE
				? DNS_NONE
				: DNS_LATER,
			    status == ARES_ENOTFOUND
				? "there is no host of that name"
				: ares_strerror(status),
			    NULL, 0);
	}
	if (ai)
		ares_freeaddrinfo(ai);
	free(q);
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
	struct addrinfo *ai;
	struct buf b = { 0 };
	char *name;
	int rc;

	if (host.len > 2 && host.ptr[0] == '[' &&
	    host.ptr[host.len - 1] == ']') {
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
		answer(d, ref, DNS_NONE, "there is no such port", NULL, 0);
		return true;
	}
	if (rc != 0)
		return false;
	ipc_span(
	    &b, (struct span){ (const char *)ai->ai_addr, ai->ai_addrlen });
	answer(d, ref, DNS_FOUND, "", &b, 1);
	buf_free(&b);
	freeaddrinfo(ai);
	return true;
}

static void
look_up(struct dns *d, uint32_t ref, const char *host, const char *port)
{
	struct ares_addrinfo_hints hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = numeric(port) ? ARES_AI_NUMERICSERV : 0 };
	struct question *q = malloc(sizeof *q);
	struct resolver *r = resolver(d);

	if (q == NULL || r == NULL) {
		free(q);
		answer(
		    d, ref, DNS_LATER, "the resolver does not start", NULL, 0);
		return;
	}
	*q = (struct question){ r, ref, d->round };
	r->open++;
	ares_getaddrinfo(r->ares, host, port, &hints, resolved, q);
	after(r);
}

/* The ports of mail by their names (IANA): a small container has no file of
 * services. */
static const char *
known_port(const char *port)
{
	static const struct {
		const char *name, *number;
	} ports[] = { { "smtp", "25" }, { "submission", "587" },
		{ "submissions", "465" }, { "lmtp", "24" } };

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
	struct span host = ipc_get(&in), port = ipc_get(&in);
	char *h = span_dup(host), *p = span_dup(port);

	if (!ipc_end(&in) || h == NULL || p == NULL || *h == '\0' || *p == '\0')
		answer(d, m->ref, DNS_NONE, "not a name", NULL, 0);
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
		log_errno("dns: channel to role=net");
		close(m->fd);
		loop_stop();
	}
}

void
dns_run(const struct role_start *start)
{
	struct dns d = { .lonely.fire = nobody_came };
	int rc = ares_library_init(ARES_LIB_INIT_ALL);

	d.parent =
	    (struct ipc){ .got = from_parent, .gone = ipc_end_with, .arg = &d };
	if (rc != ARES_SUCCESS)
		log_warn("dns: no resolver: %s", ares_strerror(rc));
	else if (ipc_open(&d.parent, start->fd, ROLE_DNS, ROLE_PARENT) == -1 ||
		 loop_run() == -1)
		log_errno("dns: cannot wait");
	d.round++; /* questions that are open have no answer any more */
	if (d.now)
		resolver_free(d.now);
	ipc_close(&d.net);
	ipc_close(&d.parent);
	ares_library_cleanup();
}
