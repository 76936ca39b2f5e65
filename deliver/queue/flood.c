/* flood - too many failures at once: the first FLOOD_MAX reports to an address
 * go as they are; what fails after them stays in the queue as it is, failure
 * written down, until the minute is over, and is then told in one list.  All
 * that grows here is a list of messages which are in memory anyway.
 *
 * Each message of a list gets the list's id into its journal before it is made;
 * the one whose id the list bears is removed last.  So after a crash those that
 * are still there find the list, which waits for that one. */
#include "common/date.h"
#include "common/field.h"
#include "common/log.h"
#include "common/printable.h"
#include "deliver/queue/alert.h"
#include "deliver/queue/attempt.h"
#include "deliver/queue/bounce.h"
#include "deliver/queue/words.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FLOODS_MAX 4096 /* addresses that are counted */
#define SUM_MAX 1000	/* messages in one list */
#define SUM_NEXT 100	/* ms to the next one */
#define SUM_RETRY 60000 /* ms, when our own disk does not take it */

struct flood {
	RB_ENTRY(flood) link;
	struct queue *q;
	char *to;
	unsigned made;
	struct messages held;
	struct loop_timer over;
};

static int
order(const struct flood *a, const struct flood *b)
{
	return strcmp(a->to, b->to);
}
RB_GENERATE_INTERNAL(floods, flood, link, order, __attribute__((unused)) static)

static bool list(struct flood *);

static void
over(struct loop_timer *t)
{
	struct flood *fl = t->arg;

	fl->made = 0;
	if (!TAILQ_EMPTY(&fl->held)) {
		list(fl);
		return;
	}
	RB_REMOVE(floods, &fl->q->floods, fl);
	fl->q->nfloods--;
	free(fl->to);
	free(fl);
}

static struct flood *
find(struct queue *q, const char *to, bool make)
{
	struct flood key = { .to = (char *)(uintptr_t)to };
	struct flood *fl = RB_FIND(floods, &q->floods, &key);

	if (fl || !make || q->nfloods >= FLOODS_MAX)
		return fl;
	fl = calloc(1, sizeof *fl);
	if (fl == NULL || (fl->to = strdup(to)) == NULL) {
		free(fl);
		return NULL;
	}
	fl->q = q;
	fl->over = (struct loop_timer){ .fire = over, .arg = fl };
	TAILQ_INIT(&fl->held);
	RB_INSERT(floods, &q->floods, fl);
	q->nfloods++;
	loop_in(&fl->over, FLOOD_SPAN);
	return fl;
}

bool
flood_take(struct queue *q, const char *to)
{
	struct flood *fl = find(q, to, true);

	if (fl == NULL)
		return true; /* one report for one message is no flood */
	if (fl->made >= FLOOD_MAX)
		return false;
	fl->made++;
	return true;
}

void
flood_hold(struct queue *q, struct message *m)
{
	struct flood *fl = find(q, bounce_to(m->file), true);

	if (fl == NULL) {
		attempt_put_back(q, m, TROUBLE);
		return;
	}
	if (TAILQ_EMPTY(&fl->held))
		log_info("%s: bounce-held reason=\"more than %d reports a "
			 "minute to one address\"",
		    m->id, FLOOD_MAX);
	alert_seen(q, CAUSE_RUNAWAY, "",
	    SPAN("more messages fail within a minute than are reported one by "
		 "one"));
	follow_end(q, m, "has failed; a report will list it");
	file_close(m->file);
	m->file = NULL;
	sched_hold(q, m, &fl->held);
}

static void
put_rcpts(struct file *f, struct buf *b)
{
	for (uint32_t i = 0; i < f->nrcpts; i++) {
		const struct rcpt *r = &f->rcpts[i];

		if (!bounce_untold(f, i))
			continue;
		buf_str(b, "    <");
		words_add(b, span_of(rcpt_addr(f, i)), 100);
		buf_fmt(b, ">: %s ", r->status);
		words_add(b, span_of(r->text), 120);
		buf_chr(b, '\n');
		if (b->len > (4 << 20)) {
			buf_str(b, "    ...\n");
			return;
		}
	}
}

/* One message's lines, and the list's name into its journal: 0; or -1, and it
 * is tried again by itself. */
static int
put_one(struct queue *q, struct message *m, const char *id, struct buf *b)
{
	struct file *f = file_open(q->dir, m->id, q->start->uid);
	struct buf line = { 0 }, head = { 0 };
	struct span rest;
	struct field fld;
	int done = -1;

	if (f == NULL)
		return -1;
	journal_put(&line,
	    &(struct journal_line){
		.event = J_LIST, .when = time(NULL), .text = span_of(id) });
	if (bounce_text(f, false, &head) == 0 && file_note(f, &line) == 0) {
		buf_fmt(b, "%s  ", m->id);
		rest = buf_view(&head);
		while (field_next(&rest, &fld))
			if (field_is(&fld, "Subject")) {
				words_field(b, fld.body, 100);
				break;
			}
		buf_chr(b, '\n');
		put_rcpts(f, b);
		done = 0;
	}
	buf_free(&line);
	buf_free(&head);
	file_close(f);
	return done;
}

static void
put_head(
    const struct flood *fl, const char *id, size_t n, bool eight, struct buf *b)
{
	const struct conf *c = fl->q->conf;
	char date[DATE_SIZE];

	date_5322(time(NULL), date);
	buf_fmt(b, "Date: %s\nFrom: Mail Delivery System <MAILER-DAEMON@%s>\n",
	    date, c->domain);
	buf_fmt(b, "To: <%s>\nMessage-ID: <%s@%s>\n", fl->to, id, c->hostname);
	buf_fmt(b, "Subject: Undelivered: %zu more messages\n", n);
	buf_fmt(b,
	    "Auto-Submitted: auto-replied\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=%s\n%s\n",
	    eight ? "utf-8" : "us-ascii",
	    eight ? "Content-Transfer-Encoding: 8bit\n" : "");
	buf_fmt(b,
	    "This is the mail system of %s.\n\n"
	    "%zu more messages could not be delivered, too many within a "
	    "minute for a\nreport on each.  They are not tried again, and are "
	    "not attached.  Queue id,\nsubject, recipients, and why:\n\n",
	    c->hostname, n);
}

/* The list is for its sender; owners of lists are told by themselves. */
static int
tell_owners(struct queue *q, struct message *m)
{
	int done;

	m->file = file_open(q->dir, m->id, q->start->uid);
	if (m->file == NULL)
		return errno == ENOENT ? 0 : -1;
	done = bounce_owners(q, m);
	file_close(m->file);
	m->file = NULL;
	return done;
}

/* What cannot be removed is in the list, which may have gone when it is looked
 * at again. */
static void
note_told(struct queue *q, struct message *m, const char *id)
{
	struct file *f = file_open(q->dir, m->id, q->start->uid);
	struct buf line = { 0 };

	if (f == NULL && errno == ENOENT)
		return;
	journal_put(&line, &(struct journal_line){ .event = J_BOUNCE,
			       .when = time(NULL),
			       .until = f ? f->rounds + 1 : 1,
			       .text = span_of(id) });
	/* In their order, and by the next attempt at the latest. */
	if (f == NULL || m->owed || file_note(f, &line) == -1)
		message_owe(m, buf_view(&line));
	buf_free(&line);
	if (f)
		file_close(f);
}

/* Its failures are told: it leaves the queue. */
static void
take_out(struct queue *q, struct message *m, const char *id)
{
	if (tell_owners(q, m) == -1) {
		log_errno(
		    "%s: error what=\"its bounce cannot be made now\"", m->id);
		/* It finds the list's name; the list may have gone, and come
		 * again, but nobody is left without a word. */
		sched_wait(q, m, TROUBLE);
		return;
	}
	if (unlinkat(q->dir, m->id, 0) == -1 && errno != ENOENT) {
		log_errno("%s: error what=\"it cannot be removed\"", m->id);
		note_told(q, m, id);
		sched_wait(q, m, TROUBLE);
		return;
	}
	log_info("%s: removed bounce=%s", m->id, id);
	sched_remove(q, m);
}

/* A list is named for its first message, or for the message that one is about.
 */
static void
list_id(const struct message *m, char id[SPOOL_IDSIZE])
{
	bounce_id(m,
	    bounce_is_report(m->id)
		? (unsigned)strtoul(m->id + SPOOL_ID + 1, NULL, 10)
		: 1,
	    'M', id);
}

/* Was a list made? */
static bool
list(struct flood *fl)
{
	struct message *m, *in[SUM_MAX];
	struct buf lines = { 0 }, text = { 0 };
	struct queue *q = fl->q;
	char id[SPOOL_IDSIZE];
	size_t n = 0, listed;
	bool made;

	while (n < SUM_MAX && (m = TAILQ_FIRST(&fl->held)) != NULL) {
		if (n == 0)
			list_id(m, id);
		if (put_one(q, m, id, &lines) == 0) {
			TAILQ_REMOVE(&fl->held, m, link);
			TAILQ_INSERT_TAIL(&fl->held, m, link);
			in[n++] = m;
			if (TAILQ_FIRST(&fl->held) == in[0])
				break; /* all were met */
		} else {
			sched_ready(q, m); /* gone, or bad: attempt tells */
		}
	}
	put_head(fl, id, n, words_eight(buf_view(&lines)), &text);
	buf_span(&text, buf_view(&lines));
	text.bad |= lines.bad;
	made = n && !text.bad && !bounce_exists(q, id) &&
	       bounce_write(q, id, fl->to, ENV_MAIL, &text) == 0;
	listed = n;
	if (made)
		log_info(
		    "%s: bounce-list id=%s messages=%zu", in[0]->id, id, n);
	while (made && n)
		take_out(q, in[--n], id);
	loop_in(&fl->over, listed && !made	    ? SUM_RETRY
			   : TAILQ_EMPTY(&fl->held) ? FLOOD_SPAN
						    : SUM_NEXT);
	buf_free(&lines);
	buf_free(&text);
	return made;
}

bool
flood_flush(struct queue *q)
{
	struct flood *fl;
	bool any = false;

	RB_FOREACH (fl, floods, &q->floods)
		if (!TAILQ_EMPTY(&fl->held) && list(fl))
			any = true;
	return any;
}
