/* cause - what the agent alerts people to: one row each, when it may be said
 * again, and in what words.  Pure. */
#ifndef DELIVER_QUEUE_CAUSE_H
#define DELIVER_QUEUE_CAUSE_H
#include "common/buf.h"
#include <stdint.h>

enum cause {
	CAUSE_AGE,	  /* the oldest message has waited too long */
	CAUSE_HELD,	  /* a relay wants a login or TLS that we have not */
	CAUSE_DROPPED,	  /* a report that nobody has received */
	CAUSE_QUARANTINE, /* a file was put aside */
	CAUSE_DISK,	  /* the spool has hardly room */
	CAUSE_LIMIT,	  /* somebody, or nobody, may submit now */
	CAUSE_RUNAWAY,	  /* a program that meets one limit after the other */
	CAUSES
};

enum cause_level { LEVEL_OK, LEVEL_WARNING, LEVEL_CRITICAL, LEVELS };

#define CAUSE_DAY 86400

struct cause_row {
	const char *name; /* in the log and in state.tdb */
	enum cause_level level;
	bool goes_on;	/* a state, which ends when it is over; else each
			   occurrence is one of its own */
	unsigned least; /* occurrences before it is one at all */
	long lasts;	/* seconds after the last one; 0: until it is over */
	const char *setting; /* of `alert`: the threshold; "": none */
	const char *what, *todo;
};
extern const struct cause_row cause_rows[CAUSES];
extern const char *const cause_level_name[LEVELS];

/* Seconds since 1970; 0: never. */
struct cause_times {
	enum cause cause;
	int64_t told_any; /* of this cause, whatever it was about */
	int64_t told;	  /* of this one */
	unsigned seen;	  /* occurrences */
	unsigned more;	  /* of them since it was told */
	int64_t now;
	long every; /* at least between two of one cause */
};

/* When it is to be said (again): not after now if it is due; INT64_MAX: never,
 * as things are.  A time in the future, from before the clock jumped back,
 * counts for nothing. */
int64_t cause_due(const struct cause_times *);
/* Was the clock set, by more than it is when it is kept right?  *offset is what
 * the wall clock is ahead of the one that only ever goes on; both in seconds.
 */
bool cause_clock_set(int64_t *offset, int64_t wall, int64_t steady);
/* Is it over by itself, so long after the last occurrence? */
bool cause_lapsed(enum cause, int64_t last, int64_t now);

struct cause_text {
	enum cause cause;
	const char *about; /* a relay's name, or "" */
	const char *why;   /* bytes from anywhere */
	unsigned more;	   /* times since it was told last */
	int64_t told, now; /* told: 0, the first time */
	const char *id, *hostname, *domain;
};
/* One sentence, without its full stop: "WHAT: ABOUT: WHY"; why may be left
 * out. */
void cause_sentence(const struct cause_text *, bool why, struct buf *);
/* The message to postmaster, header and text, short enough for a terminal. */
void cause_compose(const struct cause_text *, struct buf *);
#endif
