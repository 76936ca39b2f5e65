#include "deliver/net/net.h"
#include "common/log.h"
#include "common/printable.h"
#include "common/priv.h"
#include "deliver/net/probe.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define DESCRIPTORS 4096
#define LONELY_SECONDS 10

static void
fail(struct job *job, enum mishap mishap, const char *fmt, const char *what)
{
	struct verdict v;
	struct buf text = { 0 }, name = { 0 };

	judge_mishap(AT_CONNECT, mishap, &v);
	printable_add(&name, span_of(what), JUDGE_TEXT / 2);
	buf_fmt(&text, fmt, buf_c(&name));
	buf_free(&name);
	job_fail(job, &v, buf_view(&text));
	job_end(job);
	buf_free(&text);
}

/* The recipient's domain as a destination: only where the relay is that. */
static char *
destination(const struct conf_relay *conf, const struct job *job)
{
	if (conf->find == FIND_MX && conf->nhosts == 0)
		return way_domain(job->domain);
	return strdup("");
}

/* All its recipients are here. */
static void
dispatch(struct net *net, struct job *job)
{
	const struct conf_relay *conf = conf_relay(net->conf, job->relay);
	char *domain = conf ? destination(conf, job) : NULL;
	struct relay *r;

	if (job->count == 0)
		job_end(job);
	else if (conf == NULL)
		fail(job, MISHAP_RELAY, "there is no relay %s in the settings",
		    job->relay);
	else if (conf->nhosts == 0 && conf->find != FIND_MX)
		fail(job, MISHAP_RELAY, "relay %s has no host", job->relay);
	else if (domain == NULL && !way_speaks(job->domain))
		fail(job, MISHAP_RELAY,
		    "%s is not ASCII, and deliver was built without libidn2 "
		    "(deliver --version)",
		    job->domain);
	else if (domain == NULL)
		fail(job, MISHAP_NO_DOMAIN, "%s is not the name of a domain",
		    job->domain);
	else if ((r = relay_find(net, conf, domain,
		      job->flags & IPC_TLS_OPTIONAL, job->mail.requiretls)) ==
		 NULL)
		fail(
		    job, MISHAP_CONNECT, "relay %s: out of memory", job->relay);
	else
		relay_add(r, job);
	free(domain);
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
	RB_FOREACH (r, relays, &net->relays)
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
	log_warn(
	    "net: role-misbehaved role=queue reason=\"%s\"", strerror(errno));
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

	struct relay *r;

	if (m->type == IPC_NET_MAIL)
		got_mail(net, c, m);
	else if (m->type == IPC_NET_RCPT)
		got_rcpt(net, c, m);
	else if (m->type == IPC_NET_KEPT &&
		 policies_kept(&net->policies, m->body) == -1)
		misfit(c);
	else if (m->type == IPC_NET_FORGET)
		RB_FOREACH (r, relays, &net->relays)
			relay_forgive(r);
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
	log_errno("net: error what=\"no channel to role queue\"");
	close(fd);
	loop_stop();
}

void
net_session_ended(struct net *net)
{
	struct relay *r;

	probe_session_ended(net);
	if (!net->stopping)
		return;
	RB_FOREACH (r, relays, &net->relays)
		if (!relay_is_idle(r))
			return;
	loop_stop();
}

static void
stop(struct net *net)
{
	struct relay *r;

	net->stopping = true;
	RB_FOREACH (r, relays, &net->relays)
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
	if (m->type == IPC_TOKEN || m->type == IPC_NOTOKEN) {
		tokens_answer(&net->tokens, m);
		if (m->fd != -1)
			close(m->fd);
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

int
net_serve(const struct role_start *start, int64_t second)
{
	struct net net = { .conf = start->conf, .second = second };
	struct relay *r;
	bool failed = false;
	int status = 0;

	net.lonely.fire = nobody_came;
	TAILQ_INIT(&net.partial);
	RB_INIT(&net.relays);
	TAILQ_INIT(&net.hungry);
	TAILQ_INIT(&net.sessions);
	asks_init(&net.asks);
	tokens_init(&net.tokens, &net.parent, second);
	net.credential = start->secrets > 0 ? start->secrets : -1;
	net.trial = start->trial;
	net.tls = tls_store_new();
	policies_init(&net.policies, &net.asks, &net.tls, &net.queue, second);
	priv_descriptors(DESCRIPTORS); /* a message that waits has one */
	net.parent = (struct ipc){
		.got = from_parent, .gone = ipc_end_with, .arg = &net
	};
	if (start->probe)
		net.probe = probe_new(
		    &net, start->out, start->probe_to, start->probe_find);
	if (net.tls == NULL || (start->probe && net.probe == NULL) ||
	    ipc_open(&net.parent, start->fd, ROLE_NET, ROLE_PARENT) == -1 ||
	    loop_run() == -1) {
		log_errno("net: error what=\"cannot wait\"");
		failed = true;
	}
	drop_all(&net);
	while ((r = RB_MIN(relays, &net.relays)) != NULL)
		relay_free(r);
	ipc_close(&net.queue);
	asks_peer(&net.asks, -1);
	ipc_close(&net.parent);
	tokens_free(&net.tokens);
	policies_free(&net.policies);
	tls_store_free(net.tls);
	if (net.probe)
		status = probe_status(net.probe);
	if (start->probe && failed && status == 0)
		status = EX_OSERR;
	probe_free(net.probe);
	return status;
}

void
net_run(const struct role_start *start)
{
	int status = net_serve(start, 1000);

	if (status)
		_exit(status);
}
