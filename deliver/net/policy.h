/* policy - the MTA-STS policies of domains (RFC 8461): announced by a TXT
 * record, fetched by one HTTPS GET, kept for as long as they say: the queue
 * keeps them across a restart (IPC_NET_KEEP, IPC_NET_KEPT). */
#ifndef DELIVER_NET_POLICY_H
#define DELIVER_NET_POLICY_H
#include "common/conf.h"
#include "deliver/net/ask.h"
#include "deliver/net/conn.h"
#include "deliver/net/sts.h"

#define POLICIES 1000 /* that are kept */

struct policies {
	struct asks *asks;
	struct tls_store **tls;
	struct ipc *queue; /* may be closed */
	int64_t second;
	TAILQ_HEAD(policy_list, policy) list; /* used last first */
	size_t n;
};

struct policy_ask {
	/* Once, from the loop.  NULL: the domain has none that holds. */
	void (*got)(struct policy_ask *, const struct sts *);
	/* inside */
	struct policies *all;
	const struct conf_relay *conf; /* its roots */
	char *domain, *host;
	char id[STS_ID];
	struct ask ask;
	struct conn conn;
	bool asking;
};

void policies_init(struct policies *, struct asks *, struct tls_store **,
    struct ipc *queue, int64_t second);
/* An IPC_NET_KEPT: 0, or -1 with EPROTO when it is no such message.  Octets
 * that are no policy any more are passed over. */
int policies_kept(struct policies *, struct span body);
void policies_free(struct policies *);
/* got is set before. */
void policy_ask(struct policies *, struct policy_ask *,
    const struct conf_relay *, const char *domain);
void policy_cancel(struct policy_ask *); /* also of a zeroed one */
#endif
