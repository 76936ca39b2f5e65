/* calm - a terminal is not flooded by what the mailbox has as well: the first
 * message is shown, the others of the next 10 s are counted. */
#include "common/printable.h"
#include "deliver/queue/terminal.h"
#include <stdlib.h>
#include <string.h>

#define CALM 10000     /* ms */
#define CALMS_MAX 1000 /* users; beyond it nobody is left alone */

struct calm {
	TAILQ_ENTRY(calm) link;
	struct queue *q;
	char *user;
	unsigned more;
	struct buf last; /* who sent the last one */
	struct loop_timer end;
};

static struct calm *
find(struct queue *q, const char *user)
{
	struct calm *c;

	TAILQ_FOREACH (c, &q->calms, link)
		if (strcmp(c->user, user) == 0)
			return c;
	return NULL;
}

static void
over(struct loop_timer *timer)
{
	struct calm *c = timer->arg;
	struct buf b = { 0 };

	if (c->more == 0) {
		TAILQ_REMOVE(&c->q->calms, c, link);
		c->q->ncalms--;
		buf_free(&c->last);
		free(c->user);
		free(c);
		return;
	}
	buf_fmt(&b, "%u more message%s; last from ", c->more,
	    c->more == 1 ? "" : "s");
	buf_span(&b, buf_view(&c->last));
	c->more = 0;
	loop_in(&c->end, CALM);
	terminal_note(c->q, c->user, buf_c(&b));
	buf_free(&b);
}

void
calm_begin(struct queue *q, const char *user)
{
	struct calm *c = find(q, user);

	if (c || q->ncalms >= CALMS_MAX)
		return;
	c = calloc(1, sizeof *c);
	if (c == NULL || (c->user = strdup(user)) == NULL) {
		free(c);
		return;
	}
	c->q = q;
	c->end = (struct loop_timer){ .fire = over, .arg = c };
	TAILQ_INSERT_TAIL(&q->calms, c, link);
	q->ncalms++;
	loop_in(&c->end, CALM);
}

bool
calm_holds(struct queue *q, const char *user, struct span submitter)
{
	struct calm *c = find(q, user);

	if (c == NULL)
		return false;
	c->more++;
	buf_reset(&c->last);
	printable_add(&c->last, submitter, 80);
	return true;
}

void
calm_count(struct queue *q, const char *user, struct span submitter)
{
	calm_begin(q, user);
	calm_holds(q, user, submitter);
}
