#include "sendmail/tell.h"
#include "common/printable.h"
#include "sendmail/ask.h"
#include "sendmail/submit.h"
#include <errno.h>
#include <string.h>
#include <sysexits.h>

static const struct {
	const char *reply; /* how it begins */
	int status;
} refusals[] = {
	{ "550 5.1.1", EX_NOUSER },
	{ "553", EX_NOUSER },
	{ "550 5.7", EX_NOPERM },
	{ "4", EX_TEMPFAIL },
	{ "", EX_UNAVAILABLE },
};

/* One recipient, before the text: 0, or a sysexit. */
static int
reachable(struct span addr, struct buf *why)
{
	struct buf reply = { 0 };
	struct span text;
	size_t i = 0;
	int status = 0;

	if (ask_rcpt(ENV_SEND, addr, &reply) == -1) {
		buf_fmt(why,
		    "no agent answers (%s), so nobody is told; start deliver",
		    strerror(errno));
		buf_free(&reply);
		return EX_TEMPFAIL;
	}
	text = buf_view(&reply);
	if (!span_starts(text, SPAN("2"))) {
		while (!span_starts(text, span_of(refusals[i].reply)))
			i++;
		status = refusals[i].status;
		span_word(&text);
		span_word(&text);
		printable_add(why, addr, 100);
		buf_str(why, ": ");
		printable_add(why, span_trim(text), 300);
		buf_str(why, "; nothing was sent");
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

int
tell(const struct opt *o, const struct conf *c, struct buf *why)
{
	for (int i = 0; i < o->nrcpts; i++) {
		int status = reachable(span_of(o->rcpts[i]), why);

		if (status)
			return status;
	}
	return submit(o, c, why);
}
