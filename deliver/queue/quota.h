/* quota - how much of each submitter waits, how fast he sends, and which limit
 * that meets.  Pure. */
#ifndef DELIVER_QUEUE_QUOTA_H
#define DELIVER_QUEUE_QUOTA_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/tree.h>
#include <sys/types.h>

enum quota_met { QUOTA_NONE, QUOTA_COUNT, QUOTA_SIZE, QUOTA_RATE };

struct quota_most {	   /* 0: any */
	uint64_t count;	   /* messages of one user */
	uint64_t kib;	   /* of them together */
	uint64_t per_user; /* in per_us */
	int64_t per_us;	   /* microseconds */
};

struct quota {
	RB_ENTRY(quota) link;
	TAILQ_ENTRY(quota) refused;
	uid_t uid;
	enum quota_met met; /* not QUOTA_NONE: he is in refused */
	uint64_t count, kib;
	int64_t last; /* microseconds: when the last one had come, had they all
			 come evenly */
};

RB_HEAD(quota_tree, quota);
TAILQ_HEAD(quota_list, quota);
struct quotas {
	struct quota_tree all;
	struct quota_list refused;
	size_t n, swept;
};

void quota_init(struct quotas *);
void quota_free(struct quotas *);
/* One more message of his; fresh: it counts for the rate as well.  NULL: no
 * memory, and it is not counted. */
struct quota *quota_add(struct quotas *, const struct quota_most *, uid_t,
    uint32_t kib, bool fresh, int64_t now);
/* One less.  NULL: nothing is known of him any more. */
struct quota *quota_drop(struct quotas *, uid_t, uint32_t kib, int64_t now);
/* Is he at a limit?  Then he goes into refused; or out of it, when he is far
 * enough below: a sixteenth, so that no message opens and shuts it.  True when
 * that has changed. */
bool quota_judge(
    struct quotas *, struct quota *, const struct quota_most *, int64_t now);
/* When somebody's rate lets him in again; INT64_MAX: nobody waits for that. */
int64_t quota_next(const struct quotas *, const struct quota_most *);
#endif
