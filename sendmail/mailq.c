#include "sendmail/mailq.h"
#include "common/printable.h"
#include "common/record.h"
#include "common/run.h"
#include "common/wrap.h"
#include "sendmail/ask.h"
#include "sendmail/json.h"
#include "sendmail/lines.h"
#include "sendmail/show.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define NOTHING 1 /* exit status: no message fits */
#define BATCH 20  /* ids in one request */
#define FLUSH 65536

struct run {
	const struct mailq *m;
	struct view v;
	struct buf out;
	struct waiting w; /* lines of one message */
	int64_t now;
	bool begun, told, closed; /* nobody reads any more */
	long long matched, done, already, busy, held, failed, unread, missing,
	    octets, oldest;
	bool scanning, offline, ended;
};

void
mailq_view(struct view *v)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	const char *charset = getenv("LC_ALL");

	if (charset == NULL || *charset == '\0')
		charset = getenv("LC_CTYPE");
	if (charset == NULL || *charset == '\0')
		charset = getenv("LANG");
	*v = (struct view){ 0 };
	v->colour = (no == NULL || *no == '\0') && term && *term &&
		    strcmp(term, "dumb") != 0;
	v->utf8 = charset &&
		  (strcasestr(charset, "UTF-8") || strcasestr(charset, "UTF8"));
}

static void
see_window(struct view *v)
{
	v->width = wrap_window(STDOUT_FILENO);
	if (v->width == 0)
		v->colour = false;
}

/* 0; or EX_IOERR.  Who reads may have enough, which is no error. */
static int
flush(struct run *r)
{
	struct span text = buf_view(&r->out);

	while (text.len && !r->closed) {
		ssize_t n = write(STDOUT_FILENO, text.ptr, text.len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno != EPIPE)
			return EX_IOERR;
		r->closed = n == -1;
		text = span_from(text, n > 0 ? (size_t)n : 0);
	}
	if (r->out.bad)
		return EX_OSERR;
	buf_reset(&r->out);
	return 0;
}

/* On a terminal: a line that changes, and is gone at the end. */
static void
progress(struct run *r, struct span line)
{
	if (!isatty(STDERR_FILENO))
		return;
	r->told = true;
	if (waiting_num(line, "scanning"))
		dprintf(STDERR_FILENO,
		    "\rthe agent still reads the queue: %lld so far      ",
		    waiting_num(line, "of"));
	else
		dprintf(STDERR_FILENO,
		    "\r%lld of %lld looked at, %lld changed      ",
		    waiting_num(line, "seen"), waiting_num(line, "of"),
		    r->done + waiting_num(line, "done"));
}

static void
progress_over(struct run *r)
{
	if (r->told)
		dprintf(STDERR_FILENO, "\r%60s\r", "");
	r->told = false;
}

/* All lines of a message are there. */
static void
message_end(struct run *r)
{
	if (r->w.id == NULL)
		return;
	if (r->m->what == MAILQ_JSON) {
		json_message(&r->out, &r->w, r->now);
	} else {
		if (!r->begun)
			table_head(&r->out, &r->v);
		table_message(&r->out, &r->v, &r->w, r->now);
	}
	r->begun = true;
	waiting_free(&r->w);
}

static void
add_sum(struct run *r, struct span line)
{
	long long oldest = waiting_num(line, "oldest");

	r->matched += waiting_num(line, "matched");
	r->done += waiting_num(line, "done");
	r->already += waiting_num(line, "already");
	r->busy += waiting_num(line, "busy");
	r->held += waiting_num(line, "held");
	r->failed += waiting_num(line, "failed");
	r->unread += waiting_num(line, "unread");
	r->octets += waiting_num(line, "octets");
	r->scanning = waiting_num(line, "scanning") != 0;
	r->offline = waiting_num(line, "offline") != 0;
	if (oldest && (r->oldest == 0 || oldest < r->oldest))
		r->oldest = oldest;
	r->ended = true;
}

static void
missing(struct run *r, struct span line)
{
	struct buf value = { 0 }, id = { 0 };

	printable_add(&id, waiting_get(line, "id", &value), 40);
	progress_over(r);
	dprintf(STDERR_FILENO, "mailq: %s: " RUN_GONE "\n", buf_c(&id));
	r->missing++;
	buf_free(&value);
	buf_free(&id);
}

/* The octets behind a line "header" or "body". */
static int
bytes(struct run *r, struct lines *l, struct span line, const char *title)
{
	uint64_t left = (uint64_t)waiting_num(line, "size");
	struct span piece;
	int status = 0;

	buf_fmt(&r->out, "%s\n", title);
	while (left && status == 0) {
		if (lines_bytes(l, left, &piece) != 1)
			return EX_TEMPFAIL;
		show_bytes(&r->out, &r->v, piece);
		left -= piece.len;
		status = flush(r);
	}
	return status;
}

static int
one_line(struct run *r, struct lines *l, struct span line)
{
	struct span rest = line, word = span_word(&rest);

	if (!span_eq(word, SPAN("rcpt")))
		message_end(r);
	if (span_eq(word, SPAN("message")))
		return waiting_message(line, &r->w) == -1 ? EX_TEMPFAIL : 0;
	if (span_eq(word, SPAN("rcpt")))
		return r->w.id && waiting_rcpt(line, &r->w) == 0 ? 0
								 : EX_TEMPFAIL;
	if (span_eq(word, SPAN("event"))) {
		show_event(&r->out, &r->v, line);
	} else if (span_eq(word, SPAN("header"))) {
		return bytes(r, l, line, "Header:");
	} else if (span_eq(word, SPAN("body"))) {
		return bytes(r, l, line, "Body:");
	} else if (span_eq(word, SPAN("progress"))) {
		progress(r, line);
	} else if (span_eq(word, SPAN("missing"))) {
		missing(r, line);
	} else if (span_eq(word, SPAN("sum"))) {
		add_sum(r, line);
	}
	return 0;
}

/* One request, and all of its answer. */
static int
ask_one(struct run *r, const char *request, struct buf *why)
{
	struct lines l;
	struct span line;
	int status = lines_open(&l, request, why);

	r->ended = false;
	while (status == 0 && !r->closed && lines_next(&l, &line) == 1) {
		status = one_line(r, &l, line);
		/* What comes slowly is shown as it comes. */
		if (status == 0 && (r->out.len > FLUSH || l.used == l.in.len))
			status = flush(r);
	}
	if (status == 0 && !r->closed && !r->ended)
		status = EX_TEMPFAIL;
	if (status == EX_TEMPFAIL && why->len == 0)
		buf_str(why, "the agent's answer broke off");
	if (status == EX_IOERR || status == EX_OSERR)
		buf_fmt(why, "cannot write: %s", strerror(errno));
	progress_over(r);
	lines_close(&l);
	return status;
}

static void
put_text(struct buf *b, const char *key, const char *value)
{
	if (value)
		record_str(b, key, span_of(value));
}

static void
put_selection(struct buf *b, const struct mailq *m)
{
	char part[3] = { '!', m->select, '\0' };

	put_text(b, "from", m->sender);
	put_text(b, "to", m->recipient);
	put_text(b, "domain", m->domain);
	if (m->older)
		record_num(b, "older", m->older);
	if (m->held)
		record_num(b, "held", 1);
	if (m->all)
		record_num(b, "all", 1);
	if (m->body)
		record_num(b, "body", 1);
	if (m->verbose || m->what == MAILQ_JSON)
		record_num(b, "full", 1);
	if (m->select)
		put_text(b, m->select_not ? part : part + 1, m->selected);
}

static int
ask_all(struct run *r, struct buf *why)
{
	const struct mailq *m = r->m;
	int status = 0, at = 0;

	do {
		struct buf request = { 0 };

		buf_fmt(&request, "mailq %s", mailq_verb[m->what]);
		put_selection(&request, m);
		for (int n = 0; n < BATCH && at < m->nids; n++)
			put_text(&request, "id", m->ids[at++]);
		if (request.bad || request.len >= RUN_REQUEST) {
			buf_str(why, "that selection is too long");
			status = EX_USAGE;
		} else {
			status = ask_one(r, buf_c(&request), why);
		}
		buf_free(&request);
	} while (status == 0 && at < m->nids && !r->closed);
	return status;
}

static void
count(struct buf *b, long long n, const char *one, const char *many)
{
	if (n)
		buf_fmt(b, "%lld %s\n", n, n == 1 ? one : many);
}

static const struct {
	const char *done[2], *already[2];
} sentences[MAILQ_WHATS] = {
	[MAILQ_RETRY] = { { "message is tried now.",
			      "messages are tried now." },
	    { "is being delivered already.", "are being delivered already." } },
	[MAILQ_HOLD] = { { "message held.", "messages held." },
	    { "was held before.", "were held before." } },
	[MAILQ_RELEASE] = { { "message released.", "messages released." },
	    { "was not held.", "were not held." } },
	[MAILQ_REMOVE] = { { "message removed.", "messages removed." },
	    { "", "" } },
	[MAILQ_BOUNCE] = { { "message goes back to its sender.",
			       "messages go back to their senders." },
	    { "", "" } },
};

/* What became of those that were meant. */
static int
answer_of_change(struct run *r)
{
	const enum mailq_what what = r->m->what;
	struct buf *b = &r->out;

	count(b, r->done, sentences[what].done[0], sentences[what].done[1]);
	count(b, r->already, sentences[what].already[0],
	    sentences[what].already[1]);
	count(b, r->busy,
	    "is being delivered just now, and was left alone; ask again in a "
	    "moment.",
	    "are being delivered just now, and were left alone; ask again in a "
	    "moment.");
	if (what == MAILQ_RETRY)
		count(b, r->held, "is held; mailq release lets it go.",
		    "are held; mailq release lets them go.");
	else
		count(b, r->held, "is held by root, who alone may change it.",
		    "are held by root, who alone may change them.");
	count(b, r->failed,
	    "could not be changed: the disk is full, or cannot be written.",
	    "could not be changed: the disk is full, or cannot be written.");
	if (r->matched == 0 && r->missing == 0)
		buf_str(b, "No message fits.\n");
	if (r->offline && r->done &&
	    (what == MAILQ_RETRY || what == MAILQ_RELEASE ||
		what == MAILQ_BOUNCE)) {
		if (ask_start_pass(false) == 0)
			buf_str(b, "No agent runs: a pass was started.\n");
		else
			buf_str(b, "No agent runs: start deliver.\n");
	}
	if (r->failed)
		return EX_IOERR;
	if (r->busy || r->held)
		return EX_TEMPFAIL;
	return r->missing || r->matched == 0 ? NOTHING : 0;
}

static int
answer_of_list(struct run *r)
{
	const struct mailq *m = r->m;
	bool narrow = m->sender || m->recipient || m->domain || m->older ||
		      m->held || m->select || m->nids;

	if (m->what == MAILQ_JSON || m->what == MAILQ_SHOW) {
		;
	} else if (r->matched == 0 && narrow) {
		buf_str(&r->out, "No message fits.\n");
	} else {
		/* For check_mailq and its kin, where nobody looks on. */
		if (!narrow && r->matched && r->v.width == 0)
			buf_fmt(
			    &r->out, "\t\tTotal requests: %lld\n", r->matched);
		table_sum(&r->out, r->matched, r->octets, r->oldest, r->now);
	}
	if (r->scanning && m->what != MAILQ_JSON)
		buf_str(&r->out, "The agent still reads the queue: there may "
				 "be more.\n");
	if (r->offline && r->matched && m->what != MAILQ_JSON)
		buf_str(&r->out, "No agent runs: start deliver, or run deliver "
				 "-q for one pass.\n");
	return r->missing || (narrow && r->matched == 0) ? NOTHING : 0;
}

/* Until it is gone, or who asks goes. */
static int
follow(const char *id, struct buf *why)
{
	struct buf request = { 0 };
	int status;

	buf_fmt(&request, "watch %s", id);
	status = ask(buf_c(&request), why);
	buf_free(&request);
	if (span_eq(buf_view(why), SPAN(RUN_GONE))) {
		buf_reset(why);
		buf_fmt(why, "%s: " RUN_GONE, id);
		return NOTHING;
	}
	return status;
}

static int
help(struct buf *why)
{
	static const char text[] =
	    "usage: mailq [-v] [--json] [SELECTION]           what waits, and "
	    "why\n"
	    "       mailq show [--body] SELECTION             one message, and "
	    "its story\n"
	    "       mailq retry | hold | release | remove | bounce SELECTION\n"
	    "       mailq -v ID                               follows it live\n"
	    "       mailq --check[=AGE] [--warning AGE] [--critical AGE]\n"
	    "       mailq --prometheus [FILE]\n"
	    "SELECTION: queue ids, or --sender ADDRESS, --recipient ADDRESS,\n"
	    "       --to-domain DOMAIN, --older AGE, --held; --all is all of "
	    "them.\n"
	    "AGE: a number and s, m, h or d.  mailq(1) has all of it.\n";

	if (dprintf(STDOUT_FILENO, "%s", text) >= 0)
		return 0;
	buf_fmt(why, "cannot write: %s", strerror(errno));
	return EX_IOERR;
}

int
mailq(const struct mailq *m, struct view v, struct buf *why)
{
	struct run r = { .m = m, .v = v, .now = time(NULL) };
	int status;

	if (m->what == MAILQ_HELP)
		return help(why);
	if (m->what == MAILQ_FOLLOW)
		return follow(m->ids[0], why);
	r.v.verbose = m->verbose || m->what == MAILQ_SHOW;
	see_window(&r.v);
	status = ask_all(&r, why);
	if (status == 0 && !r.closed) {
		status = m->what > MAILQ_SHOW ? answer_of_change(&r)
					      : answer_of_list(&r);
		if (flush(&r) != 0) {
			buf_fmt(why, "cannot write: %s", strerror(errno));
			status = EX_IOERR;
		} else if (r.unread) {
			buf_fmt(why,
			    "%lld of the messages could not be read, and "
			    "were left out; ask again, and see whether the "
			    "disk is well",
			    r.unread);
			status = EX_IOERR;
		}
	}
	waiting_free(&r.w);
	buf_free(&r.out);
	return status;
}
