/* list - what mailq shows, a piece in each round of the loop: a long queue
 * holds neither deliveries nor memory up, and its first line is there at once.
 */
#include "common/printable.h"
#include "deliver/queue/client.h"
#include <string.h>
#include <time.h>

#define TURN 100 /* messages before the loop has a turn */

/* The one queue of this process, for the loop's calls without argument. */
static struct queue *the;

static void
list_one(struct queue *q, const struct message *m, const struct file *f,
    struct buf *b)
{
	int64_t now = time(NULL);

	buf_fmt(
	    b, "%s  %llu bytes, ", m->id, (unsigned long long)f->head.body_len);
	printable_age(now - f->env.time_us / 1000000, b);
	buf_str(b, " old, from <");
	printable_add(b, span_of(f->env.from), 300);
	buf_str(b, ">\n");
	for (size_t i = 0; i < f->nrcpts; i++) {
		const struct rcpt *r = &f->rcpts[i];

		if (r->state != R_WAITS)
			continue;
		buf_str(b, "    to <");
		printable_add(b, span_of(rcpt_addr(f, i)), 300);
		buf_chr(b, '>');
		if (m->state == M_OPEN) {
			buf_str(b, ", being delivered");
		} else if (q->conf->hold) {
			buf_str(b, ", held (hold yes in bellman.conf)");
		} else if (f->env.wait && f->tries == 0) {
			buf_str(b, ", waits for sendmail -q");
		} else if (f->until > now) {
			buf_str(b, ", next try in ");
			printable_age(f->until - now, b);
		}
		if (r->text) {
			buf_str(b, ": ");
			printable_add(b, span_of(r->text), 400);
			buf_fmt(b, " (%s)", r->status);
		}
		buf_chr(b, '\n');
	}
	if (m->trouble)
		buf_fmt(b, "    waits for %s\n", m->trouble);
}

/* The next ones behind c->last; it ends with the sum. */
static void
add_some(struct client *c)
{
	struct queue *q = c->q;
	struct message *m = sched_behind(q, c->last);

	for (int n = 0; m && n < TURN; n++, m = RB_NEXT(ids, &q->ids, m)) {
		struct file *f = file_open(q->dir, m->id, q->start->uid);

		strlcpy(c->last, m->id, sizeof c->last);
		if (f == NULL)
			continue;
		if (c->uid == 0 || c->uid == f->uid) {
			list_one(q, m, f, &c->out);
			c->listed++;
		}
		file_close(f);
	}
	if (m)
		return;
	c->each = NULL;
	c->waits = false;
	if (c->listed == 0)
		buf_str(&c->out, "The queue is empty.\n");
	else
		buf_fmt(&c->out, "%zu message%s.\n", c->listed,
		    c->listed == 1 ? "" : "s");
}

static void
turn(void)
{
	struct client *c, *next;

	for (c = TAILQ_FIRST(&the->clients); c; c = next) {
		next = TAILQ_NEXT(c, link);
		if (!c->each || c->sent < c->out.len)
			continue;
		buf_reset(&c->out);
		c->sent = 0;
		c->each(c);
		client_more(c);
	}
}

void
list_more(struct client *c)
{
	the = c->q;
	loop_idle(turn);
}

void
list(struct client *c, struct span none)
{
	(void)none;
	c->each = add_some;
	c->waits = true;
}
