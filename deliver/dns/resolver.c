#include "deliver/dns/resolver.h"
#include "common/log.h"
#include "common/span.h"
#include "deliver/dns/answer.h"
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRY_MS 2000 /* for a server's answer; doubled with each try */
#define TRIES 3	    /* of each server */
#define RESOLV_CONF "/etc/resolv.conf"

struct watched {
	TAILQ_ENTRY(watched) link;
	struct loop_fd io;
};

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

void
resolver_after(struct resolver *r)
{
	if (r->all->now != r && r->open == 0)
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
	resolver_after(r);
}

static void
due(struct loop_timer *t)
{
	struct resolver *r = t->arg;

	ares_process_fd(r->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	resolver_after(r);
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

/* Every server is on this machine: nobody is between it and us. */
static bool
all_local(ares_channel ares)
{
	struct ares_addr_port_node *list = NULL;
	bool local;

	if (ares_get_servers_ports(ares, &list) != ARES_SUCCESS)
		return false;
	local = list != NULL;
	for (const struct ares_addr_port_node *n = list; n; n = n->next)
		if (n->family == AF_INET
			? ntohl(n->addr.addr4.s_addr) >> 24 != IN_LOOPBACKNET
			: memcmp(&n->addr.addr6, &in6addr_loopback,
			      sizeof in6addr_loopback) != 0)
			local = false;
	if (list)
		ares_free_data(list);
	return local;
}

/* "options trust-ad" of resolv.conf(5): the administrator's word. */
static bool
told_to(void)
{
	FILE *f = fopen(RESOLV_CONF, "re");
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	bool told = false;

	while (f && (n = getline(&line, &size, f)) > 0) {
		struct span rest = { line, (size_t)n }, word;

		if (!span_eq(span_word(&rest), SPAN("options")))
			continue;
		while ((word = span_word(&rest)).len)
			told |= span_eq(span_trim(word), SPAN("trust-ad"));
	}
	free(line);
	if (f)
		fclose(f);
	return told;
}

static void
judge_trust(struct resolver *r)
{
	struct resolvers *all = r->all;
	bool local = all_local(r->ares);
	int say;

	r->trusted =
	    all->trust == 1 || (all->trust != 0 && (local || told_to()));
	say = r->trusted ? 2 : 1;
	if (say == all->said)
		return;
	all->said = say;
	if (r->trusted)
		log_info("dns: dnssec believed=yes reason=\"%s\"",
		    all->trust == 1 ? "dnssec yes"
		    : local	    ? "the resolver is on this machine"
				    : "trust-ad in " RESOLV_CONF);
	else
		log_info("dns: dnssec believed=no reason=\"%s\"",
		    all->trust == 0 ? "dnssec no"
				    : "the resolver is not on this machine, so "
				      "DANE is not used");
}

static struct resolver *
resolver_new(struct resolvers *all, const struct stat *conf)
{
	struct resolver *r = calloc(1, sizeof *r);
	/* EDNS for c-ares' own questions, too: else it would ask again by TCP
	 * whenever an answer to one of ours is over 512 octets. */
	struct ares_options o = { .flags = ARES_FLAG_EDNS,
		.timeout = TRY_MS,
		.tries = TRIES,
		.ednspsz = ANSWER_PAYLOAD };
	int rc;

	if (r == NULL)
		return NULL;
	r->all = all;
	r->conf = *conf;
	r->timer.fire = due;
	r->timer.arg = r;
	TAILQ_INIT(&r->fds);
	o.sock_state_cb = socket_state;
	o.sock_state_cb_data = r;
	rc = ares_init_options(&r->ares, &o,
	    ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
		ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ);
	if (rc == ARES_SUCCESS) {
		judge_trust(r);
		return r;
	}
	log_warn("dns: no-resolver reason=\"%s\"", ares_strerror(rc));
	free(r);
	return NULL;
}

struct resolver *
resolver(struct resolvers *all)
{
	struct resolver *old = all->now, *fresh;
	struct stat st = { 0 };

	if (stat(RESOLV_CONF, &st) == -1)
		memset(&st, 0, sizeof st);
	if (old && old->conf.st_ino == st.st_ino &&
	    old->conf.st_mtim.tv_sec == st.st_mtim.tv_sec &&
	    old->conf.st_mtim.tv_nsec == st.st_mtim.tv_nsec)
		return old;
	fresh = resolver_new(all, &st);
	if (fresh == NULL)
		return old;
	all->now = fresh;
	if (old && old->open == 0)
		resolver_free(old);
	return fresh;
}

void
resolvers_free(struct resolvers *all)
{
	if (all->now)
		resolver_free(all->now);
	all->now = NULL;
}
