#include "deliver/queue/turn.h"
#include "common/crc.h"
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Whom no user of a machine is: the kernel takes it for "no change". */
#define NOBODY ((uid_t)-1)

static int
by_group(const struct turn_group *a, const struct turn_group *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->uid != b->uid)
		return a->uid < b->uid ? -1 : 1;
	return (int)a->dest - (int)b->dest;
}

static int
by_served(const struct turn_group *a, const struct turn_group *b)
{
	if (a->dest != b->dest)
		return (int)a->dest - (int)b->dest;
	return a->served < b->served ? -1 : a->served > b->served;
}

static int
by_uid(const struct turn_user *a, const struct turn_user *b)
{
	return a->uid < b->uid ? -1 : a->uid > b->uid;
}
RB_GENERATE_INTERNAL(
    turn_groups, turn_group, link, by_group, __attribute__((unused)) static)
RB_GENERATE_INTERNAL(
    turn_dests, turn_group, by_dest, by_served, __attribute__((unused)) static)
RB_GENERATE_INTERNAL(
    turn_users, turn_user, link, by_uid, __attribute__((unused)) static)

uint16_t
turn_dest(const char *relay, const char *domain)
{
	uint32_t sum = crc32c(0, relay, strlen(relay) + 1);

	sum = crc32c(sum, domain, strlen(domain));
	sum = (sum ^ sum >> 16) & 0xffff;
	return sum ? (uint16_t)sum : 1;
}

void
turn_init(struct turn *t)
{
	*t = (struct turn){ 0 };
	for (unsigned k = 0; k < TURN_KINDS; k++)
		TAILQ_INIT(&t->spare[k].list);
}

static struct turn_user *
find_user(struct turn *t, uid_t uid)
{
	struct turn_user key = { .uid = uid };

	return RB_FIND(turn_users, &t->users, &key);
}

/* NULL: there is no memory, and he is not counted. */
static struct turn_user *
get_user(struct turn *t, uid_t uid)
{
	struct turn_user *u = find_user(t, uid);

	if (u || uid == NOBODY || (u = calloc(1, sizeof *u)) == NULL)
		return u;
	u->uid = uid;
	RB_INSERT(turn_users, &t->users, u);
	return u;
}

static void
leave_user(struct turn *t, struct turn_user *u)
{
	if (u->groups || u->open || u->jobs)
		return;
	RB_REMOVE(turn_users, &t->users, u);
	free(u);
}

/* The first of that kind and submitter from dest on. */
static struct turn_group *
group_from(struct turn *t, enum turn_kind kind, uid_t uid, unsigned dest)
{
	struct turn_group key = {
		.kind = (uint8_t)kind, .uid = uid, .dest = (uint16_t)dest
	};
	struct turn_group *g =
	    dest > UINT16_MAX ? NULL : RB_NFIND(turn_groups, &t->groups, &key);

	return g && g->kind == kind && g->uid == uid ? g : NULL;
}

/* Another of its destination had its turn, or it is new there. */
static void
serve(struct turn *t, struct turn_group *g, bool again)
{
	if (g->kind != TURN_PARKED)
		return;
	if (again)
		RB_REMOVE(turn_dests, &t->parked, g);
	g->served = ++t->clock;
	RB_INSERT(turn_dests, &t->parked, g);
}

static struct turn_group *
get_group(struct turn *t, const struct message *m, enum turn_kind kind)
{
	struct turn_group *g = group_from(t, kind, m->uid, m->dest);
	struct turn_user *u;

	if (g && g->dest == m->dest)
		return g;
	u = get_user(t, m->uid);
	g = u ? calloc(1, sizeof *g) : NULL;
	if (g) {
		g->uid = m->uid;
		g->dest = m->dest;
		u->groups++;
	} else {
		g = &t->spare[kind]; /* first come, first served */
		if (!TAILQ_EMPTY(&g->list))
			return g;
		g->uid = NOBODY;
	}
	g->kind = (uint8_t)kind;
	TAILQ_INIT(&g->list);
	RB_INSERT(turn_groups, &t->groups, g);
	serve(t, g, false);
	return g;
}

void
turn_put(struct turn *t, struct message *m, enum turn_kind kind)
{
	struct turn_group *g = get_group(t, m, kind);

	TAILQ_INSERT_TAIL(&g->list, m, link);
	m->in = &g->list;
	t->n[kind]++;
}

static struct turn_group *
group_of(struct messages *list)
{
	return (struct turn_group *)(void *)((char *)list -
					     offsetof(struct turn_group, list));
}

void
turn_remove(struct turn *t, struct message *m)
{
	struct turn_group *g = group_of(m->in);
	struct turn_user *u;

	TAILQ_REMOVE(&g->list, m, link);
	m->in = NULL;
	t->n[g->kind]--;
	if (!TAILQ_EMPTY(&g->list))
		return;
	RB_REMOVE(turn_groups, &t->groups, g);
	if (g->kind == TURN_PARKED)
		RB_REMOVE(turn_dests, &t->parked, g);
	if (g == &t->spare[g->kind])
		return;
	u = find_user(t, g->uid);
	free(g);
	if (u) {
		u->groups--;
		leave_user(t, u);
	}
}

bool
turn_may(size_t his, size_t all, size_t most)
{
	return all < most && (his == 0 || his < most - all);
}

/* The next submitter behind that one who has something of a kind; all of them
 * are behind NOBODY. */
static struct turn_group *
behind(struct turn *t, enum turn_kind kind, uid_t uid)
{
	struct turn_group key = { .kind = (uint8_t)kind, .uid = uid + 1 };
	struct turn_group *g = RB_NFIND(turn_groups, &t->groups, &key);

	return g && g->kind == kind ? g : NULL;
}

/* The next in the circle with something of any of the kinds. */
static bool
next_user(struct turn *t, enum turn_kind from, enum turn_kind to, uid_t *uid)
{
	bool wraps = *uid == NOBODY;

	for (;;) {
		struct turn_group *g, *least = NULL;

		for (enum turn_kind k = from; k <= to; k++) {
			g = behind(t, k, *uid);
			if (g && (least == NULL || g->uid < least->uid))
				least = g;
		}
		if (least) {
			*uid = least->uid;
			return true;
		}
		if (wraps)
			return false;
		wraps = true;
		*uid = NOBODY; /* and 0 comes next */
	}
}

/* His next destination. */
static struct message *
take_turn(struct turn *t, enum turn_kind kind, uid_t uid, struct turn_user *u)
{
	struct turn_group *g =
	    u ? group_from(t, kind, uid, u->dest[kind] + 1u) : NULL;

	if (g == NULL)
		g = group_from(t, kind, uid, 0);
	if (u)
		u->dest[kind] = g->dest;
	return TAILQ_FIRST(&g->list);
}

/* Whose turn it is, or false. */
static bool
whose(struct turn *t, size_t all, size_t most, uid_t *uid)
{
	uid_t first = NOBODY;
	struct turn_user *u;

	*uid = t->last[0];
	while (next_user(t, TURN_FRESH, TURN_OLD, uid) && *uid != first) {
		u = find_user(t, *uid);
		if (turn_may(u ? u->open : 0, all, most))
			return true;
		/* Has a message open: they are no more than most. */
		if (first == NOBODY)
			first = *uid;
	}
	return false;
}

bool
turn_waits(struct turn *t, size_t all, size_t most)
{
	uid_t uid;

	return whose(t, all, most, &uid);
}

struct message *
turn_next(struct turn *t, size_t all, size_t most)
{
	struct turn_user *u;
	enum turn_kind kind;
	bool fresh, old;
	uid_t uid;

	if (!whose(t, all, most, &uid))
		return NULL;
	t->last[0] = uid;
	u = find_user(t, uid);
	fresh = group_from(t, TURN_FRESH, uid, 0) != NULL;
	old = group_from(t, TURN_OLD, uid, 0) != NULL;
	kind = fresh && (!old || u == NULL || u->old) ? TURN_FRESH : TURN_OLD;
	if (u)
		u->old = kind == TURN_OLD;
	return take_turn(t, kind, uid, u);
}

struct message *
turn_parked(struct turn *t, uint16_t dest)
{
	struct turn_group key = { .dest = dest }, *g;
	uid_t uid = t->last[1];

	if (dest == 0) {
		if (!next_user(t, TURN_PARKED, TURN_PARKED, &uid))
			return NULL;
		t->last[1] = uid;
		return take_turn(t, TURN_PARKED, uid, find_user(t, uid));
	}
	g = RB_NFIND(turn_dests, &t->parked, &key);
	if (g == NULL || g->dest != dest)
		return NULL;
	serve(t, g, true);
	return TAILQ_FIRST(&g->list);
}

void
turn_open(struct turn *t, uid_t uid, int by)
{
	struct turn_user *u = by > 0 ? get_user(t, uid) : find_user(t, uid);

	if (u == NULL)
		return;
	if (by > 0)
		u->open++;
	else if (u->open)
		u->open--;
	leave_user(t, u);
}

void
turn_job(struct turn *t, uid_t uid, int by)
{
	struct turn_user *u = by > 0 ? get_user(t, uid) : find_user(t, uid);

	if (u == NULL)
		return;
	if (by > 0)
		u->jobs++;
	else if (u->jobs)
		u->jobs--;
	leave_user(t, u);
}

size_t
turn_jobs(struct turn *t, uid_t uid)
{
	const struct turn_user *u = find_user(t, uid);

	return u ? u->jobs : 0;
}
