/* texts - the world of expand.h as this machine has it: the alias map, the
 * user database, .forward and lists.  What only a process of its owner may
 * read is asked for, and there at the next expansion. */
#ifndef DELIVER_QUEUE_TEXTS_H
#define DELIVER_QUEUE_TEXTS_H
#include "deliver/queue/core.h"
#include "deliver/queue/expand.h"

struct known_text;
RB_HEAD(known_texts, known_text);
struct texts {
	struct queue *q;
	/* Called from the loop when nothing is asked for any more, and all
	 * users are looked up: many of them take more than one round.  NULL:
	 * nothing is asked for at all, no .forward is looked at, and a list
	 * that only its owner may read is there later. */
	void (*ready)(struct texts *);
	void *arg;
	struct known_texts all;
	struct users users;
	TAILQ_HEAD(, known_user) unknown; /* looked up from the loop */
	struct loop_timer slice;
	size_t looked_up;
	size_t open;   /* questions on their way */
	size_t octets; /* of the lists that aliases name */
	size_t users_octets;
};

/* q, ready and arg are set before. */
void texts_world(struct texts *, struct world *);
void texts_free(struct texts *); /* and what is on its way is forgotten */
#endif
