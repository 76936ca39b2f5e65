/* offline - mailq's requests while no agent runs, for root: the same work, in a
 * process of its own that has become the user bellman. */
#ifndef DELIVER_QUEUE_OFFLINE_H
#define DELIVER_QUEUE_OFFLINE_H
#include "common/conf.h"
#include <sys/types.h>

/* Does the request only look?  Then no lock is needed. */
bool offline_looks(struct span request);
/* The answer goes to standard output, as the agent's would.  changes: the
 * caller is the one agent now.  0, or -1 when it cannot be given. */
int offline(const struct conf *, uid_t own, struct span request, bool changes);
#endif
