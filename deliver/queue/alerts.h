/* alerts - what alert.c and alert_look.c share: what stands, and how it is
 * found. */
#ifndef DELIVER_QUEUE_ALERTS_H
#define DELIVER_QUEUE_ALERTS_H
#include "deliver/queue/alert.h"

#define ALERT_WHY 400 /* octets kept of a reason */

struct alert_item { /* something that stands */
	enum cause cause;
	char about[CONF_RELAY_NAME];
	char why[ALERT_WHY];
	char id[SPOOL_IDSIZE]; /* of the message that told it */
	int64_t since, last, told;
	unsigned seen, more;
};

struct alerts {
	struct queue *q;
	struct alert_item items[ALERTS_MAX];
	size_t n;
	size_t mine; /* messages of alerts in the queue */
	int64_t told[CAUSES];
	struct loop_timer next;
	int64_t started, disk_at; /* loop_now() */
	int64_t offset;		  /* cause_clock_set */
	int64_t doubt; /* loop_now() until which no age is believed */
	bool settled;  /* what an earlier process left had a turn */
};

struct alert_item *alert_find(struct alerts *, enum cause, const char *about);
/* NULL when too many stand. */
struct alert_item *alert_add(struct alerts *, enum cause, const char *about);
/* It is over; another takes its place in the array. */
void alert_end(struct alerts *, struct alert_item *);
void alert_why(struct alert_item *, struct span why);
/* In seconds since 1970: the next look is no later. */
void alert_wake(struct alerts *, int64_t when);
struct cause_text alert_text(const struct alerts *, const struct alert_item *);
/* A look at everything; what is due is told: true if anything was. */
bool alert_look(struct alerts *);

/* For a moment after the clock was set nothing begins, ends or is told by its
 * age: that may be set right at once. */
bool alert_doubts(struct alerts *);
/* alert_look.c: states, which begin and end by what is found. */
void alert_look_age(struct alerts *);
void alert_look_disk(struct alerts *);
void alert_look_ends(struct alerts *);
size_t alert_quarantined(const struct alerts *); /* files; at most 1000 */
#endif
