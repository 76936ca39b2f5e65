#include "common/conf_table.h"
#include <stdlib.h>
#include <string.h>

int
conf_no_memory(struct conf_parse *p)
{
	return conf_wrong(&p->x, p->x.from, "out of memory");
}

void *
conf_more(struct conf_parse *p, void *list, size_t n, size_t size)
{
	char *more = reallocarray(list, n + 1, size);

	if (more)
		memset(more + n * size, 0, size);
	else
		conf_no_memory(p);
	return more;
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

int
conf_words(
    struct conf_parse *p, char ***list, size_t *n, int (*ok)(struct conf_lex *))
{
	char **more;

	do {
		if (ok && ok(&p->x) == -1)
			return -1;
		more = conf_more(p, *list, *n, sizeof *more);
		if (more == NULL)
			return -1;
		*list = more;
		if (conf_keep(p, &more[*n]) == -1)
			return -1;
		++*n;
	} while (conf_next(&p->x) == CONF_WORD);
	return conf_ended(&p->x);
}

static void *
member(struct conf_parse *p)
{
	return (char *)p->base + p->row->to;
}

int
conf_set_yes(struct conf_parse *p)
{
	static const char *const words[] = { "no", "yes", NULL };
	bool *to = member(p);
	int n;

	if (conf_need(&p->x, "yes or no") == -1 ||
	    (n = conf_choose(&p->x, words)) == -1)
		return -1;
	*to = n;
	return conf_done(&p->x);
}

int
conf_set_duration(struct conf_parse *p)
{
	long *to = member(p);

	if (conf_need(&p->x, "a duration") == -1 ||
	    conf_duration(&p->x, to) == -1)
		return -1;
	return conf_done(&p->x);
}

int
conf_set_size(struct conf_parse *p)
{
	uint64_t *to = member(p);

	if (conf_need(&p->x, "a size") == -1 || conf_size(&p->x, 0, to) == -1)
		return -1;
	return conf_done(&p->x);
}

int
conf_set_word(struct conf_parse *p)
{
	char **to = member(p), shown[CONF_SHOWN];

	if (conf_need(&p->x, "a name") == -1)
		return -1;
	if (p->x.word.len == 0)
		return conf_wrong(&p->x, p->x.from,
		    "\"%s\" behind \"%s\" is no name",
		    conf_show(p->x.word, shown), p->x.name);
	return conf_keep(p, to) == -1 ? -1 : conf_done(&p->x);
}

int
conf_set_path(struct conf_parse *p)
{
	char **to = member(p);

	if (conf_need(&p->x, "a path") == -1 || conf_path(&p->x) == -1 ||
	    conf_keep(p, to) == -1)
		return -1;
	return conf_done(&p->x);
}

/* Words that people look for outside of the block in which they mean something.
 */
static const char *const of_relay[] = { "auth", "host", "tls", "user" };

/* What other mailers call it. */
static const struct {
	const char *there, *here;
} elsewhere[] = {
	{ "smarthost", "relay" },
	{ "relayhost", "relay" },
	{ "mailhub", "relay" },
	{ "server", "relay" },
	{ "from", "sender" },
	{ "masquerade", "sender" },
	{ "mydestination", "local-domains" },
	{ "myhostname", "hostname" },
	{ "mailname", "hostname" },
	{ "root", "root: in /etc/aliases" },
	{ "username", "user" },
};

/* A word that is far from all of ours is not guessed at. */
static int
unknown(struct conf_parse *p, struct span name, const char *near)
{
	char shown[CONF_SHOWN];

	conf_show(name, shown);
	if (span_eq(name, SPAN("password")))
		return conf_wrong(&p->x, p->x.from,
		    "no password stands here, where everybody can read it, but "
		    "in /etc/bellman/secrets: a line HOST USER PASSWORD (see "
		    "SECRETS in bellman.conf(5))");
	for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
		if (span_ieq(name, span_of(elsewhere[i].there)))
			return conf_wrong(&p->x, p->x.from,
			    "unknown setting \"%s\"; here that is %s", shown,
			    elsewhere[i].here);
	if (conf_distance(name, span_of(near)) > 2)
		return conf_wrong(&p->x, p->x.from,
		    "unknown setting \"%s\"; bellman.conf(5) has them all",
		    shown);
	return conf_wrong(&p->x, p->x.from,
	    "unknown setting \"%s\"; did you mean \"%s\"?", shown, near);
}

int
conf_statement(struct conf_parse *p, const struct conf_setting *table,
    size_t rows, unsigned seen[CONF_ROWS_MAX])
{
	const struct conf_setting *nearest = table;
	struct span name = p->x.word;

	p->x.from = p->x.line;
	for (const struct conf_setting *s = table; s < table + rows; s++) {
		if (conf_distance(name, span_of(s->name)) <
		    conf_distance(name, span_of(nearest->name)))
			nearest = s;
		if (!span_eq(name, span_of(s->name)))
			continue;
		p->x.name = s->name;
		if (seen[s - table] && !s->again)
			return conf_wrong(&p->x, p->x.from,
			    "\"%s\" was already set in line %u", s->name,
			    seen[s - table]);
		seen[s - table] = p->x.from;
		p->row = s;
		return s->set(p);
	}
	for (size_t i = 0; i < sizeof of_relay / sizeof *of_relay; i++)
		if (!p->x.block && span_eq(name, span_of(of_relay[i])))
			return conf_wrong(&p->x, p->x.from,
			    "\"%s\" is a setting of one relay; it stands in "
			    "the block: relay NAME { %s ... }",
			    of_relay[i], of_relay[i]);
	return unknown(p, name, nearest->name);
}

int
conf_line(struct conf_parse *p, const struct conf_setting *table, size_t rows)
{
	unsigned seen[CONF_ROWS_MAX] = { 0 };
	const char *name = p->x.name;
	int result = 0;

	p->x.block = true;
	while (result == 0 && p->x.token == CONF_WORD) {
		result = conf_statement(p, table, rows, seen);
		if (result == 0 && p->x.token == CONF_SEMI)
			conf_next(&p->x);
	}
	p->x.block = false;
	p->x.name = name;
	return result ? -1 : conf_ended(&p->x);
}
