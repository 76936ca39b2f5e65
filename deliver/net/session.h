/* session - one SMTP session with one of a relay's hosts: finds the address,
 * connects, speaks, takes job after job, leaves when there is none. */
#ifndef DELIVER_NET_SESSION_H
#define DELIVER_NET_SESSION_H
#include "deliver/net/conn.h"
#include "deliver/net/data.h"
#include "deliver/net/relay.h"
#include "deliver/net/secrets.h"

struct session {
	TAILQ_ENTRY(session) link, all; /* its relay's, and everyone's */
	struct relay *relay;
	struct ask ask;
	struct conn conn;
	struct smtp smtp;
	struct reply reply;
	size_t host, tried; /* index of the host in use; hosts given up */
	struct way_host at; /* that host; name and port are ours */
	/* DANE (RFC 7672): the host's TLSA records, when DNSSEC vouches for
	 * them, its name and its addresses; where its aliases end, if they
	 * stand there; and the domain that led to the host */
	struct dns_tlsa *records;
	struct tls_record *tlsa; /* the same, in the words of tls */
	size_t ntlsa;
	char canon[DNS_NAME];
	const char *also;
	char *lookup; /* the name that is asked for */
	struct conn_addr addrs[CONN_ADDRS];
	size_t naddrs;
	bool ready;	  /* it has come as far as to take a job, once */
	bool leaving;	  /* it takes no more of them */
	bool plain;	  /* TLS has failed there: once without */
	bool woken;	  /* for a job, after it was idle */
	struct jobs jobs; /* under way, in the order of their answers */
	struct data data;
	unsigned round; /* of smtp, for which data was begun: the last job's */
	struct buf chunk; /* of it, for BDAT */
	char self[EHLO_NAME];
	unsigned ticks; /* of smtp, when the deadline was set */
	int64_t asked;	/* loop_now() then */
	int64_t answer; /* ms that an answer took, the last time */
	uint64_t taken; /* of conn, likewise */
	struct token_ask token;
	struct secret secret; /* on its way to auth */
	/* why it could not be opened */
	struct verdict why;
	struct buf text;
};

/* One of the relay's, whose way is known; NULL: ENOMEM.  It may have ended
 * already when this returns. */
struct session *session_open(struct relay *, size_t host);
const char *session_host(const struct session *);
/* The host is a socket of this machine: a path of the settings.  A name that
 * came by DNS never is, whatever it looks like. */
bool session_is_local(const struct session *);
bool session_is_idle(const struct session *);
/* Of an idle one: takes the next job.  It may be gone after the call. */
void session_wake(struct session *);
/* Something was found that it waited for. */
void session_run(struct session *);
/* Says QUIT as soon as nothing is under way.  It may be gone after the call. */
void session_leave(struct session *);
/* For session.c and host.c: the next host's addresses are looked up, and a
 * connection begun; or the session ends, and is gone. */
void session_next_host(struct session *);
void session_forget_host(struct session *);
/* One host does not open, and why. */
void session_cannot(struct session *, const struct verdict *, struct span text);
/* Closes and frees, without a word about its job. */
void session_free(struct session *);
#endif
