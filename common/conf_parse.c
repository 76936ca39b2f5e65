#include "common/conf_table.h"
#include <stdlib.h>
#include <string.h>

int
conf_no_memory(struct conf_parse *p)
{
	return conf_wrong(&p->x, p->x.from, "out of memory");
}

int
conf_cannot(struct conf_lex *x, const char *what)
{
	return conf_wrong(x, x->from,
	    "this version cannot %s yet; remove the line \"%s\"", what,
	    x->name);
}

int
conf_keep(struct conf_parse *p, char **to)
{
	char *copy = span_dup(p->x.word);

	if (copy == NULL)
		return conf_no_memory(p);
	free(*to);
	*to = copy;
	return 0;
}

static int
set_hostname(struct conf_parse *p)
{
	if (conf_need(&p->x, "a name or auto") == -1)
		return -1;
	if (!span_eq(p->x.word, SPAN("auto")) &&
	    (conf_domain(&p->x) == -1 ||
		conf_keep(p, &p->conf->hostname) == -1))
		return -1;
	return conf_done(&p->x);
}

static int
set_domains(struct conf_parse *p)
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
			return conf_no_memory(p);
		c->local_domains = more;
		more[n] = span_dup(p->x.word);
		if (more[n] == NULL)
			return conf_no_memory(p);
		c->nlocal_domains = ++n;
	} while (conf_next(&p->x) == CONF_WORD);
	return conf_ended(&p->x);
}

/* Only %u may be in a mailbox's path, and no way up. */
static int
mailbox_path(struct conf_parse *p, bool home)
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
	return conf_keep(p, &p->conf->local_path);
}

static int
set_local(struct conf_parse *p)
{
	static const char *const words[] = { "mbox", "maildir", "lmtp",
		"command", NULL };
	static const enum conf_local kinds[] = { LOCAL_MBOX, LOCAL_MAILDIR };
	int n;

	if (conf_need(&p->x, "mbox PATH or maildir PATH") == -1 ||
	    (n = conf_choose(&p->x, words)) == -1)
		return -1;
	if (n > 1)
		return conf_cannot(&p->x, n == 2
					      ? "hand local mail to LMTP"
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
set_terminal(struct conf_parse *p)
{
	static const char *const words[] = { "off", "on", NULL };
	int n;

	if (conf_need(&p->x, "on or off") == -1)
		return -1;
	/* RECIPIENT KIND from PLACE via @GROUP */
	if (!span_eq(p->x.word, SPAN("on")) &&
	    !span_eq(p->x.word, SPAN("off")) && more_words(&p->x))
		return conf_cannot(&p->x, "show mail on terminals by rules");
	if ((n = conf_choose(&p->x, words)) == -1)
		return -1;
	p->conf->terminal = n;
	return conf_done(&p->x);
}

static int
set_hold(struct conf_parse *p)
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
set_retry(struct conf_parse *p)
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
set_warn(struct conf_parse *p)
{
	return conf_need(&p->x, "a duration") == -1 ||
		       conf_duration(&p->x, &p->conf->warn) == -1
		   ? -1
		   : conf_done(&p->x);
}

static int
set_give_up(struct conf_parse *p)
{
	return conf_need(&p->x, "a duration") == -1 ||
		       conf_duration(&p->x, &p->conf->give_up) == -1
		   ? -1
		   : conf_done(&p->x);
}

static int
set_size(struct conf_parse *p)
{
	return conf_need(&p->x, "a size") == -1 ||
		       conf_size(&p->x, 1024, &p->conf->max_size) == -1
		   ? -1
		   : conf_done(&p->x);
}

static int
set_queue(struct conf_parse *p)
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
set_free(struct conf_parse *p)
{
	return conf_need(&p->x, "a size") == -1 ||
		       conf_size(&p->x, 0, &p->conf->min_free) == -1
		   ? -1
		   : conf_done(&p->x);
}

static const struct conf_setting in_limits[] = {
	{ "size", set_size, false, NULL },
	{ "queue", set_queue, false, NULL },
	{ "free-space", set_free, false, NULL },
	{ "per-user", NULL, false, "limit single users" },
};
int
conf_statement(struct conf_parse *p, const struct conf_setting *table,
    size_t rows, unsigned seen[CONF_ROWS_MAX])
{
	const struct conf_setting *nearest = table;
	struct span name = p->x.word;
	char shown[CONF_SHOWN];

	p->x.from = p->x.line;
	for (const struct conf_setting *s = table; s < table + rows; s++) {
		if (conf_distance(name, span_of(s->name)) <
		    conf_distance(name, span_of(nearest->name)))
			nearest = s;
		if (!span_eq(name, span_of(s->name)))
			continue;
		p->x.name = s->name;
		if (s->cannot)
			return conf_cannot(&p->x, s->cannot);
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
set_limits(struct conf_parse *p)
{
	unsigned seen[CONF_ROWS_MAX] = { 0 };
	int result = conf_need(&p->x, "a limit");

	p->x.block = true;
	while (result == 0 && p->x.token == CONF_WORD) {
		result = conf_statement(
		    p, in_limits, sizeof in_limits / sizeof *in_limits, seen);
		if (result == 0 && p->x.token == CONF_SEMI)
			conf_next(&p->x);
	}
	p->x.block = false;
	p->x.name = "limits";
	return result ? -1 : conf_ended(&p->x);
}

static const struct conf_setting settings[] = {
	{ "relay", conf_set_relay, true, NULL },
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
_Static_assert(sizeof settings / sizeof *settings <= CONF_ROWS_MAX,
    "a line is kept for each");

static int
defaults(struct conf *c)
{
	static const long retry[] = { 300, 900, 1800, 3600, 7200 };

	*c = (struct conf){ .local = LOCAL_MBOX,
		.terminal = true,
		.nretry = sizeof retry / sizeof *retry,
		.warn = CONF_WARN,
		.give_up = 5 * 86400,
		.max_size = 50u << 20,
		.max_queue = CONF_QUEUE,
		.min_free = 64u << 20 };
	memcpy(c->retry, retry, sizeof retry);
	c->local_path = strdup("/var/mail/%u");
	return c->local_path ? 0 : -1;
}

int
conf_parse(struct span text, const char *path, struct conf *c, struct buf *err)
{
	struct conf_parse p = { .conf = c };
	unsigned seen[CONF_ROWS_MAX] = { 0 };

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
			if (conf_statement(&p, settings,
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
