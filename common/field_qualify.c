#include "common/field.h"
#include <errno.h>
#include <string.h>

static bool
blank(char c)
{
	return c == ' ' || c == '\t';
}

struct qualify {
	struct buf *out;
	const char *domain;
	struct span rest; /* of the body, not yet in out */
	size_t line;	  /* where the last line of out begins */
	bool began;	  /* an address stands before rest */
};

static void
copy(struct qualify *q, const char *end)
{
	size_t len = (size_t)(end - q->rest.ptr);
	const char *lf = len ? memrchr(q->rest.ptr, '\n', len) : NULL;

	if (lf)
		q->line = q->out->len + (size_t)(lf - q->rest.ptr) + 1;
	buf_add(q->out, q->rest.ptr, len);
	q->rest = span_from(q->rest, len);
}

/* The next address, up to end, begins a line of its own where this one would
 * become too long; unless it does so already. */
static void
fold_before(struct qualify *q, const struct field_mailbox *box)
{
	size_t len = (size_t)(box->end - q->rest.ptr);
	const char *lf = memchr(q->rest.ptr, '\n', len);
	struct span first = { q->rest.ptr,
		lf ? (size_t)(lf - q->rest.ptr) : len };

	if (span_trim(first).len == 0)
		return;
	len = q->out->len - q->line + first.len;
	if (box->bare && box->bare <= first.ptr + first.len)
		len += 1 + strlen(q->domain);
	if (len <= FIELD_LINE_MAX)
		return;
	buf_chr(q->out, '\n');
	q->line = q->out->len;
	if (!blank(*first.ptr))
		buf_chr(q->out, ' ');
}

static int
each(const struct field_mailbox *box, void *arg)
{
	struct qualify *q = arg;

	if (q->began)
		fold_before(q, box);
	q->began = true;
	if (box->bare) {
		copy(q, box->bare);
		buf_chr(q->out, '@');
		buf_str(q->out, q->domain);
	}
	copy(q, box->end);
	return 0;
}

int
field_qualify(struct buf *out, struct span body, const char *domain)
{
	struct qualify q = { .out = out, .domain = domain, .rest = body };
	size_t before = out->len;
	const char *lf = before ? memrchr(out->ptr, '\n', before) : NULL;

	if (lf)
		q.line = (size_t)(lf - out->ptr) + 1;
	if (field_mailboxes(body, each, &q) == -1) {
		if (!out->bad)
			out->len = before;
		errno = EILSEQ;
		return -1;
	}
	buf_span(out, q.rest);
	return 0;
}

/* Where line, which begins with a field's name and colon of skip octets or with
 * blanks, is best cut: before the last blank in reach, else the first beyond
 * it.  Neither side is all blank then (RFC 5322 3.2.2).  0: nowhere. */
static size_t
cut(struct span line, size_t skip)
{
	size_t best = 0;

	while (line.len && blank(line.ptr[0]) && skip < line.len &&
	       blank(line.ptr[skip]))
		skip++;
	for (size_t i = skip; i < line.len; i++) {
		if (i > FIELD_LINE_MAX && best)
			break;
		if (blank(line.ptr[i]))
			best = i;
	}
	return best;
}

void
field_fold(struct buf *out, struct span whole)
{
	const char *colon =
	    whole.len ? memchr(whole.ptr, ':', whole.len) : NULL;
	size_t name = colon ? (size_t)(colon - whole.ptr) + 1 : 0;

	while (whole.ptr && whole.len) {
		struct span line = span_cut(&whole, '\n');
		/* a fold behind the last word would make a blank line */
		size_t text = line.len, at;

		while (text && blank(line.ptr[text - 1]))
			text--;
		while (line.len > FIELD_LINE_MAX &&
		       (at = cut((struct span){ line.ptr, text }, name)) != 0) {
			buf_add(out, line.ptr, at);
			buf_chr(out, '\n');
			line = span_from(line, at);
			text -= at;
			name = 0;
		}
		name = 0;
		buf_span(out, line);
		if (whole.ptr)
			buf_chr(out, '\n');
	}
}
