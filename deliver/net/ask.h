/* ask - questions to the role dns.  Questions survive the end of that
 * role: they are put again to the next one. */
#ifndef DELIVER_NET_ASK_H
#define DELIVER_NET_ASK_H
#include "deliver/dns/dns.h"
#include "deliver/ipc.h"

struct ask {
	TAILQ_ENTRY(ask) link;
	struct asks *all; /* NULL: not asked */
	uint32_t ref;
	enum dns_what what;
	const char *host, *port; /* the caller's */
	/* Once, from the loop. */
	void (*got)(struct ask *, const struct dns_answer *);
	struct loop_timer timer;
};

struct asks {
	struct ipc dns;
	TAILQ_HEAD(, ask) list;
	uint32_t last;
};

void asks_init(struct asks *);
/* A channel to a new dns role, or -1 when there is none any more. */
void asks_peer(struct asks *, int fd);
/* got, what, host and port are set before. */
void ask(struct asks *, struct ask *, int64_t patience_ms);
void ask_cancel(struct ask *);
#endif
