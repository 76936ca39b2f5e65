/* clock - deliver/loop.h on a clock that jumps to what happens next. */
#include "deliver/loop.h"
#include "tests/simulate/simulate.h"
#include <string.h>

#define IDLERS 4
#define FINE 24 /* bits of due below the ms: in the order of their arming */

RB_HEAD(timers, loop_timer);

static struct {
	int64_t now;
	uint32_t armed;
	bool firing;
	struct timers timers;
	void (*idlers[IDLERS])(void);
	int nidlers;
} loop;

static int
earlier(const struct loop_timer *a, const struct loop_timer *b)
{
	if (a->due != b->due)
		return a->due < b->due ? -1 : 1;
	return a < b ? -1 : a > b;
}
RB_GENERATE_INTERNAL(
    timers, loop_timer, link, earlier, __attribute__((unused)) static)

void
clock_begin(void)
{
	memset(&loop, 0, sizeof loop);
	RB_INIT(&loop.timers);
}

int64_t
loop_now(void)
{
	return loop.now;
}

void
loop_in(struct loop_timer *t, int64_t ms)
{
	loop_cancel(t);
	t->due = (loop.now + (ms > 0 ? ms : loop.firing)) << FINE |
		 (loop.armed++ & ((1u << FINE) - 1));
	t->armed = true;
	RB_INSERT(timers, &loop.timers, t);
}

void
loop_cancel(struct loop_timer *t)
{
	if (t->armed)
		RB_REMOVE(timers, &loop.timers, t);
	t->armed = false;
}

void
loop_stop(void)
{
}

void
loop_idle(void (*once)(void))
{
	for (int i = 0; i < loop.nidlers; i++)
		if (loop.idlers[i] == once)
			return;
	if (loop.nidlers < IDLERS)
		loop.idlers[loop.nidlers++] = once;
}

static bool
fire(void)
{
	struct loop_timer *t;
	bool any = false;

	loop.firing = true;
	while ((t = RB_MIN(timers, &loop.timers)) != NULL &&
	       t->due >> FINE <= loop.now) {
		loop_cancel(t);
		t->fire(t);
		any = true;
	}
	loop.firing = false;
	return any;
}

static bool
idle(void)
{
	void (*idlers[IDLERS])(void);
	int n = loop.nidlers;

	memcpy(idlers, loop.idlers, sizeof idlers);
	loop.nidlers = 0;
	for (int i = 0; i < n; i++)
		idlers[i]();
	return n > 0;
}

void
clock_run(bool (*const inboxes[])(void))
{
	const struct loop_timer *first;
	bool busy;

	for (;;) {
		busy = false;
		for (int i = 0; inboxes[i]; i++)
			busy |= inboxes[i]();
		busy |= fire();
		busy |= idle();
		if (busy)
			continue; /* who knows what has been asked for */
		first = RB_MIN(timers, &loop.timers);
		if (first == NULL)
			return;
		if (first->due >> FINE > loop.now)
			loop.now = first->due >> FINE;
	}
}
