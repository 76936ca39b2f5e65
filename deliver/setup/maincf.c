#include "deliver/setup/maincf.h"
#include <string.h>

#define DEPTH 8		/* of values within values */
#define VALUE_MAX 16384 /* octets that one comes to */

/* A line that begins with a blank goes on with the one before; comments and
 * empty lines between them count for nothing. */
void
maincf_read(struct span rest, struct maincf *m)
{
	struct setting *s = NULL;
	unsigned line = 0;

	m->n = 0;
	m->too_many = false;
	while (rest.ptr && rest.len) {
		struct span text = span_cut(&rest, '\n');
		struct span trimmed = span_trim(text), name;

		line++;
		if (trimmed.len == 0 || trimmed.ptr[0] == '#')
			continue;
		if (text.ptr[0] == ' ' || text.ptr[0] == '\t') {
			if (s) /* the value grows to the end of this line */
				s->value.len =
				    (size_t)(trimmed.ptr + trimmed.len -
					     s->value.ptr);
			continue;
		}
		name = span_trim(span_cut(&trimmed, '='));
		s = NULL;
		if (trimmed.ptr == NULL)
			continue;
		if (m->n == MAINCF_MOST) {
			m->too_many = true;
			continue;
		}
		s = &m->all[m->n++];
		*s = (struct setting){ name, span_trim(trimmed), line };
		if (s->value.ptr == NULL || s->value.len == 0)
			s->value = (struct span){ name.ptr + name.len, 0 };
	}
}

static void expand(
    const struct maincf *, struct span value, struct buf *, unsigned depth);

static const struct setting *
find(const struct maincf *m, struct span name)
{
	for (size_t i = m->n; i-- > 0;)
		if (span_eq(m->all[i].name, name))
			return &m->all[i];
	return NULL;
}

static bool
is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_';
}

/* $mydomain is what is behind the first dot of $myhostname, unless it is set.
 */
static void
variable(
    const struct maincf *m, struct span name, struct buf *b, unsigned depth)
{
	const struct setting *s = find(m, name);
	struct buf host = { 0 };
	struct span v;

	if (s) {
		expand(m, s->value, b, depth + 1);
		return;
	}
	if (span_eq(name, SPAN("mydomain")) &&
	    (s = find(m, SPAN("myhostname"))) != NULL) {
		expand(m, s->value, &host, depth + 1);
		v = buf_view(&host);
		span_cut(&v, '.');
		if (v.ptr)
			buf_span(b, v);
		buf_free(&host);
	}
}

static void
expand(const struct maincf *m, struct span s, struct buf *b, unsigned depth)
{
	if (depth > DEPTH)
		return;
	for (size_t i = 0; i < s.len && b->len < VALUE_MAX; i++) {
		char c = s.ptr[i], close = '\0';
		size_t from, to;

		if (c == '\n' || c == '\r' || c == '\t')
			c = ' ';
		if (c != '$' || i + 1 == s.len) {
			buf_chr(b, c);
			continue;
		}
		if (s.ptr[i + 1] == '{' || s.ptr[i + 1] == '(')
			close = s.ptr[i + 1] == '{' ? '}' : ')';
		else if (s.ptr[i + 1] == '$') { /* $$ is a $ */
			buf_chr(b, '$');
			i++;
			continue;
		}
		from = to = i + 1 + (close != '\0');
		while (to < s.len && is_name(s.ptr[to]))
			to++;
		variable(m, (struct span){ s.ptr + from, to - from }, b, depth);
		i = to - 1;
		if (close && to < s.len)
			i = to; /* ${name?other} and the like are not known */
	}
}

/* Of the lines of a value the first is its name's: comments among them go. */
static void
without_comments(struct span s, struct buf *b)
{
	while (s.ptr && s.len) {
		struct span one = span_cut(&s, '\n');
		struct span text = span_trim(one);

		if (text.len && text.ptr[0] == '#')
			continue;
		buf_span(b, text);
		buf_chr(b, ' ');
	}
}

bool
maincf_raw(const struct maincf *m, const char *name, struct buf *b)
{
	const struct setting *s = find(m, span_of(name));
	struct buf plain = { 0 };

	if (s == NULL)
		return false;
	without_comments(s->value, &plain);
	buf_span(b, span_trim(buf_view(&plain)));
	buf_free(&plain);
	return true;
}

bool
maincf_get(const struct maincf *m, const char *name, struct buf *b)
{
	struct buf raw = { 0 };
	bool set = maincf_raw(m, name, &raw);

	if (set)
		expand(m, buf_view(&raw), b, 0);
	buf_free(&raw);
	return set;
}

bool
maincf_map(struct span *list, struct maincf_map *map)
{
	static const char *const texts[] = { "hash", "btree", "lmdb", "dbm",
		"cdb", "texthash", "regexp", "pcre" };
	struct span s = *list, one;
	size_t n = 0;

	while (s.len && (s.ptr[0] == ' ' || s.ptr[0] == ','))
		s = span_from(s, 1);
	while (n < s.len && s.ptr[n] != ' ' && s.ptr[n] != ',')
		n++;
	*list = span_from(s, n);
	if (n == 0)
		return false;
	one = (struct span){ s.ptr, n };
	map->type = span_cut(&one, ':');
	map->path = SPAN("");
	for (size_t i = 0; one.ptr && i < sizeof texts / sizeof *texts; i++)
		if (span_eq(map->type, span_of(texts[i])))
			map->path = one;
	if (one.ptr && span_eq(map->type, SPAN("static")))
		map->path = one; /* the value itself */
	return true;
}

bool
maincf_entry(
    struct span *text, unsigned *line, struct span *key, struct span *value)
{
	struct span s;

	if (!source_line(text, line, &s))
		return false;
	*key = span_word(&s);
	*value = span_trim(s);
	return true;
}
