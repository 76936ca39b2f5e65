#include "deliver/queue/kept.h"
#include "deliver/queue/core.h"
#include "deliver/queue/state.h"
#include <stdlib.h>
#include <time.h>

#define HEAD "net/" /* of their keys in state.tdb */
#define NAME 255    /* octets of a name */
#define LONGEST (400ll * 86400)

int
kept_take(struct queue *q, struct span body)
{
	struct ipc_in in = { .rest = body };
	struct span name = ipc_get(&in);
	int64_t now = (int64_t)time(NULL);
	uint64_t until = ipc_get64(&in);
	struct span octets = ipc_get(&in);
	char *key = ipc_end(&in) && name.len > 0 && name.len <= NAME &&
			    octets.len <= IPC_KEEP && !span_has(name, '\0')
			? span_dup(name)
			: NULL;

	if (key == NULL)
		return -1;
	state_prune(q->state, HEAD, now);
	if (until < (uint64_t)(now + LONGEST))
		state_keep(
		    q->state, HEAD, key, (int64_t)until, octets, KEPT_MOST);
	free(key);
	return 0;
}

static void
give(void *arg, struct span name, int64_t until, struct span octets)
{
	struct queue *q = arg;
	struct buf b = { 0 };

	if (until <= (int64_t)time(NULL))
		return;
	ipc_span(&b, name);
	ipc_u64(&b, (uint64_t)until);
	ipc_span(&b, octets);
	/* What the table does not let through is no loss: the file is a cache.
	 */
	ipc_send(&q->net, IPC_NET_KEPT, 0, &b, -1);
	buf_free(&b);
}

void
kept_give(struct queue *q)
{
	state_each(q->state, HEAD, give, q);
}
