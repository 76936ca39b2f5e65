/* box - local mailboxes: what waits for one goes in as a batch, by a process
 * of its user, with the intent on disk before the append (intent.h). */
#include "common/log.h"
#include "deliver/queue/core.h"
#include "deliver/queue/intent.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUNNING_MAX 16	/* user processes at once */
#define BATCH 200	/* messages under one sync */
#define ROUNDS 8	/* batches before a reader of the mailbox gets a turn */
#define CRASHES 5	/* in a row, before its mail is deferred */
#define AFTER_CRASH 300 /* ms */
#define LONG 60000	/* ms: one that ends after that is not tried at once */
#define SILENCE 120000	/* ms without a word: longer than both lock waits */

struct box_job {
	TAILQ_ENTRY(box_job) link;
	struct message *m;
	uint32_t rcpt;
	bool there; /* written and synced */
};
TAILQ_HEAD(box_jobs, box_job);

struct box {
	RB_ENTRY(box) link;
	char *user;
	enum {
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
	unsigned rounds, crashes;
	int64_t began; /* loop_now() at which its process came */
	struct loop_timer again, silence;
};

static int
order(const struct box *a, const struct box *b)
{
	return strcmp(a->user, b->user);
}
RB_GENERATE_INTERNAL(boxes, box, link, order, __attribute__((unused)) static)

static void start(struct box *);
static void silent(struct loop_timer *);
static void ask_lock(struct box *);

static void
start_soon(struct loop_timer *t)
{
	start(t->arg);
}

static struct box *
get_box(struct queue *q, const char *user)
{
	struct box key = { .user = (char *)(uintptr_t)user }, *b;

	b = RB_FIND(boxes, &q->boxes, &key);
	if (b)
		return b;
	b = calloc(1, sizeof *b);
	if (b == NULL || (b->user = strdup(user)) == NULL) {
		free(b);
		return NULL;
	}
	b->q = q;
	b->chan.io.fd = -1;
	b->again = (struct loop_timer){ .fire = start_soon, .arg = b };
	b->silence = (struct loop_timer){ .fire = silent, .arg = b };
	TAILQ_INIT(&b->jobs);
	TAILQ_INIT(&b->batch);
	RB_INSERT(boxes, &q->boxes, b);
	return b;
}

static void
set_state(struct box *b, int state)
{
	if (b->state == B_IDLE && state != B_IDLE)
		b->q->boxes_busy++;
	if (b->state != B_IDLE && state == B_IDLE)
		b->q->boxes_busy--;
	b->state = state;
	if (state == B_IDLE)
		loop_cancel(&b->silence);
	else
		loop_in(&b->silence, SILENCE);
}

static void
start_others(struct queue *q)
{
	struct box *b;

	/* One that only remembers an unknown end waits for a message, or it
	 * would be tried without a pause while it cannot be opened. */
	RB_FOREACH(b, boxes, &q->boxes)
	if (b->state == B_IDLE && !b->again.armed && !TAILQ_EMPTY(&b->jobs))
		start(b);
}

/* Idle, and free of memory when nothing is left to remember. */
static void
rest(struct box *b)
{
	struct queue *q = b->q;

	ipc_close(&b->chan);
	b->ref = 0;
	b->rounds = 0;
	set_state(b, B_IDLE);
	if (TAILQ_EMPTY(&b->jobs) && b->nold == 0 && !b->again.armed) {
		RB_REMOVE(boxes, &q->boxes, b);
		free(b->user);
		free(b->old);
		free(b);
	}
	start_others(q);
	sched_soon();
}

static void
start(struct box *b)
{
	struct buf body = { 0 };

	if (b->state != B_IDLE || b->q->boxes_busy >= RUNNING_MAX ||
	    b->q->stopping || (TAILQ_EMPTY(&b->jobs) && b->nold == 0))
		return;
	b->ref = ++b->q->ref;
	ipc_str(&body, b->user);
	if (ipc_send(&b->q->parent, IPC_FORK_USER, b->ref, &body, -1) == 0)
		set_state(b, B_FORKING);
	buf_free(&body);
}

static void
answer(struct box *b, struct box_jobs *list, struct box_job *j, enum outcome o,
    struct span status, struct span text)
{
	struct message *m = j->m;
	uint32_t rcpt = j->rcpt;

	TAILQ_REMOVE(list, j, link);
	b->njobs--;
	free(j);
	attempt_answer(b->q, m, rcpt, o, status, text, SPAN(""));
}

static void
answer_all(struct box *b, enum outcome o, struct span status, struct span text)
{
	struct box_jobs *lists[] = { &b->batch, &b->jobs };
	struct box_job *j;

	for (int i = 0; i < 2; i++)
		while ((j = TAILQ_FIRST(lists[i])) != NULL)
			answer(b, lists[i], j, o, status, text);
}

void
box_add(struct queue *q, const char *user, struct message *m, uint32_t rcpt)
{
	struct box *b = get_box(q, user);
	struct box_job *j = calloc(1, sizeof *j);

	if (b == NULL || j == NULL) {
		free(j);
		attempt_answer(q, m, rcpt, OUT_LATER, SPAN("4.3.0"),
		    SPAN("no memory"), SPAN(""));
		return;
	}
	j->m = m;
	j->rcpt = rcpt;
	TAILQ_INSERT_TAIL(&b->jobs, j, link);
	b->njobs++;
	if (!b->again.armed)
		start(b);
}

bool
box_full(struct queue *q, const char *user)
{
	struct box key = { .user = (char *)(uintptr_t)user };
	struct box *b = RB_FIND(boxes, &q->boxes, &key);

	return b && b->njobs >= BATCH + BATCH / 2;
}

const char *
box_uncertain(struct queue *q, const char *id, uint32_t rcpt)
{
	struct box *b;

	RB_FOREACH(b, boxes, &q->boxes)
	for (size_t i = 0; i < b->nold; i++)
		for (size_t k = 0; k < b->old[i].n; k++)
			if (b->old[i].items[k].rcpt == rcpt &&
			    strcmp(b->old[i].items[k].id, id) == 0)
				return b->user;
	return NULL;
}

/* An intent whose end is unknown: to be looked for under the lock. */
static int
keep_old(struct box *b, const struct intent *in)
{
	struct intent *more = reallocarray(b->old, b->nold + 1, sizeof *more);

	if (more == NULL)
		return -1;
	b->old = more;
	b->old[b->nold++] = *in;
	return 0;
}

static void
forget_intent(struct box *b, struct intent *in)
{
	if (unlinkat(b->q->dir, in->name, 0) == -1 && errno != ENOENT)
		log_errno("%s: cannot be removed", in->name);
	intent_free(in);
	free(b->result);
	b->result = NULL;
}

/* A descriptor travels that may read the file; the queue keeps its own. */
static int
send_item(struct box *b, uint32_t ref, const char *id, const struct file *f,
    uint32_t rcpt)
{
	struct buf body = { 0 };
	int done = -1, fd = file_reader(b->q->dir, id);

	ipc_str(&body, id);
	ipc_str(&body, f->env.from);
	ipc_str(&body, f->env.rcpts[rcpt].addr);
	ipc_u64(&body, (uint64_t)f->env.time_us);
	ipc_u64(&body, SPOOL_HEAD + f->head.env_len);
	ipc_u64(&body, f->head.body_len);
	ipc_u32(&body, f->head.body_sum);
	if (fd != -1) {
		done = ipc_send(&b->chan, IPC_BOX_ITEM, ref, &body, fd);
		close(fd);
	}
	buf_free(&body);
	return done;
}

static void
check_old(struct box *b)
{
	struct intent *in = &b->old[0];
	struct buf body = { 0 };

	set_state(b, B_CHECKING);
	b->result = calloc(in->n + 1, 1);
	if (b->result)
		memset(b->result, '0', in->n);
	for (uint32_t i = 0; i < in->n; i++) {
		struct file *f =
		    file_open(b->q->dir, in->items[i].id, b->q->start->uid);

		/* One that is gone was finished, and so was all of it. */
		if (f && in->items[i].rcpt < f->env.nrcpts)
			send_item(b, i, in->items[i].id, f, in->items[i].rcpt);
		if (f)
			file_close(f);
	}
	ipc_u64(&body, in->ino);
	ipc_u64(&body, in->size);
	ipc_send(&b->chan, IPC_BOX_CHECK, 0, &body, -1);
	buf_free(&body);
}

static void
append_batch(struct box *b)
{
	struct box_job *j;
	uint32_t n = 0;

	/* On disk before anything that could be torn. */
	if (intent_write(b->q->dir, &b->intent) == -1) {
		struct buf why = { 0 };

		buf_fmt(&why, "cannot write the intent in the spool: %s",
		    strerror(errno));
		intent_free(&b->intent);
		answer_all(b, OUT_LATER, SPAN("4.3.1"), buf_view(&why));
		buf_free(&why);
		rest(b);
		return;
	}
	set_state(b, B_APPENDING);
	b->result = calloc(b->intent.n + 1, 1);
	if (b->result)
		memset(b->result, '0', b->intent.n);
	TAILQ_FOREACH(j, &b->batch, link)
	send_item(b, n++, j->m->id, j->m->file, j->rcpt);
	ipc_send(&b->chan, IPC_BOX_GO, 0, NULL, -1);
}

static void
make_batch(struct box *b, uint64_t ino, uint64_t size)
{
	struct intent *in = &b->intent;
	struct box_job *j;

	*in = (struct intent){ .user = strdup(b->user),
		.box = strdup(b->q->conf->local_path),
		.ino = ino,
		.size = size,
		.items = calloc(BATCH, sizeof *in->items) };
	while (in->n < BATCH && (j = TAILQ_FIRST(&b->jobs)) != NULL) {
		TAILQ_REMOVE(&b->jobs, j, link);
		TAILQ_INSERT_TAIL(&b->batch, j, link);
		if (in->items) {
			strlcpy(in->items[in->n].id, j->m->id, SPOOL_IDSIZE);
			in->items[in->n].rcpt = j->rcpt;
		}
		in->n++;
	}
	if (in->user && in->box && in->items) {
		append_batch(b);
		return;
	}
	intent_free(in);
	answer_all(b, OUT_LATER, SPAN("4.3.0"), SPAN("no memory"));
	rest(b);
}

static void
locked(struct box *b, struct span body)
{
	struct ipc_in in = { body, false };
	uint64_t ino = ipc_get64(&in), size = ipc_get64(&in);

	if (b->nold && strcmp(b->old[0].box, b->q->conf->local_path) != 0) {
		/* Another mailbox now: the old one cannot be looked into. */
		log_warn(
		    "agent: %s: user=%s mailbox changed; up to %zu messages "
		    "may come twice",
		    b->old[0].name, b->user, b->old[0].n);
		forget_intent(b, &b->old[0]);
		memmove(b->old, b->old + 1, --b->nold * sizeof *b->old);
	}
	if (b->nold)
		check_old(b);
	else if (TAILQ_EMPTY(&b->jobs) || b->q->stopping ||
		 b->rounds++ >= ROUNDS)
		rest(b);
	else
		make_batch(b, ino, size);
}

static void
result(struct box *b, struct ipc_msg *m)
{
	struct ipc_in in = { m->body, false };
	uint8_t o = ipc_get8(&in);
	struct span status = ipc_get(&in), text = ipc_get(&in);
	const struct intent *i =
	    b->state == B_CHECKING ? &b->old[0] : &b->intent;
	struct box_job *j;
	uint32_t n = m->ref;

	if (!ipc_end(&in) || o >= OUT_COUNT || n >= i->n)
		return;
	if (o == OUT_DELIVERED && b->result)
		b->result[n] = '1';
	if (b->state != B_APPENDING)
		return;
	j = TAILQ_FIRST(&b->batch);
	while (j && (strcmp(j->m->id, i->items[n].id) != 0 ||
			j->rcpt != i->items[n].rcpt))
		j = TAILQ_NEXT(j, link);
	/* Success is told when the whole batch is marked; a failure, which
	 * leaves nothing behind, at once. */
	if (j && o == OUT_DELIVERED)
		j->there = true;
	else if (j)
		answer(b, &b->batch, j, (enum outcome)o, status, text);
}

/* Found in the mailbox after an unknown end. */
static void
found(struct box *b, const char *id, uint32_t rcpt)
{
	struct span text = SPAN("found in the mailbox");
	struct message *m = sched_find(b->q, id);
	struct box_job *j;

	TAILQ_FOREACH(j, &b->jobs, link)
	if (j->rcpt == rcpt && strcmp(j->m->id, id) == 0)
		break;
	if (j)
		answer(b, &b->jobs, j, OUT_DELIVERED, SPAN("2.0.0"), text);
	else if (m == NULL || m->file == NULL)
		attempt_found(b->q, id, rcpt, text);
}

static void
checked(struct box *b)
{
	struct intent in = b->old[0];

	memmove(b->old, b->old + 1, --b->nold * sizeof *b->old);
	for (size_t i = 0; b->result && i < in.n; i++)
		if (b->result[i] == '1')
			found(b, in.items[i].id, in.items[i].rcpt);
	forget_intent(b, &in);
	ask_lock(b);
}

static void
appended(struct box *b)
{
	struct intent in = b->intent;
	struct box_jobs done = TAILQ_HEAD_INITIALIZER(done);
	struct box_job *j;

	b->intent = (struct intent){ 0 };
	b->crashes = 0; /* not before: its user may kill it at each lock */
	/* With more than one, their removal is not one step: what is there is
	 * said first, so that a kill in between leaves no doubt. */
	if (in.n > 1 && b->result &&
	    intent_mark(b->q->dir, &in, b->result) == -1)
		log_errno("agent: %s: cannot be marked", in.name);
	TAILQ_CONCAT(&done, &b->batch, link);
	while ((j = TAILQ_FIRST(&done)) != NULL) {
		struct buf text = { 0 };

		buf_fmt(&text, "%s of %s",
		    b->q->conf->local == LOCAL_MAILDIR ? "Maildir" : "mailbox",
		    b->user);
		if (j->there)
			answer(b, &done, j, OUT_DELIVERED, SPAN("2.0.0"),
			    buf_view(&text));
		else /* its item or its result was lost: never "delivered" */
			answer(b, &done, j, OUT_LATER, SPAN("4.3.0"),
			    SPAN("no word from the process that delivers"));
		buf_free(&text);
	}
	forget_intent(b, &in);
	ask_lock(b); /* the lock is held: says where the mailbox ends now */
}

static void
failed(struct box *b, struct span body)
{
	struct ipc_in in = { body, false };
	uint8_t o = ipc_get8(&in);
	struct span status = ipc_get(&in), text = ipc_get(&in);

	if (!ipc_end(&in) || o == OUT_DELIVERED || o >= OUT_COUNT)
		o = OUT_LATER, status = SPAN("4.3.0"), text = SPAN("no answer");
	if (b->state == B_CHECKING) {
		free(b->result);
		b->result = NULL;
	}
	answer_all(b, (enum outcome)o, status, text);
	rest(b);
}

static void
got(struct ipc *c, struct ipc_msg *m)
{
	struct box *b = c->arg;

	if (m->fd != -1)
		close(m->fd);
	if (m->type == IPC_BOX_LOCKED && b->state == B_LOCKING)
		locked(b, m->body);
	else if (m->type == IPC_BOX_FAIL)
		failed(b, m->body);
	else if (m->type == IPC_BOX_RESULT)
		result(b, m);
	else if (m->type == IPC_BOX_END && b->state == B_CHECKING)
		checked(b);
	else if (m->type == IPC_BOX_END && b->state == B_APPENDING)
		appended(b);
}

/* The process was killed, or gave up: what it did is unknown, and the next one
 * looks. */
static void
gone(struct ipc *c, const char *why)
{
	struct box *b = c->arg;

	log_warn(
	    "agent: role=user user=%s ended in the middle (%s)", b->user, why);
	ipc_close(c);
	free(b->result);
	b->result = NULL;
	if (b->state == B_APPENDING) {
		if (keep_old(b, &b->intent) == -1)
			intent_free(&b->intent);
		b->intent = (struct intent){ 0 };
	}
	TAILQ_CONCAT(&b->batch, &b->jobs, link);
	TAILQ_CONCAT(&b->jobs, &b->batch, link);
	set_state(b, B_IDLE);
	if (b->q->stopping) {
		rest(b); /* the next process of the queue begins with them */
	} else if (++b->crashes >= CRASHES || loop_now() - b->began > LONG) {
		b->crashes = 0;
		answer_all(b, OUT_LATER, SPAN("4.3.0"),
		    SPAN("the process that delivers to that user ended in the "
			 "middle, again and again"));
		rest(b);
	} else {
		loop_in(&b->again, AFTER_CRASH);
	}
}

/* Its user may have stopped it (SIGSTOP): nobody else waits for that. */
static void
silent(struct loop_timer *t)
{
	struct box *b = t->arg;

	if (b->state == B_FORKING)
		loop_in(t, SILENCE); /* the parent answers, or we end */
	else
		gone(&b->chan, "silent");
}

static void
ask_lock(struct box *b)
{
	set_state(b, B_LOCKING);
	ipc_send(&b->chan, IPC_BOX_OPEN, 0, NULL, -1);
}

static struct box *
by_ref(struct queue *q, uint32_t ref)
{
	struct box *b;

	RB_FOREACH(b, boxes, &q->boxes)
	if (b->ref == ref && b->state == B_FORKING)
		return b;
	return NULL;
}

bool
box_owns(struct queue *q, uint32_t ref)
{
	return by_ref(q, ref) != NULL;
}

void
box_forked(struct queue *q, uint32_t ref, int fd)
{
	struct box *b = by_ref(q, ref);

	b->began = loop_now();
	b->chan = (struct ipc){ .got = got, .gone = gone, .arg = b };
	if (ipc_open(&b->chan, fd, ROLE_QUEUE, ROLE_USER) == -1) {
		close(fd);
		answer_all(b, OUT_LATER, SPAN("4.3.0"), SPAN("no channel"));
		rest(b);
		return;
	}
	ask_lock(b);
}

void
box_refused(struct queue *q, uint32_t ref, bool permanent, struct span why)
{
	struct box *b = by_ref(q, ref);

	if (q->stopping) { /* its messages stay as they are */
		rest(b);
		return;
	}
	answer_all(b, permanent ? OUT_NEVER : OUT_LATER,
	    permanent ? SPAN("5.1.1") : SPAN("4.3.0"), why);
	if (permanent) /* nobody's mailbox can be looked into any more */
		while (b->nold) {
			forget_intent(b, &b->old[0]);
			memmove(b->old, b->old + 1, --b->nold * sizeof *b->old);
		}
	rest(b);
}

/* One intent file of an earlier process. */
static void
recover(struct queue *q, const char *name)
{
	struct intent in;
	struct box *b;

	if (intent_read(q->dir, name, &in) == -1) {
		/* Never whole: its batch was not begun. */
		if (errno == EBADMSG)
			unlinkat(q->dir, name, 0);
		else
			log_errno("agent: %s", name);
		return;
	}
	if (in.result) {
		for (size_t i = 0; i < in.n; i++)
			if (in.result[i] == '1')
				attempt_found(q, in.items[i].id,
				    in.items[i].rcpt,
				    SPAN("marked as delivered"));
		unlinkat(q->dir, name, 0);
		intent_free(&in);
		return;
	}
	b = get_box(q, in.user);
	if (b == NULL || keep_old(b, &in) == -1) {
		log_warn("agent: %s: no memory to look for its messages", name);
		intent_free(&in);
	}
}

void
box_recover(struct queue *q)
{
	int fd = dup(q->dir);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *e;
	struct box *b;

	RB_INIT(&q->boxes);
	if (d)
		rewinddir(d);
	while (d && (e = readdir(d)) != NULL)
		if (intent_is_name(e->d_name))
			recover(q, e->d_name);
	if (d)
		closedir(d);
	/* Looked for at once: later the owner may have moved them. */
	RB_FOREACH(b, boxes, &q->boxes)
	start(b);
}
