#include "sendmail/dialogue.h"
#include "sendmail/answer.h"
#include "sendmail/verb.h"
#include <stdlib.h>
#include <string.h>

void
dialogue_open(struct dialogue *d)
{
	d->at = AT_START;
	d->mail.dir = d->mail.fd = -1;
	if (d->socket)
		d->ends = ENDS_CRLF;
	verb_reset(d);
	answer_same(d, 220, NULL, "%s Simple Mail Transfer Service Ready",
	    d->conf->hostname);
}

void
dialogue_timeout(struct dialogue *d)
{
	answer_same(d, 421, "4.4.2",
	    "%s Time-out, closing transmission channel", d->conf->hostname);
	d->at = AT_END;
}

void
dialogue_close(struct dialogue *d)
{
	d->at = AT_END;
	verb_reset(d);
	free(d->client);
	buf_free(&d->line);
	buf_free(&d->out);
	buf_free(&d->why);
}

/* Nothing but blanks and what can be seen: a lone CR, a NUL or an LF in a
 * session of CRLF may mean something to the next reader. */
static bool
clean(struct span line)
{
	for (size_t i = 0; i < line.len; i++) {
		unsigned char c = (unsigned char)line.ptr[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static void
dispatch(struct dialogue *d, const struct verb *v, struct span args)
{
	if (!verb_offered(d, v))
		answer_bad(d, 502, "5.5.1", "%s not available", v->name);
	else if (!(v->legal & d->at))
		answer_bad(d, 503, "5.5.1", "Bad sequence of commands");
	else if (v->args == ARGS_NONE && args.len)
		answer_bad(d, 501, "5.5.4", "%s takes no parameter", v->name);
	else if (v->args == ARGS_MUST && !args.len)
		answer_bad(d, 501, "5.5.4", "%s wants a parameter", v->name);
	else
		v->act(d, v, args);
}

/* "VRFY: x" is VRFY x: people write the colon of MAIL FROM: everywhere. */
static void
command(struct dialogue *d, struct span line)
{
	const struct verb *v = NULL;
	size_t n = 0;

	d->lines++;
	line = span_trim(line);
	while (n < line.len && ((line.ptr[n] | 32) >= 'a') &&
	       ((line.ptr[n] | 32) <= 'z'))
		n++;
	if (clean(line))
		v = verb_find((struct span){ line.ptr, n });
	line = span_from(line, n);
	if (line.len && line.ptr[0] == ':')
		line = span_from(line, 1);
	else if (line.len && line.ptr[0] != ' ' && line.ptr[0] != '\t')
		v = NULL;
	if (v)
		dispatch(d, v, span_trim(line));
	else
		answer_bad(
		    d, 500, "5.5.2", "Syntax error, command unrecognized");
}

/* Does the LF at the end of what came end a line? */
static bool
ends_line(struct dialogue *d, bool cr)
{
	if (d->ends == ENDS_UNKNOWN)
		d->ends = cr ? ENDS_CRLF : ENDS_LF;
	return d->ends == ENDS_LF || cr;
}

static size_t
take_line(struct dialogue *d, struct span in)
{
	const char *lf = memchr(in.ptr, '\n', in.len);
	size_t n = lf ? (size_t)(lf - in.ptr) + 1 : in.len;
	bool cr = n > 1 ? in.ptr[n - 2] == '\r' : d->before == '\r';

	d->before = in.ptr[n - 1];
	if (d->line.len + n > DIALOGUE_LINE)
		d->swallow = true; /* what it ends with is a line's end still */
	if (d->swallow)
		buf_reset(&d->line);
	else
		buf_add(&d->line, in.ptr, n);
	if (lf == NULL || !ends_line(d, cr))
		return n;
	if (d->swallow || d->line.bad) {
		d->lines++;
		answer_bad(d, 500, "5.5.2", "Line too long");
	} else {
		struct span line = buf_view(&d->line);

		line.len -= d->ends == ENDS_CRLF ? 2 : 1;
		command(d, line);
	}
	d->swallow = false;
	d->before = '\0';
	buf_reset(&d->line);
	return n;
}

/* Lines of text with their ends, the dot in front of a line taken off (RFC 5321
 * 4.5.2): octets used.  Only a line end of this session begins a line, so that
 * no other octets around a dot end the text. */
static size_t
take_text(struct dialogue *d, struct span in)
{
	bool lf = d->ends == ENDS_LF;
	size_t run = 0, i;

	for (i = 0; i < in.len; i++) {
		char c = in.ptr[i];

		switch (d->text) {
		case TEXT_DOT:
			run = i;
			if (lf && c == '\n')
				goto over;
			d->text = lf || c != '\r' ? TEXT_LINE : TEXT_DOT_CR;
			if (d->text == TEXT_DOT_CR)
				run = i + 1;
			continue;
		case TEXT_DOT_CR:
			if (c == '\n')
				goto over;
			verb_text(d, SPAN("\r"));
			run = i;
			d->text = c == '\r' ? TEXT_CR : TEXT_LINE;
			continue;
		case TEXT_START:
			if (c == '.') {
				verb_text(
				    d, (struct span){ in.ptr + run, i - run });
				run = i + 1;
				d->text = TEXT_DOT;
				continue;
			}
			break;
		case TEXT_CR:
			if (c == '\n') {
				d->text = TEXT_START;
				continue;
			}
			break;
		case TEXT_LINE:
			break;
		}
		if (lf)
			d->text = c == '\n' ? TEXT_START : TEXT_LINE;
		else
			d->text = c == '\r' ? TEXT_CR : TEXT_LINE;
	}
	if (run < in.len)
		verb_text(d, span_from(in, run));
	return in.len;
over:
	verb_text_over(d);
	return i + 1;
}

static size_t
take_chunk(struct dialogue *d, struct span in)
{
	size_t n = in.len < d->chunk ? in.len : (size_t)d->chunk;

	verb_text(d, (struct span){ in.ptr, n });
	d->chunk -= n;
	if (d->chunk == 0)
		verb_chunk_over(d);
	return n;
}

void
dialogue_feed(struct dialogue *d, struct span in)
{
	while (in.len && d->at != AT_END) {
		size_t n;

		if (d->chunk)
			n = take_chunk(d, in);
		else if (d->at == AT_DATA)
			n = take_text(d, in);
		else
			n = take_line(d, in);
		in = span_from(in, n);
	}
}
