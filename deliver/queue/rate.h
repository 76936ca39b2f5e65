/* rate - so many a minute, in one number: the time (milliseconds) at which, had
 * they come evenly, the last one would have come.  Pure. */
#ifndef DELIVER_QUEUE_RATE_H
#define DELIVER_QUEUE_RATE_H
#include <stdbool.h>
#include <stdint.h>

#define RATE_MINUTE 60000

/* May one more come?  per_minute 0: always.  After a minute without any there
 * may come per_minute at once.  A time far ahead, from before the clock jumped
 * back, counts for nothing. */
bool rate_may(int64_t last, unsigned per_minute, int64_t now);
int64_t rate_take(int64_t last, unsigned per_minute, int64_t now);
int64_t rate_give(int64_t last, unsigned per_minute); /* it was not used */
#endif
