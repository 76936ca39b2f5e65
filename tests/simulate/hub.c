/* hub - the queue role around sched.o, turn.o, share.o and retry.o: a table in
 * place of the files, an attempt that is one recipient for one destination. */
#include "deliver/queue/alert.h"
#include "deliver/queue/bounce.h"
#include "deliver/queue/limits.h"
#include "deliver/queue/retry.h"
#include "deliver/subid.h"
#include "tests/simulate/simulate.h"
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LOOK (300 * SECOND) /* the heap is measured so often */
#define OWN_EVERY 1024	    /* what one message takes is measured so often */
#define RELAY "mx"
#define FIRST_UID 1000 /* of the submitters; and that of the large one: */
#define LARGE 999

struct slot { /* what the product has in a file */
	struct message *m;
	int64_t arrived; /* ms */
	uint32_t dest, submitter;
	uint32_t next; /* of those that are free */
	uint16_t tries;
	bool live, warned, known_down;
};

struct answer {
	uint32_t ref;
	bool taken, soon;
};
#define INBOX 4096

static struct {
	struct queue q;
	struct role_start start;
	struct result *result;
	const struct plan *plan;
	struct slot *slots;
	size_t nslots, used;
	uint32_t freed;
	int64_t base; /* heap, before the first message */
	struct answer *inbox;
	uint32_t in, out;
	struct loop_timer look;
} hub;

/* What sched.o asks of the role around it. */
void
alert_come(struct queue *q, struct message *m)
{
	(void)q;
	(void)m;
}

void
alert_gone(struct queue *q, const struct message *m)
{
	(void)q;
	(void)m;
}

bool
alert_owed(const struct queue *q)
{
	(void)q;
	return false;
}

bool
alert_quiet(struct queue *q)
{
	(void)q;
	return false;
}

char
bounce_letter(const char *id)
{
	(void)id;
	return '\0';
}

void
limits_come(struct queue *q, const struct message *m, bool fresh)
{
	(void)q;
	(void)m;
	(void)fresh;
}

void
limits_gone(struct queue *q, const struct message *m)
{
	(void)q;
	(void)m;
}

void
limits_move(struct queue *q, const struct message *m, uid_t from)
{
	(void)q;
	(void)m;
	(void)from;
}

void
limits_scanned(struct queue *q)
{
	(void)q;
}

bool
limits_stand(const struct queue *q)
{
	(void)q;
	return false;
}

uid_t
subid_owner(uid_t uid)
{
	return uid;
}

bool
drop_empty(const struct queue *q)
{
	(void)q;
	return true;
}

bool
flood_flush(struct queue *q)
{
	(void)q;
	return false;
}

int
ipc_send(struct ipc *c, enum ipc_type type, uint32_t ref,
    const struct buf *body, int fd)
{
	(void)c;
	(void)type;
	(void)ref;
	(void)body;
	(void)fd;
	return 0;
}

static int64_t
heap(void)
{
	struct mallinfo2 m = mallinfo2();

	return (int64_t)(m.uordblks + m.hblkhd);
}

static void
looked(struct loop_timer *t)
{
	size_t n = hub.q.count;
	double bytes;

	if (n && n >= hub.plan->messages / 100) {
		bytes = (double)(heap() - hub.base) / (double)n;
		if (bytes > hub.result->bytes)
			hub.result->bytes = bytes;
	}
	if (n || loop_now() < DAY)
		loop_in(t, LOOK);
}

void
hub_begin(
    const struct plan *plan, const struct conf *conf, struct result *result)
{
	memset(&hub, 0, sizeof hub);
	hub.plan = plan;
	hub.result = result;
	hub.start.conf = conf;
	hub.q.conf = conf;
	hub.q.start = &hub.start;
	RB_INIT(&hub.q.shares);
	TAILQ_INIT(&hub.q.showings);
	TAILQ_INIT(&hub.q.clients);
	sched_init(&hub.q);
	hub.nslots = plan->messages + 1;
	hub.slots = world_memory(hub.nslots * sizeof *hub.slots);
	hub.used = 1; /* 0: none */
	hub.inbox = world_memory(INBOX * sizeof *hub.inbox);
	hub.look = (struct loop_timer){ .fire = looked };
	loop_in(&hub.look, LOOK);
	result->bytes_own = INT64_MAX;
	hub.base = heap();
}

void
hub_end(void)
{
	hub.result->left = heap() - hub.base;
	hub.result->left_jobs =
	    hub.q.njobs + hub.q.open + hub.q.count + !RB_EMPTY(&hub.q.shares) +
	    hub.q.turn.n[TURN_PARKED] + !RB_EMPTY(&hub.q.turn.users) +
	    !RB_EMPTY(&hub.q.turn.groups);
	munmap(hub.slots, hub.nslots * sizeof *hub.slots);
	munmap(hub.inbox, INBOX * sizeof *hub.inbox);
}

/* As common/spool.h: eight letters of time, eight of chance. */
static void
name(char id[SPOOL_IDSIZE], int64_t ms, uint64_t rest)
{
	static const char letters[] = "0123456789abcdefghjkmnpqrstvwxyz";
	uint64_t when = (uint64_t)(EPOCH * 64 + ms * 64 / 1000);

	rest |= (rest * UINT64_C(0x9e3779b97f4a7c15)) >> 40 << 32;
	for (int i = 7; i >= 0; i--, when >>= 5)
		id[i] = letters[when & 31];
	for (int i = 15; i >= 8; i--, rest >>= 5)
		id[i] = letters[rest & 31];
	id[SPOOL_ID] = '\0';
}

static struct slot *
slot_of(const struct message *m)
{
	/* in place of the file's name */
	uint32_t i;

	memcpy(&i, m->id + SPOOL_ID + 1, sizeof i);
	return &hub.slots[i];
}

void
hub_arrives(uint32_t dest, uint32_t submitter)
{
	uint32_t i = hub.freed ? hub.freed : (uint32_t)hub.used++;
	struct slot *s = &hub.slots[i];
	char id[SPOOL_IDSIZE];
	struct stat st = { .st_size = 4096 };
	bool own = hub.result->arrived++ % OWN_EVERY == 0;
	int64_t before = own ? heap() : INT64_MAX;

	hub.freed = s->next;
	name(id, loop_now(), i);
	*s = (struct slot){ .arrived = loop_now(),
		.dest = dest,
		.submitter = submitter,
		.live = true };
	st.st_uid = submitter == UINT32_MAX ? LARGE : FIRST_UID + submitter;
	s->m = sched_add_file(&hub.q, id, false, &st);
	if (s->m == NULL)
		abort();
	memcpy(s->m->id + SPOOL_ID + 1, &i, sizeof i);
	if (own)
		before = heap() - before;
	if (own && before > 0 && before < hub.result->bytes_own)
		hub.result->bytes_own = before; /* malloc may give more */
	if (hub.q.count > hub.result->waiting_most)
		hub.result->waiting_most = hub.q.count;
}

/* As far as deliver/queue/attempt.c, send.c and remote.c go with a message for
 * one recipient elsewhere. */
void
attempt(struct queue *q, struct message *m)
{
	struct slot *s = slot_of(m);
	char domain[32];

	hub.result->opened++;
	m->known = true;
	snprintf(domain, sizeof domain, "d%u.example", s->dest);
	m->dest = turn_dest(RELAY, domain);
	if (!turn_may(turn_jobs(&q->turn, m->uid), q->njobs, SHARE_ROOM) ||
	    share_full(&q->shares, RELAY, domain, q->njobs)) {
		sched_park(q, m);
		return;
	}
	if (share_add(&q->shares, RELAY, domain) == -1)
		abort();
	q->njobs++;
	q->jobs_out++;
	turn_job(&q->turn, m->uid, 1);
	hub.result->attempts++;
	far_send((uint32_t)(s - hub.slots), s->dest);
}

static void
delivered(const struct slot *s)
{
	struct result *r = hub.result;
	const struct dest *d = world_dest(s->dest);
	int64_t now = loop_now(), since = s->arrived, wait;

	if (d->kind == K_DOWN && s->arrived < d->until && now >= d->until &&
	    s->tries)
		since = s->arrived > d->until ? s->arrived : d->until;
	else if (d->kind == K_DOWN && now < d->until && s->arrived >= d->from)
		abort(); /* by a server that is down */
	wait = now - since;
	r->delivered++;
	spread_add(
	    &r->delay[d->kind == K_DOWN && since == s->arrived ? K_WELL
							       : d->kind],
	    wait);
	if (d->kind != K_WELL)
		return;
	if (s->submitter == UINT32_MAX)
		spread_add(&r->large, wait);
	else if (s->arrived >= BURST_AT - HOUR && s->arrived < BURST_AT)
		spread_add(&r->before, wait);
	else if (s->arrived >= BURST_AT && s->arrived < BURST_AT + HOUR)
		spread_add(&r->during, wait);
}

static void
gone(struct slot *s)
{
	uint32_t i = (uint32_t)(s - hub.slots);

	sched_remove(&hub.q, s->m);
	*s = (struct slot){ .next = hub.freed };
	hub.freed = i;
}

/* As deliver/queue/settle.c; no clock jumps here, and every attempt is near the
 * one before it (retry.h). */
static void
put_off(struct slot *s, bool soon)
{
	const struct conf *c = hub.q.conf;
	int64_t now = EPOCH + loop_now() / SECOND;
	int64_t arrived = EPOCH + s->arrived / SECOND, next;

	if (now - arrived >= c->give_up) {
		hub.result->given_up++;
		gone(s);
		return;
	}
	next = retry_next(c, s->tries, soon, now);
	if (c->warn && !s->warned && now - arrived >= c->warn)
		s->warned = true;
	else if (c->warn && !s->warned && arrived + c->warn < next)
		next = arrived + c->warn;
	s->tries++;
	sched_wait(&hub.q, s->m, next - now);
}

void
hub_answer(uint32_t ref, bool taken, bool soon)
{
	hub.inbox[hub.in++ % INBOX] = (struct answer){ ref, taken, soon };
}

bool
hub_inbox(void)
{
	bool any = hub.in != hub.out;

	while (hub.in != hub.out) {
		struct answer a = hub.inbox[hub.out++ % INBOX];
		struct slot *s = &hub.slots[a.ref];
		char domain[32];

		if (!s->live || s->m->state != M_OPEN) {
			hub.result->twice++;
			continue;
		}
		snprintf(domain, sizeof domain, "d%u.example", s->dest);
		share_drop(&hub.q.shares, RELAY, domain);
		hub.q.njobs--;
		hub.q.jobs_out--;
		turn_job(&hub.q.turn, s->m->uid, -1);
		if (a.taken) {
			delivered(s);
			gone(s);
		} else {
			put_off(s, a.soon);
		}
	}
	if (hub.q.count)
		hub.result->end = loop_now();
	return any;
}
