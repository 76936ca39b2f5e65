#include "deliver/queue/retry.h"

int64_t
retry_next(const struct conf *c, unsigned tries, bool soon, int64_t now)
{
	size_t step = tries < c->nretry ? tries : c->nretry - 1;
	int64_t wait = c->retry[step] > 0 ? c->retry[step] : 1;

	if (soon && tries == 0 && wait > RETRY_SOON)
		wait = RETRY_SOON;
	return now + wait;
}

bool
retry_over(const struct conf *c, int64_t arrived, int64_t now)
{
	return now > arrived && now - arrived >= c->give_up;
}
