#include "sendmail/answer.h"
#include "common/printable.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define SHOWN 900 /* octets of a reply's text: with the rest under 1024 */

/* RFC 821 4.2.1 and 4.2.2, and the examples of its appendix F. */
static const struct {
	int code;
	const char *text;
} plain[] = {
	{ 250, "OK" },
	{ 252,
	    "Cannot VRFY user, but will accept message and attempt delivery" },
	{ 354, "Start mail input; end with <CRLF>.<CRLF>" },
	{ 450, "Requested mail action not taken: mailbox unavailable" },
	{ 451, "Requested action aborted: local error in processing" },
	{ 452, "Requested action not taken: insufficient system storage" },
	{ 500, "Syntax error, command unrecognized" },
	{ 501, "Syntax error in parameters or arguments" },
	{ 502, "Command not implemented" },
	{ 503, "Bad sequence of commands" },
	{ 504, "Command parameter not implemented" },
	{ 550, "Requested action not taken: mailbox unavailable" },
	{ 552, "Requested mail action aborted: exceeded storage allocation" },
	{ 553, "Requested action not taken: mailbox name not allowed" },
	{ 554, "Transaction failed" },
};

static const char *
plain_text(int code)
{
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		if (plain[i].code == code)
			return plain[i].text;
	return NULL;
}

void
answer_line(struct dialogue *d, int code, const char *enhanced, bool last,
    struct span text)
{
	buf_fmt(&d->out, "%d%c", code, last ? ' ' : '-');
	if (d->extended && enhanced && *enhanced)
		buf_fmt(&d->out, "%s ", enhanced);
	printable_add(&d->out, text, SHOWN);
	buf_str(&d->out, "\r\n");
}

static void __attribute__((format(printf, 4, 0))) one_line(struct dialogue *d,
    int code, const char *enhanced, const char *form, va_list args)
{
	char text[SHOWN + 100];

	vsnprintf(text, sizeof text, form, args);
	answer_line(d, code, enhanced, true, span_of(text));
}

#define ARGS(form, call)                                                       \
	do {                                                                   \
		va_list args;                                                  \
		va_start(args, form);                                          \
		call;                                                          \
		va_end(args);                                                  \
	} while (0)

void
answer(
    struct dialogue *d, int code, const char *enhanced, const char *form, ...)
{
	const char *old = d->extended ? NULL : plain_text(code);

	if (old)
		answer_line(d, code, NULL, true, span_of(old));
	else
		ARGS(form, one_line(d, code, enhanced, form, args));
}

void
answer_same(
    struct dialogue *d, int code, const char *enhanced, const char *form, ...)
{
	ARGS(form, one_line(d, code, enhanced, form, args));
}

void
answer_bad(
    struct dialogue *d, int code, const char *enhanced, const char *form, ...)
{
	const char *old = d->extended ? NULL : plain_text(code);

	if (++d->bad >= DIALOGUE_BAD) {
		answer_same(d, 421, "4.7.0",
		    "%s Too many wrong commands, closing transmission channel",
		    d->conf->hostname);
		d->at = AT_END;
	} else if (old) {
		answer_line(d, code, NULL, true, span_of(old));
	} else {
		ARGS(form, one_line(d, code, enhanced, form, args));
	}
}

/* "250 2.1.5 text" taken apart; the enhanced code may be absent. */
static int
agent_line(struct span line, char enhanced[12], struct span *text)
{
	struct span word = span_word(&line), rest;
	long long code;
	size_t i;

	if (word.len != 3 || span_num(word, 200, 599, &code) == -1)
		return 0;
	*text = rest = span_trim(line);
	word = span_word(&rest);
	enhanced[0] = '\0';
	for (i = 0; i < word.len; i++)
		if (word.ptr[i] != '.' &&
		    (word.ptr[i] < '0' || word.ptr[i] > '9'))
			break;
	if (i == word.len && i >= 5 && i < 12 && word.ptr[1] == '.') {
		snprintf(enhanced, 12, "%.*s", (int)i, word.ptr);
		*text = span_trim(rest);
	}
	return (int)code;
}

int
answer_agent(struct dialogue *d, struct span lines, bool plain_ok)
{
	char enhanced[12];
	struct span text, rest = span_trim(lines);
	int code = 0;

	while (rest.ptr) {
		struct span line = span_cut(&rest, '\n');
		int this = agent_line(line, enhanced, &text);

		if (this == 0)
			continue;
		if (code == 0)
			code = this;
		if (code == 250 && plain_ok && !d->extended) {
			answer(d, 250, NULL, "OK");
			return code;
		}
		answer_line(d, code, enhanced, rest.ptr == NULL, text);
	}
	return code;
}
