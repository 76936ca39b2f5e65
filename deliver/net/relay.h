/* relay - the messages that wait for one relay, and its sessions: a second one
 * is opened when the first has delivered, and so on, up to RELAY_SESSIONS. */
#ifndef DELIVER_NET_RELAY_H
#define DELIVER_NET_RELAY_H
#include "deliver/net/ask.h"
#include "deliver/net/job.h"
#include "deliver/net/pace.h"
#include "deliver/net/tls.h"
#include "deliver/net/token.h"

#define RELAY_SESSIONS 5

struct session;
struct relay;

/* The role's state. */
struct net {
	const struct conf *conf;
	int64_t second; /* ms of a second of any time-out: 1000 but in tests */
	struct ipc parent, queue;
	struct asks asks;
	struct tls_store *tls;
	struct tokens tokens;
	int credential; /* descriptor of systemd's bellman.secrets, or -1 */
	struct jobs partial; /* some of their recipients have not come yet */
	TAILQ_HEAD(, relay) relays;
	struct loop_timer lonely; /* no queue */
	bool stopping;
};

/* Refused AUTH: until then, or until the secrets have changed, nobody asks
 * again, lest the account be locked. */
struct hold {
	int64_t until; /* loop_now(); 0: none */
	unsigned times;
	uint64_t stamp;
	struct verdict why;
	struct buf text;
	char mta[256];
};

struct relay {
	TAILQ_ENTRY(relay) link;
	struct net *net;
	const struct conf_relay *conf;
	struct jobs waiting;
	TAILQ_HEAD(, session) sessions;
	bool opening;	    /* one of them is not ready yet */
	size_t good;	    /* host that was reached last */
	int64_t good_until; /* loop_now() until which it is asked first */
	struct hold hold;
	struct pace pace; /* how many sessions it may have */
};

struct relay *relay_find(struct net *, const struct conf_relay *);
void relay_add(struct relay *, struct job *);
/* Finishes what is under way; the rest goes unanswered. */
void relay_stop(struct relay *);
/* Nobody waits for answers any more: everything goes, sockets are closed. */
void relay_drop(struct relay *);
bool relay_is_idle(const struct relay *); /* no session at all */
void relay_free(struct relay *);	  /* after relay_drop */

/* For its sessions. */
struct job *relay_take(struct relay *); /* NULL: none waits */
void relay_give_back(struct relay *, struct job *);
void relay_ready(struct relay *, struct session *);
void relay_delivered(struct relay *);
void relay_put_off(struct relay *); /* all of a message, by the server */
void relay_frown(struct relay *);   /* it ended a session that was ready */
/* It has ended, or could not be opened; its memory goes. */
void relay_down(struct relay *, struct session *);

void net_session_ended(struct net *);
#endif
