#include "sendmail/intake.h"
#include <string.h>

static void
newline(struct intake *in, struct buf *out)
{
	buf_add(out, "\n", 1);
	in->text |= in->at == IN_START;
	in->at = IN_START;
}

/* What passes as it stands: is there an empty line in it? */
static void
passed(struct intake *in, struct span s)
{
	if (!in->text)
		in->text = (in->at == IN_START && *s.ptr == '\n') ||
			   memmem(s.ptr, s.len, "\n\n", 2) != NULL;
	in->at = s.ptr[s.len - 1] == '\n' ? IN_START : IN_LINE;
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
		in->at = IN_LINE;
	}
	if (next == '\n' || in->text) {
		newline(in, out);
	} else {
		buf_add(out, " ", 1);
		in->at = IN_LINE;
	}
	return next == '\n';
}

/* How many octets are text as they stand: no CR, and no line that begins with a
 * dot, where that may be the end.  Dots are looked for, not lines: what is
 * large is base64, which has none. */
static size_t
run(const struct intake *in, struct span s)
{
	const char *cr = memchr(s.ptr, '\r', s.len), *dot = s.ptr;
	const char *end = cr ? cr : s.ptr + s.len;

	if (in->dots)
		return (size_t)(end - s.ptr);
	while ((dot = memchr(dot, '.', (size_t)(end - dot))) != NULL) {
		if (dot > s.ptr && dot[-1] == '\n')
			return (size_t)(dot - s.ptr);
		dot++;
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
			passed(in, (struct span){ s.ptr, n });
			s = span_from(s, n);
		}
	}
}

/* Would it come out as it stands? */
static bool
as_it_is(const struct intake *in, struct span s)
{
	bool dot = in->at == IN_START && !in->dots && *s.ptr == '.';

	return !in->cr && !in->ended && in->at != IN_DOT && !dot &&
	       run(in, s) == s.len;
}

void
intake_came(struct intake *in, struct buf *text, size_t n)
{
	struct span s = span_from(buf_view(text), text->len - n);
	struct buf raw = { 0 };

	if (s.len == 0)
		return;
	if (as_it_is(in, s)) {
		passed(in, s);
		return;
	}
	buf_span(&raw, s);
	text->len -= n;
	text->bad |= raw.bad;
	intake_feed(in, buf_view(&raw), text);
	buf_free(&raw);
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
