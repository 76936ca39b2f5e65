#include "deliver/queue/rate.h"

static int64_t
at(int64_t last, int64_t now)
{
	return last < now || last > now + RATE_MINUTE ? now : last;
}

bool
rate_may(int64_t last, unsigned per_minute, int64_t now)
{
	return per_minute == 0 ||
	       at(last, now) + RATE_MINUTE / per_minute <= now + RATE_MINUTE;
}

int64_t
rate_take(int64_t last, unsigned per_minute, int64_t now)
{
	return at(last, now) + (per_minute ? RATE_MINUTE / per_minute : 0);
}

int64_t
rate_give(int64_t last, unsigned per_minute)
{
	return last - (per_minute ? RATE_MINUTE / per_minute : 0);
}
