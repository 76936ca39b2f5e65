#include "deliver/queue/quota.h"
#include <stdlib.h>

#define SWEEP 256 /* new users, before those who are forgotten are looked for  \
		   */

static int
order(const struct quota *a, const struct quota *b)
{
	return a->uid < b->uid ? -1 : a->uid > b->uid;
}
RB_GENERATE_INTERNAL(
    quota_tree, quota, link, order, __attribute__((unused)) static)

void
quota_init(struct quotas *q)
{
	*q = (struct quotas){ 0 };
	TAILQ_INIT(&q->refused);
}

static void
forget(struct quotas *q, struct quota *u)
{
	if (u->met)
		TAILQ_REMOVE(&q->refused, u, refused);
	RB_REMOVE(quota_tree, &q->all, u);
	q->n--;
	free(u);
}

void
quota_free(struct quotas *q)
{
	struct quota *u;

	while ((u = RB_MIN(quota_tree, &q->all)) != NULL)
		forget(q, u);
}

static bool
unknown(const struct quota *u, int64_t now)
{
	return u->count == 0 && u->met == QUOTA_NONE && u->last <= now;
}

static void
sweep(struct quotas *q, int64_t now)
{
	struct quota *u, *next;

	if (++q->swept < SWEEP + q->n / 2)
		return;
	q->swept = 0;
	for (u = RB_MIN(quota_tree, &q->all); u; u = next) {
		next = RB_NEXT(quota_tree, &q->all, u);
		if (unknown(u, now))
			forget(q, u);
	}
}

static struct quota *
find(struct quotas *q, uid_t uid)
{
	struct quota key = { .uid = uid };

	return RB_FIND(quota_tree, &q->all, &key);
}

/* Microseconds for each message. */
static int64_t
step(const struct quota_most *most)
{
	return most->per_user ? most->per_us / (int64_t)most->per_user : 0;
}

/* A time far ahead, from before the clock jumped back, counts for nothing. */
static int64_t
at(const struct quota *u, const struct quota_most *most, int64_t now)
{
	return u->last < now || u->last > now + 2 * most->per_us ? now
								 : u->last;
}

struct quota *
quota_add(struct quotas *q, const struct quota_most *most, uid_t uid,
    uint32_t kib, bool fresh, int64_t now)
{
	struct quota *u = find(q, uid);

	if (u == NULL) {
		sweep(q, now);
		if ((u = calloc(1, sizeof *u)) == NULL)
			return NULL;
		u->uid = uid;
		u->last = now;
		RB_INSERT(quota_tree, &q->all, u);
		q->n++;
	}
	u->count++;
	u->kib += kib;
	/* Those that came although he was refused do not keep him out for
	 * longer than one time. */
	if (fresh && most->per_user) {
		u->last = at(u, most, now) + step(most);
		if (u->last > now + most->per_us)
			u->last = now + most->per_us;
	}
	return u;
}

struct quota *
quota_drop(struct quotas *q, uid_t uid, uint32_t kib, int64_t now)
{
	struct quota *u = find(q, uid);

	if (u == NULL)
		return NULL;
	u->count -= u->count > 0;
	u->kib -= u->kib < kib ? u->kib : kib;
	if (!unknown(u, now))
		return u;
	forget(q, u);
	return NULL;
}

static uint64_t
below(uint64_t limit, bool refused)
{
	return refused ? limit - limit / 16 : limit;
}

/* From when on there is room for one more, or for a sixteenth of all. */
static int64_t
opens(const struct quota *u, const struct quota_most *most)
{
	int64_t room = step(most);

	if (u->met == QUOTA_RATE && room < most->per_us / 16)
		room = most->per_us / 16;
	return u->last + room - most->per_us;
}

static enum quota_met
meets(const struct quota *u, const struct quota_most *most, int64_t now)
{
	if (most->count && u->count >= below(most->count, u->met))
		return QUOTA_COUNT;
	if (most->kib && u->kib >= below(most->kib, u->met))
		return QUOTA_SIZE;
	if (most->per_user && at(u, most, now) == u->last &&
	    opens(u, most) > now)
		return QUOTA_RATE;
	return QUOTA_NONE;
}

bool
quota_judge(struct quotas *q, struct quota *u, const struct quota_most *most,
    int64_t now)
{
	enum quota_met met = meets(u, most, now), was = u->met;

	if (met && !was)
		TAILQ_INSERT_TAIL(&q->refused, u, refused);
	if (!met && was)
		TAILQ_REMOVE(&q->refused, u, refused);
	u->met = met;
	return met != was;
}

int64_t
quota_next(const struct quotas *q, const struct quota_most *most)
{
	const struct quota *u;
	int64_t first = INT64_MAX;

	TAILQ_FOREACH (u, &q->refused, refused)
		if (u->met == QUOTA_RATE && opens(u, most) < first)
			first = opens(u, most);
	return first;
}
