/* pace - how many sessions one destination may have at once, by what it says
 * and how fast: fewer when it frowns, one more now and then while it takes
 * messages, many where each answer takes its time.  Pure: now is the caller's
 * clock, second what a second is on it. */
#ifndef DELIVER_NET_PACE_H
#define DELIVER_NET_PACE_H
#include <stddef.h>
#include <stdint.h>

#define PACE_QUICK 5 /* sessions with one that answers at once, at most */
#define PACE_SLOW 4  /* ms: an answer that takes longer is waited for */
#define PACE_BURST 5 /* answers "later" in a row, which are a frown */
#define PACE_CALM_SECONDS                                                      \
	10		   /* without growth after the first frown; twice as   \
			      long after each further one, */
#define PACE_CALM_MOST 640 /* at most */

struct pace {
	unsigned most;	/* whatever happens */
	unsigned limit; /* at present; at least 1 */
	unsigned frowns, laters, taken;
	int64_t second, until; /* no growth before that */
};

/* What is under way with a destination. */
struct pace_now {
	unsigned live, ready; /* sessions; those that take messages */
	size_t waiting;	      /* messages without a session */
	unsigned window;      /* messages that a session has in flight */
	int64_t answer;	      /* ms that it takes for one */
};

void pace_init(struct pace *, unsigned most, int64_t second);
/* May one more be opened, beside so many? */
int pace_may(const struct pace *, unsigned live, int64_t now);
/* How many more are worth it: the number grows with each answer, up to as many
 * as shorten the time for what waits, each being ready after some answers. */
unsigned pace_more(const struct pace *, const struct pace_now *, int64_t now);
/* A message was taken. */
void pace_taken(struct pace *, int64_t now);
/* One was put off, for all its recipients; live: sessions there are. */
void pace_later(struct pace *, unsigned live, int64_t now);
/* A session was refused, or ended by 421; live: those that are left. */
void pace_frown(struct pace *, unsigned live, int64_t now);
#endif
