#include "deliver/net/policy.h"
#include "common/log.h"
#include "common/printable.h"
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FETCH_SECONDS 60 /* RFC 8461 3.3: for all of it */
#define RENEW 86400	 /* seconds; or at half of its time */
#define RENEW_AGAIN 3600 /* after that has failed */

struct policy {
	TAILQ_ENTRY(policy) link;
	char *domain;
	char id[STS_ID];
	struct sts sts;
	int64_t until; /* loop_now() */
	/* RFC 8461 10.2: fetched again in time, whatever its id, lest somebody
	 * who keeps us from the server on its last day has it gone. */
	int64_t since, renew; /* loop_now(); seconds from then */
};

void
policies_init(struct policies *all, struct asks *asks, struct tls_store **tls,
    struct ipc *queue, int64_t second)
{
	*all = (struct policies){
		.asks = asks, .tls = tls, .queue = queue, .second = second
	};
	TAILQ_INIT(&all->list);
}

static void
drop(struct policies *all, struct policy *p)
{
	TAILQ_REMOVE(&all->list, p, link);
	all->n--;
	free(p->domain);
	free(p);
}

void
policies_free(struct policies *all)
{
	struct policy *p;

	while ((p = TAILQ_FIRST(&all->list)) != NULL)
		drop(all, p);
}

/* The one that is kept and holds still. */
static struct policy *
kept(struct policies *all, const char *domain)
{
	struct policy *p;

	TAILQ_FOREACH (p, &all->list, link)
		if (strcmp(p->domain, domain) == 0)
			break;
	if (p && loop_now() >= p->until) {
		drop(all, p);
		return NULL;
	}
	if (p) {
		TAILQ_REMOVE(&all->list, p, link);
		TAILQ_INSERT_HEAD(&all->list, p, link);
	}
	return p;
}

static void
keep(struct policies *all, const char *domain, const char *id,
    const struct sts *sts, int64_t seconds)
{
	struct policy *p = kept(all, domain);

	if (p == NULL) {
		p = calloc(1, sizeof *p);
		if (p == NULL || (p->domain = strdup(domain)) == NULL) {
			free(p);
			return;
		}
		TAILQ_INSERT_HEAD(&all->list, p, link);
		all->n++;
	}
	p->sts = *sts;
	strlcpy(p->id, id, sizeof p->id);
	p->until = loop_now() + seconds * all->second;
	p->since = loop_now();
	p->renew = seconds / 2 < RENEW ? seconds / 2 : RENEW;
	if (all->n > POLICIES)
		drop(all, TAILQ_LAST(&all->list, policy_list));
}

/* Across a restart.  One that is longer than any that was ever seen is kept in
 * memory only. */
static void
keep_by_queue(
    struct policies *all, const struct policy_ask *a, const struct sts *sts)
{
	struct buf b = { 0 }, octets = { 0 };

	sts_save(sts, a->id, &octets);
	ipc_str(&b, a->domain);
	ipc_u64(&b, (uint64_t)time(NULL) + sts->max_age);
	ipc_span(&b, buf_view(&octets));
	if (octets.len <= IPC_KEEP && ipc_is_open(all->queue) &&
	    !all->queue->lost)
		ipc_send(all->queue, IPC_NET_KEEP, 0, &b, -1);
	buf_free(&b);
	buf_free(&octets);
}

int
policies_kept(struct policies *all, struct span body)
{
	struct ipc_in in = { .rest = body };
	struct span name = ipc_get(&in);
	uint64_t until = ipc_get64(&in), now = (uint64_t)time(NULL);
	struct span octets = ipc_get(&in);
	char *domain = ipc_end(&in) ? span_dup(name) : NULL;
	char id[STS_ID];
	struct sts sts;

	if (domain == NULL) {
		errno = EPROTO;
		return -1;
	}
	if (sts_load(octets, id, &sts) == -1)
		log_warn("net: mta-sts domain=%s reason=\"what was kept of its "
			 "policy is none\"",
		    domain);
	else if (until > now && until - now <= STS_AGE &&
		 kept(all, domain) == NULL) /* newer, of this process */
		keep(all, domain, id, &sts, (int64_t)(until - now));
	free(domain);
	return 0;
}

void
policy_cancel(struct policy_ask *a)
{
	if (!a->asking)
		return;
	a->asking = false;
	ask_cancel(&a->ask);
	conn_close(&a->conn);
	free(a->domain);
	free(a->host);
	a->domain = a->host = NULL;
}

/* RFC 8461 5.1: what cannot be had now does not end what is kept. */
static void
done(struct policy_ask *a, const char *why)
{
	struct policy *p = kept(a->all, a->domain);
	struct buf b = { 0 }, quoted = { 0 };

	if (p && why) {
		p->since = loop_now();
		p->renew = RENEW_AGAIN;
	}
	if (why) {
		buf_fmt(&b, "no policy: %s%s", why,
		    p ? "; the one that is kept holds" : "");
		printable_quoted(&quoted, buf_view(&b), 400);
		log_warn("net: mta-sts domain=%s reason=%s", a->domain,
		    buf_c(&quoted));
		buf_free(&quoted);
		buf_free(&b);
	}
	policy_cancel(a);
	a->got(a, p ? &p->sts : NULL);
}

static void
received(struct policy_ask *a, bool ended)
{
	struct sts sts;
	struct span body;
	int whole = sts_response(buf_view(&a->conn.in), ended, &body);

	if (whole == 0)
		return;
	if (whole == -1 || sts_parse(body, &sts) == -1) {
		done(a, "what the server says is none");
		return;
	}
	keep(a->all, a->domain, a->id, &sts, sts.max_age);
	keep_by_queue(a->all, a, &sts);
	done(a, NULL);
}

static void
connected(struct policy_ask *a)
{
	const struct tls_want want = { .how = TLS_VERIFY,
		.name = a->host,
		.port = "443",
		.relay = a->conf };

	conn_patience(&a->conn, FETCH_SECONDS * a->all->second);
	conn_starttls(&a->conn, *a->all->tls, &want);
}

static void
happened(struct conn *c, enum conn_event event)
{
	struct policy_ask *a =
	    (struct policy_ask *)((char *)c -
				  offsetof(struct policy_ask, conn));

	switch (event) {
	case CONN_UP:
		connected(a);
		break;
	case CONN_SECURE:
		buf_fmt(&c->out,
		    "GET /.well-known/mta-sts.txt HTTP/1.0\r\nHost: %s\r\n"
		    "Connection: close\r\n\r\n",
		    a->host);
		conn_patience(c, FETCH_SECONDS * a->all->second);
		conn_flush(c);
		break;
	case CONN_DATA:
		received(a, false);
		break;
	case CONN_LOST:
		received(a, true);
		break;
	case CONN_ROOM:
		break;
	case CONN_INSECURE:
		done(a, buf_c(&c->why));
		break;
	case CONN_TIMEOUT:
	case CONN_TOO_LONG:
		done(a, "the server took too long");
		break;
	case CONN_FAILED:
		done(a, c->error ? strerror(c->error) : "no connection");
	}
}

static void
found_host(struct ask *ask, const struct dns_answer *answer)
{
	struct policy_ask *a =
	    (struct policy_ask *)((char *)ask -
				  offsetof(struct policy_ask, ask));
	struct conn_addr addrs[CONN_ADDRS];
	size_t n = 0;

	if (answer->status != DNS_FOUND) {
		done(a, answer->why);
		return;
	}
	for (; n < answer->n && n < CONN_ADDRS; n++) {
		addrs[n].len = answer->addrs[n].len;
		addrs[n].sa = answer->addrs[n].sa;
	}
	conn_open(&a->conn, addrs, n, FETCH_SECONDS / 2 * a->all->second);
	conn_limit(&a->conn, FETCH_SECONDS * a->all->second);
}

/* RFC 8461 3.1: one record, or it is as if there were none. */
static void
found_record(struct ask *record, const struct dns_answer *answer)
{
	struct policy_ask *a =
	    (struct policy_ask *)((char *)record -
				  offsetof(struct policy_ask, ask));
	const struct policy *p = kept(a->all, a->domain);
	unsigned records = 0;
	char id[STS_ID];

	for (size_t i = 0; i < answer->n; i++)
		if (sts_record((struct span){ answer->txt[i].text,
				   answer->txt[i].len },
			id)) {
			records++;
			memcpy(a->id, id, sizeof id);
		}
	if (records != 1 ||
	    (p && strcmp(p->id, a->id) == 0 &&
		loop_now() - p->since < p->renew * a->all->second)) {
		done(a, NULL);
		return;
	}
	memmove(a->host, a->host + 1, strlen(a->host)); /* no "_" */
	a->ask.got = found_host;
	a->ask.what = DNS_HOST;
	a->ask.host = a->host;
	a->ask.port = "443";
	ask(a->all->asks, &a->ask, FETCH_SECONDS * a->all->second);
}

void
policy_ask(struct policies *all, struct policy_ask *a,
    const struct conf_relay *conf, const char *domain)
{
	a->all = all;
	a->conf = conf;
	a->asking = true;
	a->domain = strdup(domain);
	conn_init(&a->conn, happened);
	if (asprintf(&a->host, "_mta-sts.%s", domain) == -1)
		a->host = NULL;
	if (a->domain == NULL || a->host == NULL) {
		free(a->domain);
		free(a->host);
		a->domain = a->host = NULL;
		a->asking = false;
		a->got(a, NULL);
		return;
	}
	a->ask.got = found_record;
	a->ask.what = DNS_TXT;
	a->ask.host = a->host;
	a->ask.port = "";
	ask(all->asks, &a->ask, FETCH_SECONDS * all->second);
}
