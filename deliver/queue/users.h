/* users - the user database, as far as the queue needs it.  A look-up reads
 * files, or asks another program, and takes its time: once for many messages;
 * where many are asked for, a few in each round of the loop (texts.c). */
#ifndef DELIVER_QUEUE_USERS_H
#define DELIVER_QUEUE_USERS_H
#include "deliver/queue/core.h"

struct known_user {
	RB_ENTRY(known_user) link;
	TAILQ_ENTRY(known_user) next; /* texts.c: still to be looked up */
	enum {
		U_ASKED, /* not yet looked up */
		U_IS,
		U_NOT,
		U_LATER, /* that cannot be told now */
	} state;
	char *user, *home; /* U_IS: as the machine has them */
	char name[];
};

/* In a tree: found, or NULL; added as U_ASKED, or NULL for lack of memory. */
struct known_user *users_find(struct users *, const char *name);
struct known_user *users_add(struct users *, const char *name);
void users_free(struct users *);

/* Fills one in.  Who is there is remembered for two seconds: who was added a
 * moment ago is found, and who was removed gets no process from the parent.
 * users_recall asks nobody: false if he is not remembered. */
bool users_recall(struct queue *, struct known_user *);
void users_look_up(struct queue *, struct known_user *);
#endif
