/* follow - what becomes of one message, told to who sent it (sendmail -v) as it
 * happens.  He may ask before the message is there. */
#include "common/printable.h"
#include "common/run.h"
#include "common/spool.h"
#include "deliver/queue/client.h"
#include <string.h>
#include <unistd.h>

#define LIMIT 60000	       /* ms */
#define WATCH (60 * 60 * 1000) /* of mailq --follow */

static void
too_long(struct loop_timer *t)
{
	struct client *c = t->arg;

	buf_str(&c->out, "it is still under way; see mailq(1)\n");
	loop_in(&c->limit, 5000); /* for who does not read */
	client_done(c);
}

void
follow(struct client *c, struct span id)
{
	const struct message *m;

	if (id.len < sizeof c->follows) {
		memcpy(c->follows, id.ptr, id.len);
		c->follows[id.len] = '\0';
	}
	if (!spool_id_valid(c->follows)) {
		c->follows[0] = '\0';
		buf_str(&c->out, "that is no queue id\n");
		return;
	}
	m = sched_find(c->q, c->follows);
	if (m && m->state == M_WAITS) {
		buf_fmt(&c->out, "%s waits; see mailq(1)\n", m->id);
		return;
	}
	c->waits = true;
	c->limit.fire = too_long;
	loop_in(&c->limit, LIMIT);
}

/* Is it his, as far as its file can say? */
static bool
may_watch(const struct client *c, const struct message *m)
{
	struct file *f;
	bool may = c->uid == 0;

	if (may || (f = file_open(c->q->dir, m->id, c->q->start->uid)) == NULL)
		return may;
	may = f->uid == c->uid;
	file_close(f);
	return may;
}

void
follow_watch(struct client *c, struct span id)
{
	const struct message *m = NULL;

	drop_scan(c->q);
	if (id.len < sizeof c->follows) {
		memcpy(c->follows, id.ptr, id.len);
		c->follows[id.len] = '\0';
		m = sched_find(c->q, c->follows);
	}
	if (m == NULL || !may_watch(c, m)) {
		c->follows[0] = '\0';
		buf_reset(&c->out); /* without the "ok" */
		buf_str(&c->out, "error " RUN_GONE "\n");
		return;
	}
	if (m->state == M_OPEN)
		buf_fmt(&c->out, "%s is being delivered\n", m->id);
	else
		buf_fmt(&c->out, "%s %s\n", m->id,
		    m->held ? "is held; mailq release lets it go"
			    : "waits; mailq retry has it tried at once");
	c->waits = c->stays = true;
	c->limit.fire = too_long;
	loop_in(&c->limit, WATCH);
}

/* Root has his handed in by a process of ours, where the agent's socket is all
 * that there is (submit). */
static bool
is_his(const struct client *c, const struct message *m)
{
	return c->waits && strcmp(c->follows, m->id) == 0 &&
	       (c->uid == 0 || c->uid == geteuid() || m->file == NULL ||
		   m->file->uid == c->uid);
}

void
follow_say(struct queue *q, const struct message *m, uint32_t i,
    const char *word, struct span status, struct span text)
{
	struct client *c, *next;

	for (c = TAILQ_FIRST(&q->clients); c; c = next) {
		next = TAILQ_NEXT(c, link);
		if (!is_his(c, m))
			continue;
		buf_chr(&c->out, '<');
		printable_add(&c->out, span_of(rcpt_addr(m->file, i)), 300);
		buf_fmt(&c->out, "> %s: ", word);
		printable_add(&c->out, text, 500);
		buf_str(&c->out, " (");
		printable_add(&c->out, status, 11);
		buf_str(&c->out, ")\n");
		client_more(c);
	}
}

void
follow_end(struct queue *q, const struct message *m, const char *how)
{
	struct client *c, *next;

	for (c = TAILQ_FIRST(&q->clients); c; c = next) {
		next = TAILQ_NEXT(c, link);
		if (!is_his(c, m))
			continue;
		if (how)
			buf_fmt(&c->out, "%s %s\n", m->id, how);
		else if (c->stays)
			buf_fmt(&c->out, "%s has left the queue\n", m->id);
		if (how && c->stays)
			client_more(c);
		else
			client_done(c);
	}
}
