/* work - what mailq asks for, a piece in each round of the loop: neither a
 * hundred thousand messages nor a slow reader holds up deliveries or memory.
 *
 * A message that is being delivered is never removed or returned beneath those
 * who deliver it: who asks is told that it was busy. */
#include "deliver/queue/work.h"
#include "common/log.h"
#include "common/record.h"
#include "deliver/queue/alert.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TURN 100  /* messages before the loop has a turn */
#define BUDGET 10 /* ms */
#define TELL 200  /* ms between two words of progress */

static const struct verb {
	const char *name;
	bool changes; /* then it is to be said which, or that all are meant */
	const char *log;
} verbs[DOINGS] = {
	[DO_LIST] = { "list", false, NULL },
	[DO_SHOW] = { "show", false, NULL },
	[DO_RETRY] = { "retry", true, NULL },
	[DO_HOLD] = { "hold", true, "held" },
	[DO_RELEASE] = { "release", true, "released" },
	[DO_REMOVE] = { "remove", true, "removed-by-hand" },
	[DO_BOUNCE] = { "bounce", true, "return" },
};

/* The one queue of this process, for the loop's calls without argument. */
static struct queue *the;

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static struct file *
open_it(const struct queue *q, const struct message *m)
{
	int dir = m->in_drop ? q->drop : q->dir;

	return q->only_looks ? file_look(dir, m->id, q->start->uid)
			     : file_open(dir, m->id, q->start->uid);
}

/* On disk before it is told. */
static int
note(struct client *c, struct message *m, struct file *f, enum journal_event e)
{
	struct buf uid = { 0 }, line = { 0 };
	int done = -1;

	buf_fmt(&uid, "%lu", (unsigned long)c->uid);
	journal_put(&line, &(struct journal_line){
			       e, time(NULL), 0, 0, { 0 }, buf_view(&uid) });
	errno = ENOSPC; /* it owes earlier lines, which come first */
	if (m->owed == NULL && !uid.bad && file_note(f, &line) == 0)
		done = file_sync(f);
	buf_free(&uid);
	buf_free(&line);
	return done;
}

static void
hold(struct client *c, struct message *m, struct file *f)
{
	struct queue *q = c->q;

	if (f->held) {
		c->work->already++;
	} else if (note(c, m, f, J_HOLD) == -1) {
		c->work->failed++;
	} else {
		f->held = true;
		f->held_by = c->uid;
		sched_held(q, m, true);
		if (m->state != M_OPEN && m->state != M_HELD)
			sched_wait(q, m, -1);
		c->work->done++;
	}
}

static void
release(struct client *c, struct message *m, struct file *f)
{
	if (!f->held) {
		c->work->already++;
	} else if (note(c, m, f, J_RELEASE) == -1) {
		c->work->failed++;
	} else {
		f->held = false;
		f->until = 0;
		f->asked = true;
		sched_held(c->q, m, false);
		sched_force(c->q, m);
		c->work->done++;
	}
}

static void
retry(struct client *c, struct message *m, struct file *f)
{
	if (f->held) {
		c->work->held++;
	} else if (m->state == M_OPEN) {
		c->work->already++;
	} else if (c->io.fd == -1 && note(c, m, f, J_RETRY) == -1) {
		c->work->failed++; /* no agent: the next one is to know it */
	} else {
		sched_force(c->q, m);
		c->work->done++;
	}
}

/* Its file is open in f, and closed by who calls. */
static bool
remove_it(struct client *c, struct message *m)
{
	struct queue *q = c->q;

	if (m->state == M_OPEN || m->state == M_HELD) {
		c->work->busy++;
		return false;
	}
	if (unlinkat(q->dir, m->id, 0) == -1 && errno != ENOENT) {
		log_errno("%s: error what=\"it cannot be removed\"", m->id);
		c->work->failed++;
		return false;
	}
	c->work->done++;
	return true;
}

static void
bounce(struct client *c, struct message *m, struct file *f)
{
	if (m->state == M_OPEN || m->state == M_HELD) {
		c->work->busy++;
	} else if (note(c, m, f, J_RETURN) == -1) {
		c->work->failed++;
	} else {
		sched_force(c->q, m);
		c->work->done++;
	}
}

static void
log_done(const struct client *c, const struct message *m)
{
	const struct verb *v = &verbs[c->work->doing];

	if (v->log)
		log_info(
		    "%s: %s uid=%lu", m->id, v->log, (unsigned long)c->uid);
}

static void
change(struct client *c, struct message *m, struct file *f)
{
	struct work *w = c->work;
	size_t before = w->done;

	/* What root holds only root lets go. */
	if (f->held && f->held_by == 0 && c->uid != 0 && w->doing != DO_HOLD) {
		w->held++;
		return;
	}
	if (w->doing == DO_HOLD)
		hold(c, m, f);
	else if (w->doing == DO_RELEASE)
		release(c, m, f);
	else if (w->doing == DO_RETRY)
		retry(c, m, f);
	else if (w->doing == DO_BOUNCE)
		bounce(c, m, f);
	else if (remove_it(c, m)) {
		log_done(c, m);
		follow_end(c->q, m, "was removed");
		sched_remove(c->q, m);
		box_settled(c->q);
		return;
	}
	if (w->done > before)
		log_done(c, m);
}

/* Is it one of his, and meant? */
static bool
meant(const struct client *c, const struct message *m, const struct file *f)
{
	return (c->uid == 0 || c->uid == f->uid) &&
	       select_fits(&c->work->sel, m->id, f, time(NULL));
}

static void
one(struct client *c, struct message *m)
{
	struct work *w = c->work;
	struct file *f = open_it(c->q, m), *own = m->file ? m->file : f;
	int64_t when;

	w->seen++;
	if (f == NULL) { /* one that is gone, or no message, is none */
		w->unread += (c->uid == 0 || c->uid == m->uid) &&
			     errno != ENOENT && errno != E2BIG &&
			     !file_is_bad(errno);
		return;
	}
	if (!meant(c, m, f)) {
		file_close(f);
		return;
	}
	w->matched++;
	w->octets += f->head.body_len;
	when = f->env.time_us / 1000000;
	if (w->oldest == 0 || when < w->oldest)
		w->oldest = when;
	if (w->doing == DO_LIST || w->doing == DO_SHOW)
		listing_message(
		    c->q, m, f, w->sel.full || w->doing == DO_SHOW, &c->out);
	if (w->doing == DO_SHOW)
		showing_begin(c, f);
	else if (w->doing != DO_LIST)
		change(c, m, own);
	file_close(f);
}

static void
missing(struct client *c, const char *id)
{
	record_begin(&c->out, "missing");
	record_str(&c->out, "id", span_of(id));
	record_end(&c->out);
}

/* The next one, in the order of the ids; or of those that were named. */
static bool
next(struct client *c)
{
	struct work *w = c->work;
	struct message *m;
	size_t found = w->matched + w->unread;

	if (w->sel.nids) {
		if (w->at == w->sel.nids)
			return false;
		m = sched_find(c->q, w->sel.ids[w->at]);
		if (m)
			one(c, m);
		if (w->matched + w->unread == found)
			missing(c, w->sel.ids[w->at]);
		w->at++;
		return true;
	}
	m = sched_behind(c->q, c->last);
	if (m == NULL)
		return false;
	strlcpy(c->last, m->id, sizeof c->last);
	one(c, m);
	return true;
}

/* What is changed, named or read by a program is of all that is there, so all
 * must be known.  A list for people begins at once, and says so. */
static bool
waits_for_scan(const struct client *c)
{
	const struct work *w = c->work;

	return c->q->scanning &&
	       (verbs[w->doing].changes || w->sel.full || select_says(&w->sel));
}

static void
progress(struct client *c, int64_t now)
{
	struct work *w = c->work;

	if (now - w->told < TELL || (w->doing == DO_LIST && !waits_for_scan(c)))
		return;
	w->told = now;
	record_begin(&c->out, "progress");
	record_num(&c->out, "seen", (long long)w->seen);
	record_num(&c->out, "done", (long long)w->done);
	record_num(&c->out, "of",
	    (long long)c->q->count +
		(w->doing == DO_REMOVE ? (long long)w->done : 0));
	record_num(&c->out, "scanning", c->q->scanning);
	record_end(&c->out);
}

static void
sum(struct client *c)
{
	struct work *w = c->work;

	/* Names that were taken out are gone after a power cut, too. */
	if (w->doing == DO_REMOVE && w->done && fsync(c->q->dir) == -1)
		log_errno("agent: error what=\"" SPOOL_DIR
			  "/queue cannot be synced\"");
	record_begin(&c->out, "sum");
	record_num(&c->out, "matched", (long long)w->matched);
	record_num(&c->out, "done", (long long)w->done);
	record_num(&c->out, "already", (long long)w->already);
	record_num(&c->out, "busy", (long long)w->busy);
	record_num(&c->out, "held", (long long)w->held);
	record_num(&c->out, "failed", (long long)w->failed);
	record_num(&c->out, "unread", (long long)w->unread);
	record_num(&c->out, "octets", (long long)w->octets);
	record_num(&c->out, "oldest", w->oldest);
	record_num(&c->out, "scanning", w->partial);
	record_num(&c->out, "offline", c->io.fd == -1);
	record_end(&c->out);
	c->each = NULL;
	c->waits = false;
}

void
work_some(struct client *c)
{
	struct work *w = c->work;
	int64_t begin = now_ms();

	if (w->left) {
		showing_some(c);
		return;
	}
	progress(c, begin);
	if (waits_for_scan(c))
		return;
	w->partial = w->partial || c->q->scanning;
	for (int n = 0; n < TURN && now_ms() - begin < BUDGET; n++) {
		if (!next(c)) {
			sum(c);
			return;
		}
		if (w->left || c->out.len > 1 << 20)
			return;
	}
}

/* One client's work may end others, who follow a message that goes: none of
 * them is remembered across it. */
static void
turn(void)
{
	static unsigned round;
	struct client *c;

	round++;
	for (;;) {
		TAILQ_FOREACH (c, &the->clients, link)
			if (c->each && c->round != round &&
			    c->sent == c->out.len)
				break;
		if (c == NULL)
			break;
		c->round = round;
		buf_reset(&c->out);
		c->sent = 0;
		c->each(c);
		client_more(c);
	}
}

void
work_more(struct client *c)
{
	the = c->q;
	loop_idle(turn);
}

static void
refuse(struct client *c, const char *why)
{
	buf_reset(&c->out);
	buf_fmt(&c->out, "error %s\n", why);
}

void
work(struct client *c, struct span words)
{
	struct span name = span_word(&words);
	struct buf why = { 0 };
	struct work *w;
	int v;

	for (v = 0; v < DOINGS; v++)
		if (span_eq(name, span_of(verbs[v].name)))
			break;
	w = v < DOINGS ? calloc(1, sizeof *w) : NULL;
	if (w == NULL) {
		refuse(c, v < DOINGS ? "the agent is out of memory"
				     : "the agent does not know this request");
		return;
	}
	w->doing = (enum doing)v;
	w->fd = -1;
	c->work = w;
	if (select_parse(words, &w->sel, &why) == -1) {
		refuse(c, buf_c(&why));
	} else if (v != DO_LIST && !select_says(&w->sel)) {
		refuse(c, "it was not said which messages are meant");
	} else {
		/* What came a moment ago is meant, too. */
		if (!c->q->only_looks)
			drop_scan(c->q);
		if (v == DO_RETRY && c->io.fd != -1)
			remote_forget(c->q);
		w->told = now_ms();
		c->each = work_some;
		c->waits = true;
	}
	buf_free(&why);
}

void
work_end(struct client *c)
{
	struct work *w = c->work;

	if (w == NULL)
		return;
	if (w->fd != -1)
		close(w->fd);
	select_free(&w->sel);
	free(w);
	c->work = NULL;
}
