#include "deliver/net/pace.h"
#include <stdbool.h>

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

#define OPENING                                                                \
	4	 /* answers until a session is ready: a greeting, EHLO, TLS    \
		  */
#define GROWTH 4 /* times as many, with each answer of a slow one */

unsigned
pace_more(const struct pace *p, const struct pace_now *n, int64_t now)
{
	bool slow = n->answer > PACE_SLOW;
	size_t most = slow ? (size_t)n->ready * GROWTH : n->ready + 1u;
	/* With more of them what waits would be done before they are ready. */
	size_t useful = slow ? 1 + n->waiting / ((size_t)OPENING * n->window)
			     : n->live + n->waiting;

	if (most > p->limit)
		most = p->limit;
	if (!slow && most > PACE_QUICK)
		most = PACE_QUICK;
	if (most > useful)
		most = useful;
	return most > n->live && pace_may(p, n->live, now)
		   ? (unsigned)most - n->live
		   : 0;
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
