/* kept - what the role net wants to find again after a restart (IPC_NET_KEEP):
 * octets under a name, until a time.  It has no disk, and the queue does not
 * understand them: they come back as they are, when net is new. */
#ifndef DELIVER_QUEUE_KEPT_H
#define DELIVER_QUEUE_KEPT_H
#include "deliver/ipc.h"

#define KEPT_MOST 1000 /* names; those that would end first go */

struct queue;
/* An IPC_NET_KEEP: 0, or -1 when it does not parse. */
int kept_take(struct queue *, struct span body);
void kept_give(struct queue *); /* all that still holds, to a new net */
#endif
