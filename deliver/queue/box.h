/* box - what box.c and batch.c share: one mailbox, file or command. */
#ifndef DELIVER_QUEUE_BOX_H
#define DELIVER_QUEUE_BOX_H
#include "deliver/queue/core.h"
#include "deliver/queue/intent.h"

#define BATCH 200      /* messages under one sync */
#define SILENCE 120000 /* ms without a word: longer than both lock waits */

struct box_job {
	TAILQ_ENTRY(box_job) link;
	struct message *m;
	uint32_t rcpt;
	bool there; /* written and synced */
};
TAILQ_HEAD(box_jobs, box_job);

/* An intent whose result stands in it, and of whose messages one has a journal
 * without room: on disk it says what that journal cannot. */
struct kept {
	TAILQ_ENTRY(kept) link;
	struct intent in;
};

struct box {
	RB_ENTRY(box) link;
	TAILQ_ENTRY(box) turn;
	struct box_list *in; /* for its turn, or with a process; or NULL */
	bool few; /* a message with few recipients waits: sooner its turn */
	enum target_kind kind;
	char *user, *what; /* what: NULL for T_BOX */
	enum box_state {
		B_IDLE,
		B_FORKING,
		B_LOCKING,
		B_CHECKING, /* the intent of a batch whose end is unknown */
		B_APPENDING,
	} state;
	struct queue *q;
	struct ipc chan;
	uint32_t ref;
	struct box_jobs jobs;  /* waiting */
	struct box_jobs batch; /* under way, in the intent's order */
	size_t njobs;
	struct intent intent; /* of the batch, while B_APPENDING */
	struct intent *old;   /* unknown ends, oldest first */
	size_t nold;
	char *result; /* of the intent under way: '0' and '1' */
	unsigned rounds, crashes, pauses;
	size_t paused_with; /* jobs, when it paused last */
	int64_t began;	    /* loop_now() at which its process came */
	int64_t asked;	    /* and was asked for the lock */
	struct loop_timer again, silence, pause;
};

/* Does each of its messages run a command?  Then one is a whole batch. */
bool box_runs(const struct box *);
/* What it is, for a line of the log: "mailbox of alice". */
void box_place(const struct box *, struct buf *text);
void box_state(struct box *, enum box_state);
/* The process is let go; the box may be freed. */
void box_rest(struct box *);
/* Ends one job, or all of them, with that answer. */
void box_answer(struct box *, struct box_jobs *, struct box_job *, enum outcome,
    struct span status, struct span text);
void box_answer_all(
    struct box *, enum outcome, struct span status, struct span text);

/* Asks the process for the lock, and for where the mailbox ends. */
void batch_begin(struct box *);
void batch_got(struct ipc *, struct ipc_msg *);
void batch_gone(struct ipc *, const char *why);
void batch_silent(struct loop_timer *);
void batch_on(struct loop_timer *); /* after a pause */
/* Keeps an intent whose end is unknown, to be looked for under the lock: 0, or
 * -1.  Or removes one, whose end is known. */
int batch_keep(struct box *, const struct intent *);
void batch_forget(struct queue *, struct intent *);
/* The oldest of those: taken out, or removed. */
struct intent batch_old(struct box *);
void batch_forget_old(struct box *);
/* The same when all of it is said, but not before the journals say so, too:
 * till then its result (NULL: it is there) stands in it. */
void batch_end(struct queue *, struct intent *, const char *result);
#endif
