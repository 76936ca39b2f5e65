#include "deliver/queue/alert.h"
#include "deliver/queue/bounce.h"
#include "deliver/queue/limits.h"
#include "deliver/subid.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OPEN_MAX_MESSAGES 1000 /* worked on at once: two descriptors each */
#define BURST 100	       /* opened before the loop has a turn; of them */
#define BURST_OLD 3	       /* tried before: they can wait, new ones not */
#define DUE 2000   /* that become ready before the loop has a turn */
#define IDLE 10000 /* ms with nothing to do, of an agent that leaves */

static int
id_order(const struct message *a, const struct message *b)
{
	return strcmp(a->id, b->id);
}

/* The one queue of this process, for the loop's calls without argument. */
static struct queue *the;

static int
due_order(const struct message *a, const struct message *b)
{
	the->compared++;
	if (a->due != b->due)
		return a->due < b->due ? -1 : 1;
	return strcmp(a->id, b->id);
}
RB_GENERATE(ids, message, by_id, id_order)
RB_GENERATE_INTERNAL(
    dues, message, by_due, due_order, __attribute__((unused)) static)

static void idle_fired(struct loop_timer *);

static void
pump(void)
{
	sched_pump(the);
}

static void
set_timer(struct queue *q)
{
	struct message *first = RB_MIN(dues, &q->dues);

	if (first == NULL)
		loop_cancel(&q->due);
	else
		loop_in(&q->due, first->due - loop_now());
}

void
sched_soon(void)
{
	loop_idle(pump);
}

static void
enter(struct queue *q, struct message *m, enum turn_kind kind)
{
	m->state = kind == TURN_PARKED ? M_PARKED : M_READY;
	turn_put(&q->turn, m, kind);
}

bool
sched_more(const struct queue *q)
{
	return q->turn.n[TURN_FRESH] + q->turn.n[TURN_OLD] > 0;
}

/* One that ends makes room: in its destination, and for somebody else. */
static void
unpark(struct queue *q, uint16_t dest)
{
	struct message *m;

	for (int i = 0; i < 2; i++) {
		if (i == 0 && dest == 0)
			continue;
		m = turn_parked(&q->turn, i == 0 ? dest : 0);
		if (m == NULL)
			continue;
		turn_remove(&q->turn, m);
		enter(q, m, TURN_OLD);
	}
}

void
sched_park(struct queue *q, struct message *m)
{
	q->open--; /* without calling others: none of them has ended */
	turn_open(&q->turn, m->uid, -1);
	if (q->open == 0) {
		/* Nobody is left who would call it; it had filled its
		 * destination by itself, and has its room back. */
		m->state = M_IDLE;
		sched_ready(q, m);
		return;
	}
	enter(q, m, TURN_PARKED);
	loop_idle(pump);
}

/* Takes it out of whatever it stands in. */
static void
leave(struct queue *q, struct message *m)
{
	if (m->state == M_READY || m->state == M_PARKED)
		turn_remove(&q->turn, m);
	else if (m->in)
		TAILQ_REMOVE(m->in, m, link);
	m->in = NULL;
	if (m->state == M_WAITS && m->due != INT64_MAX)
		RB_REMOVE(dues, &q->dues, m);
	if (m->state == M_OPEN) {
		q->open--;
		turn_open(&q->turn, m->uid, -1);
		unpark(q, m->dest);
	}
	if (m->patient)
		q->patient--;
	m->patient = false;
	m->state = M_IDLE;
}

static void
timer_fired(struct loop_timer *t)
{
	struct queue *q = t->arg;
	struct message *m;

	for (int n = 0; n < DUE && (m = RB_MIN(dues, &q->dues)) != NULL &&
			m->due <= loop_now();
	     n++)
		sched_ready(q, m);
	set_timer(q);
}

void
sched_init(struct queue *q)
{
	the = q;
	RB_INIT(&q->ids);
	RB_INIT(&q->dues);
	turn_init(&q->turn);
	TAILQ_INIT(&q->late);
	q->due = (struct loop_timer){ .fire = timer_fired, .arg = q };
	q->idle = (struct loop_timer){ .fire = idle_fired, .arg = q };
}

struct message *
sched_find(struct queue *q, const char *id)
{
	struct message key;

	strlcpy(key.id, id, sizeof key.id);
	return RB_FIND(ids, &q->ids, &key);
}

struct message *
sched_add(struct queue *q, const char *id, bool old)
{
	return sched_add_file(q, id, old, NULL);
}

static void
set_file(struct queue *q, struct message *m, const struct stat *st)
{
	m->uid = st ? subid_owner(st->st_uid) : q->start ? q->start->uid : 0;
	if (st)
		m->kib = st->st_size >> 10 > UINT32_MAX
			     ? UINT32_MAX
			     : (uint32_t)((st->st_size + 1023) >> 10);
}

struct message *
sched_add_file(struct queue *q, const char *id, bool old, const struct stat *st)
{
	struct message *m = calloc(1, sizeof *m);

	if (m == NULL)
		return NULL;
	strlcpy(m->id, id, sizeof m->id);
	set_file(q, m, st);
	if (RB_INSERT(ids, &q->ids, m)) { /* known already */
		free(m);
		errno = EEXIST;
		return NULL;
	}
	q->count++;
	alert_come(q, m);
	limits_come(q, m, !old);
	m->known = old;
	/* Reports of an earlier process wait for what they report on; what
	 * reports on a report comes last. */
	m->in = old && id[SPOOL_ID] ? &q->late : NULL;
	if (m->in && bounce_letter(id) == 'D')
		TAILQ_INSERT_TAIL(&q->late, m, link);
	else if (m->in)
		TAILQ_INSERT_HEAD(&q->late, m, link);
	else
		sched_ready(q, m);
	return m;
}

void
sched_ready(struct queue *q, struct message *m)
{
	leave(q, m);
	enter(q, m, m->known ? TURN_OLD : TURN_FRESH);
	loop_idle(pump);
}

void
sched_wait(struct queue *q, struct message *m, int64_t seconds)
{
	leave(q, m);
	m->state = M_WAITS;
	m->due = INT64_MAX;
	if (seconds >= 0) {
		m->due = loop_now() + seconds * 1000;
		RB_INSERT(dues, &q->dues, m);
		set_timer(q);
	}
	loop_idle(pump);
}

void
sched_hold(struct queue *q, struct message *m, struct messages *list)
{
	leave(q, m);
	m->state = M_HELD;
	m->in = list;
	TAILQ_INSERT_TAIL(list, m, link);
	loop_idle(pump);
}

void
sched_held(struct queue *q, struct message *m, bool held)
{
	if (m->held != held)
		q->held += held ? 1 : (size_t)-1;
	m->held = held;
}

void
sched_remove(struct queue *q, struct message *m)
{
	leave(q, m);
	RB_REMOVE(ids, &q->ids, m);
	q->count--;
	sched_held(q, m, false);
	alert_gone(q, m);
	limits_gone(q, m);
	message_owes_nothing(m);
	free(m->trouble);
	free(m);
	loop_idle(pump);
}

void
sched_is_of(struct queue *q, struct message *m, uid_t uid)
{
	uid_t from = m->uid;

	uid = subid_owner(uid);
	if (uid == from || m->state != M_OPEN)
		return;
	turn_open(&q->turn, from, -1);
	m->uid = uid;
	turn_open(&q->turn, uid, 1);
	limits_move(q, m, from);
}

void
sched_force(struct queue *q, struct message *m)
{
	if (m->state == M_OPEN || m->state == M_HELD)
		return;
	m->force = true;
	if (m->state != M_WAITS)
		return;
	sched_ready(q, m);
	set_timer(q);
}

struct message *
sched_behind(struct queue *q, const char *id)
{
	struct message key, *m;

	strlcpy(key.id, id, sizeof key.id);
	m = RB_NFIND(ids, &q->ids, &key);
	return m && strcmp(m->id, id) == 0 ? RB_NEXT(ids, &q->ids, m) : m;
}

static void
force_some(void)
{
	struct message *m = sched_behind(the, the->forced);

	for (int n = 0; m && n < DUE; n++) {
		strlcpy(the->forced, m->id, sizeof the->forced);
		sched_force(the, m);
		m = RB_NEXT(ids, &the->ids, m);
	}
	the->forcing = m != NULL;
	loop_idle(m ? force_some : pump);
}

void
sched_force_all(struct queue *q)
{
	q->force_all = q->scanning;
	q->forcing = true;
	q->forced[0] = '\0'; /* whoever asked before is content with that */
	force_some();
}

/* Nothing here, nothing under way, and nobody who asks. */
static bool
idle(const struct queue *q)
{
	return !q->scanning && q->count == 0 && q->boxes_busy == 0 &&
	       q->jobs_out == 0 && q->terminals_busy == 0 && q->nfloods == 0 &&
	       TAILQ_EMPTY(&q->showings) && TAILQ_EMPTY(&q->clients) &&
	       !alert_owed(q) && !limits_stand(q);
}

/* A file in drop/ that its writer still holds has systemd start the next agent
 * at once: this one stays for it, rather than to come and go. */
static void
idle_fired(struct loop_timer *t)
{
	struct queue *q = t->arg;

	if (idle(q) && drop_empty(q))
		ipc_send(&q->parent, IPC_DONE, 0, NULL, -1);
	loop_in(t, IDLE); /* the parent may have had a reason to stay */
}

/* Each thing that ends begins the time anew. */
static void
idle_from_now(struct queue *q)
{
	if (!q->start->idle || q->stopping)
		loop_cancel(&q->idle);
	else
		loop_in(&q->idle, IDLE);
}

static void
finish(struct queue *q)
{
	idle_from_now(q);
	/* What is open and not under way is as after a kill: the journal says
	 * all that the next process needs. */
	if (q->stopping && q->boxes_busy == 0 && q->jobs_out == 0 &&
	    q->terminals_busy == 0 &&
	    (!q->start->idle || TAILQ_EMPTY(&q->clients))) {
		loop_stop();
		return;
	}
	if (q->scanning || q->forcing || q->open || sched_more(q) ||
	    !TAILQ_EMPTY(&q->late) || q->turn.n[TURN_PARKED] || q->boxes_busy)
		return;
	if (!q->stopping && alert_quiet(q))
		return;
	if (q->start->once && !q->stopping && q->patient == 0 && !q->told &&
	    !flood_flush(q)) {
		q->told = true;
		ipc_send(&q->parent, IPC_DONE, 0, NULL, -1);
	}
}

void
sched_pump(struct queue *q)
{
	struct message *m;
	int old = 0;

	for (int n = 0;
	     n < BURST && old < BURST_OLD && q->open < OPEN_MAX_MESSAGES; n++) {
		m = q->stopping
			? NULL
			: turn_next(&q->turn, q->open, OPEN_MAX_MESSAGES);
		if (m == NULL && !q->stopping && !q->scanning && q->open == 0 &&
		    (m = TAILQ_FIRST(&q->late)) != NULL) {
			/* The messages that they report on had their turn. */
			sched_ready(q, m);
		}
		if (m == NULL)
			break;
		leave(q, m);
		m->state = M_OPEN;
		q->open++;
		turn_open(&q->turn, m->uid, 1);
		old += m->known;
		attempt(q, m);
	}
	/* Whose turn it is may have all he may have: then an end of his, or of
	 * others, comes here again. */
	if (!q->stopping && turn_waits(&q->turn, q->open, OPEN_MAX_MESSAGES))
		loop_idle(pump);
	finish(q);
}

void
sched_scanned(struct queue *q)
{
	struct message *m, *next;
	char id[SPOOL_IDSIZE];

	q->scanning = q->force_all = false;
	limits_scanned(q);
	/* A bounce waits for its message alone, not for a quiet moment. */
	for (m = TAILQ_FIRST(&q->late); m; m = next) {
		next = TAILQ_NEXT(m, link);
		strlcpy(id, m->id, SPOOL_ID + 1);
		if (sched_find(q, id))
			continue;
		/* ID-ND may be about ID-N as well. */
		strlcpy(id, m->id, sizeof id);
		if (bounce_letter(id) == 'D') {
			id[strlen(id) - 1] = '\0';
			if (sched_find(q, id))
				continue;
		}
		sched_ready(q, m);
	}
	sched_pump(q);
}
