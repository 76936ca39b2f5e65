#include "common/conf_lex.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

struct parse {
	struct conf_lex x;
	struct conf *conf;
	struct conf_relay *relay; /* whose block we are in */
	bool starttls;		  /* a host of it asks for STARTTLS */
};

/* A word of the file.  One that this version does not act upon is known all the
 * same, and an error: mail would take another way than is written there. */
struct setting {
	const char *name;
	int (*set)(struct parse *);
	bool again;	    /* may stand more than once */
	const char *cannot; /* what this version does not do */
};

static int
no_memory(struct parse *p)
{
	return conf_wrong(&p->x, p->x.from, "out of memory");
}

static int
cannot(struct conf_lex *x, const char *what)
{
	return conf_wrong(x, x->from,
	    "this version cannot %s yet; remove the line \"%s\"", what,
	    x->name);
}

/* The word at hand, kept for good. */
static int
keep(struct parse *p, char **to)
{
	char *copy = span_dup(p->x.word);

	if (copy == NULL)
		return no_memory(p);
	free(*to);
	*to = copy;
	return 0;
}

static int
set_hostname(struct parse *p)
{
	if (conf_need(&p->x, "a name or auto") == -1)
		return -1;
	if (!span_eq(p->x.word, SPAN("auto")) &&
	    (conf_domain(&p->x) == -1 || keep(p, &p->conf->hostname) == -1))
		return -1;
	return conf_done(&p->x);
}

static int
set_domains(struct parse *p)
{
	struct conf *c = p->conf;
	size_t n = 0;
	char **more;

	if (conf_need(&p->x, "one domain or more") == -1)
		return -1;
	do {
		if (conf_domain(&p->x) == -1)
			return -1;
		more = reallocarray(c->local_domains, n + 1, sizeof *more);
		if (more == NULL)
			return no_memory(p);
		c->local_domains = more;
		more[n] = span_dup(p->x.word);
		if (more[n] == NULL)
			return no_memory(p);
		c->nlocal_domains = ++n;
	} while (conf_next(&p->x) == CONF_WORD);
	return conf_ended(&p->x);
}

/* Only %u may be in a mailbox's path, and no way up. */
static int
mailbox_path(struct parse *p, bool home)
{
	struct span path = p->x.word, rest = path;
	bool absolute = path.len > 1 && path.ptr[0] == '/';

	if (!absolute && !(home && span_starts(path, SPAN("~/"))))
		return conf_wrong(&p->x, p->x.from,
		    "the path of %s must begin %s",
		    home ? "a maildir" : "an mbox",
		    home ? "with / or ~/" : "with /");
	if (path.ptr[path.len - 1] == '/' && !home)
		return conf_wrong(
		    &p->x, p->x.from, "the path of an mbox ends in /");
	for (size_t i = 0; i < path.len; i++)
		if (path.ptr[i] == '%' &&
		    (i + 1 == path.len || path.ptr[i + 1] != 'u'))
			return conf_wrong(&p->x, p->x.from,
			    "in a path only %%u may follow a percent sign");
	while (rest.ptr)
		if (span_eq(span_cut(&rest, '/'), SPAN("..")))
			return conf_wrong(&p->x, p->x.from,
			    "\"..\" is not allowed in a path");
	return keep(p, &p->conf->local_path);
}

static int
set_local(struct parse *p)
{
	static const char *const words[] = { "mbox", "maildir", "lmtp",
		"command", NULL };
	static const enum conf_local kinds[] = { LOCAL_MBOX, LOCAL_MAILDIR };
	int n;

	if (conf_need(&p->x, "mbox PATH or maildir PATH") == -1 ||
	    (n = conf_choose(&p->x, words)) == -1)
		return -1;
	if (n > 1)
		return cannot(&p->x, n == 2 ? "hand local mail to LMTP"
					    : "hand local mail to a command");
	p->conf->local = kinds[n];
	if (conf_need(&p->x, "a path") == -1 ||
	    mailbox_path(p, kinds[n] == LOCAL_MAILDIR) == -1)
		return -1;
	return conf_done(&p->x);
}

static bool
more_words(const struct conf_lex *x)
{
	struct span rest = span_trim(x->text);

	return rest.len && rest.ptr[0] != '#';
}

static int
set_terminal(struct parse *p)
{
	static const char *const words[] = { "off", "on", NULL };
	int n;

	if (conf_need(&p->x, "on or off") == -1)
		return -1;
	/* RECIPIENT KIND from PLACE via @GROUP */
	if (!span_eq(p->x.word, SPAN("on")) &&
	    !span_eq(p->x.word, SPAN("off")) && more_words(&p->x))
		return cannot(&p->x, "show mail on terminals by rules");
	if ((n = conf_choose(&p->x, words)) == -1)
		return -1;
	p->conf->terminal = n;
	return conf_done(&p->x);
}

static int
set_hold(struct parse *p)
{
	static const char *const words[] = { "no", "yes", NULL };
	int n;

	if (conf_need(&p->x, "yes or no") == -1 ||
	    (n = conf_choose(&p->x, words)) == -1)
		return -1;
	p->conf->hold = n;
	return conf_done(&p->x);
}

static int
set_retry(struct parse *p)
{
	struct conf *c = p->conf;
	enum { MOST = sizeof c->retry / sizeof *c->retry };
	size_t n = 0;

	if (conf_need(&p->x, "one duration or more") == -1)
		return -1;
	do {
		if (n == MOST)
			return conf_wrong(&p->x, p->x.from,
			    "more than %d steps in \"retry\"", MOST);
		if (conf_duration(&p->x, &c->retry[n++]) == -1)
			return -1;
	} while (conf_next(&p->x) == CONF_WORD);
	c->nretry = n;
	return conf_ended(&p->x);
}

static int
set_warn(struct parse *p)
{
	return conf_need(&p->x, "a duration") == -1 ||
		       conf_duration(&p->x, &p->conf->warn) == -1
		   ? -1
		   : conf_done(&p->x);
}

static int
set_give_up(struct parse *p)
{
	return conf_need(&p->x, "a duration") == -1 ||
		       conf_duration(&p->x, &p->conf->give_up) == -1
		   ? -1
		   : conf_done(&p->x);
}

static int
set_size(struct parse *p)
{
	return conf_need(&p->x, "a size") == -1 ||
		       conf_size(&p->x, 1024, &p->conf->max_size) == -1
		   ? -1
		   : conf_done(&p->x);
}

static int
set_queue(struct parse *p)
{
	char shown[CONF_SHOWN];
	long long n;

	if (conf_need(&p->x, "a number of messages") == -1)
		return -1;
	if (span_num(p->x.word, 1, 1000000000, &n) == -1)
		return conf_wrong(&p->x, p->x.from,
		    "\"%s\" behind \"queue\" is not between 1 and 1000000000",
		    conf_show(p->x.word, shown));
	p->conf->max_queue = (uint64_t)n;
	return conf_done(&p->x);
}

static int
set_free(struct parse *p)
{
	return conf_need(&p->x, "a size") == -1 ||
		       conf_size(&p->x, 0, &p->conf->min_free) == -1
		   ? -1
		   : conf_done(&p->x);
}

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
add_host(struct parse *p, struct conf_relay *r)
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
		return no_memory(p);
	r->hosts = more;
	more[r->nhosts++] = (struct conf_host){ NULL, NULL };
	more += r->nhosts - 1;
	if (keep(p, &more->name) == -1 ||
	    conf_need(&p->x, "a host and a port") == -1 || port(&p->x) == -1 ||
	    keep(p, &more->port) == -1)
		return -1;
	return 0;
}

static int
set_host(struct parse *p)
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
set_tls(struct parse *p)
{
	static const char *const words[] = { "verify", "never", "dane", "pin",
		"opportunistic", NULL };
	static const enum conf_tls done[] = { TLS_VERIFY, TLS_NEVER };
	int n;

	if (conf_need(&p->x, "verify or never") == -1 ||
	    (n = conf_choose(&p->x, words)) == -1)
		return -1;
	if (n > 1)
		return cannot(&p->x, n == 2   ? "look for DANE records"
				     : n == 3 ? "pin certificates"
					      : "do opportunistic TLS");
	p->relay->tls = done[n];
	return conf_done(&p->x);
}

static const struct setting in_relay[] = {
	{ "host", set_host, true, NULL },
	{ "tls", set_tls, false, NULL },
	{ "auth", NULL, false, "log in to a relay" },
	{ "user", NULL, false, "log in to a relay" },
};
static const struct setting in_limits[] = {
	{ "size", set_size, false, NULL },
	{ "queue", set_queue, false, NULL },
	{ "free-space", set_free, false, NULL },
	{ "per-user", NULL, false, "limit single users" },
};
enum { SETTINGS_MAX = 16 };

/* The word at hand names a row of the table.  seen has the lines in which its
 * rows stood before, 0 for not yet. */
static int
statement(struct parse *p, const struct setting *table, size_t rows,
    unsigned seen[SETTINGS_MAX])
{
	const struct setting *nearest = table;
	struct span name = p->x.word;
	char shown[CONF_SHOWN];

	p->x.from = p->x.line;
	for (const struct setting *s = table; s < table + rows; s++) {
		if (conf_distance(name, span_of(s->name)) <
		    conf_distance(name, span_of(nearest->name)))
			nearest = s;
		if (!span_eq(name, span_of(s->name)))
			continue;
		p->x.name = s->name;
		if (s->cannot)
			return cannot(&p->x, s->cannot);
		if (seen[s - table] && !s->again)
			return conf_wrong(&p->x, p->x.from,
			    "\"%s\" was already set in line %u", s->name,
			    seen[s - table]);
		seen[s - table] = p->x.from;
		return s->set(p);
	}
	return conf_wrong(&p->x, p->x.from,
	    "unknown setting \"%s\"; did you mean \"%s\"?",
	    conf_show(name, shown), nearest->name);
}

/* size 50M ; queue 1000000 ; free-space 64M: ends with the line. */
static int
set_limits(struct parse *p)
{
	unsigned seen[SETTINGS_MAX] = { 0 };
	int result = conf_need(&p->x, "a limit");

	p->x.block = true;
	while (result == 0 && p->x.token == CONF_WORD) {
		result = statement(
		    p, in_limits, sizeof in_limits / sizeof *in_limits, seen);
		if (result == 0 && p->x.token == CONF_SEMI)
			conf_next(&p->x);
	}
	p->x.block = false;
	p->x.name = "limits";
	return result ? -1 : conf_ended(&p->x);
}

/* What stands between the braces. */
static int
block(struct parse *p)
{
	unsigned begin = p->x.from, seen[SETTINGS_MAX] = { 0 };
	int result = 0;

	p->x.block = true;
	p->starttls = false;
	conf_next(&p->x);
	while (result == 0 && p->x.token != CONF_CLOSE) {
		switch (p->x.token) {
		case CONF_WORD:
			result = statement(p, in_relay,
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

/* relay HOST PORT, which is short for relay main { host HOST PORT }, or relay
 * NAME { ... } */
static int
set_relay(struct parse *p)
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
	for (r = c->relays; r < c->relays + c->nrelays; r++)
		if (span_eq(name, span_of(r->name)))
			return conf_wrong(&p->x, p->x.from,
			    "relay \"%s\" was already set in line %u",
			    conf_show(name, shown), r->line);
	if (name.len == 0)
		return conf_wrong(&p->x, p->x.from, "a relay without a name");
	r = reallocarray(c->relays, c->nrelays + 1, sizeof *r);
	if (r == NULL)
		return no_memory(p);
	c->relays = r;
	r += c->nrelays;
	*r = (struct conf_relay){ .line = p->x.from, .tls = TLS_VERIFY };
	r->name = span_dup(name);
	if (r->name == NULL)
		return no_memory(p);
	c->nrelays++;
	if (!named)
		return add_host(p, r) == -1 ? -1 : conf_done(&p->x);
	p->relay = r;
	conf_next(&p->x); /* the brace */
	return block(p);
}

static const struct setting settings[] = {
	{ "relay", set_relay, true, NULL },
	{ "hostname", set_hostname, false, NULL },
	{ "local-domains", set_domains, false, NULL },
	{ "sender", NULL, true, "rewrite senders" },
	{ "local", set_local, false, NULL },
	{ "terminal", set_terminal, false, NULL },
	{ "retry", set_retry, false, NULL },
	{ "warn", set_warn, false, NULL },
	{ "give-up", set_give_up, false, NULL },
	{ "hold", set_hold, false, NULL },
	{ "limits", set_limits, false, NULL },
	{ "route", NULL, true, "choose a route by sender or domain" },
};
_Static_assert(sizeof settings / sizeof *settings <= SETTINGS_MAX,
    "a line is kept for each");

static int
defaults(struct conf *c)
{
	static const long retry[] = { 300, 900, 1800, 3600, 7200 };

	*c = (struct conf){ .local = LOCAL_MBOX,
		.terminal = true,
		.nretry = sizeof retry / sizeof *retry,
		.warn = 4 * 3600,
		.give_up = 5 * 86400,
		.max_size = 50u << 20,
		.max_queue = 1000000,
		.min_free = 64u << 20 };
	memcpy(c->retry, retry, sizeof retry);
	c->local_path = strdup("/var/mail/%u");
	return c->local_path ? 0 : -1;
}

int
conf_parse(struct span text, const char *path, struct conf *c, struct buf *err)
{
	struct parse p = { .conf = c };
	unsigned seen[SETTINGS_MAX] = { 0 };

	p.x.rest = text;
	p.x.path = path;
	p.x.err = err;
	p.x.token = CONF_EOL;
	if (defaults(c) == -1) {
		buf_fmt(err, "%s: out of memory", path);
		return -1;
	}
	if (text.len > CONF_FILE_MAX) {
		buf_fmt(err, "%s: the file is over 1 MiB", path);
		return -1;
	}
	for (;;) {
		switch (conf_next(&p.x)) {
		case CONF_EOL:
			continue;
		case CONF_EOF:
			return 0;
		case CONF_BAD:
			return -1;
		case CONF_WORD:
			if (statement(&p, settings,
				sizeof settings / sizeof *settings, seen) == -1)
				return -1;
			continue;
		default:
			return conf_wrong(&p.x, p.x.line,
			    "a line begins with \"%s\"",
			    p.x.token == CONF_OPEN    ? "{"
			    : p.x.token == CONF_CLOSE ? "}"
						      : ";");
		}
	}
}
