#include "common/legal.h"
#include <stdint.h>
#include <string.h>

#define HIGH_BITS UINT64_C(0x8080808080808080)

/* By words: octet by octet it was the most of what a large message costs. */
static bool
eight(struct span s)
{
	uint64_t all = 0, word;

	size_t i = 0;

	for (; i + sizeof word <= s.len; i += sizeof word) {
		memcpy(&word, s.ptr + i, sizeof word);
		all |= word;
	}
	for (; i < s.len; i++)
		all |= (unsigned char)s.ptr[i];
	return (all & HIGH_BITS) != 0;
}

void
legal_feed(struct legal *l, struct span s)
{
	if (!l->eight)
		l->eight = eight(s);
	for (const char *at = s.ptr, *end = s.ptr + s.len;
	     at < end && !l->longline;) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));

		l->line += (size_t)((lf ? lf : end) - at);
		l->longline = l->line > LEGAL_LINE;
		if (lf)
			l->line = 0;
		at = lf ? lf + 1 : end;
	}
}

bool
legal_text(struct span s)
{
	struct legal l = { 0 };

	legal_feed(&l, s);
	return !l.eight && !l.longline;
}
