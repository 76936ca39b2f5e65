/* simulate - a day of a mail hub on a clock that does not wait.
 *
 * What decides is the product's own object code: which message next and when
 * again (deliver/queue/sched.o, turn.o, share.o, retry.o), which destination
 * gets a session, how many and when none (deliver/net/relay.o, pace.o, shut.o).
 * Around it stand, in place of what waits or touches a disk: clock.c for the
 * loop, hub.c for the queue's files and attempts, far.c for sessions and the
 * servers behind them, world.c for who sends what to whom, and when. */
#ifndef TESTS_SIMULATE_SIMULATE_H
#define TESTS_SIMULATE_SIMULATE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plan {
	uint64_t seed;
	uint32_t messages; /* of a day */
	uint32_t dests, submitters;
	double down;	/* part of the destinations that is, for some hours */
	bool together;	/* and all of them from 6:00 to 10:00, without a word */
	uint32_t burst; /* messages of one submitter at 10:00, of them */
};

#define SECOND INT64_C(1000) /* the clock counts ms */
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)
#define BURST_AT (10 * HOUR)
#define EPOCH INT64_C(1700000000) /* of the simulated day, in seconds */

/* Durations in ms, in steps of 1/32 of themselves. */
struct spread {
	uint64_t n, at[32 * 40];
	int64_t most;
};
void spread_add(struct spread *, int64_t ms);
int64_t spread_part(const struct spread *, double part); /* 0.99 */

enum kind { K_WELL, K_SLOW, K_DOWN, K_DEAD, KINDS };

struct result {
	uint64_t arrived, delivered, given_up, twice, lost;
	uint64_t opened;   /* messages, files of the product */
	uint64_t attempts; /* handed to the net role */
	uint64_t connects, connects_failed, transactions, put_off;
	size_t waiting_most; /* messages in the queue at once */
	size_t sessions_most;
	double bytes;	   /* of heap for a waiting message, at its worst */
	int64_t bytes_own; /* what adding one takes, exactly */
	int64_t left;	   /* heap that is left when all is over */
	size_t left_jobs, left_sessions;
	int64_t end; /* ms after midnight: the last one was gone */
	struct spread delay[KINDS]; /* K_DOWN: from the server's return */
	/* to healthy destinations: the large submitter; the others in the hour
	 * before, and in the hour that begins with it */
	struct spread large, before, during;
};

/* The whole day, and until the last message is gone. */
const struct result *simulate(const struct plan *);

/* world */
struct dest {
	int64_t from, until; /* it is down */
	uint32_t rtt, work;  /* ms: a round trip; what a message takes it */
	uint16_t most, live; /* sessions that it takes; that it has */
	uint8_t kind;
	bool silent; /* when down: no answer at all, else a refusal */
};
void world_begin(const struct plan *, uint64_t *seed);
void world_end(void);
struct dest *world_dest(uint32_t);
bool world_down(const struct dest *, int64_t now);
uint32_t world_pick_dest(void);
uint32_t world_pick_submitter(void);
/* ms until the next message comes, when it is now. */
int64_t world_gap(int64_t now);
double world_chance(void);	  /* 0 to 1 */
void *world_memory(size_t bytes); /* not of the heap, which is measured */

/* clock: until nothing is left to happen. */
void clock_begin(void);
void clock_run(bool (*const inboxes[])(void));

/* hub */
struct conf;
void hub_begin(const struct plan *, const struct conf *, struct result *);
void hub_end(void);
void hub_arrives(uint32_t dest, uint32_t submitter);
void hub_answer(uint32_t ref, bool taken, bool soon); /* comes by the inbox */
bool hub_inbox(void);				      /* false: it was empty */

/* far */
void far_begin(const struct conf *, struct result *);
void far_end(void);
void far_send(uint32_t ref, uint32_t dest); /* comes by the inbox */
bool far_inbox(void);
#endif
