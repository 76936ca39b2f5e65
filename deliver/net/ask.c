#include "deliver/net/ask.h"
#include "common/log.h"
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

static void
send_ask(struct asks *all, struct ask *a)
{
	struct buf b = { 0 };

	ipc_str(&b, a->host);
	ipc_str(&b, a->port);
	/* Not sent: the next role hears of it, or its time runs out. */
	if (ipc_is_open(&all->dns))
		ipc_send(&all->dns, IPC_DNS_ASK, a->ref, &b, -1);
	buf_free(&b);
}

static bool
address(struct span s, struct conn_addr *a)
{
	if (s.len > sizeof a->sa || s.len < sizeof a->sa.ss_family)
		return false;
	memset(a, 0, sizeof *a);
	memcpy(&a->sa, s.ptr, s.len);
	a->len = (socklen_t)s.len;
	return (a->sa.ss_family == AF_INET &&
		   s.len == sizeof(struct sockaddr_in)) ||
	       (a->sa.ss_family == AF_INET6 &&
		   s.len == sizeof(struct sockaddr_in6));
}

static void
got_answer(struct ipc *c, struct ipc_msg *m)
{
	struct asks *all = c->arg;
	struct ipc_in in = { .rest = m->body };
	unsigned status = ipc_get8(&in);
	struct span why = ipc_get(&in);
	unsigned count = ipc_get8(&in);
	struct conn_addr addrs[CONN_ADDRS];
	struct ask *a;
	size_t n = 0;

	for (unsigned i = 0; i < count; i++)
		if (!address(ipc_get(&in), &addrs[n < CONN_ADDRS ? n++ : 0]))
			in.bad = true;
	if (!ipc_end(&in) || status > DNS_LATER || count > CONN_ADDRS) {
		log_warn("net: an answer of role=dns does not parse");
		c->gone(c, "an answer that does not parse");
		return;
	}
	TAILQ_FOREACH (a, &all->list, link)
		if (a->ref == m->ref)
			break;
	if (a == NULL)
		return; /* nobody waits for it any more */
	ask_cancel(a);
	a->got(a, (enum dns_status)status, why, addrs, n);
}

static void
dns_gone(struct ipc *c, const char *why)
{
	(void)why; /* the parent starts another one, and says so */
	ipc_close(c);
}

void
asks_init(struct asks *all)
{
	*all = (struct asks){ 0 };
	TAILQ_INIT(&all->list);
}

void
asks_peer(struct asks *all, int fd)
{
	struct ask *a;

	ipc_close(&all->dns);
	all->dns =
	    (struct ipc){ .got = got_answer, .gone = dns_gone, .arg = all };
	if (fd == -1)
		return;
	if (ipc_open(&all->dns, fd, ROLE_NET, ROLE_DNS) == -1) {
		log_errno("net: channel to role=dns");
		close(fd);
		return;
	}
	TAILQ_FOREACH (a, &all->list, link)
		send_ask(all, a);
}

static void
no_answer(struct loop_timer *t)
{
	struct ask *a = t->arg;

	ask_cancel(a);
	a->got(a, DNS_LATER, SPAN("no answer from the resolver"), NULL, 0);
}

void
ask(struct asks *all, struct ask *a, int64_t patience)
{
	a->all = all;
	a->ref = ++all->last;
	TAILQ_INSERT_TAIL(&all->list, a, link);
	a->timer.fire = no_answer;
	a->timer.arg = a;
	loop_in(&a->timer, patience);
	send_ask(all, a);
}

void
ask_cancel(struct ask *a)
{
	if (a->all == NULL)
		return;
	TAILQ_REMOVE(&a->all->list, a, link);
	a->all = NULL;
	loop_cancel(&a->timer);
}
