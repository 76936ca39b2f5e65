/* day - the messages of a day, and what became of them. */
#include "common/conf.h"
#include "deliver/loop.h"
#include "tests/simulate/simulate.h"
#include <stdlib.h>
#include <string.h>

static struct {
	const struct plan *plan;
	uint32_t left;
	struct loop_timer next, burst;
} day;

static unsigned
place(int64_t ms)
{
	uint64_t v = (uint64_t)(ms > 0 ? ms : 0) + 32;
	unsigned up = 63 - (unsigned)__builtin_clzll(v) - 5;

	return up * 32 + (unsigned)(v >> up) - 32;
}

void
spread_add(struct spread *s, int64_t ms)
{
	s->n++;
	s->at[place(ms)]++;
	if (ms > s->most)
		s->most = ms;
}

int64_t
spread_part(const struct spread *s, double part)
{
	uint64_t want = (uint64_t)((double)s->n * part), n = 0;

	for (unsigned i = 0; i < sizeof s->at / sizeof *s->at; i++)
		if ((n += s->at[i]) > want)
			return (int64_t)((uint64_t)(i % 32 + 32) << i / 32) -
			       32;
	return s->most;
}

static void
next_comes(struct loop_timer *t)
{
	int64_t gap;

	do {
		hub_arrives(world_pick_dest(), world_pick_submitter());
		gap = world_gap(loop_now());
	} while (--day.left && gap == 0);
	if (day.left)
		loop_in(t, gap);
}

/* UINT32_MAX is the one who does. */
static void
burst_comes(struct loop_timer *t)
{
	(void)t;
	for (uint32_t i = 0; i < day.plan->burst; i++)
		hub_arrives(world_pick_dest(), UINT32_MAX);
}

const struct result *
simulate(const struct plan *plan)
{
	static struct result result;
	static bool (*const inboxes[])(void) = { far_inbox, hub_inbox, NULL };
	struct conf conf = { 0 };
	struct buf err = { 0 };
	uint64_t seed = plan->seed;

	memset(&result, 0, sizeof result);
	if (conf_parse(SPAN(""), "", &conf, &err) == -1)
		abort();
	world_begin(plan, &seed);
	clock_begin();
	far_begin(&conf, &result);
	hub_begin(plan, &conf, &result);
	day.plan = plan;
	day.left = plan->messages - plan->burst;
	day.next = (struct loop_timer){ .fire = next_comes };
	day.burst = (struct loop_timer){ .fire = burst_comes };
	loop_in(&day.next, world_gap(0));
	loop_in(&day.burst, BURST_AT);
	clock_run(inboxes);
	far_end();
	hub_end();
	world_end();
	conf_free(&conf);
	buf_free(&err);
	result.lost = result.arrived - result.delivered - result.given_up;
	return &result;
}
