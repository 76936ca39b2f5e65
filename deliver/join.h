/* join - two roles that are to talk get a channel of their own. */
#ifndef DELIVER_JOIN_H
#define DELIVER_JOIN_H
#include "deliver/ipc.h"

/* Of the parent's channels to two roles: gives each of the two the other's end
 * of a new one.  A failure is logged. */
void join(struct ipc *a, struct ipc *b);
#endif
