#include "common/legal.h"
#include <stdint.h>
#include <string.h>

#define HIGH_BITS UINT64_C(0x8080808080808080)

/* By words: octet by octet it was the most of what a large message costs. */
static bool
eight(struct span s)
{
	uint64_t all = 0, word[4];
	size_t i = 0;

	for (; i + sizeof word <= s.len; i += sizeof word) {
		memcpy(word, s.ptr + i, sizeof word);
		all |= word[0] | word[1] | word[2] | word[3];
	}
	for (; i < s.len; i++)
		all |= (unsigned char)s.ptr[i];
	return (all & HIGH_BITS) != 0;
}

/* From the beginning of a line: wherever the last line end is within the octets
 * that it may have, no line before that is too long.  So most lines are not
 * looked at. */
static void
lines(struct legal *l, struct span s)
{
	const char *at = s.ptr, *end = s.len ? s.ptr + s.len : s.ptr;

	while (at < end && !l->longline) {
		size_t most = LEGAL_LINE + 1 - l->line;
		size_t n =
		    (size_t)(end - at) < most ? (size_t)(end - at) : most;
		const char *lf = memrchr(at, '\n', n);

		l->line = lf ? 0 : l->line + n;
		l->longline = l->line > LEGAL_LINE;
		at = lf ? lf + 1 : at + n;
	}
}

void
legal_feed(struct legal *l, struct span s)
{
	if (!l->eight)
		l->eight = eight(s);
	lines(l, s);
}

bool
legal_text(struct span s)
{
	struct legal l = { 0 };

	legal_feed(&l, s);
	return !l.eight && !l.longline;
}
