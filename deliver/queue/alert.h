/* alert - what is wrong with mail, told by another road than mail that travels:
 * a line in the log, a message in postmaster's own mailbox that is shown on the
 * terminals of those whom `alert via` names, and the answer to mailq --check.
 *
 * A cause (cause.h) is told at most once in `alert every`, also across a
 * restart.  Every call returns at once, tells from the loop, and does nothing
 * in a queue without alerts.  Nothing that befalls an alert's own message
 * raises another. */
#ifndef DELIVER_QUEUE_ALERT_H
#define DELIVER_QUEUE_ALERT_H
#include "deliver/queue/cause.h"
#include "deliver/queue/core.h"

#define ALERT_LETTER 'A' /* that ends the id of an alert's message */
#define ALERTS_MAX 16	 /* that stand at once; what is beyond is not told */

void alert_start(struct queue *); /* q->state is open */
bool alert_is(const char *id);	  /* an alert's own message? */
/* It has occurred: about a relay, or "".  why is bytes from anywhere. */
void alert_seen(struct queue *, enum cause, const char *about, struct span why);
void alert_over(struct queue *, enum cause, const char *about);
/* A message came into the queue; when it came to the machine, in seconds, is
 * known; it leaves, and is in the queue no more. */
void alert_come(struct queue *, struct message *);
void alert_age(struct queue *, struct message *, int64_t since);
void alert_gone(struct queue *, const struct message *);
/* Nothing is under way now.  True when something was told. */
bool alert_quiet(struct queue *);
/* Postmaster's mailbox did not take it at once: then the terminals alone. */
void alert_unstored(struct queue *, const struct message *, struct span why);
/* For mailq --check: "LEVEL sentence", a line.  age: seconds in place of the
 * setting's, or -1.  all: with other people's words. */
void alert_check(struct queue *, long age, bool all, struct buf *out);
#endif
