/* retry - when next, or give up.  Pure. */
#ifndef DELIVER_QUEUE_RETRY_H
#define DELIVER_QUEUE_RETRY_H
#include "common/conf.h"

/* Seconds since 1970 at which the attempt after `tries` deferrals is due; at
 * least one second ahead of now.  soon: a server asked for a little patience
 * (greylisting); the second attempt, and only that, comes early. */
#define RETRY_SOON 90
int64_t retry_next(const struct conf *, unsigned tries, bool soon, int64_t now);
/* Has the message waited as long as it may?  A clock that jumped back counts
 * as no time at all. */
bool retry_over(const struct conf *, int64_t arrived, int64_t now);
#endif
