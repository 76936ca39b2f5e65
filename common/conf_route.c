/* What the settings answer: whose, where to, how. */
#include "common/conf.h"
#include <string.h>

bool
conf_sender_fits(const char *pattern, struct span addr)
{
	struct span p = span_of(pattern), local = addr, domain;
	size_t at, star = p.len;

	if (addr.len == 0)
		return false; /* the null path is nobody's */
	if (span_eq(p, SPAN("*")))
		return true;
	at = addr.len;
	while (at > 0 && addr.ptr[at - 1] != '@')
		at--;
	while (star > 0 && p.ptr[star - 1] != '@')
		star--;
	if (at == 0 || star == 0)
		return span_ieq(p, addr);
	local.len = at - 1;
	domain = span_from(addr, at);
	addr = span_from(p, star); /* the pattern's domain and local part */
	p.len = star - 1;
	return (span_eq(p, SPAN("*")) || span_ieq(p, local)) &&
	       (span_eq(addr, SPAN("*")) || span_ieq(addr, domain));
}

/* .example is all beneath example, not example. */
static bool
domain_fits(const char *pattern, struct span domain)
{
	struct span p = span_of(pattern);

	if (p.len == 0 || p.ptr[0] != '.')
		return span_ieq(p, domain);
	return domain.len > p.len &&
	       span_ieq(p, span_from(domain, domain.len - p.len));
}

const struct conf_relay *
conf_relay(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->nrelays; i++)
		if (strcmp(c->relays[i].name, name) == 0)
			return &c->relays[i];
	return NULL;
}

static const struct conf_relay *
routed(const struct conf *c, int by, struct span what)
{
	const struct conf_relay *relay;

	for (size_t i = 0; i < c->nroutes; i++) {
		const struct conf_route *r = &c->routes[i];

		if ((int)r->by == by &&
		    (by == BY_SENDER ? conf_sender_fits(r->pattern, what)
				     : domain_fits(r->pattern, what)) &&
		    (relay = conf_relay(c, r->relay)) != NULL)
			return relay;
	}
	return NULL;
}

const struct conf_relay *
conf_route(const struct conf *c, struct span sender, struct span domain)
{
	static char name[] = "mx"; /* of settings that no file made */
	static const struct conf_relay alone = {
		.name = name, .find = FIND_MX, .tls = TLS_DANE
	};
	const struct conf_relay *r =
	    c->handoff ? conf_relay(c, c->handoff) : NULL;

	if (r == NULL)
		r = routed(c, BY_SENDER, sender);
	if (r == NULL)
		r = routed(c, BY_DOMAIN, domain);
	if (r == NULL)
		r = conf_relay(c, "main");
	if (r == NULL)
		r = conf_relay(c, "mx");
	return r ? r : &alone;
}

uint64_t
conf_user_queue(const struct conf *c)
{
	uint64_t part = c->max_queue - c->max_queue / 4;

	return c->user_queue ? c->user_queue : part;
}

bool
conf_is_local(const struct conf *c, struct span domain)
{
	for (size_t i = 0; !c->handoff && i < c->nlocal_domains; i++)
		if (span_ieq(span_of(c->local_domains[i]), domain))
			return true;
	return false;
}

bool
conf_is_client(const struct conf *c, const unsigned char addr[16])
{
	for (size_t i = 0; i < c->nclients; i++) {
		const struct conf_net *n = &c->clients[i];
		unsigned whole = n->bits / 8, rest = n->bits % 8;

		if (memcmp(addr, n->addr, whole) == 0 &&
		    (rest == 0 ||
			((addr[whole] ^ n->addr[whole]) >> (8 - rest)) == 0))
			return true;
	}
	return false;
}
