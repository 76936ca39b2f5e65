#include "deliver/queue/journal.h"
#include "common/crc.h"
#include "common/printable.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LEAD 11 /* "@ 5a3f01c2 " */

enum shape { RCPT = 1, STATUS = 2, NUMBER = 4, TEXT = 8 };
static const struct {
	const char *name;
	unsigned shape;
} events[J_EVENTS] = {
	[J_DONE] = { "done", RCPT | STATUS | TEXT },
	[J_FAIL] = { "fail", RCPT | STATUS | TEXT },
	[J_LATER] = { "later", RCPT | STATUS | TEXT },
	[J_TRY] = { "try", RCPT },
	[J_DEFER] = { "defer", NUMBER },
	[J_BOUNCE] = { "bounce", NUMBER | TEXT },
	[J_CHILD] = { "child", RCPT | STATUS | TEXT },
	[J_SPLIT] = { "split", RCPT },
	[J_DROP] = { "drop", RCPT },
	[J_RELAYED] = { "relayed", RCPT | STATUS | TEXT },
	[J_PASSED] = { "passed", RCPT | STATUS | TEXT },
	[J_TOLD] = { "told", NUMBER | TEXT },
	[J_WARN] = { "warn", NUMBER | TEXT },
	[J_LIST] = { "list", TEXT },
	[J_HOLD] = { "hold", TEXT },
	[J_RELEASE] = { "release", TEXT },
	[J_RETRY] = { "retry", TEXT },
	[J_RETURN] = { "return", TEXT },
};

struct span
journal_name(enum journal_event e)
{
	return span_of(events[e].name);
}

void
journal_put(struct buf *b, const struct journal_line *l)
{
	unsigned shape = events[l->event].shape;
	size_t at = b->len;
	struct buf s = { 0 };

	buf_str(b, "@ 00000000 ");
	buf_fmt(b, "%lld %s", (long long)l->when, events[l->event].name);
	if ((shape & RCPT) && l->rcpt == JOURNAL_ALL)
		buf_str(b, " *");
	else if (shape & RCPT)
		buf_fmt(b, " %u", l->rcpt);
	if (shape & NUMBER)
		buf_fmt(b, " %lld", (long long)l->until);
	if (shape & STATUS) {
		buf_chr(b, ' ');
		if (l->status.len)
			printable_add(b, l->status, 11);
		else
			buf_str(b, "-");
	}
	if (shape & TEXT) {
		buf_chr(b, ' ');
		printable_add(b, l->text,
		    l->event == J_DONE	  ? 160
		    : l->event == J_CHILD ? JOURNAL_WORDS
					  : 300);
	}
	if (!b->bad) {
		buf_fmt(&s, "@ %08x ",
		    crc32c(0, b->ptr + at + LEAD, b->len - at - LEAD));
		for (int i = 0; i < LEAD && !s.bad; i++)
			b->ptr[at + (size_t)i] = s.ptr[i];
	}
	buf_free(&s);
	buf_chr(b, '\n');
}

static int
parse(struct span line, struct journal_line *l)
{
	struct span name, word = span_cut(&line, ' ');
	unsigned shape;
	long long n;
	int e;

	*l = (struct journal_line){ 0 };
	if (span_num(word, 0, INT64_MAX, &n) == -1)
		return -1;
	l->when = n;
	name = span_cut(&line, ' ');
	for (e = 0; e < J_EVENTS; e++)
		if (span_eq(name, span_of(events[e].name)))
			break;
	if (e == J_EVENTS)
		return -1;
	l->event = (enum journal_event)e;
	shape = events[e].shape;
	if (shape & RCPT) {
		word = span_cut(&line, ' ');
		if (span_eq(word, SPAN("*")))
			l->rcpt = JOURNAL_ALL;
		else if (span_num(word, 0, UINT32_MAX - 1LL, &n) == 0)
			l->rcpt = (uint32_t)n;
		else
			return -1;
	}
	if (shape & NUMBER) {
		if (span_num(span_cut(&line, ' '), 0, INT64_MAX, &n) == -1)
			return -1;
		l->until = n;
	}
	if (shape & STATUS)
		l->status = span_cut(&line, ' ');
	if (shape & TEXT)
		l->text = line;
	return (shape & TEXT) || line.ptr == NULL ? 0 : -1;
}

void
journal_add_word(struct buf *b, const char *word)
{
	if (b->len)
		buf_chr(b, ' ');
	if (word == NULL)
		buf_chr(b, '-');
	else if (strcmp(word, "-") == 0 || *word == '\0')
		buf_str(b, *word ? "%2d" : "%");
	else
		for (; *word; word++)
			if (*word > ' ' && *word < 0x7f && *word != '%')
				buf_chr(b, *word);
			else
				buf_fmt(b, "%%%02x", (unsigned char)*word);
}

int
journal_word(struct span *rest, char **word)
{
	struct span s = span_cut(rest, ' ');
	struct buf b = { 0 };

	*word = NULL;
	if (span_eq(s, SPAN("-")))
		return 0;
	for (size_t i = 0; i < s.len && !span_eq(s, SPAN("%")); i++) {
		const char *p = s.ptr + i;
		char hex[3] = { 0 };

		if (*p != '%') {
			buf_chr(&b, *p);
			continue;
		}
		if (s.len - i < 3 || !isxdigit((unsigned char)p[1]) ||
		    !isxdigit((unsigned char)p[2]) ||
		    (p[1] == '0' && p[2] == '0')) {
			buf_free(&b);
			errno = EBADMSG;
			return -1;
		}
		memcpy(hex, p + 1, 2);
		buf_chr(&b, (char)strtoul(hex, NULL, 16));
		i += 2;
	}
	if (!b.bad)
		*word = span_dup(buf_view(&b));
	buf_free(&b);
	errno = s.len ? ENOMEM : EBADMSG;
	if (s.len == 0) {
		free(*word);
		*word = NULL;
	}
	return *word ? 0 : -1;
}

static bool
sum_fits(struct span line)
{
	static const char hex[] = "0123456789abcdef";
	uint32_t sum = crc32c(0, line.ptr + LEAD, line.len - LEAD);

	for (int i = 0; i < 8; i++, sum <<= 4)
		if (line.ptr[2 + i] != hex[sum >> 28])
			return false;
	return line.ptr[0] == '@' && line.ptr[1] == ' ' && line.ptr[10] == ' ';
}

int
journal_get(struct span *rest, struct journal_line *l)
{
	struct span left = *rest, line = span_cut(&left, '\n');

	if (left.ptr && line.len > LEAD && sum_fits(line) &&
	    parse(span_from(line, LEAD), l) == 0) {
		*rest = left;
		return 1;
	}
	/* The end; or the last line, torn: the beginning of one, or zeros from
	 * reserved room.  Or a power cut has left zeros in place of some of
	 * what was not synced, and nothing behind them was either.  Anything
	 * else was not written here, and is not to be cut off as if it had
	 * been. */
	if (rest->len == 0 || span_has(line, '\0') ||
	    (left.len == 0 && *rest->ptr == '@'))
		return 0;
	errno = EBADMSG;
	return -1;
}
