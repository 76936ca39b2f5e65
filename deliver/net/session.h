/* session - one SMTP session with one of a relay's hosts: finds the address,
 * connects, speaks, takes job after job, leaves when there is none. */
#ifndef DELIVER_NET_SESSION_H
#define DELIVER_NET_SESSION_H
#include "deliver/net/data.h"
#include "deliver/net/relay.h"

struct session {
	TAILQ_ENTRY(session) link;
	struct relay *relay;
	struct ask ask;
	struct conn conn;
	struct smtp smtp;
	struct reply reply;
	size_t host, tried; /* index of the host in use; hosts given up */
	bool ready;	    /* it has come as far as to take a job, once */
	bool leaving;	    /* it takes no more of them */
	bool woken;	    /* for a job, after it was idle */
	struct job *job;
	struct data data;
	unsigned round;	  /* of smtp, for which data was begun */
	struct buf chunk; /* of it, for BDAT */
	char self[EHLO_NAME];
	unsigned ticks; /* of smtp, when the deadline was set */
	uint64_t taken; /* of conn, likewise */
	/* why it could not be opened */
	struct verdict why;
	struct buf text;
};

struct session *session_open(struct relay *, size_t host); /* NULL: ENOMEM */
const char *session_host(const struct session *);
bool session_is_idle(const struct session *);
/* Of an idle one: takes the next job.  It may be gone after the call. */
void session_wake(struct session *);
/* Says QUIT as soon as nothing is under way.  It may be gone after the call. */
void session_leave(struct session *);
/* Closes and frees, without a word about its job. */
void session_free(struct session *);
#endif
