/* bounce - the report for what failed for good (RFC 3464, RFC 3461): a part
 * for people, a part for machines, and the message or its header.  Its id is
 * made of the message's id and the round, so that after a crash it is found
 * and not made again. */
#include "common/crc.h"
#include "common/date.h"
#include "common/field.h"
#include "common/log.h"
#include "common/printable.h"
#include "deliver/queue/core.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FULL_MAX (64 << 10) /* octets of a message that is returned whole */
#define HEAD_MAX (16 << 10) /* of one whose header is returned */

/* Is this recipient's failure to be reported now? */
static bool
told(const struct file *f, size_t i)
{
	unsigned notify = rcpt_env(f, i)->notify;

	return f->rcpts[i].state == R_FAILED && !f->rcpts[i].bounced &&
	       (notify == 0 || (notify & ENV_FAILURE));
}

/* Was it for a terminal alone (SEND), for any whom this report is about? */
static bool
no_copy(const struct file *f)
{
	for (size_t i = 0; i < f->nrcpts; i++)
		if (told(f, i) && rcpt_kind(f, i) == ENV_SEND)
			return true;
	return false;
}

static void
for_people(const struct queue *q, const struct message *m, struct buf *b)
{
	const struct file *f = m->file;
	char date[DATE_SIZE];

	date_5322((time_t)(f->env.time_us / 1000000), date);
	buf_fmt(b, "This is the mail system of %s.\n\n", q->conf->hostname);
	buf_fmt(b, "Your message of %s could not be delivered\nto:\n\n", date);
	for (size_t i = 0; i < f->nrcpts; i++) {
		const struct rcpt *r = &f->rcpts[i];

		if (!told(f, i))
			continue;
		buf_str(b, "    <");
		printable_add(b, span_of(rcpt_addr(f, i)), 320);
		buf_str(b, ">\n        ");
		if (r->mta) {
			printable_add(b, span_of(r->mta), 200);
			buf_str(b, " said: ");
		}
		printable_add(
		    b, span_of(r->text ? r->text : "no reason known"), 500);
		buf_fmt(b, "\n        (status %s)\n\n", r->status);
	}
	buf_str(b, "It will not be tried again.  ");
	buf_str(b,
	    no_copy(f)
		? "It was meant for a terminal only, so no\nother copy of it "
		  "exists; it is attached.\n"
		: "Please check the address, or ask\nthe administrator, naming "
		  "the queue id ");
	if (!no_copy(f))
		buf_fmt(b, "%s.\n", m->id);
}

static void
for_machines(const struct queue *q, const struct message *m, struct buf *b)
{
	const struct file *f = m->file;
	char date[DATE_SIZE];

	buf_fmt(b, "Reporting-MTA: dns; %s\n", q->conf->hostname);
	if (f->env.envid)
		buf_fmt(b, "Original-Envelope-Id: %s\n", f->env.envid);
	date_5322((time_t)(f->env.time_us / 1000000), date);
	buf_fmt(b, "Arrival-Date: %s\n", date);
	for (size_t i = 0; i < f->nrcpts; i++) {
		const struct rcpt *r = &f->rcpts[i];

		if (!told(f, i))
			continue;
		buf_chr(b, '\n');
		if (rcpt_env(f, i)->orcpt)
			buf_fmt(b, "Original-Recipient: %s\n",
			    rcpt_env(f, i)->orcpt);
		buf_str(b, "Final-Recipient: rfc822; ");
		printable_add(b, span_of(rcpt_addr(f, i)), 320);
		buf_fmt(b, "\nAction: failed\nStatus: %s\n",
		    r->status[0] ? r->status : "5.0.0");
		if (r->mta) {
			buf_str(b, "Remote-MTA: dns; ");
			printable_add(b, span_of(r->mta), 200);
			buf_chr(b, '\n');
		}
		if (r->text) {
			buf_str(b, r->mta ? "Diagnostic-Code: smtp; "
					  : "Diagnostic-Code: x-bellman; ");
			printable_add(b, span_of(r->text), 500);
			buf_chr(b, '\n');
		}
	}
}

/* As much of the body as may be returned: 0, or -1 with errno. */
static int
original(const struct file *f, struct buf *b, bool *whole)
{
	off_t at = (off_t)(SPOOL_HEAD + f->head.env_len);
	uint64_t len = f->head.body_len;
	size_t from = b->len, got = 0;

	*whole = no_copy(f) || (f->env.ret != ENV_HDRS && len <= FULL_MAX);
	if (!*whole && len > HEAD_MAX)
		len = HEAD_MAX;
	if (buf_room(b, (size_t)len) == -1)
		return -1;
	while (got < len) {
		ssize_t n = pread(f->fd, b->ptr + from + got, (size_t)len - got,
		    at + (off_t)got);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		got += (size_t)n;
	}
	b->len += got;
	if (!*whole) { /* up to the empty line, or the last whole field */
		struct span rest = { b->ptr + from, got };
		struct field fld;

		while (field_next(&rest, &fld))
			;
		b->len = from + got - rest.len;
	}
	return 0;
}

static bool
eight_bit(const struct buf *b)
{
	for (size_t i = 0; i < b->len; i++)
		if (b->ptr[i] & 0x80)
			return true;
	return false;
}

static int
compose(const struct queue *q, const struct message *m, const char *id,
    struct env *e, struct buf *text)
{
	struct buf part = { 0 };
	struct legal legal = { 0 };
	char date[DATE_SIZE];
	bool whole;

	if (original(m->file, &part, &whole) == -1) {
		buf_free(&part);
		return -1;
	}
	e->body = eight_bit(&part) ? ENV_8BIT : ENV_7BIT;
	date_5322((time_t)(e->time_us / 1000000), date);
	buf_fmt(text, "Date: %s\n", date);
	buf_fmt(text, "From: Mail Delivery System <MAILER-DAEMON@%s>\n",
	    q->conf->domain);
	buf_fmt(text, "To: %s\n", e->rcpts[0].addr);
	buf_fmt(text, "Message-ID: <%s@%s>\n", id, q->conf->hostname);
	buf_str(text, "Subject: Undelivered mail returned to sender\n"
		      "Auto-Submitted: auto-replied\nMIME-Version: 1.0\n");
	buf_fmt(text,
	    "Content-Type: multipart/report; "
	    "report-type=delivery-status;\n\tboundary=\"=_%s\"\n",
	    id);
	if (e->body == ENV_8BIT)
		buf_str(text, "Content-Transfer-Encoding: 8bit\n");
	buf_fmt(text,
	    "\n--=_%s\nContent-Type: text/plain; charset=us-ascii\n\n", id);
	for_people(q, m, text);
	buf_fmt(
	    text, "\n--=_%s\nContent-Type: message/delivery-status\n\n", id);
	for_machines(q, m, text);
	buf_fmt(text, "\n--=_%s\nContent-Type: %s\n", id,
	    whole ? "message/rfc822" : "text/rfc822-headers");
	if (e->body == ENV_8BIT)
		buf_str(text, "Content-Transfer-Encoding: 8bit\n");
	buf_chr(text, '\n');
	buf_span(text, buf_view(&part));
	buf_fmt(text, "\n--=_%s--\n", id);
	legal_feed(&legal, buf_view(text));
	e->text = env_text(&legal);
	buf_free(&part);
	return text->bad ? -1 : 0;
}

static int
write_file(struct queue *q, const char *id, const struct env *e,
    const struct buf *text)
{
	struct buf all = { 0 };
	struct spool_head h = { 0 };
	char first[SPOOL_HEAD];
	int fd;

	if (env_encode(e, &all) == -1) {
		buf_free(&all);
		return -1;
	}
	h.env_len = (uint32_t)all.len;
	h.env_sum = crc32c(0, all.ptr, all.len);
	h.body_len = text->len;
	h.body_sum = crc32c(0, text->ptr, text->len);
	buf_span(&all, buf_view(text));
	spool_head_put(&h, first);
	fd = spool_create_as(q->dir, id);
	errno = fd == -1 ? errno : EIO; /* for a short write */
	if (fd == -1 || all.bad || write(fd, first, SPOOL_HEAD) != SPOOL_HEAD ||
	    write(fd, all.ptr, all.len) != (ssize_t)all.len) {
		int saved = errno;

		if (fd != -1) {
			spool_abort(fd);
			unlinkat(q->dir, id, 0);
		}
		buf_free(&all);
		errno = saved;
		return -1;
	}
	buf_free(&all);
	if (spool_commit(fd, q->dir) == 0)
		return 0;
	unlinkat(q->dir, id, 0);
	return -1;
}

/* An earlier process may have made it, or may have died on the way. */
static bool
made_already(struct queue *q, const char *id)
{
	struct stat st;

	if (fstatat(q->dir, id, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return false;
	if ((st.st_mode & 07777) == 0660)
		return true;
	unlinkat(q->dir, id, 0);
	return false;
}

static void
log_made(const struct message *m, const char *id)
{
	struct buf to = { 0 };

	printable_add(&to, span_of(m->file->env.from), 300);
	log_info("%s: bounce id=%s to=<%s>", m->id, id, buf_c(&to));
	buf_free(&to);
}

int
bounce_make(struct queue *q, struct message *m, char id[SPOOL_IDSIZE])
{
	const struct file *f = m->file;
	struct env e = { .uid = q->start->uid };
	struct buf text = { 0 };
	bool any = false;
	int done = -1;

	id[0] = '\0';
	for (size_t i = 0; i < f->nrcpts; i++)
		any = any || told(f, i);
	if (!any || f->env.from[0] == '\0') {
		/* A bounce never bounces (RFC 5321 4.5.5). */
		log_warn("%s: no-bounce reason=\"%s\"", m->id,
		    any ? "null sender" : "notify");
		return 0;
	}
	snprintf(id, SPOOL_IDSIZE, "%.*s-%u", SPOOL_ID, m->id, f->rounds + 1);
	if (made_already(q, id))
		return 0; /* the scan of the folder knows it */
	e.time_us = (int64_t)time(NULL) * 1000000;
	e.from = strdup("");
	if (e.from && env_add(&e, span_of(f->env.from)) == 0 &&
	    compose(q, m, id, &e, &text) == 0 &&
	    write_file(q, id, &e, &text) == 0) {
		log_made(m, id);
		sched_add(q, id, false);
		done = 0;
	}
	buf_free(&text);
	env_free(&e);
	return done;
}
