/* work - what work.c and its parts share: one request of mailq under way. */
#ifndef DELIVER_QUEUE_WORK_H
#define DELIVER_QUEUE_WORK_H
#include "deliver/queue/client.h"
#include "deliver/queue/select.h"

struct work {
	enum doing {
		DO_LIST,
		DO_SHOW,
		DO_RETRY,
		DO_HOLD,
		DO_RELEASE,
		DO_REMOVE,
		DO_BOUNCE,
		DOINGS
	} doing;
	struct selection sel;
	size_t at;    /* of sel.ids */
	int64_t told; /* ms: the last word of progress */
	size_t seen, matched, done, already, busy, held, failed, unread;
	uint64_t octets;
	int64_t oldest;
	bool partial; /* it began before the whole queue was read */
	/* show: the message, and how much of it is still to come */
	int fd;
	off_t from;
	uint64_t left;
};

/* One message in words: a "message" line, a "rcpt" line for each recipient. */
void listing_message(const struct queue *, const struct message *,
    const struct file *, bool full, struct buf *out);
/* Its journal, a line "event" each, and the header; the body is begun where it
 * is asked for. */
void showing_begin(struct client *, const struct file *);
/* More of the body, while left is not 0. */
void showing_some(struct client *);
#endif
