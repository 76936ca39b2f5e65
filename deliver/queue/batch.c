/* batch - the talk with a user's process: what waits goes in under one lock,
 * with the intent on disk before the append (intent.h); what a killed one may
 * have done is looked for first. */
#include "common/log.h"
#include "deliver/queue/box.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAUSES 8	/* for messages that are being opened */
#define ROUNDS 8	/* batches before a reader of the mailbox gets a turn */
#define CRASHES 5	/* in a row, before its mail is deferred */
#define AFTER_CRASH 300 /* ms */
#define LONG 60000	/* ms: one that ends after that is not tried at once */

static void
no_result(struct box *b)
{
	free(b->result);
	b->result = NULL;
}

/* A descriptor travels that may read the file; the queue keeps its own.  0 also
 * when the process is gone: batch_gone hears of it, and another one looks. */
static int
send_item(struct box *b, uint32_t ref, const char *id, const struct file *f,
    uint32_t rcpt)
{
	struct buf body = { 0 };
	int done = -1, fd = file_reader(b->q->dir, id);

	ipc_str(&body, id);
	ipc_str(&body, rcpt_from(f, rcpt));
	/* A command or file is no address: it gets the one that led to it. */
	ipc_str(&body,
	    b->kind == T_BOX ? rcpt_addr(f, rcpt) : rcpt_env(f, rcpt)->addr);
	ipc_u64(&body, (uint64_t)f->env.time_us);
	ipc_u64(&body, SPOOL_HEAD + f->head.env_len);
	ipc_u64(&body, f->head.body_len);
	ipc_u32(&body, f->head.body_sum);
	if (fd != -1) {
		done = ipc_send(&b->chan, IPC_BOX_ITEM, ref, &body, fd);
		if (done == -1 &&
		    (b->chan.lost || errno == EPIPE || errno == ECONNRESET))
			done = 0;
		close(fd);
	}
	buf_free(&body);
	return done;
}

static void
cannot_check(struct box *b)
{
	struct buf why = { 0 };

	buf_fmt(&why, "a message of the last batch cannot be read: %s",
	    strerror(errno));
	no_result(b);
	box_answer_all(b, OUT_LATER, SPAN("4.3.0"), buf_view(&why));
	buf_free(&why);
	box_rest(b);
}

static void
check_old(struct box *b)
{
	struct intent *in = &b->old[0];
	struct buf body = { 0 };

	box_state(b, B_CHECKING);
	b->result = calloc(in->n + 1, 1);
	if (b->result)
		memset(b->result, '0', in->n);
	for (uint32_t i = 0; i < in->n; i++) {
		struct file *f =
		    file_open(b->q->dir, in->items[i].id, b->q->start->uid);

		/* One that is gone was finished, and so was all of it. */
		bool sent = f || errno == ENOENT || file_is_bad(errno);

		if (f && in->items[i].rcpt < f->nrcpts)
			sent = send_item(b, i, in->items[i].id, f,
				   in->items[i].rcpt) == 0;
		if (!sent) /* not asked for, it would count as not there */
			cannot_check(b);
		if (f)
			file_close(f);
		if (!sent)
			return;
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
	int fd = -1;

	/* The process syncs it, if what it does could be torn: the queue waits
	 * for no disk, and many syncs at once cost little more than one. */
	if (intent_write(b->q->intents, &b->intent) == -1 ||
	    (fd = file_reader(b->q->intents, b->intent.name)) == -1) {
		struct buf why = { 0 };

		buf_fmt(&why,
		    "%s is full or cannot be written (%s): the disk needs room "
		    "there",
		    SPOOL_DIR, strerror(errno));
		if (b->intent.name[0])
			batch_forget(b->q, &b->intent);
		else
			intent_free(&b->intent);
		box_answer_all(b, OUT_LATER, SPAN("4.3.1"), buf_view(&why));
		buf_free(&why);
		box_rest(b);
		return;
	}
	box_state(b, B_APPENDING);
	b->result = calloc(b->intent.n + 1, 1);
	if (b->result)
		memset(b->result, '0', b->intent.n);
	TAILQ_FOREACH (j, &b->batch, link)
		send_item(b, n++, j->m->id, j->m->file, j->rcpt);
	ipc_send(&b->chan, IPC_BOX_GO, 0, NULL, fd);
	close(fd);
}

static void
make_batch(struct box *b, uint64_t ino, uint64_t size)
{
	struct intent *in = &b->intent;
	/* A command is no transaction: one run, one answer. */
	size_t most = box_runs(b) ? 1 : BATCH;
	struct box_job *j;

	b->pauses = 0;
	b->paused_with = 0;
	*in = (struct intent){ .kind = b->kind,
		.user = strdup(b->user),
		.what = b->what ? strdup(b->what) : NULL,
		.box = strdup(b->kind == T_BOX ? b->q->conf->local_path : ""),
		.ino = ino,
		.size = size,
		.items = calloc(BATCH, sizeof *in->items) };
	while (in->n < most && (j = TAILQ_FIRST(&b->jobs)) != NULL) {
		TAILQ_REMOVE(&b->jobs, j, link);
		TAILQ_INSERT_TAIL(&b->batch, j, link);
		if (in->items) {
			strlcpy(in->items[in->n].id, j->m->id, SPOOL_IDSIZE);
			in->items[in->n].rcpt = j->rcpt;
		}
		in->n++;
	}
	b->few &= !TAILQ_EMPTY(&b->jobs);
	if (in->user && in->box && in->items && !in->what == !b->what) {
		append_batch(b);
		return;
	}
	intent_free(in);
	box_answer_all(b, OUT_LATER, SPAN("4.3.0"), SPAN("no memory"));
	box_rest(b);
}

/* Messages that are ready, and not yet opened, may be for this mailbox: they
 * get a few rounds of the loop, for a full batch costs the same two syncs; but
 * only as long as each brings some, for what is ready may be anybody's. */
static bool
more_may_come(struct box *b)
{
	bool grows = b->njobs > b->paused_with;

	b->paused_with = b->njobs;
	return grows && !box_runs(b) && b->njobs < BATCH && !b->q->stopping &&
	       sched_more(b->q) && b->pauses++ < PAUSES;
}

static void
locked(struct box *b, struct span body)
{
	struct ipc_in in = { body, false };
	uint64_t ino = ipc_get64(&in), size = ipc_get64(&in);

	if (b->nold && b->kind == T_BOX &&
	    strcmp(b->old[0].box, b->q->conf->local_path) != 0) {
		/* Another mailbox now: the old one cannot be looked into. */
		log_warn("agent: may-double file=%s user=%s messages=%zu "
			 "reason=\"the mailbox is another now\"",
		    b->old[0].name, b->user, b->old[0].n);
		batch_forget_old(b);
	}
	if (b->nold)
		check_old(b);
	else if (!TAILQ_EMPTY(&b->jobs) && more_may_come(b))
		loop_in(&b->pause, 0); /* the next round of the loop */
	else if (TAILQ_EMPTY(&b->jobs) || b->q->stopping ||
		 b->rounds++ >= (box_runs(b) ? 1 : ROUNDS))
		box_rest(b);
	else
		make_batch(b, ino, size);
}

static bool
is_item(const struct box_job *j, const struct intent_item *item)
{
	return j->rcpt == item->rcpt && strcmp(j->m->id, item->id) == 0;
}

/* One that is not there; it left nothing behind. */
static void
result(struct box *b, struct ipc_msg *m)
{
	struct ipc_in in = { m->body, false };
	uint8_t o = ipc_get8(&in);
	struct span status = ipc_get(&in), text = ipc_get(&in);
	const struct intent *i = &b->intent;
	struct box_job *j;
	uint32_t n = m->ref;

	if (!ipc_end(&in) || o >= OUT_COUNT || o == OUT_DELIVERED ||
	    b->state != B_APPENDING || n >= i->n)
		return;
	j = TAILQ_FIRST(&b->batch);
	while (j && !is_item(j, &i->items[n]))
		j = TAILQ_NEXT(j, link);
	if (j)
		box_answer(b, &b->batch, j, (enum outcome)o, status, text);
}

/* Which items are there: what is not said is not. */
static void
there(struct box *b, const struct intent *in, struct span said)
{
	struct box_job *j = TAILQ_FIRST(&b->batch);

	for (size_t i = 0; i < in->n; i++) {
		bool is = i < said.len && said.ptr[i] == '1';

		if (is && b->result)
			b->result[i] = '1';
		if (b->state == B_APPENDING && j && is_item(j, &in->items[i])) {
			j->there = is;
			j = TAILQ_NEXT(j, link);
		}
	}
}

/* Or for the same mailbox: no alias had named it for a while, so that it came
 * back under another number. */
static bool
is_for(const struct box_job *j, const char *id, uint32_t rcpt)
{
	const struct file *f = j->m->file;

	if (strcmp(j->m->id, id) != 0)
		return false;
	return j->rcpt == rcpt ||
	       (rcpt < f->nrcpts && j->rcpt < f->nrcpts &&
		   f->rcpts[rcpt].state == R_DROPPED &&
		   rcpt_alike(&f->rcpts[rcpt], &f->rcpts[j->rcpt]));
}

/* Found in the mailbox after an unknown end. */
static void
found(struct box *b, const char *id, uint32_t rcpt)
{
	struct span text = SPAN("found in the mailbox");
	struct box_job *j;

	TAILQ_FOREACH (j, &b->jobs, link)
		if (is_for(j, id, rcpt))
			break;
	if (j && j->rcpt != rcpt) /* which says why the other is not new */
		(void)attempt_found(b->q, id, rcpt, text);
	if (j)
		box_answer(b, &b->jobs, j, OUT_DELIVERED, SPAN("2.0.0"), text);
	else
		(void)attempt_found(b->q, id, rcpt, text); /* it says so */
}

static void
checked(struct box *b)
{
	struct intent in = batch_old(b);

	/* Without the first of them the others are not found again. */
	if (in.n > 1 && b->result &&
	    intent_mark(b->q->intents, &in, b->result) == -1)
		log_errno("agent: error what=\"%s cannot be marked\"", in.name);
	for (size_t i = 0; b->result && i < in.n; i++)
		if (b->result[i] == '1')
			found(b, in.items[i].id, in.items[i].rcpt);
	batch_end(b->q, &in, b->result);
	no_result(b);
	batch_begin(b);
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
	    intent_mark(b->q->intents, &in, b->result) == -1)
		log_errno("agent: error what=\"%s cannot be marked\"", in.name);
	TAILQ_CONCAT(&done, &b->batch, link);
	while ((j = TAILQ_FIRST(&done)) != NULL) {
		struct buf text = { 0 };

		box_place(b, &text);
		if (j->there)
			box_answer(b, &done, j, OUT_DELIVERED, SPAN("2.0.0"),
			    buf_view(&text));
		else /* its item or its result was lost: never "delivered" */
			box_answer(b, &done, j, OUT_LATER, SPAN("4.3.0"),
			    SPAN("no word from the process that delivers"));
		buf_free(&text);
	}
	batch_end(b->q, &in, b->result);
	no_result(b);
	batch_begin(b); /* the lock is held: says where the mailbox ends now */
}

static void
failed(struct box *b, struct span body)
{
	struct ipc_in in = { body, false };
	uint8_t o = ipc_get8(&in);
	struct span status = ipc_get(&in), text = ipc_get(&in);

	if (!ipc_end(&in) || o == OUT_DELIVERED || o >= OUT_COUNT)
		o = OUT_LATER, status = SPAN("4.3.0"), text = SPAN("no answer");
	no_result(b);
	if (b->state == B_APPENDING) /* nothing was begun */
		batch_forget(b->q, &b->intent);
	box_answer_all(b, (enum outcome)o, status, text);
	box_rest(b);
}

/* What named the file or command names it no more: the next attempt looks where
 * the mail goes now.  Into that file nobody may look any more. */
static void
unnamed(struct box *b, struct span body)
{
	struct ipc_in in = { body, false };
	struct span text = ipc_get(&in);

	while (b->nold) {
		log_warn("agent: may-double file=%s user=%s messages=%zu "
			 "reason=\"the file or command is named no more\"",
		    b->old[0].name, b->user, b->old[0].n);
		batch_forget_old(b);
	}
	box_answer_all(b, OUT_LATER, SPAN("4.3.5"), text);
	box_rest(b);
}

void
batch_got(struct ipc *c, struct ipc_msg *m)
{
	struct box *b = c->arg;

	if (m->fd != -1)
		close(m->fd);
	if (m->type == IPC_BOX_LOCKED && b->state == B_LOCKING)
		locked(b, m->body);
	else if (m->type == IPC_BOX_FAIL)
		failed(b, m->body);
	else if (m->type == IPC_BOX_UNNAMED && b->state == B_LOCKING)
		unnamed(b, m->body);
	else if (m->type == IPC_BOX_RESULT)
		result(b, m);
	if (m->type == IPC_BOX_END && b->state == B_CHECKING) {
		there(b, &b->old[0], m->body);
		checked(b);
	} else if (m->type == IPC_BOX_END && b->state == B_APPENDING) {
		there(b, &b->intent, m->body);
		appended(b);
	}
}

/* The process was killed, or gave up: what it did is unknown, and the next one
 * looks. */
void
batch_gone(struct ipc *c, const char *why)
{
	struct box *b = c->arg;

	log_warn(
	    "agent: role-ended role=user user=%s reason=\"%s\"", b->user, why);
	ipc_close(c);
	no_result(b);
	if (b->state == B_APPENDING) {
		if (batch_keep(b, &b->intent) == -1)
			intent_free(&b->intent);
		b->intent = (struct intent){ 0 };
	}
	TAILQ_CONCAT(&b->batch, &b->jobs, link);
	TAILQ_CONCAT(&b->jobs, &b->batch, link);
	box_state(b, B_IDLE);
	if (b->q->stopping || (TAILQ_EMPTY(&b->jobs) && b->nold == 0)) {
		box_rest(b); /* nothing is left to do here, or to the next
			      * process of the queue */
	} else if (++b->crashes >= CRASHES || loop_now() - b->began > LONG) {
		b->crashes = 0;
		box_answer_all(b, OUT_LATER, SPAN("4.3.0"),
		    SPAN("the process that delivers to that user ended in the "
			 "middle, again and again"));
		box_rest(b);
	} else {
		loop_in(&b->again, AFTER_CRASH);
	}
}

/* Its user may have stopped it (SIGSTOP): nobody else waits for that. */
void
batch_silent(struct loop_timer *t)
{
	struct box *b = t->arg;

	if (b->state == B_FORKING)
		loop_in(t, SILENCE); /* the parent answers, or we end */
	else
		batch_gone(&b->chan, "silent");
}

void
batch_begin(struct box *b)
{
	if (b->state != B_LOCKING) /* else after a pause, with the lock */
		b->asked = loop_now();
	box_state(b, B_LOCKING);
	ipc_send(&b->chan, IPC_BOX_OPEN, 0, NULL, -1);
}

void
batch_on(struct loop_timer *t)
{
	struct box *b = t->arg;

	if (b->state == B_LOCKING)
		batch_begin(b);
}
