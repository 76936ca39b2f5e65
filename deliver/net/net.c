#include "deliver/net/net.h"
#include "common/log.h"
#include "common/priv.h"
#include "deliver/net/relay.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define DESCRIPTORS 4096
#define LONELY_SECONDS 10

static void
fail(struct job *job, enum mishap mishap, const char *fmt)
{
	struct verdict v;
	struct buf text = { 0 };

	judge_mishap(AT_CONNECT, mishap, &v);
	buf_fmt(&text, fmt, job->relay);
	job_fail(job, &v, buf_view(&text));
	job_end(job);
	buf_free(&text);
}

/* All its recipients are here. */
static void
dispatch(struct net *net, struct job *job)
{
	const struct conf_relay *conf = conf_relay(net->conf, job->relay);
	struct relay *r;

	if (job->count == 0)
		job_end(job);
	else if (conf == NULL)
		fail(job, MISHAP_RELAY, "there is no relay %s in the settings");
	else if (conf->nhosts == 0)
		fail(job, MISHAP_RELAY, "relay %s has no host");
	else if (conf->tls != TLS_NEVER && conf->tls != TLS_OPPORTUNISTIC)
		fail(job, MISHAP_TLS,
		    "relay %s asks for TLS, which this version cannot do; say "
		    "\"tls never\" in its block if plain text is meant");
	else if ((r = relay_find(net, conf)) == NULL)
		fail(job, MISHAP_CONNECT, "relay %s: out of memory");
	else
		relay_add(r, job);
}

static void
drop_all(struct net *net)
{
	struct relay *r;
	struct job *job;

	while ((job = TAILQ_FIRST(&net->partial)) != NULL) {
		TAILQ_REMOVE(&net->partial, job, link);
		job_free(job);
	}
	TAILQ_FOREACH (r, &net->relays, link)
		relay_drop(r);
}

/* What came half would leave half: no answer can reach anybody. */
static void
queue_gone(struct ipc *c, const char *why)
{
	struct net *net = c->arg;

	(void)why; /* the parent says so */
	drop_all(net);
	ipc_close(c);
	if (net->stopping)
		loop_stop();
	else
		loop_in(&net->lonely, LONELY_SECONDS * net->second);
}

static void
nobody_came(struct loop_timer *t)
{
	(void)t;
	loop_stop();
}

static void
misfit(struct ipc *c)
{
	log_warn("net: a message of role=queue: %s", strerror(errno));
	queue_gone(c, "a message that does not parse");
}

static void
got_mail(struct net *net, struct ipc *c, struct ipc_msg *m)
{
	struct job *job = job_new(c, m);

	if (job == NULL) {
		misfit(c);
		return;
	}
	TAILQ_INSERT_TAIL(&net->partial, job, link);
	if (job_whole(job)) {
		TAILQ_REMOVE(&net->partial, job, link);
		dispatch(net, job);
	}
}

static void
got_rcpt(struct net *net, struct ipc *c, const struct ipc_msg *m)
{
	struct job *job;

	TAILQ_FOREACH_REVERSE(job, &net->partial, jobs, link)
	if (job->ref == m->ref)
		break;
	errno = EPROTO;
	if (job == NULL || job_add(job, m->body) == -1) {
		misfit(c);
		return;
	}
	if (!job_whole(job))
		return;
	TAILQ_REMOVE(&net->partial, job, link);
	dispatch(net, job);
}

static void
from_queue(struct ipc *c, struct ipc_msg *m)
{
	struct net *net = c->arg;

	if (m->type == IPC_NET_MAIL)
		got_mail(net, c, m);
	else
		got_rcpt(net, c, m);
}

static void
new_queue(struct net *net, int fd)
{
	if (ipc_is_open(&net->queue))
		drop_all(net);
	ipc_close(&net->queue);
	loop_cancel(&net->lonely);
	net->queue =
	    (struct ipc){ .got = from_queue, .gone = queue_gone, .arg = net };
	if (ipc_open(&net->queue, fd, ROLE_NET, ROLE_QUEUE) == 0)
		return;
	log_errno("net: channel to role=queue");
	close(fd);
	loop_stop();
}

void
net_session_ended(struct net *net)
{
	struct relay *r;

	if (!net->stopping)
		return;
	TAILQ_FOREACH (r, &net->relays, link)
		if (!relay_is_idle(r))
			return;
	loop_stop();
}

static void
stop(struct net *net)
{
	struct relay *r;

	net->stopping = true;
	TAILQ_FOREACH (r, &net->relays, link)
		relay_stop(r);
	net_session_ended(net);
}

static void
from_parent(struct ipc *c, struct ipc_msg *m)
{
	struct net *net = c->arg;
	struct ipc_in in = { .rest = m->body };
	unsigned role;

	if (m->type == IPC_STOP) {
		stop(net);
		return;
	}
	role = ipc_get8(&in);
	if (m->type == IPC_PEER && role == ROLE_QUEUE)
		new_queue(net, m->fd);
	else if (m->type == IPC_PEER && role == ROLE_DNS)
		asks_peer(&net->asks, m->fd);
	else if (m->fd != -1)
		close(m->fd);
}

void
net_serve(const struct role_start *start, int64_t second)
{
	struct net net = { .conf = start->conf, .second = second };
	struct relay *r;

	net.lonely.fire = nobody_came;
	TAILQ_INIT(&net.partial);
	TAILQ_INIT(&net.relays);
	asks_init(&net.asks);
	priv_descriptors(DESCRIPTORS); /* a message that waits has one */
	net.parent = (struct ipc){
		.got = from_parent, .gone = ipc_end_with, .arg = &net
	};
	if (ipc_open(&net.parent, start->fd, ROLE_NET, ROLE_PARENT) == -1 ||
	    loop_run() == -1)
		log_errno("net: cannot wait");
	drop_all(&net);
	while ((r = TAILQ_FIRST(&net.relays)) != NULL)
		relay_free(r);
	ipc_close(&net.queue);
	asks_peer(&net.asks, -1);
	ipc_close(&net.parent);
}

void
net_run(const struct role_start *start)
{
	net_serve(start, 1000);
}
