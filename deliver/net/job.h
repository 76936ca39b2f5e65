/* job - one message to one relay, as the queue asks for it (deliver/net/net.h),
 * and the answers.  Memory is bounded by what the queue sends. */
#ifndef DELIVER_NET_JOB_H
#define DELIVER_NET_JOB_H
#include "common/conf.h"
#include "deliver/net/smtp.h"
#include <sys/queue.h>

struct job {
	TAILQ_ENTRY(job) link;
	struct ipc *queue; /* NULL: a probe's */
	uint32_t ref;
	int fd;		      /* the message file; -1: a probe's */
	char *relay, *domain; /* "": the relay's own hosts */
	char *from, *envid;
	struct smtp_mail mail;
	uint32_t count; /* recipients that it will have */
	size_t cap;
	uint64_t offset, length;
	uint32_t sum;
	unsigned text;	 /* ENV_EIGHT, ENV_LONG */
	unsigned flags;	 /* IPC_REQUIRETLS, IPC_TLS_OPTIONAL */
	const char *mta; /* who is being asked; "" before that */
	bool delivered;	 /* to one recipient at least */
	bool later;	 /* one was put off by the server */
	struct buf head; /* in place of the first skip octets, if any */
	size_t skip;
};
TAILQ_HEAD(jobs, job);

/* Of an IPC_NET_MAIL; takes its descriptor over in any case.  NULL with EPROTO,
 * or ENOMEM. */
struct job *job_new(struct ipc *queue, struct ipc_msg *);
/* Adds an IPC_NET_RCPT: 0, or -1 with EPROTO, or ENOMEM. */
int job_add(struct job *, struct span body);
bool job_whole(const struct job *);
/* Its sender as a relay is to know it, envelope and header (deliver/net/
 * rewrite.h): 0, or -1 with errno. */
int job_sender(struct job *, const struct conf *);
/* Answers every recipient that has no answer yet. */
void job_fail(struct job *, const struct verdict *, struct span text);
void job_end(struct job *); /* tells the queue, and frees */
/* A server with those offers would not take its text as it is. */
bool job_is_illegal(const struct job *, unsigned offers);
void job_convert(struct job *); /* tells the queue so, and frees */
void job_free(struct job *);
#endif
