#include "deliver/net/pace.h"

void
pace_init(struct pace *p, unsigned most, int64_t second)
{
	*p = (struct pace){ .most = most, .limit = most, .second = second };
}

int
pace_may(const struct pace *p, unsigned live, int64_t now)
{
	/* With none at all there is no other way to learn that it is well
	 * again. */
	return live == 0 || (live < p->limit && now >= p->until);
}

void
pace_taken(struct pace *p, int64_t now)
{
	p->laters = 0;
	if (p->limit == p->most || now < p->until)
		return;
	/* A round of messages over all its sessions went well. */
	if (++p->taken >= p->limit) {
		p->taken = 0;
		p->limit++;
	}
	if (p->limit == p->most)
		p->frowns = 0;
}

void
pace_later(struct pace *p, unsigned live, int64_t now)
{
	if (++p->laters < PACE_BURST)
		return;
	pace_frown(p, live / 2, now);
}

void
pace_frown(struct pace *p, unsigned live, int64_t now)
{
	int64_t calm = (int64_t)PACE_CALM_SECONDS << p->frowns;

	if (calm < PACE_CALM_MOST)
		p->frowns++;
	p->laters = p->taken = 0;
	p->limit = live < 1 ? 1 : live < p->most ? live : p->most;
	p->until = now + calm * p->second;
}
