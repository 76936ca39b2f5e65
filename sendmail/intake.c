#include "sendmail/intake.h"
#include <string.h>

static void
newline(struct intake *in, struct buf *out)
{
	buf_add(out, "\n", 1);
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
		buf_add(out, ".", 1); /* ".", bare CR: text */
	}
	newline(in, out);
	return next == '\n';
}

/* How many octets are text as they stand: no CR, and no line that begins with a
 * dot, where that may be the end. */
static size_t
run(const struct intake *in, struct span s)
{
	const char *cr = memchr(s.ptr, '\r', s.len), *line = s.ptr, *lf;
	const char *end = cr ? cr : s.ptr + s.len;

	if (in->dots)
		return (size_t)(end - s.ptr);
	while ((lf = memchr(line, '\n', (size_t)(end - line))) != NULL) {
		line = lf + 1;
		if (line < end && *line == '.')
			return (size_t)(line - s.ptr);
	}
	return (size_t)(end - s.ptr);
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
				buf_add(out, ".", 1);
			n = run(in, s);
			buf_add(out, s.ptr, n);
			in->at = s.ptr[n - 1] == '\n' ? IN_START : IN_LINE;
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
