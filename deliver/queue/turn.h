/* turn - whose message is next.  Each submitter has his turn, one after the
 * other; within it each of his destinations; and in that the first that came.
 * What is new takes turns with what was tried before.  So whoever has a hundred
 * thousand messages ready delays another by one message for each that the other
 * has, and a destination that takes all and ends none delays no other.
 *
 * Pure.  A step costs the logarithm of the number of groups, which are
 * submitters times destinations, these by a number of 16 bits. */
#ifndef DELIVER_QUEUE_TURN_H
#define DELIVER_QUEUE_TURN_H
#include "deliver/queue/message.h"

enum turn_kind {
	TURN_FRESH,  /* ready, and never tried before */
	TURN_OLD,    /* ready */
	TURN_PARKED, /* until others have ended */
	TURN_KINDS
};

struct turn_group { /* of one kind, submitter and destination; never empty */
	RB_ENTRY(turn_group) link, by_dest;
	struct messages list;
	uint64_t served; /* TURN_PARKED: least is next of its destination */
	uid_t uid;
	uint16_t dest;
	uint8_t kind;
};

struct turn_user { /* with messages here, or open */
	RB_ENTRY(turn_user) link;
	uid_t uid;
	size_t open, jobs; /* being worked on; of them at net */
	size_t groups;
	bool old; /* the last one was of what was tried before */
	uint16_t dest[TURN_KINDS]; /* of the last turn */
};

RB_HEAD(turn_groups, turn_group);
RB_HEAD(turn_dests, turn_group);
RB_HEAD(turn_users, turn_user);
struct turn {
	struct turn_groups groups;
	struct turn_dests parked; /* the same, by destination */
	struct turn_users users;
	struct turn_group spare[TURN_KINDS]; /* without memory for others */
	size_t n[TURN_KINDS];
	uid_t last[2]; /* who had the last turn, of what is ready or parked */
	uint64_t clock;
};

/* A destination's number; never 0, which is one that is not known yet.  A relay
 * and a domain, or another name and "". */
uint16_t turn_dest(const char *relay, const char *domain);

void turn_init(struct turn *);
/* By m->uid and m->dest, which stay as they are until it is taken out.  It
 * stands in m->in then. */
void turn_put(struct turn *, struct message *, enum turn_kind);
void turn_remove(struct turn *, struct message *);
/* Whose turn it is among those that are ready, NULL: nobody's.  It stays until
 * it is removed.  Whoever has so much open that others might find no room
 * (turn_may) is passed over: most is the room for all, all what is taken. */
struct message *turn_next(struct turn *, size_t all, size_t most);
bool turn_waits(struct turn *, size_t all, size_t most); /* is there one? */
/* Of what is parked: the next of that destination, or (0) of all. */
struct message *turn_parked(struct turn *, uint16_t dest);

/* May one who has his share of all have one more?  At most half of what nobody
 * else has. */
bool turn_may(size_t his, size_t all, size_t most);
/* One more of his is open, or at net; or one less. */
void turn_open(struct turn *, uid_t, int by);
void turn_job(struct turn *, uid_t, int by);
size_t turn_jobs(struct turn *, uid_t);
#endif
