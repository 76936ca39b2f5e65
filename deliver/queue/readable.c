/* readable - the text of a message that a terminal cannot show as it came, by
 * deliver-mime.  When that fails the text is shown as it came: the writer's
 * filter takes anything. */
#include "common/field.h"
#include "common/log.h"
#include "common/printable.h"
#include "deliver/convert.h"
#include "deliver/queue/terminal.h"
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER 16384 /* octets that are looked at */

static bool
has(struct span s, struct span part)
{
	for (; s.len >= part.len; s = span_from(s, 1))
		if (span_starts(s, part))
			return true;
	return false;
}

/* Is it text that needs no decoding: RFC 2045 5.2, 6.1? */
static bool
plain_type(struct span body)
{
	struct span type = span_trim(span_cut(&body, ';'));

	if (!span_ieq(type, SPAN("text/plain")))
		return false;
	return !has(body, SPAN("charset")) || has(body, SPAN("utf-8")) ||
	       has(body, SPAN("us-ascii"));
}

static bool
plain_encoding(struct span body)
{
	body = span_trim(body);
	return span_ieq(body, SPAN("7bit")) || span_ieq(body, SPAN("8bit")) ||
	       span_ieq(body, SPAN("binary"));
}

bool
readable_needed(struct span header)
{
	struct field f;

	while (field_next(&header, &f)) {
		if (field_is(&f, "Content-Type") && !plain_type(f.body))
			return true;
		if (field_is(&f, "Content-Transfer-Encoding") &&
		    !plain_encoding(f.body))
			return true;
		if ((field_is(&f, "From") || field_is(&f, "Subject")) &&
		    has(f.body, SPAN("=?")))
			return true;
	}
	return false;
}

static void
too_long(struct loop_timer *timer)
{
	struct terminal *t = timer->arg;

	log_info("%s: not-readable reason=\"it took too long\"", t->m->id);
	t->ref = 0;
	terminal_ready(t);
}

bool
readable_ask(struct terminal *t)
{
	const struct file *f = t->m->file;
	uint64_t at = SPOOL_HEAD + f->head.env_len, len = f->head.body_len;
	char head[HEADER];
	struct buf b = { 0 };
	ssize_t n = pread(f->fd, head,
	    len < sizeof head ? (size_t)len : sizeof head, (off_t)at);
	int fd, sent = -1;

	if (n <= 0 || !readable_needed((struct span){ head, (size_t)n }))
		return false;
	fd = file_reader(t->q->dir, t->m->id);
	if (fd == -1)
		return false;
	ipc_u64(&b, at);
	ipc_u64(&b, len < TERMINAL_TEXT ? len : TERMINAL_TEXT);
	ipc_u8(&b, IPC_TEXT);
	t->ref = ++t->q->ref;
	sent = ipc_send(&t->q->parent, IPC_FORK_MIME, t->ref, &b, fd);
	close(fd);
	buf_free(&b);
	if (sent == -1) {
		t->ref = 0;
		return false;
	}
	t->limit = (struct loop_timer){ .fire = too_long, .arg = t };
	loop_in(&t->limit, TERMINAL_MS);
	return true;
}

static struct terminal *
by_ref(const struct queue *q, uint32_t ref)
{
	struct terminal *t;

	TAILQ_FOREACH (t, &q->terminals, link)
		if (ref && t->ref == ref)
			return t;
	return NULL;
}

bool
readable_owns(const struct queue *q, uint32_t ref)
{
	return by_ref(q, ref) != NULL;
}

void
readable_made(struct queue *q, const struct ipc_msg *m)
{
	struct terminal *t = by_ref(q, m->ref);
	struct stat st;

	loop_cancel(&t->limit);
	t->ref = 0;
	if (fstat(m->fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_size <= 0 ||
	    (uint64_t)st.st_size > convert_limit(TERMINAL_TEXT)) {
		close(m->fd);
	} else {
		t->fd = m->fd;
		t->octets = (uint64_t)st.st_size;
	}
	terminal_ready(t);
}

void
readable_refused(struct queue *q, uint32_t ref, struct span why)
{
	struct terminal *t = by_ref(q, ref);
	struct buf b = { 0 };

	printable_quoted(&b, why, 200);
	log_info("%s: not-readable reason=%s", t->m->id, buf_c(&b));
	buf_free(&b);
	loop_cancel(&t->limit);
	t->ref = 0;
	terminal_ready(t);
}
