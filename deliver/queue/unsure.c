/* unsure - intents that outlive their batch: those whose end is unknown, and
 * those that say what a journal without room cannot. */
#include "common/log.h"
#include "deliver/queue/box.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* An intent whose end is unknown: to be looked for under the lock. */
int
batch_keep(struct box *b, const struct intent *in)
{
	struct intent *more = reallocarray(b->old, b->nold + 1, sizeof *more);

	if (more == NULL)
		return -1;
	b->old = more;
	b->old[b->nold++] = *in;
	b->q->boxes_unsure++;
	return 0;
}

struct intent
batch_old(struct box *b)
{
	struct intent in = b->old[0];

	memmove(b->old, b->old + 1, --b->nold * sizeof *b->old);
	b->q->boxes_unsure--;
	return in;
}

void
batch_forget(struct queue *q, struct intent *in)
{
	if (unlinkat(q->intents, in->name, 0) == -1 && errno != ENOENT)
		log_errno(
		    "agent: error what=\"%s cannot be removed\"", in->name);
	intent_free(in);
}

void
batch_forget_old(struct box *b)
{
	struct intent in = batch_old(b);

	batch_forget(b->q, &in);
}

static bool
owes(struct queue *q, const struct intent *in)
{
	for (size_t i = 0; i < in->n; i++) {
		const struct message *m = sched_find(q, in->items[i].id);

		if (m && m->owed)
			return true;
	}
	return false;
}

void
batch_end(struct queue *q, struct intent *in, const char *result)
{
	struct kept *k = owes(q, in) ? calloc(1, sizeof *k) : NULL;

	if (k == NULL) {
		batch_forget(q, in);
		return;
	}
	if (result && intent_mark(q->intents, in, result) == -1)
		log_errno(
		    "agent: error what=\"%s cannot be marked\"", in->name);
	k->in = *in;
	*in = (struct intent){ 0 };
	TAILQ_INSERT_TAIL(&q->kepts, k, link);
}

void
box_settled(struct queue *q)
{
	struct kept *k, *next;

	for (k = TAILQ_FIRST(&q->kepts); k; k = next) {
		next = TAILQ_NEXT(k, link);
		if (owes(q, &k->in))
			continue;
		TAILQ_REMOVE(&q->kepts, k, link);
		batch_forget(q, &k->in);
		free(k);
	}
}
