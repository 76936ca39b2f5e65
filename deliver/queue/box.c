/* box - local mailboxes: what waits for which, and the processes of their users
 * that take it, batch by batch. */
#include "deliver/queue/box.h"
#include "common/log.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLOW_LOCK 2000 /* ms */
#define RUNNING_MAX 16 /* user processes at once */
#define EACH_MAX 4     /* of one user: his commands may take their time */
#define RUN_MAX 12     /* commands, be they of many users */
#define FEW 100	       /* recipients of a message that waits for no list */
#define LOOKS 50       /* boxes that have no process to spare, at a time */

static int
order(const struct box *a, const struct box *b)
{
	int by = (int)a->kind - (int)b->kind;

	if (by == 0)
		by = strcmp(a->user, b->user);
	if (by == 0 && a->kind != T_BOX)
		by = strcmp(a->what, b->what);
	return by;
}
RB_GENERATE_INTERNAL(boxes, box, link, order, __attribute__((unused)) static)

static bool start(struct box *);
static void start_others(struct queue *);

static void
leave(struct box *b)
{
	if (b->in)
		TAILQ_REMOVE(b->in, b, turn);
	b->in = NULL;
}

static void
enter(struct box *b, struct box_list *list)
{
	leave(b);
	b->in = list;
	TAILQ_INSERT_TAIL(list, b, turn);
}

/* To the end of the list that it belongs to, unless it stands there. */
static void
wait_for_turn(struct box *b)
{
	struct box_list *list = b->few ? &b->q->boxes_few : &b->q->boxes_many;

	if (b->state == B_IDLE && b->in != list)
		enter(b, list);
}

static void
start_soon(struct loop_timer *t)
{
	struct box *b = t->arg;

	wait_for_turn(b);
	start_others(b->q);
}

bool
box_runs(const struct box *b)
{
	return b->kind == T_COMMAND ||
	       (b->kind == T_BOX && b->q->conf->local == LOCAL_COMMAND);
}

static struct box *
find_box(struct queue *q, const struct target *t)
{
	struct box key = { .kind = t->kind,
		.user = (char *)(uintptr_t)t->user,
		.what = (char *)(uintptr_t)t->what };

	return RB_FIND(boxes, &q->boxes, &key);
}

static void
free_box(struct box *b)
{
	free(b->user);
	free(b->what);
	free(b->old);
	free(b);
}

static struct box *
get_box(struct queue *q, const struct target *t)
{
	struct box *b = find_box(q, t);

	if (b)
		return b;
	b = calloc(1, sizeof *b);
	if (b == NULL)
		return NULL;
	b->kind = t->kind;
	b->user = strdup(t->user);
	b->what = t->kind == T_BOX ? NULL : strdup(t->what);
	if (b->user == NULL || (b->what == NULL && t->kind != T_BOX)) {
		free_box(b);
		return NULL;
	}
	b->q = q;
	b->chan.io.fd = -1;
	b->again = (struct loop_timer){ .fire = start_soon, .arg = b };
	b->pause = (struct loop_timer){ .fire = batch_on, .arg = b };
	b->silence = (struct loop_timer){ .fire = batch_silent, .arg = b };
	TAILQ_INIT(&b->jobs);
	TAILQ_INIT(&b->batch);
	RB_INSERT(boxes, &q->boxes, b);
	return b;
}

void
box_place(const struct box *b, struct buf *text)
{
	if (b->kind == T_FILE)
		buf_fmt(text, "file %s", b->what);
	else if (box_runs(b))
		buf_fmt(text, "command run as %s", b->user);
	else
		buf_fmt(text, "%s of %s",
		    b->q->conf->local == LOCAL_MAILDIR ? "Maildir" : "mailbox",
		    b->user);
}

void
box_state(struct box *b, enum box_state state)
{
	if (b->state == B_IDLE && state != B_IDLE) {
		b->q->boxes_busy++;
		enter(b, &b->q->boxes_out);
	}
	if (b->state != B_IDLE && state == B_IDLE) {
		b->q->boxes_busy--;
		leave(b);
	}
	b->state = state;
	loop_cancel(&b->pause);
	if (state == B_IDLE)
		loop_cancel(&b->silence);
	else
		loop_in(&b->silence,
		    SILENCE +
			(box_runs(b) ? 1000 * b->q->conf->command_time : 0));
}

/* A list of ten thousand does not keep up who waits alone, nor he them. */
static struct box *
next_turn(struct queue *q)
{
	static bool turn;
	struct box *few = TAILQ_FIRST(&q->boxes_few),
		   *many = TAILQ_FIRST(&q->boxes_many);

	turn = !turn;
	return few && (turn || many == NULL) ? few : many;
}

static void
start_others(struct queue *q)
{
	struct box *b;

	for (int n = 0; n < LOOKS && q->boxes_busy < RUNNING_MAX &&
			!q->stopping && (b = next_turn(q)) != NULL;
	     n++)
		if (!start(b)) /* its user has his share: others first */
			enter(b, b->in);
}

/* Idle, and free of memory when nothing is left to remember. */
void
box_rest(struct box *b)
{
	struct queue *q = b->q;

	ipc_close(&b->chan);
	b->ref = 0;
	b->rounds = 0;
	box_state(b, B_IDLE);
	if (!TAILQ_EMPTY(&b->jobs) && !b->again.armed) {
		/* One that only remembers an unknown end waits for a message,
		 * or it would be tried without a pause while it cannot be
		 * opened. */
		wait_for_turn(b);
	} else if (b->nold == 0 && !b->again.armed) {
		RB_REMOVE(boxes, &q->boxes, b);
		free_box(b);
	}
	start_others(q);
	sched_soon();
}

/* Has its user as many processes as he may, or are there as many commands as
 * leave room for mailboxes? */
static bool
share_is_used(const struct box *b)
{
	struct box *other;
	unsigned n = 0, run = 0;

	TAILQ_FOREACH (other, &b->q->boxes_out, turn) {
		n += strcmp(other->user, b->user) == 0;
		run += box_runs(other);
	}
	return n >= EACH_MAX || (box_runs(b) && run >= RUN_MAX);
}

/* Asks for its process: false when there is none to be had now. */
static bool
start(struct box *b)
{
	static const uint8_t purpose[T_KINDS] = {
		[T_BOX] = FOR_BOX,
		[T_FILE] = FOR_FILE,
		[T_COMMAND] = FOR_COMMAND,
	};
	struct buf body = { 0 };

	if (share_is_used(b))
		return false;
	if (TAILQ_EMPTY(&b->jobs) && b->nold == 0) {
		leave(b);
		return true;
	}
	b->ref = ++b->q->ref;
	ipc_u8(&body, purpose[b->kind]);
	ipc_str(&body, b->user);
	if (ipc_send(&b->q->parent, IPC_FORK_USER, b->ref, &body, -1) == 0)
		box_state(b, B_FORKING);
	buf_free(&body);
	return b->state != B_IDLE;
}

void
box_answer(struct box *b, struct box_jobs *list, struct box_job *j,
    enum outcome o, struct span status, struct span text)
{
	struct message *m = j->m;
	uint32_t rcpt = j->rcpt;

	TAILQ_REMOVE(list, j, link);
	b->njobs--;
	free(j);
	attempt_answer(b->q, m, rcpt, o, status, text, SPAN(""));
}

void
box_answer_all(
    struct box *b, enum outcome o, struct span status, struct span text)
{
	struct box_jobs *lists[] = { &b->batch, &b->jobs };
	struct box_job *j;

	for (int i = 0; i < 2; i++)
		while ((j = TAILQ_FIRST(lists[i])) != NULL)
			box_answer(b, lists[i], j, o, status, text);
}

/* One line of an intent, one word of a packet. */
static bool
fits(const struct target *t)
{
	if (t->kind == T_BOX)
		return true;
	for (const char *c = t->what; *c; c++)
		if (*c == '\n' || *c == '\r')
			return false;
	return t->what[0] && strlen(t->what) <= TARGET_MAX &&
	       (t->kind != T_FILE || t->what[0] == '/');
}

void
box_add(
    struct queue *q, const struct target *t, struct message *m, uint32_t rcpt)
{
	struct box *b;
	struct box_job *j;

	if (!fits(t)) {
		attempt_answer(q, m, rcpt, OUT_NEVER, SPAN("5.1.3"),
		    SPAN("the file or command is too long, or no name"),
		    SPAN(""));
		return;
	}
	if (t->kind == T_FILE && strcmp(t->what, "/dev/null") == 0) {
		attempt_answer(q, m, rcpt, OUT_DELIVERED, SPAN("2.0.0"),
		    SPAN("thrown away (/dev/null)"), SPAN(""));
		return;
	}
	b = get_box(q, t);
	j = calloc(1, sizeof *j);
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
	b->few |= m->file->nrcpts <= FEW;
	if (b->state == B_IDLE && !b->again.armed) {
		wait_for_turn(b);
		start_others(q);
	}
}

bool
box_full(struct queue *q, const struct target *t)
{
	const struct box *b = find_box(q, t);

	/* Locked by somebody else: what waits for it must not fill the table.
	 */
	if (b && b->state == B_LOCKING && loop_now() - b->asked > SLOW_LOCK)
		return b->njobs >= BATCH / 10;
	/* One batch under way, and the next whole one. */
	return b && b->njobs >= BATCH * 2;
}

bool
box_uncertain(struct queue *q, const char *id, uint32_t rcpt, struct target *t)
{
	struct box *b;

	if (q->boxes_unsure == 0)
		return false;
	RB_FOREACH (b, boxes, &q->boxes)
		for (size_t i = 0; i < b->nold; i++)
			for (size_t k = 0; k < b->old[i].n; k++)
				if (b->old[i].items[k].rcpt == rcpt &&
				    strcmp(b->old[i].items[k].id, id) == 0) {
					*t = (struct target){ b->kind, b->user,
						b->what };
					return true;
				}
	return false;
}

static struct box *
by_ref(struct queue *q, uint32_t ref)
{
	struct box *b;

	TAILQ_FOREACH (b, &q->boxes_out, turn)
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
	b->chan =
	    (struct ipc){ .got = batch_got, .gone = batch_gone, .arg = b };
	if (ipc_open(&b->chan, fd, ROLE_QUEUE, ROLE_USER) == -1) {
		close(fd);
		box_answer_all(b, OUT_LATER, SPAN("4.3.0"), SPAN("no channel"));
		box_rest(b);
		return;
	}
	if (b->what) {
		struct buf what = { 0 };

		ipc_str(&what, b->what);
		ipc_send(&b->chan, IPC_BOX_AT, 0, &what, -1);
		buf_free(&what);
	}
	batch_begin(b);
}

void
box_refused(struct queue *q, uint32_t ref, bool permanent, struct span why)
{
	struct box *b = by_ref(q, ref);

	if (q->stopping) { /* its messages stay as they are */
		box_rest(b);
		return;
	}
	box_answer_all(b, permanent ? OUT_NEVER : OUT_LATER,
	    permanent ? SPAN("5.1.1") : SPAN("4.3.0"), why);
	if (permanent) /* nobody's mailbox can be looked into any more */
		while (b->nold)
			batch_forget_old(b);
	box_rest(b);
}

/* What its process has said of a whole batch. */
static int
apply_result(struct queue *q, const struct intent *in)
{
	int done = 0;

	for (size_t i = 0; i < in->n; i++)
		if (in->result[i] == '1' &&
		    attempt_found(q, in->items[i].id, in->items[i].rcpt,
			SPAN("marked as delivered")) == -1)
			done = -1; /* then the mailbox is asked */
	return done;
}

/* One intent file of an earlier process: 0; or -1, and it is not known what its
 * batch has done. */
static int
recover(struct queue *q, const char *name)
{
	struct target t;
	struct intent in;
	struct box *b;

	if (intent_read(q->intents, name, &in) == -1) {
		/* Never whole: its batch was not begun. */
		int err = errno;

		if (err == EBADMSG)
			unlinkat(q->intents, name, 0);
		else
			log_errno(
			    "agent: error what=\"%s cannot be read\"", name);
		/* A bad disk does not mend, and must not hold all mail up. */
		return err == EMFILE || err == ENFILE || err == ENOMEM ? -1 : 0;
	}
	if (in.result && apply_result(q, &in) == 0) {
		batch_end(q, &in, NULL);
		return 0;
	}
	t = (struct target){ in.kind, in.user, in.what };
	b = get_box(q, &t);
	if (b && batch_keep(b, &in) == 0)
		return 0;
	log_errno(
	    "agent: error what=\"no memory to look for the messages of %s\"",
	    name);
	intent_free(&in);
	return -1;
}

int
box_recover(struct queue *q)
{
	bool first = true;
	int fd = dup(q->intents), done = 0;
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *e;
	struct box *b;

	RB_INIT(&q->boxes);
	TAILQ_INIT(&q->boxes_out);
	TAILQ_INIT(&q->boxes_few);
	TAILQ_INIT(&q->boxes_many);
	TAILQ_INIT(&q->kepts);
	if (d)
		rewinddir(d);
	while (d && done == 0 && (errno = 0, e = readdir(d)) != NULL)
		if (intent_is_name(e->d_name)) {
			if (first)
				drop_scan(q);
			first = false;
			done = recover(q, e->d_name);
		}
	/* What it does not tell might come twice. */
	if (d == NULL || (done == 0 && errno)) {
		log_errno(
		    "agent: error what=\"queue/.intents/ cannot be read\"");
		done = -1;
	}
	if (d)
		closedir(d);
	if (done == -1)
		return -1;
	/* Looked for at once: later the owner may have moved them. */
	RB_FOREACH (b, boxes, &q->boxes) {
		b->few = true;
		wait_for_turn(b);
	}
	start_others(q);
	return 0;
}
