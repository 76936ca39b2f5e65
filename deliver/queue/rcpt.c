/* rcpt - what a recipient of an open message is, and who hears of it. */
#include "deliver/queue/message.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

const struct env_rcpt *
rcpt_env(const struct file *f, size_t i)
{
	return &f->env.rcpts[i < f->env.nrcpts ? i : f->rcpts[i].parent];
}

bool
rcpt_handed_on(const struct file *f, size_t i)
{
	const struct rcpt *r = &f->rcpts[i];

	return r->children > 1 || r->owned;
}

unsigned
rcpt_notify(const struct file *f, size_t i)
{
	unsigned notify = rcpt_env(f, i)->notify;

	if (i < f->env.nrcpts || !rcpt_handed_on(f, f->rcpts[i].parent) ||
	    !(notify & ENV_SUCCESS))
		return notify;
	notify &= ~(unsigned)ENV_SUCCESS;
	return notify ? notify : ENV_NEVER; /* nothing at all asks for more */
}

const char *
rcpt_addr(const struct file *f, size_t i)
{
	return i < f->env.nrcpts ? f->env.rcpts[i].addr : f->rcpts[i].addr;
}

enum env_kind
rcpt_kind(const struct file *f, size_t i)
{
	return rcpt_env(f, i)->kind;
}

const char *
rcpt_from(const struct file *f, size_t i)
{
	/* A report stays one, through any list (RFC 5321 4.5.5). */
	return f->env.from[0] && f->rcpts[i].from ? f->rcpts[i].from
						  : f->env.from;
}

static bool
alike(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool
rcpt_alike(const struct rcpt *a, const struct rcpt *b)
{
	return a->what == b->what && alike(a->user, b->user) &&
	       (a->what == TO_BOX || alike(a->addr, b->addr));
}

/* RFC 3463: whoever says it may be a process that somebody has taken over, and
 * it stands in reports as it is. */
static bool
is_status(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] != '.' && (s.ptr[i] < '0' || s.ptr[i] > '9'))
			return false;
	return true;
}

void
rcpt_say(struct rcpt *r, struct span status, struct span text, struct span mta)
{
	size_t n =
	    status.len < sizeof r->status ? status.len : sizeof r->status - 1;

	/* What is said may be what it has said before. */
	char *said = span_dup(text), *by = mta.len ? span_dup(mta) : NULL;

	n = is_status(status) ? n : 0;
	if (n)
		memmove(r->status, status.ptr, n);
	r->status[n] = '\0';
	r->last = time(NULL);
	free(r->text);
	free(r->mta);
	r->text = said;
	r->mta = by;
}
