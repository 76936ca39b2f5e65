#include "common/conf_table.h"
#include <stdlib.h>
#include <string.h>

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

	if (conf_need(&p->x, "one domain or more") == -1)
		return -1;
	return conf_words(
	    p, &c->local_domains, &c->nlocal_domains, conf_domain);
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

/* The rest of the line belongs to the shell, its quotes and its # as well. */
static int
local_command(struct conf_parse *p)
{
	p->x.word = span_trim(p->x.text);
	p->x.text.len = 0;
	if (p->x.word.len == 0 || p->x.word.ptr[0] == '#')
		return conf_wrong(&p->x, p->x.from,
		    "\"%s\" needs a command for /bin/sh", p->x.name);
	if (p->x.word.ptr[0] == '|')
		return conf_wrong(&p->x, p->x.from,
		    "the command of \"%s\" begins with |; leave that away",
		    p->x.name);
	return conf_keep(p, &p->conf->local_path) == -1 ? -1 : conf_done(&p->x);
}

static int
local_lmtp(struct conf_parse *p)
{
	struct conf_relay *r;

	if (conf_need(&p->x, "the path of a socket, or a host and a port") ==
		-1 ||
	    (r = conf_lmtp(p)) == NULL)
		return -1;
	free(p->conf->local_path);
	p->conf->local_path = strdup(r->name);
	if (p->conf->local_path == NULL)
		return conf_no_memory(p);
	return conf_done(&p->x);
}

static int
set_local(struct conf_parse *p)
{
	static const char *const words[] = { "mbox", "maildir", "lmtp",
		"command", NULL };
	static const enum conf_local kinds[] = { LOCAL_MBOX, LOCAL_MAILDIR,
		LOCAL_LMTP, LOCAL_COMMAND };
	int n;

	if (conf_need(&p->x, "mbox, maildir, lmtp or command") == -1 ||
	    (n = conf_choose(&p->x, words)) == -1)
		return -1;
	p->conf->local = kinds[n];
	if (kinds[n] == LOCAL_LMTP)
		return local_lmtp(p);
	if (kinds[n] == LOCAL_COMMAND)
		return local_command(p);
	if (conf_need(&p->x, "a path") == -1 ||
	    mailbox_path(p, kinds[n] == LOCAL_MAILDIR) == -1)
		return -1;
	return conf_done(&p->x);
}

/* Whom anybody who may write an alias becomes: not root.  That he exists, and
 * is no role's user, is seen when he is needed. */
static int
set_command_user(struct conf_parse *p)
{
	if (conf_set_word(p) == -1)
		return -1;
	if (strcmp(p->conf->command_user, "root") == 0)
		return conf_wrong(&p->x, p->x.from,
		    "commands of aliases do not run as root; name a user "
		    "behind \"%s\"",
		    p->x.name);
	return 0;
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
	if (conf_need(&p->x, "a duration, or off") == -1)
		return -1;
	if (span_eq(p->x.word, SPAN("off")))
		p->conf->warn = 0;
	else if (conf_duration(&p->x, &p->conf->warn) == -1)
		return -1;
	return conf_done(&p->x);
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
set_count(struct conf_parse *p)
{
	unsigned n;

	if (conf_need(&p->x, "a number of messages") == -1 ||
	    conf_number(&p->x, 1, 1000000000, &n) == -1)
		return -1;
	*(uint64_t *)(void *)((char *)p->base + p->row->to) = n;
	return conf_done(&p->x);
}

/* 100/1h */
static int
set_per_user(struct conf_parse *p)
{
	struct span rest;
	char shown[CONF_SHOWN];
	unsigned n;

	if (conf_need(&p->x, "a number of messages, / and a duration") == -1)
		return -1;
	rest = p->x.word;
	if (!span_has(rest, '/'))
		return conf_wrong(&p->x, p->x.from,
		    "\"%s\" behind \"%s\" is no rate; write a number of "
		    "messages, / and a duration, as 100/1h",
		    conf_show(rest, shown), p->x.name);
	p->x.word = span_cut(&rest, '/');
	if (conf_number(&p->x, 1, 1000000000, &n) == -1)
		return -1;
	p->conf->per_user = n;
	p->x.word = rest;
	return conf_duration(&p->x, &p->conf->per_seconds) == -1
		   ? -1
		   : conf_done(&p->x);
}

static const struct conf_setting in_limits[] = {
	{ "size", set_size, false, 0 },
	{ "queue", set_count, false, offsetof(struct conf, max_queue) },
	{ "user-queue", set_count, false, offsetof(struct conf, user_queue) },
	{ "user-size", conf_set_size, false, offsetof(struct conf, user_size) },
	{ "free-space", conf_set_size, false, offsetof(struct conf, min_free) },
	{ "per-user", set_per_user, false, 0 },
};
/* size 50M ; queue 1000000 ; free-space 64M: ends with the line. */
static int
set_limits(struct conf_parse *p)
{
	if (conf_need(&p->x, "a limit") == -1)
		return -1;
	return conf_line(p, in_limits, sizeof in_limits / sizeof *in_limits);
}

static int
set_dnssec(struct conf_parse *p)
{
	static const char *const words[] = { "auto", "no", "yes", NULL };
	int n;

	if (conf_need(&p->x, "auto, no or yes") == -1 ||
	    (n = conf_choose(&p->x, words)) == -1)
		return -1;
	p->conf->trust_dns = n - 1;
	return conf_done(&p->x);
}

#define TO(member) offsetof(struct conf, member)
static const struct conf_setting settings[] = {
	{ "relay", conf_set_relay, true, 0 },
	{ "hostname", set_hostname, false, 0 },
	{ "local-domains", set_domains, false, 0 },
	{ "sender", conf_set_sender, true, 0 },
	{ "local", set_local, false, 0 },
	{ "mailbox-size", conf_set_size, false, TO(max_mailbox) },
	{ "aliases", conf_set_path, false, TO(aliases) },
	{ "command-user", set_command_user, false, TO(command_user) },
	{ "command-time", conf_set_duration, false, TO(command_time) },
	{ "terminal", conf_set_terminal, true, 0 },
	{ "terminal-senders", conf_set_senders, false, 0 },
	{ "terminal-sessions", conf_set_sessions, false, 0 },
	{ "terminal-pts", conf_set_yes, false, TO(pts_owner) },
	{ "terminal-bell", conf_set_yes, false, TO(bell) },
	{ "terminal-network", conf_set_yes, false, TO(net_terminals) },
	{ "terminal-rate", conf_set_rate, false, 0 },
	{ "alert", conf_set_alert, false, 0 },
	{ "retry", set_retry, false, 0 },
	{ "warn", set_warn, false, 0 },
	{ "give-up", conf_set_duration, false, TO(give_up) },
	{ "hold", conf_set_yes, false, TO(hold) },
	{ "nameless-uids", conf_set_yes, false, TO(nameless) },
	{ "limits", set_limits, false, 0 },
	{ "route", conf_set_route, true, 0 },
	{ "relay-clients", conf_set_clients, false, 0 },
	{ "dnssec", set_dnssec, false, 0 },
};
#undef TO
_Static_assert(sizeof settings / sizeof *settings <= CONF_ROWS_MAX,
    "a line is kept for each");

static int
defaults(struct conf *c)
{
	static const long retry[] = { 300, 900, 1800, 3600, 7200 };
	struct conf_relay *mx;

	*c = (struct conf){ .local = LOCAL_MBOX,
		.command_time = 300,
		.terminal = true,
		.nameless = true,
		.senders = MAY_ALL,
		.bell = true,
		.rate_pair = 10,
		.rate_rcpt = 20,
		.alert = { .age = 4 * 3600,
		    .disk = 2 * CONF_FREE, /* before mail is refused */
		    .every = 3600,
		    .on = true },
		.nretry = sizeof retry / sizeof *retry,
		.warn = CONF_WARN,
		.give_up = 5 * 86400,
		.max_size = 50u << 20,
		.max_queue = CONF_QUEUE,
		.min_free = CONF_FREE,
		.trust_dns = -1 };
	memcpy(c->retry, retry, sizeof retry);
	c->relays = mx = calloc(1, sizeof *mx);
	if (mx == NULL)
		return -1;
	c->nrelays = 1;
	*mx = (struct conf_relay){ .find = FIND_MX, .tls = TLS_DANE };
	mx->name = strdup("mx");
	c->local_path = strdup("/var/mail/%u");
	c->command_user = strdup("nobody");
	c->aliases = strdup("/etc/aliases");
	c->alert.via = strdup("@adm");
	return mx->name && c->local_path && c->command_user && c->aliases &&
		       c->alert.via
		   ? 0
		   : -1;
}

int
conf_parse(struct span text, const char *path, struct conf *c, struct buf *err)
{
	struct conf_parse p = { .conf = c, .base = c };
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
			return conf_routes_lead(&p);
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
