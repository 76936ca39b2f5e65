#include "sendmail/tell.h"
#include "common/printable.h"
#include "sendmail/ask.h"
#include "sendmail/submit.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static const struct {
	const char *reply; /* how it begins */
	int status;
	const char *text; /* behind the name; NULL: what the agent said */
} refusals[] = {
	{ "550 5.1.1", EX_NOUSER, "there is no such user on this machine" },
	{ "553", EX_NOUSER, NULL },
	{ "550 5.7", EX_NOPERM, NULL },
	{ "450 4.2.1 User not active", EX_TEMPFAIL, "not logged in now" },
	{ "450 4.2.1", EX_TEMPFAIL,
	    "logged in, but takes no messages now (mesg n)" },
	{ "4", EX_TEMPFAIL, NULL },
	{ "", EX_UNAVAILABLE, NULL },
};

int
tell_refused(struct span addr, struct span reply, struct buf *why)
{
	struct buf named = { 0 };
	size_t i = 0;

	if (span_starts(reply, SPAN("2")))
		return 0;
	while (!span_starts(reply, span_of(refusals[i].reply)))
		i++;
	span_word(&reply);
	span_word(&reply);
	reply = span_trim(reply);
	/* The agent may have begun with the address, too. */
	buf_fmt(&named, "<%.*s>: ", (int)addr.len, addr.ptr);
	if (span_starts(reply, buf_view(&named)))
		reply = span_from(reply, named.len);
	buf_free(&named);
	printable_add(why, addr, 100);
	buf_str(why, ": ");
	if (refusals[i].text)
		buf_str(why, refusals[i].text);
	else
		printable_add(why, reply, 300);
	buf_str(why, "; nothing was sent");
	if (refusals[i].status == EX_TEMPFAIL && refusals[i].text)
		buf_str(why, ", try later or send mail");
	return refusals[i].status;
}

/* One recipient, before the text: 0, or a sysexit. */
static int
reachable(struct span addr, struct buf *why)
{
	struct buf reply = { 0 };
	int status;

	if (ask_rcpt(ENV_SEND, addr, &reply) == -1) {
		buf_fmt(why,
		    "no agent answers (%s), so nobody is told; start deliver",
		    strerror(errno));
		status = EX_TEMPFAIL;
	} else {
		status = tell_refused(addr, buf_view(&reply), why);
	}
	buf_free(&reply);
	return status;
}

int
tell_result(struct span said, size_t nrcpts, struct buf *why)
{
	struct span last = { NULL, 0 };
	int status = EX_TEMPFAIL;
	size_t shown = 0;

	while (said.len) {
		struct span line = span_cut(&said, '\n'), rest = line, word;

		span_cut(&rest, '>');
		rest = span_trim(rest);
		word = span_cut(&rest, ':');
		if (span_eq(word, SPAN("delivered"))) {
			shown++;
		} else if (span_eq(word, SPAN("deferred"))) {
			last = span_trim(rest);
		} else if (span_eq(word, SPAN("failed")) ||
			   span_eq(word, SPAN("expired"))) {
			last = span_trim(rest);
			status = EX_UNAVAILABLE;
		}
	}
	if (shown >= nrcpts)
		return 0;
	if (last.len)
		printable_add(why, last, 400);
	else
		buf_str(why, "the agent has not said that it was shown");
	buf_str(why, status == EX_TEMPFAIL
			 ? "; it is tried for a minute, then it comes back to "
			   "you as mail"
			 : "; it comes back to you as mail");
	return status;
}

/* Whoever is named without a domain is a user here, also where the mail domain
 * is another machine's. */
static int
named_here(struct opt *o, const struct conf *c, char **names)
{
	bool others = c->domain && !conf_is_local(c, span_of(c->domain));

	for (int i = 0; i < o->nrcpts; i++)
		if (asprintf(&names[i], "%s%s", o->rcpts[i],
			others && !strchr(o->rcpts[i], '@') ? "@localhost"
							    : "") == -1) {
			names[i] = NULL;
			return EX_OSERR;
		}
	o->rcpts = names;
	return 0;
}

static int
tell_them(const struct opt *o, const struct conf *c, struct buf *why)
{
	char id[SPOOL_IDSIZE];

	for (int i = 0; i < o->nrcpts; i++) {
		int status = reachable(span_of(o->rcpts[i]), why);

		if (status)
			return status;
	}
	if (isatty(STDIN_FILENO))
		dprintf(STDERR_FILENO,
		    "tell: type the text; ^D on a line of its own sends it, "
		    "^C does not\n");
	return submit(o, c, id, why);
}

int
tell(const struct opt *o, const struct conf *c, struct buf *why)
{
	char **names = calloc((size_t)o->nrcpts, sizeof *names);
	struct opt mine = *o;
	int status = names ? named_here(&mine, c, names) : EX_OSERR;

	if (status == 0)
		status = tell_them(&mine, c, why);
	else
		buf_str(why, "no memory for the names");
	for (int i = 0; names && i < o->nrcpts; i++)
		free(names[i]);
	free(names);
	return status;
}
