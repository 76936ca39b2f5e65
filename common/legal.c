#include "common/legal.h"
#include <string.h>

static bool
eight(struct span s)
{
	unsigned char all = 0;

	for (size_t i = 0; i < s.len; i++)
		all |= (unsigned char)s.ptr[i];
	return all >= 0x80;
}

void
legal_feed(struct legal *l, struct span s)
{
	if (!l->eight)
		l->eight = eight(s);
	while (s.len && !l->longline) {
		const char *lf = memchr(s.ptr, '\n', s.len);
		size_t n = lf ? (size_t)(lf - s.ptr) : s.len;

		l->line += n;
		l->longline = l->line > LEGAL_LINE;
		if (lf)
			l->line = 0;
		s = span_from(s, n + (lf != NULL));
	}
}

bool
legal_text(struct span s)
{
	struct legal l = { 0 };

	legal_feed(&l, s);
	return !l.eight && !l.longline;
}
