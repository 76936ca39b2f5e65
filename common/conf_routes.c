/* Lines that name senders and domains: `sender` and `route`. */
#include "common/addr.h"
#include "common/conf_table.h"
#include <stdlib.h>
#include <string.h>

/* The last @, or NULL: one inside of quotes is no other's business here. */
static const char *
last_at(struct span s)
{
	for (size_t i = s.len; i-- > 0;)
		if (s.ptr[i] == '@')
			return s.ptr + i;
	return NULL;
}

static int
sender_pattern(struct conf_lex *x)
{
	struct span w = x->word, local = w, domain;
	const char *at = last_at(w);
	struct addr a;
	char shown[CONF_SHOWN];

	if (span_eq(w, SPAN("*")))
		return 0;
	if (at == NULL || w.ptr[0] == '<')
		goto bad;
	local.len = (size_t)(at - w.ptr);
	domain = span_from(w, local.len + 1);
	if ((span_eq(local, SPAN("*")) ||
		(addr_parse(local, &a) == ADDR_OK && a.domain.len == 0)) &&
	    (span_eq(domain, SPAN("*")) || addr_domain(domain)))
		return 0;
bad:
	return conf_wrong(x, x->from,
	    "\"%s\" is no pattern of senders; write name@domain, name@*, "
	    "*@domain or *",
	    conf_show(w, shown));
}

static int
domain_pattern(struct conf_lex *x)
{
	struct span w = x->word;

	if (span_starts(w, SPAN(".")))
		x->word = span_from(w, 1);
	if (conf_domain(x) == -1)
		return -1;
	x->word = w;
	return 0;
}

/* <ADDR>, the word at hand. */
static int
replacement(struct conf_parse *p, struct conf_sender *s)
{
	struct span w = p->x.word;
	struct addr a;
	char shown[CONF_SHOWN];

	if (w.len < 2 || w.ptr[0] != '<' || w.ptr[w.len - 1] != '>' ||
	    addr_parse(w, &a) != ADDR_OK || a.domain.len == 0)
		return conf_wrong(&p->x, p->x.from,
		    "\"%s\" behind \"sender\" is no address in angle "
		    "brackets; write <name@domain>%s",
		    conf_show(w, shown),
		    s->phrase && w.ptr[0] != '<'
			? ", and a name of several words in quotes"
			: "");
	/* The path without its brackets; a source route goes, too. */
	p->x.word = (struct span){ a.local.ptr,
		(size_t)(a.domain.ptr + a.domain.len - a.local.ptr) };
	return conf_keep(p, &s->addr);
}

int
conf_set_sender(struct conf_parse *p)
{
	struct conf *c = p->conf;
	struct conf_sender *s =
	    conf_more(p, c->senders_as, c->nsenders_as, sizeof *s);
	struct span rest;
	char shown[CONF_SHOWN];

	if (s == NULL)
		return -1;
	c->senders_as = s;
	s += c->nsenders_as++;
	s->line = p->x.from;
	if (conf_need(&p->x, "a pattern and an address") == -1 ||
	    sender_pattern(&p->x) == -1 || conf_keep(p, &s->pattern) == -1 ||
	    conf_need(&p->x, "an address in angle brackets") == -1)
		return -1;
	for (const struct conf_sender *o = c->senders_as; o < s; o++)
		if (span_ieq(span_of(o->pattern), span_of(s->pattern)))
			return conf_wrong(&p->x, p->x.from,
			    "the senders \"%s\" were already set in line %u",
			    conf_show(span_of(s->pattern), shown), o->line);
	rest = span_trim(p->x.text);
	if (rest.len && rest.ptr[0] != '#' &&
	    (conf_keep(p, &s->phrase) == -1 ||
		conf_need(&p->x, "an address in angle brackets") == -1))
		return -1;
	return replacement(p, s) == -1 ? -1 : conf_done(&p->x);
}

/* mx [dane|verify|opportunistic|never]: the relay mx with other TLS; what else
 * its block says is copied at the end. */
static struct conf_relay *
by_mx(struct conf_parse *p)
{
	static const char *const words[] = { "verify", "dane", "opportunistic",
		"never", NULL };
	static const char *const names[] = { "mx:verify", "mx:dane",
		"mx:opportunistic", "mx:never" };
	static const enum conf_tls kinds[] = { TLS_VERIFY, TLS_DANE,
		TLS_OPPORTUNISTIC, TLS_NEVER };
	struct conf_relay like = { .find = FIND_MX };
	struct span rest = span_trim(p->x.text);
	int n;

	if (rest.len == 0 || rest.ptr[0] == '#')
		return &p->conf->relays[0];
	if (conf_need(&p->x, "the kind of TLS") == -1 ||
	    (n = conf_choose(&p->x, words)) == -1)
		return NULL;
	like.tls = kinds[n];
	return conf_anonymous(p, names[n], &like);
}

static int
destination(struct conf_parse *p, struct conf_route *r)
{
	enum { RELAY, SMTP, LMTP, MX };
	static const char *const words[] = { "relay", "smtp", "lmtp", "mx",
		NULL };
	static const char *const needs[] = { "the name of a relay",
		"a host, and perhaps a port",
		"the path of a socket, or a host and a port" };
	const struct conf_relay *relay;
	int n;

	if (conf_need(&p->x, "relay, smtp, lmtp or mx behind the pattern") ==
		-1 ||
	    (n = conf_choose(&p->x, words)) == -1 ||
	    (n != MX && conf_need(&p->x, needs[n]) == -1))
		return -1;
	if (n == RELAY) /* it may come later */
		return conf_keep(p, &r->relay);
	relay = n == SMTP ? conf_smtp(p) : n == LMTP ? conf_lmtp(p) : by_mx(p);
	if (relay == NULL)
		return -1;
	r->relay = strdup(relay->name);
	return r->relay ? 0 : conf_no_memory(p);
}

int
conf_set_route(struct conf_parse *p)
{
	static const char *const words[] = { "sender", "domain", NULL };
	struct conf *c = p->conf;
	struct conf_route *r = conf_more(p, c->routes, c->nroutes, sizeof *r);
	char shown[CONF_SHOWN];
	int n;

	if (r == NULL)
		return -1;
	c->routes = r;
	r += c->nroutes++;
	r->line = p->x.from;
	if (conf_need(&p->x, "sender or domain") == -1 ||
	    (n = conf_choose(&p->x, words)) == -1 ||
	    conf_need(&p->x, "a pattern") == -1)
		return -1;
	r->by = n == 0 ? BY_SENDER : BY_DOMAIN;
	if ((n == 0 ? sender_pattern(&p->x) : domain_pattern(&p->x)) == -1 ||
	    conf_keep(p, &r->pattern) == -1)
		return -1;
	for (const struct conf_route *o = c->routes; o < r; o++)
		if (o->by == r->by &&
		    span_ieq(span_of(o->pattern), span_of(r->pattern)))
			return conf_wrong(&p->x, p->x.from,
			    "the %s \"%s\" has a route already, in line %u",
			    words[n], conf_show(span_of(r->pattern), shown),
			    o->line);
	return destination(p, r) == -1 ? -1 : conf_done(&p->x);
}

int
conf_routes_lead(struct conf_parse *p)
{
	struct conf *c = p->conf;
	const struct conf_relay *mx = &c->relays[0];

	for (size_t i = 1; i < c->nrelays; i++) {
		struct conf_relay *r = &c->relays[i];

		if (strncmp(r->name, "mx:", 3) != 0)
			continue;
		r->mta_sts = mx->mta_sts;
		r->terminal = mx->terminal;
		r->sessions = mx->sessions;
		if ((mx->ca && (r->ca = strdup(mx->ca)) == NULL) ||
		    (mx->cert && (r->cert = strdup(mx->cert)) == NULL) ||
		    (mx->key && (r->key = strdup(mx->key)) == NULL))
			return conf_no_memory(p);
	}
	for (size_t i = 0; i < c->nroutes; i++) {
		struct span name = span_of(c->routes[i].relay);
		const char *nearest = mx->name;
		char shown[CONF_SHOWN];

		if (conf_relay(c, c->routes[i].relay))
			continue;
		for (size_t j = 1; j < c->nrelays; j++)
			if (strchr(c->relays[j].name, ':') == NULL &&
			    conf_distance(name, span_of(c->relays[j].name)) <
				conf_distance(name, span_of(nearest)))
				nearest = c->relays[j].name;
		if (conf_distance(name, span_of(nearest)) > 2)
			return conf_wrong(&p->x, c->routes[i].line,
			    "there is no relay \"%s\"; name a relay that has "
			    "a block of its own, or write one",
			    conf_show(name, shown));
		return conf_wrong(&p->x, c->routes[i].line,
		    "there is no relay \"%s\"; did you mean \"%s\"?",
		    conf_show(name, shown), nearest);
	}
	return 0;
}
