/* remote - what remote.c and mime.c share: a job for the net role, one message
 * to one relay. */
#ifndef DELIVER_QUEUE_REMOTE_H
#define DELIVER_QUEUE_REMOTE_H
#include "deliver/queue/core.h"

struct job {
	TAILQ_ENTRY(job) link;
	struct message *m;
	uint32_t ref;
	bool out; /* at net */
	unsigned losses;
	char *relay, *domain;
	enum env_kind kind; /* of all its recipients */
	uint32_t *rcpts;
	bool *answered;
	size_t n, left;
	/* The server does not take the message as it is: */
	enum { JOB_AS_IT_IS, JOB_ASKS, JOB_CONVERTS, JOB_CONVERTED } mime;
	int fd; /* JOB_CONVERTED: the other text, of so many octets */
	uint64_t octets;
	uint32_t sum;
};

/* Answers for those who had none; then the job is over. */
void remote_end(struct queue *, struct job *, enum outcome, struct span status,
    struct span text);

/* mime: net has given the job back; it is converted, or has its answers. */
void mime_begin(struct queue *, struct job *);
/* The parent's words; m keeps its descriptor. */
void mime_made(struct queue *, const struct ipc_msg *m);
bool mime_owns(const struct queue *, uint32_t ref);
/* own: the message's own fault, not one of this machine's. */
void mime_refused(struct queue *, uint32_t ref, bool own, struct span why);
#endif
