#include "deliver/queue/reader.h"
#include "common/log.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUNNING_MAX 16 /* processes at once */
#define LIMIT 30000    /* ms for one user: his home may hang (NFS) */
#define CRASHES 2      /* ends in the middle, before it is put off */

struct reading { /* one user's questions */
	RB_ENTRY(reading) by_user;
	TAILQ_ENTRY(reading) link;
	struct queue *q;
	char *user;
	uint32_t ref; /* of the fork; 0: it waits for its turn */
	bool whole;   /* there is a .forward, or a list is asked for */
	struct ipc chan;
	struct loop_timer limit;
	unsigned crashes;
	TAILQ_HEAD(, reader) all;
};

static int
order(const struct reading *a, const struct reading *b)
{
	return strcmp(a->user, b->user);
}
RB_GENERATE_INTERNAL(
    readings, reading, by_user, order, __attribute__((unused)) static)

static void start_waiting(struct queue *);

/* From the list of those that run to that of those that wait. */
static void
wait_again(struct reading *g)
{
	if (g->ref == 0)
		return;
	TAILQ_REMOVE(&g->q->readings_out, g, link);
	g->q->nreadings_out--;
	TAILQ_INSERT_TAIL(&g->q->readings, g, link);
	g->ref = 0;
}

/* Forgets what it has of an answer: it asks anew, or never again. */
static void
reset(struct reader *r)
{
	buf_free(&r->text);
	r->text = (struct buf){ 0 };
	r->asked = false;
}

void
reader_cancel(struct reader *r)
{
	if (r->at)
		TAILQ_REMOVE(&r->at->all, r, link);
	r->at = NULL;
	free(r->path);
	r->path = NULL;
	reset(r);
}

/* The reader may be gone, or ask again, afterwards. */
static void
answer(struct reader *r, enum read_status status, struct span why)
{
	struct buf text = r->text;

	r->text = (struct buf){ 0 };
	reader_cancel(r);
	r->done(r, status,
	    status == READ_OK ? buf_view(&text) : (struct span){ "", 0 }, why);
	buf_free(&text);
}

/* The process, if any, goes; all who still wait get that answer.  Whoever asks
 * again in it begins a new process. */
static void
end(struct reading *g, enum read_status status, struct span why)
{
	struct queue *q = g->q;
	struct reader *r;

	wait_again(g);
	TAILQ_REMOVE(&q->readings, g, link);
	RB_REMOVE(readings, &q->readers, g);
	loop_cancel(&g->limit);
	ipc_close(&g->chan);
	while ((r = TAILQ_FIRST(&g->all)) != NULL)
		answer(r, status, why);
	free(g->user);
	free(g);
	start_waiting(q);
}

static void
too_long(struct loop_timer *t)
{
	struct reading *g = t->arg;

	log_warn("agent: role-left role=user user=%s reason=\"it reads without "
		 "end\"",
	    g->user);
	end(g, READ_LATER,
	    SPAN("the home folder does not answer; it will be asked again"));
}

static void
ask_process(struct reading *g, struct reader *r)
{
	struct buf body = { 0 };

	r->ref = ++g->q->ref;
	r->asked = true;
	ipc_str(&body, r->path);
	ipc_send(&g->chan, IPC_READ_ASK, r->ref, &body, -1);
	buf_free(&body);
	loop_in(&g->limit, LIMIT);
}

static void
got(struct ipc *c, struct ipc_msg *m)
{
	struct reading *g = c->arg;
	struct ipc_in in = { m->body, false };
	struct reader *r;
	struct span why;
	uint8_t status;

	if (m->fd != -1)
		close(m->fd);
	TAILQ_FOREACH (r, &g->all, link)
		if (r->asked && r->ref == m->ref)
			break;
	if (r == NULL) { /* nobody wants to know any more */
		if (TAILQ_EMPTY(&g->all))
			end(g, READ_LATER, SPAN(""));
		return;
	}
	if (m->type == IPC_READ_TEXT) {
		if (r->text.len + m->body.len <= READ_LIST_MAX)
			buf_span(&r->text, m->body);
		else
			r->text.bad = true;
		return;
	}
	if (m->type != IPC_READ_END)
		return;
	status = ipc_get8(&in);
	why = ipc_get(&in);
	if (!ipc_end(&in) || status >= READ_STATUSES || r->text.bad)
		answer(r, READ_LATER, SPAN("no memory, or no clear answer"));
	else
		answer(r, (enum read_status)status, why);
	if (TAILQ_EMPTY(&g->all))
		end(g, READ_LATER, SPAN(""));
}

/* Killed, by whomever: once more, then later. */
static void
gone(struct ipc *c, const char *why)
{
	struct reading *g = c->arg;
	struct reader *r;

	log_warn(
	    "agent: role-ended role=user user=%s reason=\"%s\"", g->user, why);
	ipc_close(&g->chan);
	wait_again(g);
	if (++g->crashes < CRASHES && !g->q->stopping) {
		TAILQ_FOREACH (r, &g->all, link)
			reset(r);
		start_waiting(g->q);
		return;
	}
	end(g, READ_LATER,
	    SPAN("the process that reads for that user ended in the middle"));
}

/* A list is read by its owner; whether there is a .forward the parent may see.
 */
static bool
only_forward(const struct reading *g)
{
	const struct reader *r;

	TAILQ_FOREACH (r, &g->all, link)
		if (r->path[0])
			return false;
	return !g->whole;
}

static void
start_waiting(struct queue *q)
{
	struct reading *g;
	struct buf body = { 0 };

	while (q->nreadings_out < RUNNING_MAX &&
	       (g = TAILQ_FIRST(&q->readings)) != NULL) {
		TAILQ_REMOVE(&q->readings, g, link);
		TAILQ_INSERT_TAIL(&q->readings_out, g, link);
		q->nreadings_out++;
		buf_reset(&body);
		ipc_u8(&body, only_forward(g) ? FOR_FORWARD : FOR_READ);
		ipc_str(&body, g->user);
		g->ref = ++q->ref;
		/* A lost request ends by the limit. */
		loop_in(&g->limit, LIMIT);
		ipc_send(&q->parent, IPC_FORK_USER, g->ref, &body, -1);
	}
	buf_free(&body);
}

static struct reading *
begin(struct queue *q, const char *user)
{
	struct reading *g = calloc(1, sizeof *g);

	if (g == NULL || (g->user = strdup(user)) == NULL) {
		free(g);
		return NULL;
	}
	g->q = q;
	g->chan.io.fd = -1;
	g->limit = (struct loop_timer){ .fire = too_long, .arg = g };
	TAILQ_INIT(&g->all);
	TAILQ_INSERT_TAIL(&q->readings, g, link);
	RB_INSERT(readings, &q->readers, g);
	return g;
}

void
reader_ask(
    struct queue *q, struct reader *r, const char *user, const char *path)
{
	struct reading key = { .user = (char *)(uintptr_t)user };
	struct reading *g = RB_FIND(readings, &q->readers, &key);

	reset(r);
	r->at = NULL;
	r->path = strdup(path ? path : "");
	if (r->path == NULL || (g == NULL && (g = begin(q, user)) == NULL)) {
		/* The one answer that cannot come from the loop. */
		answer(r, READ_LATER, SPAN("no memory"));
		return;
	}
	r->at = g;
	TAILQ_INSERT_TAIL(&g->all, r, link);
	if (ipc_is_open(&g->chan))
		ask_process(g, r);
	else
		start_waiting(q);
}

static struct reading *
by_ref(struct queue *q, uint32_t ref)
{
	struct reading *g;

	TAILQ_FOREACH (g, &q->readings_out, link)
		if (g->ref == ref)
			return g;
	return NULL;
}

bool
reader_owns(struct queue *q, uint32_t ref)
{
	return by_ref(q, ref) != NULL;
}

void
reader_refused(struct queue *q, uint32_t ref, bool permanent, struct span why)
{
	struct reading *g = by_ref(q, ref);

	end(g, permanent ? READ_BAD : READ_LATER, why);
}

void
reader_nothing(struct queue *q, uint32_t ref)
{
	struct reading *g = by_ref(q, ref);

	if (only_forward(g)) {
		end(g, READ_NONE, SPAN("there is none"));
		return;
	}
	g->whole = true; /* a list was asked for meanwhile */
	wait_again(g);
	start_waiting(q);
}

void
reader_forked(struct queue *q, uint32_t ref, int fd)
{
	struct reading *g = by_ref(q, ref);
	struct reader *r;

	g->chan = (struct ipc){ .got = got, .gone = gone, .arg = g };
	if (ipc_open(&g->chan, fd, ROLE_QUEUE, ROLE_USER) == -1) {
		close(fd);
		end(g, READ_LATER, SPAN("no channel"));
		return;
	}
	TAILQ_FOREACH (r, &g->all, link)
		ask_process(g, r);
	if (TAILQ_EMPTY(&g->all)) /* all were cancelled meanwhile */
		end(g, READ_LATER, SPAN(""));
}
