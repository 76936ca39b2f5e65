#include "deliver/queue/users.h"
#include "deliver/account.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KEPT 2000     /* ms */
#define KEPT_MAX 1000 /* users */

static int
order(const struct known_user *a, const struct known_user *b)
{
	return strcmp(a->name, b->name);
}
RB_GENERATE_INTERNAL(
    users, known_user, link, order, __attribute__((unused)) static)

struct known_user *
users_find(struct users *all, const char *name)
{
	struct known_user *u = RB_ROOT(all);
	int by;

	while (u && (by = strcmp(name, u->name)) != 0)
		u = by < 0 ? RB_LEFT(u, link) : RB_RIGHT(u, link);
	return u;
}

struct known_user *
users_add(struct users *all, const char *name)
{
	size_t n = strlen(name) + 1;
	struct known_user *u = calloc(1, sizeof *u + n);

	if (u == NULL)
		return NULL;
	memcpy(u->name, name, n);
	RB_INSERT(users, all, u);
	return u;
}

void
users_free(struct users *all)
{
	struct known_user *u;

	while ((u = RB_ROOT(all)) != NULL) {
		RB_REMOVE(users, all, u);
		free(u->user);
		free(u->home);
		free(u);
	}
}

static void
fill(struct known_user *u, const char *user, const char *home)
{
	u->user = strdup(user);
	u->home = strdup(home);
	u->state = u->user && u->home ? U_IS : U_LATER;
}

bool
users_recall(struct queue *q, struct known_user *u)
{
	struct known_user *k;

	if (loop_now() - q->users_since > KEPT || q->nusers >= KEPT_MAX) {
		users_free(&q->users);
		q->nusers = 0;
		q->users_since = loop_now();
	}
	k = users_find(&q->users, u->name);
	if (k)
		fill(u, k->user, k->home);
	return k != NULL;
}

void
users_look_up(struct queue *q, struct known_user *u)
{
	const struct passwd *pw;
	struct known_user *k;

	if (users_recall(q, u))
		return;
	pw = account_find(u->name);
	if (pw == NULL) {
		u->state = errno ? U_LATER : U_NOT;
		return;
	}
	fill(u, pw->pw_name, pw->pw_dir ? pw->pw_dir : "");
	if (u->state != U_IS || (k = users_add(&q->users, u->name)) == NULL)
		return;
	q->nusers++;
	fill(k, u->user, u->home);
	if (k->state != U_IS) { /* half of one is none */
		RB_REMOVE(users, &q->users, k);
		free(k->user);
		free(k->home);
		free(k);
		q->nusers--;
	}
}
