#include "common/conf_table.h"
#include "common/env.h"
#include <stdlib.h>
#include <string.h>

/* A name as passwd(5) and group(5) can hold it; neither is asked here. */
static bool
account(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (strchr(":/,@*<>| \t", s.ptr[i]))
			return false;
	return s.len > 0 && s.len <= 64 && s.ptr[0] != '-';
}

/* USER or @GROUP */
static int
via(struct conf_parse *p, char **to)
{
	struct span w = p->x.word;
	char shown[CONF_SHOWN];

	if (span_starts(w, SPAN("@")))
		w = span_from(w, 1);
	if (!account(w))
		return conf_wrong(&p->x, p->x.from,
		    "\"%s\" in \"%s\" is no user and no @group",
		    conf_show(p->x.word, shown), p->x.name);
	return conf_keep(p, to);
}

/* terminal RECIPIENT KIND [from PLACE] [via WHOM], in this order. */
static int
rule(struct conf_parse *p)
{
	static const char *const words[] = { "mail", "send", "soml", "saml",
		NULL };
	static const char *const places[] = { "any", "local", "network", NULL };
	struct conf *c = p->conf;
	struct conf_rule *r = conf_more(p, c->rules, c->nrules, sizeof *r);
	char shown[CONF_SHOWN];
	int n;

	if (r == NULL)
		return -1;
	c->rules = r;
	r += c->nrules++;
	r->line = p->x.from;
	if (p->x.word.len == 0 || span_starts(p->x.word, SPAN("@")))
		return conf_wrong(&p->x, p->x.from,
		    "\"%s\" behind \"terminal\" is no recipient; write a "
		    "user, an address or *",
		    conf_show(p->x.word, shown));
	if (conf_keep(p, &r->rcpt) == -1 ||
	    conf_need(&p->x, "on or off, or a recipient and a kind: mail, "
			     "send, soml or saml") == -1 ||
	    (r->kind = conf_choose(&p->x, words)) == -1)
		return -1;
	conf_next(&p->x);
	if (p->x.token == CONF_WORD && span_eq(p->x.word, SPAN("from"))) {
		if (conf_need(&p->x, "a place behind from") == -1 ||
		    (n = conf_choose(&p->x, places)) == -1)
			return -1;
		r->from = n == 0   ? FROM_ANY
			  : n == 1 ? FROM_LOCAL
				   : FROM_NETWORK;
		conf_next(&p->x);
	}
	if (p->x.token == CONF_WORD && span_eq(p->x.word, SPAN("via"))) {
		if (conf_need(&p->x, "a user or @group behind via") == -1 ||
		    via(p, &r->via) == -1)
			return -1;
		conf_next(&p->x);
	}
	for (const struct conf_rule *o = c->rules; o < r; o++)
		if (strcmp(o->rcpt, r->rcpt) == 0 &&
		    (o->from == r->from || o->from == FROM_ANY))
			return conf_wrong(&p->x, p->x.from,
			    "the rule for \"%s\" in line %u comes first",
			    conf_show(span_of(r->rcpt), shown), o->line);
	return conf_ended(&p->x);
}

int
conf_set_terminal(struct conf_parse *p)
{
	bool on;

	_Static_assert(
	    ENV_MAIL == 0 && ENV_SEND == 1 && ENV_SOML == 2 && ENV_SAML == 3,
	    "the order of words in rule()");
	if (conf_need(&p->x, "on or off, or a recipient and a kind") == -1)
		return -1;
	on = span_eq(p->x.word, SPAN("on"));
	if (!on && !span_eq(p->x.word, SPAN("off")))
		return rule(p);
	if (p->terminal)
		return conf_wrong(&p->x, p->x.from,
		    "\"terminal\" was already switched in line %u",
		    p->terminal);
	p->terminal = p->x.from;
	p->conf->terminal = on;
	return conf_done(&p->x);
}

int
conf_set_senders(struct conf_parse *p)
{
	static const char *const words[] = { "all", "same-user", "root",
		"@group", NULL };
	static const enum conf_senders may[] = { MAY_ALL, MAY_SAME_USER,
		MAY_ROOT };
	struct conf *c = p->conf;
	int n;

	if (conf_need(&p->x, "all, same-user, root or @group") == -1)
		return -1;
	if (span_starts(p->x.word, SPAN("@"))) {
		c->senders = MAY_GROUP;
		if (via(p, &c->senders_group) == -1)
			return -1;
		memmove(c->senders_group, c->senders_group + 1,
		    strlen(c->senders_group));
		return conf_done(&p->x);
	}
	if ((n = conf_choose(&p->x, words)) == -1)
		return -1;
	c->senders = may[n];
	return conf_done(&p->x);
}

int
conf_set_sessions(struct conf_parse *p)
{
	static const char *const words[] = { "last", "all", NULL };
	int n;

	if (conf_need(&p->x, "last or all") == -1 ||
	    (n = conf_choose(&p->x, words)) == -1)
		return -1;
	p->conf->all_sessions = n;
	return conf_done(&p->x);
}

int
conf_set_rate(struct conf_parse *p)
{
	static const char what[] = "two numbers of messages a minute: of one "
				   "sender to one recipient, and of all to one";

	if (conf_need(&p->x, what) == -1 ||
	    conf_number(&p->x, 0, 100000, &p->conf->rate_pair) == -1 ||
	    conf_need(&p->x, what) == -1 ||
	    conf_number(&p->x, 0, 100000, &p->conf->rate_rcpt) == -1)
		return -1;
	return conf_done(&p->x);
}

static int
set_age(struct conf_parse *p)
{
	if (conf_need(&p->x, "a duration, or off") == -1)
		return -1;
	if (span_eq(p->x.word, SPAN("off")))
		p->conf->alert.age = 0;
	else if (conf_duration(&p->x, &p->conf->alert.age) == -1)
		return -1;
	return conf_done(&p->x);
}

static int
set_via(struct conf_parse *p)
{
	return conf_need(&p->x, "a user or @group") == -1 ||
		       via(p, &p->conf->alert.via) == -1
		   ? -1
		   : conf_done(&p->x);
}

static const struct conf_setting in_alert[] = {
	{ "age", set_age, false, 0 },
	{ "disk", conf_set_size, false, offsetof(struct conf, alert.disk) },
	{ "every", conf_set_duration, false,
	    offsetof(struct conf, alert.every) },
	{ "via", set_via, false, 0 },
};
int
conf_set_alert(struct conf_parse *p)
{
	if (conf_need(&p->x, "off, or age, disk, every or via") == -1)
		return -1;
	if (span_eq(p->x.word, SPAN("off"))) {
		p->conf->alert.on = false;
		return conf_done(&p->x);
	}
	return conf_line(p, in_alert, sizeof in_alert / sizeof *in_alert);
}
