/* reader - the .forward of a user, or a list he owns, read by a process of his
 * own: the queue opens no file of anybody. */
#ifndef DELIVER_QUEUE_READER_H
#define DELIVER_QUEUE_READER_H
#include "deliver/queue/core.h"

struct reader {
	/* Set by the owner before he asks.  Called once, from the loop; text
	 * (of READ_OK) and why (a sentence, for all others) are valid in the
	 * call.  A zeroed reader is one that has not asked. */
	void (*done)(struct reader *, enum read_status, struct span text,
	    struct span why);
	void *arg;
	/* reader.c's own */
	TAILQ_ENTRY(reader) link;
	struct reading *at; /* NULL: not under way */
	char *path;
	uint32_t ref;
	bool asked;
	struct buf text;
};

/* path NULL: ~/.forward.  A path without / at its front is beneath his home.
 * The process for one user stays while questions for him are open. */
void reader_ask(
    struct queue *, struct reader *, const char *user, const char *path);
void reader_cancel(struct reader *); /* also of one that is not under way */

bool reader_owns(struct queue *, uint32_t ref);
void reader_forked(struct queue *, uint32_t ref, int fd);
void reader_nothing(struct queue *, uint32_t ref); /* he has no .forward */
void reader_refused(
    struct queue *, uint32_t ref, bool permanent, struct span why);
#endif
