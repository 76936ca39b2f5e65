/* client - one who asks on the control socket (common/run.h): known by
 * SO_PEERCRED, answered once, and gone. */
#ifndef DELIVER_QUEUE_CLIENT_H
#define DELIVER_QUEUE_CLIENT_H
#include "deliver/queue/core.h"
#include "deliver/queue/look.h"

struct work;

struct client {
	TAILQ_ENTRY(client) link;
	struct queue *q;
	struct loop_fd io;
	struct loop_timer limit;
	uid_t uid;
	uid_t owner; /* whose that is: subid.h */
	struct buf in, out;
	size_t sent;   /* of out */
	bool answered; /* its request was read */
	bool waits;    /* more of the answer will come: client_done */
	/* A piece of an answer about many messages, in each round; NULL: none,
	 * or all of it was made. */
	void (*each)(struct client *);
	unsigned round;		 /* in which it had its last one */
	char last[SPOOL_IDSIZE]; /* of what had its turn in that, or "" */
	struct span words;	 /* of "run", in in */
	char by;		 /* I, R or S */
	bool no;
	struct work *work; /* work.c; or NULL */
	struct look look;
	enum env_kind kind;	    /* of "rcpt", while it waits */
	char looks_for[128];	    /* the user */
	char follows[SPOOL_IDSIZE]; /* a message, or "" */
	bool stays;		    /* also while it waits */
};

/* The answer is whole now: from the loop, never from within the request's own
 * handler. */
void client_done(struct client *);
/* As much of out as it takes; it may be gone afterwards. */
void client_more(struct client *);

/* query: what the router says about an address.  Each appends to out, or sets
 * waits and calls client_done later. */
/* octets: who asks reads no more than 64 KiB */
#define REPLY_MAX 60000
/* Without <> and blanks around it. */
struct span query_bare(struct span addr);
void query_verify(struct client *, struct span addr);
void query_expand(struct client *, struct span addr);
void query_rcpt(struct client *, struct span kind_and_addr);
void query_explain(struct client *, struct span addr);

/* work: what mailq asks for, a piece in each round of the loop: "VERB
 * SELECTION".  The whole answer is made as out is sent. */
void work(struct client *, struct span words);
void work_more(struct client *); /* all that was in out is sent */
/* The next piece, for who has no loop (offline.c). */
void work_some(struct client *);
void work_end(struct client *);

/* follow: the lines about one message, for who sent it. */
void follow(struct client *, struct span id);
/* The same for mailq: of what is in the queue, until it is gone. */
void follow_watch(struct client *, struct span id);
#endif
