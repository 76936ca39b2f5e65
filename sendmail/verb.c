#include "sendmail/verb.h"
#include "common/printable.h"
#include "sendmail/answer.h"
#include <inttypes.h>
#include <stdlib.h>

static void do_helo(struct dialogue *, const struct verb *, struct span);
static void do_rset(struct dialogue *, const struct verb *, struct span);
static void do_noop(struct dialogue *, const struct verb *, struct span);
static void do_quit(struct dialogue *, const struct verb *, struct span);
static void do_help(struct dialogue *, const struct verb *, struct span);
static void do_turn(struct dialogue *, const struct verb *, struct span);

#define ANY (AT_START | AT_READY | AT_MAIL | AT_RCPT | AT_BDAT)
#define CALM (AT_START | AT_READY | AT_MAIL | AT_RCPT)
#define TERM (VERB_LOCAL | VERB_TERMINAL)

static const struct verb verbs[] = {
	{ "HELO", CALM, ARGS_MUST, 0, do_helo, NULL, "HELO host: who you are" },
	{ "EHLO", CALM, ARGS_MUST, 0, do_helo, NULL,
	    "EHLO host: who you are; the answer lists what is offered" },
	{ "MAIL", AT_READY, ARGS_MUST, 0, verb_mail, NULL,
	    "MAIL FROM:<path>: begins a message to mailboxes" },
	{ "SEND", AT_READY, ARGS_MUST, TERM, verb_mail, "SEND",
	    "SEND FROM:<path>: begins a message to terminals" },
	{ "SOML", AT_READY, ARGS_MUST, TERM, verb_mail, "SOML",
	    "SOML FROM:<path>: to the terminal if it can be, else the "
	    "mailbox" },
	{ "SAML", AT_READY, ARGS_MUST, TERM, verb_mail, "SAML",
	    "SAML FROM:<path>: to the mailbox, and the terminal if it can be" },
	{ "RCPT", AT_MAIL | AT_RCPT, ARGS_MUST, 0, verb_rcpt, NULL,
	    "RCPT TO:<path>: one recipient" },
	{ "DATA", AT_MAIL | AT_RCPT, ARGS_NONE, 0, verb_data, NULL,
	    "DATA: the message, ended by a line with only a dot" },
	/* its octets follow whatever we answer, so it is never out of place */
	{ "BDAT", ANY, ARGS_MUST, 0, verb_bdat, "CHUNKING",
	    "BDAT octets [LAST]: a piece of the message" },
	{ "RSET", ANY, ARGS_NONE, 0, do_rset, NULL,
	    "RSET: forgets the message that was begun" },
	{ "NOOP", ANY, ARGS_MAY, 0, do_noop, NULL, "NOOP: nothing" },
	{ "QUIT", ANY, ARGS_NONE, 0, do_quit, NULL, "QUIT: ends the dialogue" },
	{ "VRFY", CALM, ARGS_MUST, 0, verb_vrfy, NULL,
	    "VRFY user: is this a recipient?" },
	{ "EXPN", CALM, ARGS_MUST, VERB_LOCAL, verb_expn, "EXPN",
	    "EXPN list[,list]: who is behind it?" },
	{ "HELP", CALM, ARGS_MAY, 0, do_help, "HELP", "HELP [verb]: this" },
	{ "TURN", AT_START | AT_READY, ARGS_NONE, 0, do_turn, NULL,
	    "TURN: always refused" },
	{ "ETRN", AT_READY, ARGS_MUST, 0, verb_etrn, "ETRN",
	    "ETRN host: starts a look at all that waits" },
};
#define VERBS (sizeof verbs / sizeof *verbs)

/* As lectures print them and people type them. */
static const struct {
	const char *loose, *name;
} loose[] = { { "HELLO", "HELO" }, { "SMOL", "SOML" }, { "SMAL", "SAML" } };

const struct verb *
verb_find(struct span name)
{
	for (size_t i = 0; i < sizeof loose / sizeof *loose; i++)
		if (span_ieq(name, span_of(loose[i].loose)))
			name = span_of(loose[i].name);
	for (size_t i = 0; i < VERBS; i++)
		if (span_ieq(name, span_of(verbs[i].name)))
			return &verbs[i];
	return NULL;
}

bool
verb_offered(const struct dialogue *d, const struct verb *v)
{
	bool shows = v->where & VERB_TERMINAL;

	if (shows && !d->conf->terminal)
		return false;
	return !((v->where & VERB_LOCAL) && d->peer) ||
	       (shows && d->conf->net_terminals);
}

void
verb_reset(struct dialogue *d)
{
	deposit_clear(&d->mail);
	free(d->from);
	d->from = NULL;
	d->failed = 0;
	d->octets = d->breaks = 0;
	d->in_body = d->refused = false;
	d->new_line = true;
	buf_reset(&d->why);
	if (d->at != AT_START && d->at != AT_END)
		d->at = AT_READY;
}

static void
ehlo(struct dialogue *d, const char *client)
{
	struct buf b = { 0 };

	buf_fmt(&b, "%s greets %s", d->conf->hostname, client);
	answer_line(d, 250, NULL, false, buf_view(&b));
	buf_reset(&b);
	buf_fmt(&b, "SIZE %" PRIu64, d->conf->max_size);
	answer_line(d, 250, NULL, false, SPAN("PIPELINING"));
	answer_line(d, 250, NULL, false, buf_view(&b));
	answer_line(d, 250, NULL, false, SPAN("8BITMIME"));
	answer_line(d, 250, NULL, false, SPAN("SMTPUTF8"));
	answer_line(d, 250, NULL, false, SPAN("DSN"));
	if (!d->peer) /* RFC 8689 3: not over a network without TLS */
		answer_line(d, 250, NULL, false, SPAN("REQUIRETLS"));
	/* RFC 821's own, where they are offered (RFC 5321 F.6) */
	for (size_t i = 0; i < VERBS; i++)
		if (verbs[i].ehlo && verb_offered(d, &verbs[i]) &&
		    !(verbs[i].act == verb_etrn && d->peer))
			answer_line(
			    d, 250, NULL, false, span_of(verbs[i].ehlo));
	answer_line(d, 250, NULL, true, SPAN("ENHANCEDSTATUSCODES"));
	buf_free(&b);
}

static void
do_helo(struct dialogue *d, const struct verb *v, struct span args)
{
	struct buf name = { 0 };

	printable_add(&name, args, 255);
	free(d->client);
	d->client = span_dup(buf_view(&name));
	buf_free(&name);
	d->at = AT_READY;
	verb_reset(d); /* RFC 5321 4.1.4: as if by RSET */
	d->extended = v->name[0] == 'E';
	if (d->extended)
		ehlo(d, d->client ? d->client : "you");
	else
		answer_same(d, 250, NULL, "%s", d->conf->hostname);
}

static void
do_rset(struct dialogue *d, const struct verb *v, struct span args)
{
	(void)v;
	(void)args;
	verb_reset(d);
	answer(d, 250, "2.0.0", "OK");
}

static void
do_noop(struct dialogue *d, const struct verb *v, struct span args)
{
	(void)v;
	(void)args;
	answer(d, 250, "2.0.0", "OK");
}

static void
do_quit(struct dialogue *d, const struct verb *v, struct span args)
{
	(void)v;
	(void)args;
	verb_reset(d);
	answer_same(d, 221, "2.0.0", "%s Service closing transmission channel",
	    d->conf->hostname);
	d->at = AT_END;
}

static void
do_help(struct dialogue *d, const struct verb *v, struct span args)
{
	const struct verb *about = verb_find(args);
	struct buf b = { 0 };

	(void)v;
	if (args.len) {
		if (about && verb_offered(d, about))
			answer_same(d, 214, "2.0.0", "%s", about->help);
		else
			answer(d, 504, "5.5.4", "No help about that");
		return;
	}
	answer_line(d, 214, "2.0.0", false, SPAN("Commands of this server:"));
	for (size_t i = 0; i < VERBS; i++) {
		if (!verb_offered(d, &verbs[i]))
			continue;
		buf_fmt(&b, " %s", verbs[i].name);
		if (b.len > 40) {
			answer_line(d, 214, "2.0.0", false, buf_view(&b));
			buf_reset(&b);
		}
	}
	if (b.len)
		answer_line(d, 214, "2.0.0", false, buf_view(&b));
	buf_free(&b);
	answer_line(d, 214, "2.0.0", true,
	    SPAN("HELP and a name says what one of them does"));
}

/* Roles that swap without authentication give mail away (RFC 5321 F.1);
 * refusing conforms (RFC 821 3.8). */
static void
do_turn(struct dialogue *d, const struct verb *v, struct span args)
{
	(void)v;
	(void)args;
	answer_bad(d, 502, "5.5.1", "TURN refused");
}
