/* brief - the parent's short-lived children: each has a time after which it is
 * killed, for its user may have stopped it. */
#ifndef DELIVER_BRIEF_H
#define DELIVER_BRIEF_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct brief { /* a user, tty, mime, token or submit process */
	pid_t pid;
	int64_t until; /* loop_now() at which it is killed */
	uint32_t ref;  /* mime: whose, */
	int out;       /* and its result; else -1 */
	pid_t asker; /* token: the role net that waits for it; else 0.  It leads
			a process group, which ends with it */
	bool guest;  /* submit: works for a caller, not for the queue */
	uid_t uid;   /* whose guest */
};

/* Room for one more: asked for before the fork. */
bool brief_room(void);
void brief_add(struct brief, int64_t limit); /* ms from now on */
/* Of the queue's own, or of all: guests outlive a restart of the queue. */
void brief_kill(bool guests);
bool brief_none(bool guests);
/* How many guests there are; *of_one: of that uid. */
size_t brief_guests(uid_t, size_t *of_one);
/* As waitpid(-1, status, WNOHANG); but what a token command has started and
 * left behind is killed first. */
pid_t brief_reap(int *status);
/* Was that pid one of them?  Then it is forgotten. */
bool brief_ended(pid_t, struct brief *was);
#endif
