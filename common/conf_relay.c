#include "common/conf_table.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static bool
address(struct span s, char text[INET6_ADDRSTRLEN])
{
	unsigned char number[16];

	if (s.len == 0 || s.len >= INET6_ADDRSTRLEN)
		return false;
	memcpy(text, s.ptr, s.len);
	text[s.len] = '\0';
	return inet_pton(AF_INET, text, number) == 1 ||
	       inet_pton(AF_INET6, text, number) == 1;
}

/* A port is a number, or a name of /etc/services (RFC 6335 5.1). */
static int
port(struct conf_lex *x)
{
	char shown[CONF_SHOWN];
	bool letter = false, other = false;
	long long n;

	for (size_t i = 0; i < x->word.len; i++) {
		char c = x->word.ptr[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
			letter = true;
		else if (c != '-' && (c < '0' || c > '9'))
			other = true;
	}
	if (span_num(x->word, 1, 65535, &n) == 0 ||
	    (letter && !other && x->word.len <= 32))
		return 0;
	return conf_wrong(x, x->from,
	    "\"%s\" is no port; write 1 to 65535, or a service's name",
	    conf_show(x->word, shown));
}

/* The word at hand and the next are a host and its port. */
static int
add_host(struct conf_parse *p, struct conf_relay *r)
{
	char text[INET6_ADDRSTRLEN];
	struct conf_host *more;
	struct span *w = &p->x.word;

	if (w->len > 2 && w->ptr[0] == '[' && w->ptr[w->len - 1] == ']' &&
	    address((struct span){ w->ptr + 1, w->len - 2 }, text))
		*w = span_of(text);
	else if (!address(*w, text) && conf_domain(&p->x) == -1)
		return -1;
	more = reallocarray(r->hosts, r->nhosts + 1, sizeof *more);
	if (more == NULL)
		return conf_no_memory(p);
	r->hosts = more;
	more[r->nhosts++] = (struct conf_host){ 0 };
	more += r->nhosts - 1;
	if (conf_keep(p, &more->name) == -1 ||
	    conf_need(&p->x, "a host and a port") == -1 || port(&p->x) == -1 ||
	    conf_keep(p, &more->port) == -1)
		return -1;
	return 0;
}

static int
set_host(struct conf_parse *p)
{
	static const char *const words[] = { "starttls", NULL };

	if (conf_need(&p->x, "a host and a port") == -1 ||
	    add_host(p, p->relay) == -1)
		return -1;
	if (conf_next(&p->x) != CONF_WORD)
		return conf_ended(&p->x);
	if (conf_choose(&p->x, words) == -1)
		return -1;
	p->starttls = true;
	return conf_done(&p->x);
}

static int
set_tls(struct conf_parse *p)
{
	static const char *const words[] = { "verify", "never", "dane", "pin",
		"opportunistic", NULL };
	static const enum conf_tls done[] = { TLS_VERIFY, TLS_NEVER };
	int n;

	if (conf_need(&p->x, "verify or never") == -1 ||
	    (n = conf_choose(&p->x, words)) == -1)
		return -1;
	if (n > 1)
		return conf_cannot(&p->x, n == 2   ? "look for DANE records"
					  : n == 3 ? "pin certificates"
						   : "do opportunistic TLS");
	p->relay->tls = done[n];
	return conf_done(&p->x);
}

static const struct conf_setting in_relay[] = {
	{ "host", set_host, true, NULL },
	{ "tls", set_tls, false, NULL },
	{ "auth", NULL, false, "log in to a relay" },
	{ "user", NULL, false, "log in to a relay" },
};
/* What stands between the braces. */
static int
block(struct conf_parse *p)
{
	unsigned begin = p->x.from, seen[CONF_ROWS_MAX] = { 0 };
	int result = 0;

	p->x.block = true;
	p->starttls = false;
	conf_next(&p->x);
	while (result == 0 && p->x.token != CONF_CLOSE) {
		switch (p->x.token) {
		case CONF_WORD:
			result = conf_statement(p, in_relay,
			    sizeof in_relay / sizeof *in_relay, seen);
			if (p->x.token == CONF_CLOSE)
				continue;
			break;
		case CONF_EOL:
		case CONF_SEMI:
			break;
		case CONF_EOF:
			return conf_wrong(&p->x, begin,
			    "the block of relay \"%s\" has no closing brace",
			    p->relay->name);
		default:
			return p->x.token == CONF_BAD
				   ? -1
				   : conf_wrong(&p->x, p->x.line,
					 "a brace inside a block");
		}
		if (result == 0)
			conf_next(&p->x);
	}
	p->x.block = false;
	if (result == -1)
		return -1;
	p->x.name = "relay";
	p->x.from = begin;
	if (p->relay->nhosts == 0)
		return conf_wrong(
		    &p->x, begin, "relay \"%s\" has no host", p->relay->name);
	if (p->starttls && p->relay->tls == TLS_NEVER)
		return conf_wrong(&p->x, begin,
		    "relay \"%s\" says both starttls and tls never",
		    p->relay->name);
	return conf_done(&p->x);
}

/* It stands in log lines and file formats as it is. */
static bool
relay_name(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') && strchr("-._", c) == NULL)
			return false;
	}
	return s.len > 0 && s.len <= 63;
}

int
conf_set_relay(struct conf_parse *p)
{
	struct conf *c = p->conf;
	struct conf_relay *r;
	struct span name;
	char shown[CONF_SHOWN];
	bool named;

	if (conf_need(&p->x, "a host and a port, or a name and a block") == -1)
		return -1;
	named = span_starts(span_trim(p->x.text), SPAN("{"));
	name = named ? p->x.word : SPAN("main");
	for (size_t i = 0; i < c->nrelays; i++)
		if (span_eq(name, span_of(c->relays[i].name)))
			return conf_wrong(&p->x, p->x.from,
			    "relay \"%s\" was already set in line %u",
			    conf_show(name, shown), c->relays[i].line);
	if (!relay_name(name))
		return conf_wrong(&p->x, p->x.from,
		    "\"%s\" is no name for a relay; write at most 63 letters, "
		    "digits, dots and dashes",
		    conf_show(name, shown));
	r = reallocarray(c->relays, c->nrelays + 1, sizeof *r);
	if (r == NULL)
		return conf_no_memory(p);
	c->relays = r;
	r += c->nrelays;
	*r = (struct conf_relay){ .line = p->x.from, .tls = TLS_VERIFY };
	r->name = span_dup(name);
	if (r->name == NULL)
		return conf_no_memory(p);
	c->nrelays++;
	if (!named)
		return add_host(p, r) == -1 ? -1 : conf_done(&p->x);
	p->relay = r;
	conf_next(&p->x); /* the brace */
	return block(p);
}
