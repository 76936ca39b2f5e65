/* MAIL to BDAT: a transaction from its sender to its last octet. */
#include "common/addr.h"
#include "common/log.h"
#include "common/printable.h"
#include "sendmail/answer.h"
#include "sendmail/param.h"
#include "sendmail/verb.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static void
bad_param(struct dialogue *d, int code)
{
	if (code == 555 && d->extended)
		answer_bad(d, 555, "5.5.4", "Parameter not recognized");
	else /* HELO offers none */
		answer_bad(d, 501, "5.5.4", "Syntax error in parameters");
}

/* What Received says of a client over a network: its name is what it says. */
static char *
from_network(const struct dialogue *d)
{
	struct buf b = { 0 };
	char *from;

	for (const char *p = d->client ? d->client : "unknown"; *p; p++)
		buf_chr(
		    &b, strchr("()<>@,;:\\\". ", *p) && *p != '.' ? '?' : *p);
	buf_fmt(&b, " (%s)", d->peer);
	from = span_dup(buf_view(&b));
	buf_free(&b);
	return from;
}

static int
open_mail(struct dialogue *d, const struct verb *v, struct span sender,
    const struct param_mail *p)
{
	struct deposit *m = &d->mail;
	int kind = env_kind_of(span_of(v->name));

	verb_reset(d);
	m->conf = d->conf;
	m->why = &d->why;
	m->login = d->login;
	m->account = d->account;
	m->fullname = d->fullname;
	m->env.net = d->peer != NULL;
	if (d->peer) {
		m->login = d->from = from_network(d);
		m->fullname = "";
		m->with = d->extended ? "ESMTP" : "SMTP";
		if (d->from == NULL)
			return -1;
	}
	m->intake.dots = true; /* the dialogue has dealt with them */
	m->rcpts = (struct rcpts){ .env = &m->env, .domain = d->conf->domain };
	m->env.kind = kind == -1 ? ENV_MAIL : (enum env_kind)kind;
	m->env.wait = d->wait;
	m->env.body = p->body;
	m->env.ret = p->ret;
	m->env.requiretls = p->requiretls;
	if (p->envid.ptr && (m->env.envid = span_dup(p->envid)) == NULL)
		return -1;
	m->env.from = span_dup(sender);
	m->uid = d->uid;
	deposit_stamp(m);
	return m->env.from ? 0 : -1;
}

void
verb_mail(struct dialogue *d, const struct verb *v, struct span args)
{
	struct buf sender = { 0 };
	struct param_mail p;
	struct span path;
	int code, refused;

	buf_reset(&d->why);
	if (param_path(&args, SPAN("FROM"), &path) == -1) {
		answer_bad(d, 501, "5.5.4", "Syntax: %s FROM:<path>", v->name);
		return;
	}
	code = param_mail(args, &p);
	if (code == 0 && p.requiretls && d->peer)
		code = 555; /* it was not offered there */
	if (code || (args.len && !d->extended)) {
		bad_param(d, code);
		return;
	}
	if (!span_eq(path, SPAN("<>")) &&
	    rcpts_qualify(path, d->conf->domain, &sender, &d->why) == -1) {
		answer_bad(d, 501, "5.1.7", "%s", buf_c(&d->why));
	} else if (p.size > d->conf->max_size) {
		answer(d, 552, "5.3.4",
		    "The message is larger than the limit of %" PRIu64
		    " octets",
		    d->conf->max_size);
	} else if (sender.bad || open_mail(d, v, buf_view(&sender), &p) == -1) {
		verb_reset(d);
		answer(d, 451, "4.3.0", "Out of memory");
	} else if ((refused = d->ops->refused(&d->mail)) != 0) {
		if (refused == EX_NOPERM)
			answer(d, 550, "5.7.1", "%s", buf_c(&d->why));
		else
			answer(d, 451, "4.3.2", "%s", buf_c(&d->why));
		verb_reset(d);
	} else {
		d->at = AT_MAIL;
		answer(d, 250, "2.1.0",
		    d->mail.env.kind == ENV_MAIL ? "OK" : "OK, %s", v->name);
	}
	buf_free(&sender);
}

/* What nobody on a network may name: commands, files, lists; and, unless he is
 * one of relay-clients, other machines' users. */
static bool
for_strangers(struct dialogue *d, struct span whole)
{
	struct buf local = { 0 };
	struct addr a;
	bool good;

	if (addr_parse(whole, &a) != ADDR_OK)
		return false;
	addr_local(a.local, &local);
	good = !local.bad && local.len && !strchr("|/:", local.ptr[0]) &&
	       (d->may_relay || conf_is_local(d->conf, a.domain));
	buf_free(&local);
	return good;
}

static void
add_rcpt(struct dialogue *d, struct span whole, const struct param_rcpt *p)
{
	struct env *e = &d->mail.env;
	size_t before = e->nrcpts;
	struct buf said = { 0 };
	int code = 0;

	if (d->ops->rcpt(e->kind, whole, &said) == 0)
		code = answer_agent(d, buf_view(&said),
		    e->kind == ENV_MAIL || e->kind == ENV_SEND);
	if (code == 0) /* nobody to ask: the agent decides later */
		answer(d, 250, "2.1.5", "OK");
	buf_free(&said);
	if (code >= 300) {
		d->refused = true;
		/* a stranger who tries out names */
		if (d->peer && ++d->bad >= DIALOGUE_BAD)
			d->at = AT_END;
		return;
	}
	if (rcpts_add(&d->mail.rcpts, whole, &d->why) == -1) {
		/* we said yes already: the dot will say no */
		d->failed = EX_OSERR;
		return;
	}
	d->at = AT_RCPT;
	if (e->nrcpts == before)
		return;
	e->rcpts[before].notify = p->notify;
	if (p->orcpt.ptr)
		e->rcpts[before].orcpt = span_dup(p->orcpt);
}

/* A line for who bans strangers by the log (fail2ban), with nothing of theirs
 * that could look like another. */
static void
tell_refused(const struct dialogue *d, struct span whole)
{
	struct buf b = { 0 };

	log_open("bellman/smtp");
	printable_quoted(&b, whole, 256);
	log_warn("bs: refused peer=%s to=<%.*s> status=5.7.1", d->peer,
	    (int)(b.len > 2 ? b.len - 2 : 0), b.len > 2 ? b.ptr + 1 : "");
	buf_free(&b);
}

void
verb_rcpt(struct dialogue *d, const struct verb *v, struct span args)
{
	struct buf whole = { 0 };
	struct param_rcpt p;
	struct span path;
	int code;

	buf_reset(&d->why);
	if (param_path(&args, SPAN("TO"), &path) == -1) {
		answer_bad(d, 501, "5.5.4", "Syntax: %s TO:<path>", v->name);
		return;
	}
	code = param_rcpt(args, &p);
	if (code || (args.len && !d->extended)) {
		bad_param(d, code);
		return;
	}
	if (rcpts_qualify(path, d->conf->domain, &whole, &d->why) == -1) {
		answer_bad(d, 501, "5.1.3", "%s", buf_c(&d->why));
	} else if (whole.bad || whole.len > 1000) {
		answer_bad(d, 501, "5.1.3", "The address is too long");
	} else if (d->peer && !for_strangers(d, buf_view(&whole))) {
		tell_refused(d, buf_view(&whole));
		d->refused = true;
		answer_bad(d, 550, "5.7.1", "Relaying denied");
	} else if (d->mail.env.nrcpts >=
		   (size_t)(d->peer ? DIALOGUE_PEERS : RCPTS_MAX)) {
		d->refused = true;
		answer(d, 452, "4.5.3", "Too many recipients");
	} else {
		add_rcpt(d, buf_view(&whole), &p);
	}
	buf_free(&whole);
}

/* 0 and the text may come; or -1, refused with an answer. */
static int
open_text(struct dialogue *d)
{
	int err;

	if (d->at == AT_MAIL) {
		if (d->refused)
			answer(d, 554, "5.5.1", "No valid recipients");
		else
			answer_bad(d, 503, "5.5.1", "RCPT first");
		return -1;
	}
	if (d->ops->make(d->ops->arg, &d->mail) == 0)
		return 0;
	err = errno;
	deposit_no_spool(&d->why, err, "cannot make a file in");
	if (err == ENOSPC || err == EDQUOT)
		answer(d, 452, "4.3.1", "Insufficient system storage");
	else
		answer(d, 451, "4.3.0", "%s",
		    d->peer ? "Local error" : buf_c(&d->why));
	verb_reset(d);
	return -1;
}

void
verb_data(struct dialogue *d, const struct verb *v, struct span args)
{
	(void)v;
	(void)args;
	if (open_text(d) == -1)
		return;
	d->at = AT_DATA;
	d->text = TEXT_START;
	answer_same(d, 354, NULL, "Start mail input; end with <CRLF>.<CRLF>");
}

void
verb_bdat(struct dialogue *d, const struct verb *v, struct span args)
{
	struct span size = span_word(&args), last = span_word(&args);
	long long n;

	(void)v;
	if (span_num(size, 0, INT64_MAX, &n) == -1 || span_trim(args).len ||
	    (last.len && !span_ieq(last, SPAN("LAST")))) {
		/* how much follows is not known: nothing could be read on */
		answer_same(d, 501, "5.5.4", "Syntax: BDAT octets [LAST]");
		verb_reset(d);
		d->at = AT_END;
		return;
	}
	d->chunk = (uint64_t)n;
	d->last = last.len > 0;
	if (d->at != AT_BDAT) {
		if (d->at == AT_START || d->at == AT_READY) {
			answer_bad(d, 503, "5.5.1", "MAIL and RCPT first");
			return; /* RFC 3030 2: its octets are dropped */
		}
		if (open_text(d) == -1)
			return;
		d->at = AT_BDAT;
	}
	if (d->chunk == 0)
		verb_chunk_over(d);
}

/* Octets and lines behind the header, for what must fit a terminal. */
static void
count(struct dialogue *d, struct span s)
{
	if (d->mail.env.kind != ENV_SEND)
		return;
	for (size_t i = 0; i < s.len; i++) {
		bool end = s.ptr[i] == '\n';

		if (d->in_body) {
			d->octets++;
			d->breaks += end;
		} else if (end && d->new_line) {
			d->in_body = true;
		}
		if (s.ptr[i] != '\r')
			d->new_line = end;
	}
}

void
verb_text(struct dialogue *d, struct span s)
{
	if (d->failed || (d->at != AT_DATA && d->at != AT_BDAT))
		return;
	count(d, s);
	d->failed = deposit_feed(&d->mail, s);
	if (d->failed) { /* its room on the disk is not kept until the dot */
		spool_abort(d->mail.fd);
		d->mail.fd = -1;
	}
}

static void
text_failed(struct dialogue *d)
{
	const char *why = buf_c(&d->why);

	if (d->failed == EX_DATAERR)
		answer(d, 552, "5.3.4", "%s", why);
	else if (d->failed == EX_TEMPFAIL)
		answer(d, 452, "4.3.1", "%s",
		    d->peer ? "Insufficient system storage" : why);
	else
		answer(d, 451, "4.3.0", "%s",
		    d->peer || !*why ? "Local error" : why);
}

void
verb_text_over(struct dialogue *d)
{
	enum env_kind kind = d->mail.env.kind;

	if (d->failed == 0 && kind == ENV_SEND &&
	    (d->octets > DIALOGUE_SHOWN || d->breaks > DIALOGUE_SHOWN_LINES)) {
		buf_str(&d->why, "Too long for a terminal");
		d->failed = EX_DATAERR;
	}
	if (d->failed == 0)
		d->failed = deposit_commit(&d->mail);
	if (d->failed) {
		text_failed(d);
	} else {
		d->queued++;
		answer(d, 250, "2.0.0",
		    kind == ENV_MAIL ? "OK, queued as %s"
				     : "%s queued, terminal delivery follows",
		    d->mail.id);
	}
	d->at = AT_READY;
	verb_reset(d);
}

void
verb_chunk_over(struct dialogue *d)
{
	if (d->at != AT_BDAT)
		return;
	if (d->last || d->failed)
		verb_text_over(d);
	else
		answer(d, 250, "2.0.0", "OK, chunk received");
}
