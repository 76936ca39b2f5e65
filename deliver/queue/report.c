#include "deliver/queue/report.h"
#include "common/date.h"
#include "common/field.h"
#include "common/utf8.h"
#include "deliver/queue/explain.h"
#include "deliver/queue/words.h"
#include <string.h>

#define SUBJECT 200 /* octets of the message's own that are shown */
#define TEXT 1000   /* of an answer */
#define LISTED 1000 /* recipients told to people; the machines get all */

static const struct {
	const char *subject;   /* in front of the message's own */
	const char *submitted; /* RFC 3834 5 */
	const char *status[ACTIONS];
} kinds[REPORT_KINDS] = {
	[REPORT_FAILED] = { "Undelivered: ", "auto-replied", { 0 } },
	[REPORT_DELAYED] = { "Delayed: ", "auto-generated", { 0 } },
	[REPORT_DONE] = { "Delivered: ", "auto-replied", { 0 } },
	[REPORT_DOUBLE] = { "Undeliverable report: ", "auto-generated", { 0 } },
};

static const struct {
	const char *word, *status, *done;
} actions[ACTIONS] = {
	[ACTION_FAILED] = { "failed", "5.0.0", NULL },
	[ACTION_DELAYED] = { "delayed", "4.0.0", NULL },
	[ACTION_DELIVERED] = { "delivered", "2.0.0", "It was delivered." },
	[ACTION_RELAYED] = { "relayed", "2.0.0",
	    "It was handed on to a server that does not report what becomes "
	    "of it; no other report follows." },
	[ACTION_EXPANDED] = { "expanded", "2.0.0",
	    "It was handed on to the members of that list; no other report "
	    "follows." },
};

/* What the report says of the message that it is about. */
struct about {
	struct span subject, message_id, references, date;
};

static void
look(struct span message, struct about *a)
{
	struct field f;

	*a = (struct about){ 0 };
	while (field_next(&message, &f)) {
		struct span *to = field_is(&f, "Subject")      ? &a->subject
				  : field_is(&f, "Message-ID") ? &a->message_id
				  : field_is(&f, "References") ? &a->references
				  : field_is(&f, "Date")       ? &a->date
							       : NULL;

		if (to && to->ptr == NULL)
			*to = span_trim(f.body);
	}
}

/* A msg-id, and nothing that a header could not hold. */
static bool
sound_id(struct span s)
{
	if (s.len < 3 || s.len > 900 || s.ptr[0] != '<' ||
	    s.ptr[s.len - 1] != '>')
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] > '~')
			return false;
	return true;
}

/* RFC 5322 3.6.4: those of the message, as far as they are short, and its own
 * id. */
static void
put_thread(const struct about *a, struct buf *b)
{
	struct span rest = a->references, word;

	if (!sound_id(a->message_id))
		return;
	buf_str(b, "In-Reply-To: ");
	buf_span(b, a->message_id);
	buf_str(b, "\nReferences: ");
	if (rest.len > 2000)
		rest.len = 0;
	while (rest.ptr && (rest = span_trim(rest)).len) {
		word = span_word(&rest);
		for (size_t i = 0; i < word.len; i++)
			if (strchr("\r\n\t", word.ptr[i]))
				word.len = i; /* the fold comes again below */
		if (!sound_id(word))
			continue;
		buf_span(b, word);
		buf_str(b, "\n ");
	}
	buf_span(b, a->message_id);
	buf_chr(b, '\n');
}

static bool
any_eight(const struct report *r)
{
	for (size_t i = 0; i < r->nrcpts; i++) {
		const struct report_rcpt *c = &r->rcpts[i];

		if (words_eight(span_of(c->addr)) ||
		    words_eight(span_of(c->original)))
			return true;
	}
	return false;
}

static void
put_subject(const struct report *r, const struct about *a, struct buf *b)
{
	struct buf words = { 0 };
	const char *kind = kinds[r->kind].subject;

	if (r->kind == REPORT_DONE && r->nrcpts &&
	    r->rcpts[0].action != ACTION_DELIVERED)
		kind = "Handed on: ";
	words_field(&words, a->subject, SUBJECT);
	buf_str(b, "Subject: ");
	buf_str(b, kind);
	if (words.len == 0)
		buf_str(b, "(no subject)");
	else if (words_eight(buf_view(&words)))
		field_phrase(b, buf_view(&words)); /* as encoded words */
	else
		buf_span(b, buf_view(&words));
	buf_chr(b, '\n');
	b->bad |= words.bad;
	buf_free(&words);
}

static void
put_date(struct buf *b, const char *key, int64_t when)
{
	char date[DATE_SIZE];

	date_5322((time_t)when, date);
	buf_fmt(b, "%s%s\n", key, date);
}

static void
header(const struct report *r, const struct about *a, bool eight, struct buf *b)
{
	put_date(b, "Date: ", r->now);
	buf_fmt(b, "From: Mail Delivery System <MAILER-DAEMON@%s>\nTo: <",
	    r->domain);
	words_add(b, span_of(r->to), 900);
	buf_fmt(b, ">\nMessage-ID: <%s@%s>\n", r->id, r->hostname);
	put_thread(a, b);
	put_subject(r, a, b);
	buf_fmt(b, "Auto-Submitted: %s\nMIME-Version: 1.0\n",
	    kinds[r->kind].submitted);
	buf_fmt(b,
	    "Content-Type: multipart/report; "
	    "report-type=delivery-status;\n\tboundary=\"=_%s\"\n",
	    r->id);
	if (eight)
		buf_str(b, "Content-Transfer-Encoding: 8bit\n");
	buf_chr(b, '\n');
}

static const char *
status_of(const struct report_rcpt *c)
{
	/* A failure has no status of success, whatever a server sent with it,
	 * and the other way round (RFC 3464 2.3.4). */
	bool good = c->status && c->status[0] == '2';

	if (c->status == NULL || c->status[0] == '\0' ||
	    good != (actions[c->action].status[0] == '2'))
		return actions[c->action].status;
	return c->status;
}

static void
put_words(const struct report_rcpt *c, struct buf *b)
{
	struct buf line = { 0 };

	if (c->text == NULL || c->text[0] == '\0')
		return;
	if (c->mta) {
		words_add(&line, span_of(c->mta), 255);
		buf_str(&line, " said: ");
	}
	words_add(&line, span_of(c->text), TEXT);
	words_wrap(b, buf_view(&line), TEXT + 300, "        ");
	b->bad |= line.bad;
	buf_free(&line);
}

static void
tell_one(const struct report *r, const struct report_rcpt *c, struct buf *b)
{
	const struct explanation *e =
	    explain(span_of(status_of(c)), span_of(c->text));

	buf_str(b, "    <");
	words_add(b, span_of(c->original ? c->original : c->addr), 320);
	buf_str(b, ">\n");
	if (c->original) {
		buf_str(b, "        (which leads to <");
		words_add(b, span_of(c->addr), 320);
		buf_str(b, ">)\n");
	}
	if (actions[c->action].done) {
		words_wrap(
		    b, span_of(actions[c->action].done), TEXT, "        ");
		if (c->action == ACTION_DELIVERED && c->mta == NULL) {
			buf_chr(b, '\n');
			return; /* our own words are a path, of no use there */
		}
	} else if (c->terminal) {
		words_wrap(b,
		    SPAN("It was for the recipient's terminal, and could not "
			 "be shown there.  Send it as mail, or try again "
			 "later."),
		    TEXT, "        ");
	} else {
		words_wrap(b, span_of(e->what), TEXT, "        ");
		if (r->kind != REPORT_DELAYED)
			words_wrap(b, span_of(e->todo), TEXT, "        ");
	}
	put_words(c, b);
	buf_fmt(b, "        (status %s)\n\n", status_of(c));
}

static void
put_message_named(const struct report *r, const struct about *a, struct buf *b)
{
	buf_str(b, "    Subject:  ");
	if (a->subject.len)
		words_field(b, a->subject, SUBJECT);
	else
		buf_str(b, "(none)");
	buf_str(b, "\n    Date:     ");
	if (a->date.len)
		words_field(b, a->date, 80);
	else
		put_date(b, "", r->arrived), b->len -= !b->bad;
	buf_fmt(b, "\n    Queue id: %s\n\n", r->of);
}

static void
opening(const struct report *r, struct buf *b)
{
	switch (r->kind) {
	case REPORT_DOUBLE:
		buf_str(b,
		    "A message could not be delivered, and its sender cannot "
		    "be told:\n");
		buf_str(
		    b, r->from && r->from[0]
			   ? "the report to the sender was refused, too.\n"
			   : "it is a report itself, or names no sender.\n");
		buf_str(b, "It is attached.  The message:\n\n");
		break;
	case REPORT_DELAYED:
		buf_str(b,
		    "Your message is delayed.  It waits, and is tried again; "
		    "you need not\nsend it again.  The message:\n\n");
		break;
	case REPORT_DONE:
		buf_str(b, "This is the report you asked for.  The "
			   "message:\n\n");
		break;
	default:
		buf_str(b, "Your message could not be delivered to everybody "
			   "it was for.\nThe message:\n\n");
		break;
	}
}

static void
closing(const struct report *r, struct buf *b)
{
	bool terminal = false;

	for (size_t i = 0; i < r->nrcpts; i++)
		terminal |= r->rcpts[i].terminal;
	if (r->kind == REPORT_DELAYED) {
		put_date(b, "It is tried until ", r->until);
		buf_str(b, "and comes back to you if it cannot be delivered by "
			   "then.\n");
	} else if (r->kind == REPORT_FAILED) {
		buf_str(b, "It is not tried again.");
		buf_str(b, terminal   ? "  No other copy of it exists: it is "
					"attached.\n"
			   : r->whole ? "  It is attached.\n"
				      : "  Its header is attached.\n");
		buf_fmt(b,
		    "Whoever you ask will want to know the queue id, "
		    "%s.\n",
		    r->of);
	}
}

static void
for_people(const struct report *r, const struct about *a, struct buf *b)
{
	buf_fmt(b, "This is the mail system of %s.\n\n", r->hostname);
	opening(r, b);
	put_message_named(r, a, b);
	buf_str(b, r->kind == REPORT_DELAYED ? "It waits for:\n\n"
		   : r->kind == REPORT_DONE  ? "Its recipients:\n\n"
					     : "It was not delivered to:\n\n");
	for (size_t i = 0; i < r->nrcpts && i < LISTED; i++)
		tell_one(r, &r->rcpts[i], b);
	if (r->nrcpts > LISTED)
		buf_fmt(b,
		    "    ... and %zu more, which stand in the list "
		    "below.\n\n",
		    r->nrcpts - LISTED);
	closing(r, b);
}

/* "rfc822; bob@example.net", or RFC 6533 3's type. */
static void
put_address(struct buf *b, const char *key, const char *addr)
{
	bool eight = words_eight(span_of(addr)) && utf8_valid(span_of(addr));

	buf_fmt(b, "%s: %s; ", key, eight ? "utf-8" : "rfc822");
	words_add(b, span_of(addr), 900);
	buf_chr(b, '\n');
}

static void
put_orcpt(struct buf *b, const char *orcpt)
{
	struct span rest = span_of(orcpt), type = span_cut(&rest, ';');

	buf_str(b, "Original-Recipient: ");
	words_add(b, type, 40);
	buf_str(b, "; ");
	words_xtext(b, rest);
	buf_chr(b, '\n');
}

static void
one_for_machines(
    const struct report *r, const struct report_rcpt *c, struct buf *b)
{
	buf_chr(b, '\n');
	if (c->orcpt)
		put_orcpt(b, c->orcpt);
	else if (c->original)
		put_address(b, "Original-Recipient", c->original);
	put_address(b, "Final-Recipient", c->addr);
	buf_fmt(b, "Action: %s\nStatus: %s\n", actions[c->action].word,
	    status_of(c));
	if (c->mta && c->mta[0]) {
		buf_str(b, "Remote-MTA: dns; ");
		words_add(b, span_of(c->mta), 255);
		buf_chr(b, '\n');
	}
	if (c->text && c->text[0] && (c->mta || !actions[c->action].done)) {
		buf_str(b, c->mta ? "Diagnostic-Code: smtp; "
				  : "Diagnostic-Code: x-bellman; ");
		words_add(b, span_of(c->text), 900);
		buf_chr(b, '\n');
	}
	if (c->last)
		put_date(b, "Last-Attempt-Date: ", c->last);
	if (c->action == ACTION_DELAYED)
		put_date(b, "Will-Retry-Until: ", r->until);
}

static void
for_machines(const struct report *r, struct buf *b)
{
	buf_fmt(b, "Reporting-MTA: dns; %s\n", r->hostname);
	if (r->envid) {
		buf_str(b, "Original-Envelope-Id: ");
		words_xtext(b, span_of(r->envid));
		buf_chr(b, '\n');
	}
	put_date(b, "Arrival-Date: ", r->arrived);
	for (size_t i = 0; i < r->nrcpts; i++)
		one_for_machines(r, &r->rcpts[i], b);
}

static void
begin_part(const struct report *r, struct buf *b, const char *type, bool eight)
{
	buf_fmt(b, "\n--=_%s\nContent-Type: %s\n", r->id, type);
	if (eight)
		buf_str(b, "Content-Transfer-Encoding: 8bit\n");
	buf_chr(b, '\n');
}

/* Is its header written in UTF-8 (RFC 6532)?  Then message/rfc822 would be a
 * lie.  Octets that are not UTF-8 are nothing else. */
static bool
global(struct span message)
{
	struct span head = message;
	struct field f;

	while (field_next(&message, &f))
		;
	head.len -= message.len;
	return words_eight(head) && utf8_valid(head);
}

void
report_compose(const struct report *r, struct buf *out)
{
	struct buf people = { 0 }, machines = { 0 };
	bool intl = any_eight(r), utf8 = global(r->message), eight;
	struct about a;

	look(r->message, &a);
	for_people(r, &a, &people);
	for_machines(r, &machines);
	eight = words_eight(buf_view(&people)) ||
		words_eight(buf_view(&machines)) || words_eight(r->message);
	header(r, &a, eight, out);
	begin_part(r, out,
	    words_eight(buf_view(&people)) ? "text/plain; charset=utf-8"
					   : "text/plain; charset=us-ascii",
	    words_eight(buf_view(&people)));
	buf_span(out, buf_view(&people));
	/* RFC 6533 4: what is not ASCII needs the other type */
	intl = intl || words_eight(buf_view(&machines));
	begin_part(r, out,
	    intl ? "message/global-delivery-status" : "message/delivery-status",
	    intl);
	buf_span(out, buf_view(&machines));
	begin_part(r, out,
	    r->whole
		? (utf8 ? "message/global" : "message/rfc822")
		: (utf8 ? "message/global-headers" : "text/rfc822-headers"),
	    words_eight(r->message));
	buf_span(out, r->message);
	buf_fmt(out, "\n--=_%s--\n", r->id);
	out->bad |= people.bad || machines.bad;
	buf_free(&people);
	buf_free(&machines);
}
