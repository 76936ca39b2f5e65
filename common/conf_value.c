#include "common/addr.h"
#include "common/conf_lex.h"
#include <string.h>

int
conf_need(struct conf_lex *x, const char *what)
{
	if (conf_next(x) == CONF_WORD && span_eq(x->word, SPAN("=")))
		return conf_wrong(x, x->from,
		    "no \"=\" belongs between \"%s\" and its value", x->name);
	if (x->token == CONF_WORD)
		return 0;
	if (x->token == CONF_BAD)
		return -1;
	return conf_wrong(x, x->from, "\"%s\" needs %s", x->name, what);
}

int
conf_ended(struct conf_lex *x)
{
	static const char *const marks[] = {
		[CONF_OPEN] = "{", [CONF_CLOSE] = "}", [CONF_SEMI] = ";"
	};
	char shown[CONF_SHOWN];

	if (x->token == CONF_BAD)
		return -1;
	if (x->token == CONF_EOL ||
	    (x->block && (x->token == CONF_SEMI || x->token == CONF_CLOSE)))
		return 0;
	return conf_wrong(x, x->from, "junk behind the value of \"%s\": \"%s\"",
	    x->name,
	    x->token == CONF_WORD ? conf_show(x->word, shown)
				  : marks[x->token]);
}

int
conf_done(struct conf_lex *x)
{
	conf_next(x);
	return conf_ended(x);
}

int
conf_choose(struct conf_lex *x, const char *const words[])
{
	const char *nearest = words[0];
	char shown[CONF_SHOWN];

	for (size_t i = 0; words[i]; i++) {
		if (span_eq(x->word, span_of(words[i])))
			return (int)i;
		if (conf_distance(x->word, span_of(words[i])) <
		    conf_distance(x->word, span_of(nearest)))
			nearest = words[i];
	}
	return conf_wrong(x, x->from,
	    "unknown word \"%s\" behind \"%s\"; did you mean \"%s\"?",
	    conf_show(x->word, shown), x->name, nearest);
}

/* 0; -1: it is no number with a unit; 1: too small or too large. */
static int
duration(struct span w, long *out)
{
	static const char units[] = "smhd";
	static const long seconds[] = { 1, 60, 3600, 86400 };
	enum { MAX_SECONDS = 365 * 86400 };
	const char *unit = w.len ? strchr(units, w.ptr[w.len - 1]) : NULL;
	long long n;

	if (unit == NULL || w.len < 2)
		return -1;
	w.len--;
	for (size_t i = 0; i < w.len; i++)
		if (w.ptr[i] < '0' || w.ptr[i] > '9')
			return -1;
	if (span_num(w, 1, MAX_SECONDS / seconds[unit - units], &n) == -1)
		return 1;
	*out = (long)n * seconds[unit - units];
	return 0;
}

int
conf_age(const char *word, long *seconds)
{
	return duration(span_of(word), seconds) == 0 ? 0 : -1;
}

int
conf_duration(struct conf_lex *x, long *out)
{
	char shown[CONF_SHOWN];

	switch (duration(x->word, out)) {
	case 0:
		return 0;
	case 1:
		return conf_wrong(x, x->from,
		    "\"%s\" in \"%s\" is not between 1s and 365d",
		    conf_show(x->word, shown), x->name);
	default:
		return conf_wrong(x, x->from,
		    "\"%s\" in \"%s\" is no duration; write a number and s, "
		    "m, h or d",
		    conf_show(x->word, shown), x->name);
	}
}

int
conf_size(struct conf_lex *x, uint64_t min, uint64_t *out)
{
	struct span w = x->word;
	char shown[CONF_SHOWN];
	unsigned shift = 0;
	long long n;

	if (w.len > 1) {
		char unit = w.ptr[w.len - 1];

		shift = unit == 'K' ? 10 : unit == 'M' ? 20 : 0;
		if (unit == 'G')
			shift = 30;
		w.len -= shift != 0;
	}
	for (size_t i = 0; i < w.len; i++)
		if (w.ptr[i] < '0' || w.ptr[i] > '9')
			w.len = 0;
	if (w.len == 0)
		return conf_wrong(x, x->from,
		    "\"%s\" behind \"%s\" is no size; "
		    "write a number, or one with K, M or G",
		    conf_show(x->word, shown), x->name);
	if (span_num(w, 0, (1LL << 40) >> shift, &n) == -1 ||
	    (uint64_t)n << shift < min)
		return conf_wrong(x, x->from,
		    "\"%s\" behind \"%s\" is out of range (%u to 1024G)",
		    conf_show(x->word, shown), x->name, (unsigned)min);
	*out = (uint64_t)n << shift;
	return 0;
}

int
conf_domain(struct conf_lex *x)
{
	char shown[CONF_SHOWN];

	if (x->word.len && x->word.ptr[0] != '[' && addr_domain(x->word))
		return 0;
	return conf_wrong(
	    x, x->from, "\"%s\" is no domain name", conf_show(x->word, shown));
}

int
conf_path(struct conf_lex *x)
{
	struct span rest = x->word;
	char shown[CONF_SHOWN];

	if (x->word.len < 2 || x->word.ptr[0] != '/')
		return conf_wrong(x, x->from,
		    "\"%s\" behind \"%s\" is no path; it must begin with /",
		    conf_show(x->word, shown), x->name);
	while (rest.ptr)
		if (span_eq(span_cut(&rest, '/'), SPAN("..")))
			return conf_wrong(
			    x, x->from, "\"..\" is not allowed in a path");
	return 0;
}

int
conf_number(struct conf_lex *x, unsigned min, unsigned max, unsigned *out)
{
	char shown[CONF_SHOWN];
	long long n;

	if (span_num(x->word, min, max, &n) == -1)
		return conf_wrong(x, x->from,
		    "\"%s\" behind \"%s\" is not between %u and %u",
		    conf_show(x->word, shown), x->name, min, max);
	*out = (unsigned)n;
	return 0;
}
