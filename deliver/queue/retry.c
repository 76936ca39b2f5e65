#include "deliver/queue/retry.h"

#define GAPS 4 /* no fewer make up the time for which a message is tried */
#define ATTEMPT                                                                \
	600 /* seconds that one may take by itself (RFC 5321, 4.5.3.2) */

int64_t
retry_next(const struct conf *c, unsigned tries, bool soon, int64_t now)
{
	size_t step = tries < c->nretry ? tries : c->nretry - 1;
	int64_t wait = c->retry[step] > 0 ? c->retry[step] : 1;

	if (soon && tries == 0 && wait > RETRY_SOON)
		wait = RETRY_SOON;
	return now + wait;
}

int64_t
retry_due(const struct conf *c, unsigned tries, int64_t until, int64_t now)
{
	return until > retry_next(c, tries ? tries - 1 : 0, false, now) ? now
									: until;
}

int64_t
retry_gap(const struct conf *c, int64_t limit)
{
	int64_t gap = limit / GAPS;

	for (size_t i = 0; i < c->nretry; i++)
		if (gap < c->retry[i] + ATTEMPT)
			gap = c->retry[i] + ATTEMPT;
	return gap;
}

int64_t
retry_counts(int64_t from, int64_t to, int64_t gap)
{
	if (to <= from)
		return 0;
	/* No difference of two times of a file is trusted to be a number. */
	return from < to - gap ? gap : to - from;
}

bool
retry_late(int64_t arrived, int64_t now, int64_t patience)
{
	return arrived <= now - patience || arrived > now + patience;
}
