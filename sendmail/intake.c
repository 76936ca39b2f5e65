#include "sendmail/intake.h"
#include <string.h>

static void
put(struct intake *in, struct buf *out, const char *text, size_t n)
{
	buf_add(out, text, n);
	legal_feed(&in->legal, (struct span){ text, n });
}

static void
newline(struct intake *in, struct buf *out)
{
	put(in, out, "\n", 1);
	in->at = IN_START;
}

/* The octet after a CR is known: true when it was its LF. */
static bool
settle_cr(struct intake *in, char next, struct buf *out)
{
	in->cr = false;
	if (in->at == IN_DOT) {
		if (next == '\n') {
			in->ended = true;
			return true;
		}
		put(in, out, ".", 1); /* ".", bare CR: text */
	}
	newline(in, out);
	return next == '\n';
}

static size_t
run(struct span s)
{
	const char *end = memchr(s.ptr, '\n', s.len);
	size_t n = end ? (size_t)(end - s.ptr) : s.len;

	end = memchr(s.ptr, '\r', n);
	return end ? (size_t)(end - s.ptr) : n;
}

void
intake_feed(struct intake *in, struct span s, struct buf *out)
{
	while (s.len && !in->ended) {
		char c = *s.ptr;
		size_t n;

		if (in->cr) {
			if (settle_cr(in, c, out))
				s = span_from(s, 1);
			continue;
		}
		if (c == '\r') {
			in->cr = true;
			s = span_from(s, 1);
		} else if (c == '\n') {
			if (in->at == IN_DOT)
				in->ended = true;
			else
				newline(in, out);
			s = span_from(s, 1);
		} else if (in->at == IN_START && c == '.' && !in->dots) {
			in->at = IN_DOT;
			s = span_from(s, 1);
		} else {
			if (in->at == IN_DOT)
				put(in, out, ".", 1);
			n = run(s);
			put(in, out, s.ptr, n);
			in->at = IN_LINE;
			s = span_from(s, n);
		}
	}
}

void
intake_end(struct intake *in, struct buf *out)
{
	if (in->ended)
		return;
	if (in->cr && !(in->at == IN_DOT))
		newline(in, out);
	in->cr = false;
	if (in->at == IN_DOT) /* a last "." without its newline ends it too */
		in->ended = true;
	else if (in->at == IN_LINE)
		newline(in, out);
}
