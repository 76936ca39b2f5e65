#include "deliver/user/item.h"
#include "common/crc.h"
#include "common/date.h"
#include "common/field.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE 65536
#define HEADER (256 << 10) /* octets in which trace fields are looked for */

int
item_get(struct ipc_msg *m, struct item *it)
{
	struct ipc_in in = { m->body, false };

	*it = (struct item){ .ref = m->ref, .fd = m->fd };
	it->id = span_dup(ipc_get(&in));
	it->sender = span_dup(ipc_get(&in));
	it->rcpt = span_dup(ipc_get(&in));
	it->arrived_us = (int64_t)ipc_get64(&in);
	it->offset = (off_t)ipc_get64(&in);
	it->len = ipc_get64(&in);
	it->sum = ipc_get32(&in);
	if (ipc_end(&in) && it->id && it->sender && it->rcpt)
		return 0;
	item_free(it);
	errno = EPROTO;
	return -1;
}

void
item_free(struct item *it)
{
	free(it->id);
	free(it->sender);
	free(it->rcpt);
	if (it->fd != -1)
		close(it->fd);
	*it = (struct item){ .fd = -1 };
}

/* The header, or as much of it as is looked at. */
static void
header(const struct item *it, struct buf *b)
{
	while (b->len < HEADER && b->len < it->len &&
	       (b->len == 0 || !memmem(b->ptr, b->len, "\n\n", 2))) {
		size_t want = b->len ? 65536 : 8192;
		ssize_t n;

		if (want > it->len - b->len)
			want = (size_t)(it->len - b->len);
		if (buf_room(b, want) == -1)
			return;
		n = pread(
		    it->fd, b->ptr + b->len, want, it->offset + (off_t)b->len);
		if (n <= 0)
			return; /* whoever reads all of it will say so */
		b->len += (size_t)n;
	}
}

const char *
item_loop(const struct item *it)
{
	const char *why = NULL;
	struct buf b = { 0 };
	struct span rest;
	struct field f;
	unsigned hops = 0;

	header(it, &b);
	rest = buf_view(&b);
	while (why == NULL && field_next(&rest, &f)) {
		if (field_is(&f, "Delivered-To") &&
		    span_ieq(span_trim(f.body), span_of(it->rcpt)))
			why = "the mail goes in a circle: it has been "
			      "delivered to this recipient before "
			      "(Delivered-To in its header)";
		else if (field_is(&f, "Received") && ++hops > ITEM_HOPS)
			why = "the mail goes in a circle: its header tells of "
			      "more than 100 machines (Received)";
	}
	buf_free(&b);
	return why;
}

/* The body in pieces that end where a line ends, unless a line is longer than
 * a piece. */
struct lines {
	const struct item *it;
	char piece[PIECE];
	size_t have;
	uint64_t read;
	uint32_t sum;
};

/* 1: l->have octets in l->piece; 0: the end, and all of it was right. */
static int
next_piece(struct lines *l, enum item_error *e)
{
	*e = ITEM_OK;
	while (l->have < PIECE && l->read < l->it->len) {
		uint64_t left = l->it->len - l->read;
		size_t want = PIECE - l->have;
		ssize_t n;

		if (left < want)
			want = (size_t)left;
		n = pread(l->it->fd, l->piece + l->have, want,
		    l->it->offset + (off_t)l->read);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0) {
			*e = n == 0 ? ITEM_DAMAGED : ITEM_READ;
			return 0;
		}
		l->sum = crc32c(l->sum, l->piece + l->have, (size_t)n);
		l->have += (size_t)n;
		l->read += (uint64_t)n;
	}
	if (l->have == 0 && l->sum != l->it->sum)
		*e = ITEM_DAMAGED;
	return l->have > 0;
}

static bool
needs_quote(const char *line, size_t n)
{
	while (n && *line == '>')
		line++, n--;
	return n >= 5 && memcmp(line, "From ", 5) == 0;
}

/* Sends whole lines of the piece on, quoted where needed, in as few calls as
 * may be.  at_start says whether the piece begins a line. */
static int
quoted(struct lines *l, bool *at_start, item_sink *sink, void *arg)
{
	char *p = l->piece, *end = l->piece + l->have, *from = p;
	bool last = l->read == l->it->len;

	while (p < end) {
		char *lf = memchr(p, '\n', (size_t)(end - p));

		if (lf == NULL && !last && p > l->piece)
			break; /* the next piece begins with this line */
		if (*at_start && needs_quote(p, (size_t)(end - p))) {
			if (p > from &&
			    sink(arg, from, (size_t)(p - from)) == -1)
				return -1;
			if (sink(arg, ">", 1) == -1)
				return -1;
			from = p;
		}
		*at_start = lf != NULL;
		p = lf ? lf + 1 : end;
	}
	if (p > from && sink(arg, from, (size_t)(p - from)) == -1)
		return -1;
	l->have = (size_t)(end - p);
	memmove(l->piece, p, l->have);
	return 0;
}

static enum item_error
body(const struct item *it, bool mbox, item_sink *sink, void *arg)
{
	struct lines *l = calloc(1, sizeof *l);
	enum item_error e = ITEM_READ;
	bool at_start = true;

	if (l == NULL)
		return e;
	l->it = it;
	while (next_piece(l, &e)) {
		int done = mbox ? quoted(l, &at_start, sink, arg)
				: sink(arg, l->piece, l->have);

		if (!mbox)
			l->have = 0;
		if (done == -1) {
			e = ITEM_SINK;
			break;
		}
	}
	free(l);
	return e;
}

/* Added by the last hop (RFC 5321 4.4; Delivered-To stops loops). */
static void
trace(const struct item *it, struct buf *b)
{
	buf_fmt(b, "Return-Path: <%s>\n", it->sender);
	buf_fmt(b, "Delivered-To: %s\n", it->rcpt);
}

static enum item_error
send_buf(struct buf *b, item_sink *sink, void *arg)
{
	enum item_error e = ITEM_OK;

	if (b->bad)
		errno = ENOMEM;
	if (b->bad || sink(arg, b->ptr, b->len) == -1)
		e = ITEM_SINK;
	buf_free(b);
	return e;
}

enum item_error
item_mbox(const struct item *it, item_sink *sink, void *arg)
{
	struct buf top = { 0 };
	char date[DATE_SIZE];
	enum item_error e;

	/* The arrival, not now: the line must be the same at each try. */
	date_mbox((time_t)(it->arrived_us / 1000000), date);
	buf_str(&top, "From ");
	for (const char *p = it->sender; *p; p++) /* one word, by the format */
		buf_chr(&top, *p == ' ' ? '_' : *p);
	if (it->sender[0] == '\0')
		buf_str(&top, "MAILER-DAEMON");
	buf_fmt(&top, " %s\n", date);
	trace(it, &top);
	e = send_buf(&top, sink, arg);
	if (e == ITEM_OK)
		e = body(it, true, sink, arg);
	if (e == ITEM_OK && sink(arg, "\n", 1) == -1)
		e = ITEM_SINK;
	return e;
}

enum item_error
item_plain(const struct item *it, item_sink *sink, void *arg)
{
	struct buf top = { 0 };
	enum item_error e;

	trace(it, &top);
	e = send_buf(&top, sink, arg);
	return e == ITEM_OK ? body(it, false, sink, arg) : e;
}
