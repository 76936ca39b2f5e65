#include "deliver/net/ask.h"
#include "common/log.h"
#include <unistd.h>

static void
send_ask(struct asks *all, struct ask *a)
{
	struct buf b = { 0 };

	ipc_u8(&b, (uint8_t)a->what);
	ipc_str(&b, a->host);
	ipc_str(&b, a->port);
	/* Not sent: the next role hears of it, or its time runs out. */
	if (ipc_is_open(&all->dns))
		ipc_send(&all->dns, IPC_DNS_ASK, a->ref, &b, -1);
	buf_free(&b);
}

static void
got_answer(struct ipc *c, struct ipc_msg *m)
{
	struct asks *all = c->arg;
	struct dns_answer answer;
	struct ask *a;

	if (dns_decode(m->body, &answer) == -1) {
		log_warn("net: role-misbehaved role=dns reason=\"its answer "
			 "does not parse\"");
		c->gone(c, "an answer that does not parse");
		return;
	}
	TAILQ_FOREACH (a, &all->list, link)
		if (a->ref == m->ref)
			break;
	if (a == NULL || a->what != answer.what)
		return; /* nobody waits for it any more */
	ask_cancel(a);
	a->got(a, &answer);
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
		log_errno("net: error what=\"no channel to role dns\"");
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
	const struct dns_answer none = { .what = a->what,
		.status = DNS_LATER,
		.why = "no answer from the resolver" };

	ask_cancel(a);
	a->got(a, &none);
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
