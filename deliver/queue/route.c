#include "deliver/queue/route.h"
#include "common/addr.h"
#include <string.h>

static void
to_relay(const struct conf *c, const char *addr, struct route *r)
{
	struct addr a;
	const struct conf_relay *relay = NULL;

	if (addr_parse(span_of(addr), &a) == ADDR_OK)
		relay = conf_route(c, SPAN(""), a.domain);
	r->kind = ROUTE_RELAY;
	r->name = relay ? relay->name : "mx";
	if (relay && relay->none) {
		r->kind = ROUTE_NEVER;
		r->status = ROUTE_NONE_STATUS;
		r->text = ROUTE_NONE_TEXT;
	}
}

void
route(struct queue *q, struct span address, struct route *r)
{
	struct world w;
	const struct goal *g;

	*r = (struct route){ .texts = { .q = q },
		.kind = ROUTE_LATER,
		.status = "4.3.0",
		.text = "no memory" };
	texts_world(&r->texts, &w);
	w.ways = true;
	if (expand(&w, address, &r->e) == -1 || r->e.n == 0)
		return;
	g = &r->e.goals[0];
	r->status = g->status;
	r->text = g->text ? g->text : "";
	if (r->e.n == 1 && g->verdict == V_NEVER)
		r->kind = ROUTE_NEVER;
	else if (r->e.n == 1 && g->verdict == V_LATER)
		r->kind = ROUTE_LATER;
	else if (!r->e.plain)
		r->kind = ROUTE_LIST;
	else if (g->what == TO_BOX) {
		r->kind = ROUTE_BOX;
		r->name = g->user;
	} else {
		to_relay(q->conf, g->addr, r);
	}
}

void
route_free(struct route *r)
{
	expansion_free(&r->e);
	texts_free(&r->texts);
}
