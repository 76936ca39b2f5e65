#include "common/printable.h"

static char
safe(char c)
{
	return c >= ' ' && c <= '~' ? c : '?';
}

void
printable_add(struct buf *out, struct span s, size_t max)
{
	if (s.len > max)
		s.len = max;
	if (s.len == 0 || buf_room(out, s.len) == -1)
		return;
	for (size_t i = 0; i < s.len; i++)
		out->ptr[out->len++] = safe(s.ptr[i]);
}

char *
printable_str(char *s)
{
	for (char *p = s; *p; p++)
		*p = safe(*p);
	return s;
}

void
printable_quoted(struct buf *b, struct span s, size_t max)
{
	size_t from;

	buf_chr(b, '"');
	from = b->len;
	printable_add(b, s, max);
	for (size_t i = from; !b->bad && i < b->len; i++)
		if (b->ptr[i] == '"')
			b->ptr[i] = '\'';
	buf_chr(b, '"');
}

void
printable_age(int64_t seconds, struct buf *b)
{
	static const struct {
		long seconds;
		char unit;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	size_t i = 0;

	if (seconds < 0)
		seconds = 0;
	while (units[i].seconds > 1 && seconds < 2 * units[i].seconds)
		i++;
	buf_fmt(b, "%lld%c", (long long)(seconds / units[i].seconds),
	    units[i].unit);
}
