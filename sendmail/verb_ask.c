/* VRFY, EXPN, ETRN: what the agent knows. */
#include "sendmail/answer.h"
#include "sendmail/verb.h"
#include <stdlib.h>

/* RFC 6531 3.7.4: VRFY and EXPN may end in SMTPUTF8. */
static struct span
without_utf8(const struct dialogue *d, struct span args)
{
	static const struct span word = SPAN(" SMTPUTF8");

	if (d->extended && args.len > word.len &&
	    span_ieq(span_from(args, args.len - word.len), word))
		args.len -= word.len;
	return span_trim(args);
}

void
verb_vrfy(struct dialogue *d, const struct verb *v, struct span args)
{
	struct buf said = { 0 };
	int code = 0;

	(void)v;
	/* a network is not told who is here */
	if (!d->peer && d->ops->verify(without_utf8(d, args), &said) == 0)
		code = answer_agent(d, buf_view(&said), false);
	if (code == 0)
		answer(d, 252, "2.5.2",
		    "Cannot VRFY user, but will accept message and attempt "
		    "delivery");
	buf_free(&said);
}

/* A reply has one code: refusals wait until it is known. */
static void
collect(struct buf *all, struct buf *no, struct span said)
{
	struct buf *to = said.len && said.ptr[0] == '2' ? all : no;

	if (to->len)
		buf_chr(to, '\n');
	buf_span(to, span_trim(said));
}

/* Who asks for x,y,z and gets x and z is told about y. */
static void
tell_within(struct buf *all, struct span no)
{
	while (no.ptr) {
		struct span line = span_cut(&no, '\n');

		span_word(&line); /* the code, and the enhanced one */
		if (span_has(span_word(&line), '.')) {
			buf_str(all, "\n250 2.1.5 ");
			buf_span(all, span_trim(line));
		}
	}
}

void
verb_expn(struct dialogue *d, const struct verb *v, struct span args)
{
	struct buf all = { 0 }, no = { 0 };
	struct span rest = without_utf8(d, args);
	bool asked = true;
	int code = 0;

	(void)v;
	while (rest.ptr && asked) {
		struct span list = span_trim(span_cut(&rest, ','));
		struct buf said = { 0 };

		if (list.len == 0)
			continue;
		asked = d->ops->expand(list, &said) == 0;
		if (asked)
			collect(&all, &no, buf_view(&said));
		buf_free(&said);
	}
	if (asked && all.len && no.len)
		tell_within(&all, buf_view(&no));
	if (asked)
		code = answer_agent(d, buf_view(all.len ? &all : &no), false);
	if (code == 0)
		answer_same(d, 252, "2.5.2",
		    "Cannot expand it now, but will accept message and attempt "
		    "delivery");
	buf_free(&all);
	buf_free(&no);
}

void
verb_etrn(struct dialogue *d, const struct verb *v, struct span args)
{
	(void)v;
	if (d->peer || d->ops->run(d->ops->arg) == -1)
		answer_same(d, 458, "4.3.0",
		    "Unable to queue messages for %.*s",
		    (int)(args.len < 255 ? args.len : 255), args.ptr);
	else
		answer_same(d, 250, "2.0.0", "Queuing for node %.*s started",
		    (int)(args.len < 255 ? args.len : 255), args.ptr);
}
