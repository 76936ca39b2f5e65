/* look - can a user be reached on a terminal now?  Asked of a process of the
 * tty role, which writes nothing. */
#ifndef DELIVER_QUEUE_LOOK_H
#define DELIVER_QUEUE_LOOK_H
#include "deliver/queue/core.h"
#include "deliver/tty/tty.h"

struct look {
	TAILQ_ENTRY(look) link;
	struct looking *at; /* NULL: not under way */
	/* Once, from the loop; TTY_FAILED when it cannot be told. */
	void (*seen)(struct look *, enum tty_result);
	void *arg;
};

/* seen and arg are set before.  Those who ask for the same user at the same
 * time share one answer.  0; or -1: too many are under way. */
int look(struct queue *, const char *user, struct look *);
void look_cancel(struct look *); /* also of one that is not under way */
#endif
