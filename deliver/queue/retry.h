/* retry - when next, or give up.  Pure. */
#ifndef DELIVER_QUEUE_RETRY_H
#define DELIVER_QUEUE_RETRY_H
#include "common/conf.h"

/* Seconds since 1970 at which the attempt after `tries` deferrals is due; at
 * least one second ahead of now.  soon: a server asked for a little patience
 * (greylisting); the second attempt, and only that, comes early. */
#define RETRY_SOON 90
int64_t retry_next(const struct conf *, unsigned tries, bool soon, int64_t now);
/* When a message that was put off is due, by the time its journal has for it:
 * now, if that is further ahead than the step it had come to.  The clock was
 * set back, and the time was meant by the wrong one. */
int64_t retry_due(
    const struct conf *, unsigned tries, int64_t until, int64_t now);
/* How long a message has waited is the time from its arrival to the first
 * event of its journal, from there to the next, and so on to now; of each at
 * most so many seconds: a clock that was wrong for a moment, one that is set
 * right after the start of a machine, and a machine that was off do not take
 * from it the time that it was to be tried for.  limit: what the time is
 * compared with (give-up, warn). */
int64_t retry_gap(const struct conf *, int64_t limit);
/* What the time from one event to the next counts for; a clock that was set
 * back counts as no time at all. */
int64_t retry_counts(int64_t from, int64_t to, int64_t gap);
/* Is it too old for a screen?  So it is also where it would be a message of
 * the future: nobody knows its age, and one that comes late is worse there
 * than one that does not come. */
bool retry_late(int64_t arrived, int64_t now, int64_t patience);
#endif
