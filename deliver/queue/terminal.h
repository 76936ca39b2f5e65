/* terminal - what the parts of a showing share: one message to the terminals of
 * one recipient, or of those who stand in for him. */
#ifndef DELIVER_QUEUE_TERMINAL_H
#define DELIVER_QUEUE_TERMINAL_H
#include "deliver/queue/core.h"
#include "deliver/tty/tty.h"

#define TERMINAL_MS 8000 /* for one process; its own limit is 5 s */
#define TERMINAL_TEXT                                                          \
	(256u << 10) /* octets of a message that are looked at                 \
		      */

struct terminal {
	TAILQ_ENTRY(terminal) link;
	struct queue *q;
	struct message *m;
	uint32_t rcpt;
	size_t showings; /* of it, that have not ended */
	int result;	 /* the best so far */
	struct buf text; /* of all that count */
	bool several;	 /* users: each is named */
	/* readable.c: the text to be shown; fd -1: as it came */
	uint32_t ref; /* 0: not asked for */
	int fd;
	uint64_t octets;
	struct loop_timer limit;
};

/* readable: needs the message a conversion before a person can read it?  Then
 * it is asked for, and terminal_ready comes later: true. */
bool readable_ask(struct terminal *);
bool readable_owns(const struct queue *, uint32_t ref);
void readable_made(struct queue *, const struct ipc_msg *);
void readable_refused(struct queue *, uint32_t ref, struct span why);
void terminal_ready(struct terminal *);
/* Pure: does this header call for a conversion? */
bool readable_needed(struct span header);

/* calm: one who was shown a message that his mailbox has too is left alone for
 * 10 s; what comes meanwhile is counted and told in one line. */
bool calm_holds(struct queue *, const char *user, struct span submitter);
void calm_begin(struct queue *, const char *user);
void calm_count(struct queue *, const char *user, struct span submitter);
/* A sentence of the agent's own for the terminals of a user. */
void terminal_note(struct queue *, const char *user, const char *text);
#endif
