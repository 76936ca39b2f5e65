/* showing - one message to the person that may see it: its life as the journal
 * has it, its header, its body. */
#include "common/record.h"
#include "deliver/queue/work.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define JOURNAL_MOST (1 << 20)	/* octets that are told */
#define HEADER_MOST (256 << 10) /* octets of a header */
#define PIECE 65536		/* of a body, in one round */

/* As much as is there, at most len: NULL when there is nothing to be had. */
static char *
piece(int fd, off_t from, size_t len, size_t *have)
{
	char *p = malloc(len ? len : 1);

	*have = 0;
	while (p && *have < len) {
		ssize_t n =
		    pread(fd, p + *have, len - *have, from + (off_t)*have);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		*have += (size_t)n;
	}
	return p;
}

static void
put_event(const struct file *f, const struct journal_line *l, struct buf *out)
{
	static const unsigned of_one =
	    1u << J_DONE | 1u << J_FAIL | 1u << J_LATER | 1u << J_TRY |
	    1u << J_CHILD | 1u << J_SPLIT | 1u << J_DROP | 1u << J_RELAYED |
	    1u << J_PASSED;

	record_begin(out, "event");
	record_num(out, "when", l->when);
	record_str(out, "what", journal_name(l->event));
	if (!(1u << l->event & of_one))
		;
	else if (l->rcpt == JOURNAL_ALL)
		record_str(out, "to", SPAN("*"));
	else if (l->rcpt < f->nrcpts)
		record_str(out, "to", span_of(rcpt_addr(f, l->rcpt)));
	if (l->event == J_DEFER)
		record_num(out, "until", l->until);
	if (l->status.len)
		record_str(out, "status", l->status);
	if (l->text.len)
		record_str(out, "text", l->text);
	record_end(out);
}

static void
put_events(const struct file *f, struct buf *out)
{
	off_t begin = (off_t)(SPOOL_HEAD + f->head.env_len + f->head.body_len);
	size_t len = (size_t)(f->end - begin), have;
	struct journal_line l;
	struct span rest;
	char *text;

	if (f->end <= begin)
		return;
	text =
	    piece(f->fd, begin, len < JOURNAL_MOST ? len : JOURNAL_MOST, &have);
	rest = (struct span){ text, text ? have : 0 };
	while (rest.len && journal_get(&rest, &l) == 1)
		put_event(f, &l, out);
	if (len > JOURNAL_MOST) {
		record_begin(out, "event");
		record_str(out, "what", SPAN("more"));
		record_end(out);
	}
	free(text);
}

static void
put_size(struct buf *out, const char *word, uint64_t octets)
{
	record_begin(out, word);
	record_num(out, "size", (long long)octets);
	record_end(out);
}

/* Octets up to the empty line that ends the header. */
static size_t
header_len(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] == '\n' &&
		    (i + 1 == s.len || s.ptr[i + 1] == '\n'))
			return i + 1;
	return s.len;
}

void
showing_begin(struct client *c, const struct file *f)
{
	struct work *w = c->work;
	off_t from = (off_t)(SPOOL_HEAD + f->head.env_len);
	uint64_t body = f->head.body_len;
	size_t have, len;
	char *text;

	put_events(f, &c->out);
	text =
	    piece(f->fd, from, body < HEADER_MOST ? body : HEADER_MOST, &have);
	len = header_len((struct span){ text, text ? have : 0 });
	put_size(&c->out, "header", len);
	buf_add(&c->out, text, len);
	free(text);
	if (!w->sel.body)
		return;
	w->fd = dup(f->fd);
	if (w->fd == -1)
		return;
	w->from = from + (off_t)len;
	w->left = body - len;
	put_size(&c->out, "body", w->left);
}

void
showing_some(struct client *c)
{
	struct work *w = c->work;
	size_t want = w->left < PIECE ? (size_t)w->left : PIECE, have = 0;
	char *text = piece(w->fd, w->from, want, &have);

	if (text)
		buf_add(&c->out, text, have);
	free(text);
	w->from += (off_t)have;
	w->left -= have;
	if (have < want || want == 0) { /* cut short: so is the answer */
		c->out.bad |= have < want;
		w->left = 0;
	}
	if (w->left == 0) {
		close(w->fd);
		w->fd = -1;
	}
}
