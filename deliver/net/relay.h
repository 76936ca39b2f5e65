/* relay - the messages that wait for one destination, a relay of the settings
 * or a domain, and its sessions: more are opened while they help (pace), up to
 * a limit.  There may be very many destinations:
 * one without sessions and jobs is gone, unless it is remembered that it does
 * not answer. */
#ifndef DELIVER_NET_RELAY_H
#define DELIVER_NET_RELAY_H
#include "deliver/net/ask.h"
#include "deliver/net/job.h"
#include "deliver/net/pace.h"
#include "deliver/net/shut.h"
#include "deliver/net/tls.h"
#include "deliver/net/token.h"
#include "deliver/net/way.h"
#include <sys/tree.h>

#define RELAY_MOST 20	 /* of one destination; fewer if the settings say so */
#define NET_SESSIONS 400 /* of all together; of them */
#define NET_RELAYS 40	 /* for relays of the settings alone, and at most */
#define NET_DOUBTED 40	 /* to ask domains that were not reached last time */

struct session;
struct relay;
struct probe;

RB_HEAD(relays, relay);

/* The role's state. */
struct net {
	const struct conf *conf;
	int64_t second; /* ms of a second of any time-out: 1000 but in tests */
	struct ipc parent, queue;
	struct asks asks;
	struct policies policies; /* MTA-STS */
	struct tls_store *tls;
	struct tokens tokens;
	int credential; /* descriptor of systemd's bellman.secrets, or -1; */
	bool trial;	/* it alone counts */
	struct jobs partial; /* some of their recipients have not come yet */
	struct relays relays;
	TAILQ_HEAD(, relay) hungry;	/* wait until a session may be opened */
	TAILQ_HEAD(, session) sessions; /* of all */
	unsigned nsessions, ndoubted;
	struct loop_timer lonely; /* no queue */
	bool stopping;
	struct probe *probe; /* deliver --check; else NULL */
};

struct relay {
	RB_ENTRY(relay) link;
	TAILQ_ENTRY(relay) hunger;
	bool hungry;
	struct net *net;
	const struct conf_relay *conf;
	char *domain; /* "": the relay's own hosts */
	bool lax;     /* RFC 8689 3: for those who would rather do without TLS
			 than without an answer */
	bool strict;  /* RFC 8689 4.2.1: only a host that promises REQUIRETLS */
	struct way way;
	struct jobs waiting;
	TAILQ_HEAD(, session) sessions;
	bool opening;		  /* its hosts are looked for, for one */
	bool doubted;		  /* it is one of net->ndoubted */
	size_t good;		  /* host that was reached last */
	int64_t good_until;	  /* loop_now() until which it is asked first */
	struct shut shut;	  /* meanwhile jobs get its answer at once */
	struct loop_timer forget; /* frees it, when nothing is left */
	struct pace pace;	  /* how many sessions it may have */
};

RB_PROTOTYPE(relays, relay, link, );

/* domain is as way_domain makes it, or ""; it is copied.  lax counts only for a
 * recipient's own domain, and only where the settings leave TLS to what DNS
 * says; strict: for those who require it.  NULL: ENOMEM. */
struct relay *relay_find(struct net *, const struct conf_relay *,
    const char *domain, bool lax, bool strict);
void relay_add(struct relay *, struct job *);
/* Finishes what is under way; the rest goes unanswered. */
void relay_stop(struct relay *);
/* Nobody waits for answers any more: everything goes, sockets are closed. */
void relay_drop(struct relay *);
/* A person wants it tried now, whatever it said before. */
void relay_forgive(struct relay *);
/* Its first hosts are behind us (probe): the next session is with one that
 * follows. */
void relay_skip(struct relay *, size_t hosts);
bool relay_is_idle(const struct relay *); /* no session at all */
void relay_free(struct relay *);	  /* after relay_drop */

/* For its sessions. */
struct job *relay_take(struct relay *); /* NULL: none waits */
void relay_give_back(struct relay *, struct job *);
void relay_ready(struct relay *, struct session *);
void relay_delivered(struct relay *, int64_t answer); /* ms for one */
void relay_put_off(struct relay *); /* all of a message, by the server */
void relay_frown(struct relay *);   /* it ended a session that was ready */
/* It has ended, or could not be opened; its memory goes. */
void relay_down(struct relay *, struct session *);

/* relay_count.c: sessions that are not leaving; is one of them not ready yet?
 * Some that were opened together fail together: that is one frown. */
unsigned relay_live(const struct relay *);
bool relay_opens(const struct relay *);
void relay_count(const struct relay *, struct pace_now *); /* but for answer */

void net_session_ended(struct net *);
/* Somebody waits for a session, and there may not be one more. */
bool net_is_crowded(const struct net *);
#endif
