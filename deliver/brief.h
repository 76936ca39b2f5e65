/* brief - the parent's short-lived children: each has a time after which it is
 * killed, for its user may have stopped it. */
#ifndef DELIVER_BRIEF_H
#define DELIVER_BRIEF_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct brief { /* a user, tty, mime or token process */
	pid_t pid;
	int64_t until; /* loop_now() at which it is killed */
	uint32_t ref;  /* mime: whose, */
	int out;       /* and its result; else -1 */
	pid_t asker;   /* token: the role net that waits for it; else 0 */
};

/* Room for one more: asked for before the fork. */
bool brief_room(void);
void brief_add(struct brief, int64_t limit); /* ms from now on */
void brief_kill_all(void);
bool brief_none(void);
/* Was that pid one of them?  Then it is forgotten. */
bool brief_ended(pid_t, struct brief *was);
#endif
