/* resolver - c-ares in our loop: one channel, made anew when resolv.conf has
 * changed, as it does on a machine that moves between networks. */
#ifndef DELIVER_DNS_RESOLVER_H
#define DELIVER_DNS_RESOLVER_H
#include "deliver/loop.h"
#include <ares.h>
#include <sys/queue.h>
#include <sys/stat.h>

struct resolvers {
	struct resolver *now;
	int trust; /* conf's trust_dns */
	int said;  /* what the log knows of it: 0 nothing, 1 no, 2 yes */
};

/* The next question goes to a new one; the old one goes with its last answer.
 */
struct resolver {
	struct resolvers *all;
	ares_channel ares;
	unsigned open; /* questions, counted by who asks */
	bool trusted;  /* its AD bit counts */
	struct loop_timer timer;
	struct stat conf;
	TAILQ_HEAD(, watched) fds;
};

/* For a new question; NULL: there is none. */
struct resolver *resolver(struct resolvers *);
/* After each call of c-ares: its next time-out, or its end. */
void resolver_after(struct resolver *);
void resolvers_free(struct resolvers *);
#endif
