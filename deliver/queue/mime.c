/* mime - a message that a server would not take as it is, through the role
 * mime, and to net again.  Local mailboxes get the original. */
#include "common/crc.h"
#include "common/log.h"
#include "common/printable.h"
#include "deliver/convert.h"
#include "deliver/queue/remote.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUNNING_MAX 4
#define TRIES 3 /* failures that are the message's own */

static void pump(struct queue *);

static size_t
running(const struct queue *q)
{
	const struct job *j;
	size_t n = 0;

	TAILQ_FOREACH (j, &q->jobs, link)
		n += j->mime == JOB_CONVERTS;
	return n;
}

/* Once, at the next attempt and at the one after: then the sender is told. */
static void
failed(struct queue *q, struct job *j, bool own, struct span why)
{
	struct buf text = { 0 };
	bool never = own && ++j->m->unconverted >= TRIES;

	buf_str(&text, "the server does not take the text as it is, and it "
		       "cannot be converted: ");
	printable_add(&text, why, 200);
	remote_end(q, j, never ? OUT_NEVER : OUT_LATER,
	    never ? SPAN("5.6.3") : SPAN("4.6.3"), buf_view(&text));
	buf_free(&text);
	pump(q);
}

/* 0, or -1: it waits for another one to end. */
static int
start(struct queue *q, struct job *j)
{
	const struct file *f = j->m->file;
	struct buf b = { 0 };
	int done, fd = file_reader(q->dir, j->m->id);

	if (fd == -1)
		return -1;
	ipc_u64(&b, SPOOL_HEAD + f->head.env_len);
	ipc_u64(&b, f->head.body_len);
	ipc_u8(&b, IPC_7BIT);
	j->ref = ++q->ref;
	done = ipc_send(&q->parent, IPC_FORK_MIME, j->ref, &b, fd);
	close(fd);
	buf_free(&b);
	return done;
}

static void
pump(struct queue *q)
{
	struct job *j;

	TAILQ_FOREACH (j, &q->jobs, link) {
		if (j->mime != JOB_ASKS)
			continue;
		if (q->stopping || running(q) >= RUNNING_MAX)
			return;
		if (start(q, j) == -1) {
			failed(q, j, false, span_of(strerror(errno)));
			return; /* it has pumped */
		}
		j->mime = JOB_CONVERTS;
	}
}

void
mime_begin(struct queue *q, struct job *j)
{
	/* What comes out has a sum of its own: that of what goes in is looked
	 * at here. */
	switch (file_verify(j->m->file)) {
	case 0:
		j->mime = JOB_ASKS;
		pump(q);
		break;
	case 1:
		remote_end(q, j, OUT_DAMAGED, SPAN("4.3.0"),
		    SPAN("the stored message is damaged"));
		break;
	default:
		failed(q, j, false, span_of(strerror(errno)));
		break;
	}
}

static struct job *
by_ref(const struct queue *q, uint32_t ref)
{
	struct job *j;

	TAILQ_FOREACH (j, &q->jobs, link)
		if (j->mime == JOB_CONVERTS && j->ref == ref)
			return j;
	return NULL;
}

bool
mime_owns(const struct queue *q, uint32_t ref)
{
	return by_ref(q, ref) != NULL;
}

/* Length and sum of what came out: 0, or -1. */
static int
measure(struct job *j)
{
	uint64_t limit = convert_limit(j->m->file->head.body_len);
	char piece[65536];
	struct stat st;

	if (fstat(j->fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_size <= 0 || (uint64_t)st.st_size > limit)
		return -1;
	j->octets = 0;
	j->sum = 0;
	while (j->octets < (uint64_t)st.st_size) {
		ssize_t n = pread(j->fd, piece, sizeof piece, (off_t)j->octets);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		j->sum = crc32c(j->sum, piece, (size_t)n);
		j->octets += (uint64_t)n;
	}
	return 0;
}

void
mime_made(struct queue *q, const struct ipc_msg *m)
{
	struct job *j = by_ref(q, m->ref);

	if (j == NULL) {
		close(m->fd);
		return;
	}
	j->fd = m->fd;
	j->mime = JOB_CONVERTED;
	if (measure(j) == -1) {
		failed(q, j, true, SPAN("nothing of use came out"));
		return;
	}
	log_info("%s: converted octets=%llu from=%llu", j->m->id,
	    (unsigned long long)j->octets,
	    (unsigned long long)j->m->file->head.body_len);
	remote_pump(q);
	pump(q);
}

void
mime_refused(struct queue *q, uint32_t ref, bool own, struct span why)
{
	struct job *j = by_ref(q, ref);

	if (!q->stopping) { /* else its message stays as it is */
		failed(q, j, own, why);
		return;
	}
	j->mime = JOB_ASKS;
}
