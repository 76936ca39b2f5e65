/* policy - the MTA-STS policies of domains (RFC 8461): announced by a TXT
 * record, fetched by one HTTPS GET, kept for as long as they say (not beyond
 * the end of this process). */
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

void policies_init(
    struct policies *, struct asks *, struct tls_store **, int64_t second);
void policies_free(struct policies *);
/* got is set before. */
void policy_ask(struct policies *, struct policy_ask *,
    const struct conf_relay *, const char *domain);
void policy_cancel(struct policy_ask *); /* also of a zeroed one */
#endif
