#include "sendmail/verify.h"
#include "common/printable.h"
#include "sendmail/ask.h"
#include "sendmail/rcpts.h"
#include "sendmail/who.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* The sender as it will stand in the envelope: 0, or a sysexit. */
static int
sender(
    const struct opt *o, const struct conf *c, struct buf *out, struct buf *why)
{
	struct who who;
	struct span s;

	who_is(o->uid, &who);
	s = span_of(o->sender ? o->sender : who.login);
	if (s.len == 0 || span_eq(s, SPAN("<>")))
		buf_str(out, "<>, and no report if it fails");
	else if (rcpts_qualify(s, c->domain, out, why) == -1)
		return EX_USAGE;
	return 0;
}

/* What another machine sees in its place, by the first line that fits. */
static void
sender_as(const struct conf *c, struct span from, struct buf *out)
{
	if (!span_has(from, '@')) /* the null sender stays */
		return;
	for (size_t i = 0; i < c->nsenders_as; i++)
		if (conf_sender_fits(c->senders_as[i].pattern, from)) {
			buf_fmt(out, "    other machines see: %s\n",
			    c->senders_as[i].addr);
			return;
		}
}

/* The agent's words: the exit status, and a line for each thing to be known.
 * 0, 67 or 75; 69 when there are none. */
static int
explain(struct span addr, struct buf *out, struct buf *why)
{
	struct buf reply = { 0 };
	struct span rest, line;
	int status = EX_UNAVAILABLE;
	long long told;

	if (ask_explain(addr, &reply) == -1) {
		buf_fmt(why,
		    "no agent answers (%s); start deliver, which knows where "
		    "mail goes",
		    strerror(errno));
		goto out;
	}
	rest = buf_view(&reply);
	line = span_cut(&rest, '\n');
	if (span_num(span_word(&line), 0, EX_CONFIG, &told) == -1) {
		buf_str(why, "the agent's answer cannot be read");
		goto out;
	}
	status = (int)told;
	printable_add(out, addr, 320);
	buf_str(out, status == 0	   ? ": deliverable\n"
		     : status == EX_NOUSER ? ": undeliverable\n"
					   : ": cannot be told now\n");
	while (rest.ptr) {
		buf_str(out, "    ");
		printable_add(out, span_cut(&rest, '\n'), 600);
		buf_chr(out, '\n');
	}
out:
	buf_free(&reply);
	return status;
}

/* A bare name is what a message for it would have: where the mail domain is
 * not local, no user of this machine. */
static int
one(const char *text, const struct conf *c, struct buf *out, struct buf *why)
{
	struct buf whole = { 0 }, wrong = { 0 };
	struct span addr = span_of(text);
	int status;

	if (c->domain && !conf_is_local(c, span_of(c->domain)) &&
	    !span_has(addr, '@') &&
	    rcpts_qualify(addr, c->domain, &whole, &wrong) == 0)
		addr = buf_view(&whole);
	status = explain(addr, out, why);
	buf_free(&whole);
	buf_free(&wrong); /* the agent says it */
	return status;
}

int
verify(const struct opt *o, const struct conf *c, struct buf *why)
{
	struct buf out = { 0 }, from = { 0 };
	int worst = sender(o, c, &from, why), status;

	for (int i = 0;
	     worst != EX_UNAVAILABLE && worst != EX_USAGE && i < o->nrcpts;
	     i++) {
		status = one(o->rcpts[i], c, &out, why);
		if (status == EX_UNAVAILABLE || worst == 0 ||
		    status == EX_NOUSER)
			worst = status;
	}
	if (worst == 0 || worst == EX_NOUSER || worst == EX_TEMPFAIL) {
		buf_fmt(&out, "sender: %s\n", buf_c(&from));
		sender_as(c, buf_view(&from), &out);
		if (out.bad || fwrite(out.ptr, 1, out.len, stdout) != out.len ||
		    fflush(stdout) == EOF) {
			buf_fmt(why, "cannot write: %s", strerror(errno));
			worst = EX_IOERR;
		}
	}
	if (worst == EX_NOUSER)
		buf_str(why,
		    "mail for an address above would come back; mend the "
		    "address");
	if (worst == EX_TEMPFAIL)
		buf_str(why, "what becomes of an address above cannot be told "
			     "now; ask again later");
	buf_free(&out);
	buf_free(&from);
	return worst;
}
