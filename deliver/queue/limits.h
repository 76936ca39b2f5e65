/* limits - who may not submit now, and why: told to every sendmail by
 * /run/bellman/refuse (common/run.h), which the parent writes.  What is on its
 * way at that moment still comes. */
#ifndef DELIVER_QUEUE_LIMITS_H
#define DELIVER_QUEUE_LIMITS_H
#include "deliver/queue/core.h"

void limits_start(struct queue *);
/* A message came into the queue, or leaves it; or is somebody else's than was
 * thought when it came.  Nothing in a queue without limits. */
void limits_come(struct queue *, const struct message *, bool fresh);
void limits_gone(struct queue *, const struct message *);
void limits_move(struct queue *, const struct message *, uid_t from);
void limits_scanned(struct queue *); /* now all that waits is known */
/* Is somebody refused, who has to be let in again in time? */
bool limits_stand(const struct queue *);
#endif
