/* query - what VRFY, EXPN and RCPT (RFC 5321 4.3.2; for SEND, SOML and SAML RFC
 * 821 3.4) are to answer about an address: lines "CODE ENHANCED text".  One
 * truth: the same router that the mail will take. */
#include "common/addr.h"
#include "common/field.h"
#include "common/printable.h"
#include "deliver/queue/client.h"
#include "deliver/queue/may.h"
#include "deliver/queue/route.h"
#include "deliver/queue/rule.h"
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define PEOPLE_MAX 20000 /* entries of the user database that are looked at */
#define ALIKE_MAX 8	 /* of one name that are told */

/* The name in the user database: GECOS up to the comma, & for the login. */
static void
full_name(const struct passwd *pw, struct buf *out)
{
	for (const char *p = pw->pw_gecos; p && *p && *p != ','; p++)
		if (*p == '&')
			buf_str(out, pw->pw_name);
		else
			buf_chr(out, *p);
}

static void
mailbox(const struct queue *q, const struct passwd *pw, struct buf *out)
{
	struct buf name = { 0 };

	full_name(pw, &name);
	if (span_trim(buf_view(&name)).len) {
		size_t at = out->len;

		field_phrase(out, span_trim(buf_view(&name)));
		for (; at < out->len; at++) /* a reply is no header: no folds */
			if (out->ptr[at] == '\n')
				out->ptr[at] = ' ';
		buf_chr(out, ' ');
	}
	buf_chr(out, '<');
	printable_add(out, span_of(pw->pw_name), 64);
	buf_fmt(out, "@%s>\n", q->conf->domain);
	buf_free(&name);
}

static void
box(struct client *c, const struct route *r)
{
	const struct passwd *pw = getpwnam(r->name);

	buf_str(&c->out, "250 2.1.5 ");
	if (pw)
		mailbox(c->q, pw, &c->out);
	else
		buf_fmt(&c->out, "<%s@%s>\n", r->name, c->q->conf->domain);
}

/* Is it the full name, or a word of it? */
static bool
is_called(const struct passwd *pw, struct span wanted)
{
	struct buf name = { 0 };
	struct span rest, word;
	bool is;

	full_name(pw, &name);
	rest = span_trim(buf_view(&name));
	is = span_ieq(rest, wanted);
	while (!is && (word = span_word(&rest)).len)
		is = span_ieq(word, wanted);
	buf_free(&name);
	return is;
}

/* Who has that name, and is no login of its own?  0: nobody; 1: the one, in
 * out; more: all of them, as RFC 5321 3.5.1 has it. */
static size_t
people(const struct queue *q, struct span wanted, struct buf *out)
{
	struct buf all = { 0 }, one = { 0 };
	const struct passwd *pw;
	size_t n = 0;

	setpwent();
	for (int i = 0; i < PEOPLE_MAX && (pw = getpwent()) != NULL; i++) {
		if (!is_called(pw, wanted) || n++ >= ALIKE_MAX)
			continue;
		buf_reset(&one);
		mailbox(q, pw, &one);
		buf_str(&all, "553 5.1.4 ");
		buf_span(&all, buf_view(&one));
	}
	endpwent();
	if (n == 1) {
		buf_str(out, "250 2.1.5 ");
		buf_span(out, buf_view(&one));
	} else if (n) {
		buf_str(out, "553 5.1.4 Ambiguous; the possibilities are\n");
		buf_span(out, buf_view(&all));
	}
	buf_free(&all);
	buf_free(&one);
	return n;
}

static void
quoted(struct client *c, const char *code, struct span addr, const char *text)
{
	buf_fmt(&c->out, "%s <", code);
	printable_add(&c->out, addr, 320);
	buf_fmt(&c->out, ">%s%s\n", *text ? ": " : "", text);
}

struct span
query_bare(struct span addr)
{
	addr = span_trim(addr);
	if (addr.len > 1 && addr.ptr[0] == '<' && addr.ptr[addr.len - 1] == '>')
		return (struct span){ addr.ptr + 1, addr.len - 2 };
	return addr;
}

static void
not_here(struct client *c, struct span addr, const struct route *r)
{
	if (strcmp(r->status, "5.1.3") == 0)
		quoted(c, "553 5.1.3", addr, r->text);
	else if (strcmp(r->status, "5.1.1") == 0)
		quoted(c, "550 5.1.1", addr, r->text);
	else
		quoted(c, "550 5.4.6", addr, r->text);
}

/* The name of an alias, as an address of this machine. */
static void
as_address(const struct client *c, struct span addr, struct buf *out)
{
	buf_chr(out, '<');
	printable_add(out, addr, 320);
	if (!span_has(addr, '@'))
		buf_fmt(out, "@%s", c->q->conf->domain);
	buf_str(out, ">\n");
}

void
query_verify(struct client *c, struct span addr)
{
	struct route r;

	addr = query_bare(addr);
	route(c->q, addr, &r);
	switch (r.kind) {
	case ROUTE_BOX:
		box(c, &r);
		break;
	case ROUTE_LIST:
		buf_str(&c->out, "250 2.1.5 ");
		as_address(c, addr, &c->out);
		break;
	case ROUTE_RELAY:
		quoted(
		    c, "251 2.1.5 User not local; will forward to", addr, "");
		break;
	case ROUTE_LATER:
		quoted(c, "252 2.0.0 Cannot verify", addr, r.text);
		break;
	case ROUTE_NEVER:
		if (addr.len && !span_has(addr, '@') &&
		    strcmp(r.status, "5.4.6") != 0 &&
		    people(c->q, addr, &c->out) != 0)
			break;
		not_here(c, addr, &r);
		break;
	}
	route_free(&r);
}

/* One member.  Commands and files are for root to see; to others they are the
 * alias itself. */
static void
member(struct client *c, struct span addr, const struct goal *g)
{
	const struct passwd *pw = NULL;

	buf_str(&c->out, "250 2.1.5 ");
	if (g->what == TO_BOX && (pw = getpwnam(g->user)) != NULL) {
		mailbox(c->q, pw, &c->out);
	} else if (g->what == TO_ADDRESS && g->verdict == V_GO) {
		as_address(c, span_of(g->addr), &c->out);
	} else if (c->uid == 0) {
		buf_chr(&c->out, '<');
		printable_quoted(&c->out, span_of(g->addr), 300);
		buf_fmt(&c->out, "@%s>\n", c->q->conf->domain);
	} else {
		as_address(c, addr, &c->out);
	}
}

static void
members(struct client *c, struct span addr, const struct route *r)
{
	bool other = false; /* one line stands for all that are not shown */

	for (size_t i = 0; i < r->e.n && c->out.len < REPLY_MAX; i++) {
		const struct goal *g = &r->e.goals[i];
		bool hidden = c->uid != 0 && g->what != TO_BOX &&
			      (g->what != TO_ADDRESS || g->verdict != V_GO);

		if (!hidden || !other)
			member(c, addr, g);
		other |= hidden;
	}
}

void
query_expand(struct client *c, struct span addr)
{
	struct route r;

	addr = query_bare(addr);
	route(c->q, addr, &r);
	if (r.kind == ROUTE_BOX)
		box(c, &r);
	else if (r.kind == ROUTE_LIST)
		members(c, addr, &r);
	else if (r.kind == ROUTE_NEVER)
		quoted(c,
		    strcmp(r.status, "5.4.6") == 0 ? "550 5.4.6" : "550 5.1.1",
		    addr, r.text);
	else
		quoted(c, "252 2.0.0 Cannot expand", addr,
		    r.kind == ROUTE_RELAY ? "not local" : r.text);
	route_free(&r);
}

/* RCPT for a user of this machine, by what his terminals are like. */
static const char *
of_terminal(enum env_kind kind, enum tty_result result)
{
	static const char *const texts[ENV_KINDS][3] = {
		[ENV_SEND] = { "250 2.1.5 user is active, will send",
		    "450 4.2.1 User not active now",
		    "450 4.2.1 User not accepting terminal messages now" },
		[ENV_SOML] = { "250 2.1.5 user is active, will send",
		    "250 2.1.5 User not active now, so will do mail.",
		    "250 2.1.5 User not accepting terminal messages now, so "
		    "will do mail" },
		[ENV_SAML] = { "250 2.1.5 will send and mail",
		    "250 2.1.5 User not active now, will mail",
		    "250 2.1.5 User not accepting terminal messages now, will "
		    "mail" },
	};

	switch (result) {
	case TTY_SHOWN:
		return texts[kind][0];
	case TTY_ABSENT:
		return texts[kind][1];
	case TTY_REFUSES:
		return texts[kind][2];
	default: /* it cannot be told now; the delivery will see */
		return "250 2.1.5 OK";
	}
}

static void
seen(struct look *l, enum tty_result result)
{
	struct client *c = l->arg;

	if (result != TTY_SHOWN)
		may_give(c->q, MAY_ASK, c->uid, c->looks_for);
	buf_fmt(&c->out, "%s\n", of_terminal(c->kind, result));
	client_done(c);
}

/* SOML and SAML are mail then. */
static void
not_shown(struct client *c, const char *reply)
{
	buf_fmt(&c->out, "%s\n",
	    c->kind == ENV_SEND ? reply
				: "250 2.1.5 not to the terminal, will do "
				  "mail");
}

static void
rcpt_here(struct client *c, const struct route *r)
{
	struct queue *q = c->q;

	if (c->kind == ENV_MAIL) {
		buf_str(&c->out, "250 2.1.5 OK\n");
	} else if (!q->conf->terminal) {
		buf_str(&c->out,
		    c->kind == ENV_SEND
			? "550 5.3.3 messages to terminals are switched off\n"
			: "250 2.1.5 terminals are switched off, will do "
			  "mail\n");
	} else if (!may_write(q, c->uid, r->name)) {
		not_shown(
		    c, "550 5.7.1 you may not write to that user's terminal");
	} else if (!may_take(q, MAY_ASK, c->uid, r->name)) {
		not_shown(c, "450 4.7.1 too many messages to that user now; "
			     "try again in a minute");
	} else {
		strlcpy(c->looks_for, r->name, sizeof c->looks_for);
		c->look = (struct look){ .seen = seen, .arg = c };
		if (look(q, r->name, &c->look) == 0) {
			c->waits = true;
			return;
		}
		may_give(q, MAY_ASK, c->uid, r->name);
		if (c->kind == ENV_SEND)
			buf_str(&c->out,
			    "450 4.3.2 too many ask who is logged in; try "
			    "again\n");
		else
			buf_str(&c->out, "250 2.1.5 OK\n");
	}
}

/* An alias, or a .forward: the one user of this machine that it comes to is
 * asked about in its place. */
static void
rcpt_list(struct client *c, struct route *r)
{
	bool people = r->e.asks;

	for (size_t i = 0; i < r->e.n; i++)
		people |= r->e.goals[i].what == TO_BOX ||
			  r->e.goals[i].what == TO_ADDRESS;
	if (!r->e.asks && r->e.n == 1 && r->e.goals[0].what == TO_BOX) {
		r->name = r->e.goals[0].user;
		rcpt_here(c, r);
	} else if (c->kind == ENV_SEND && !people) {
		buf_str(
		    &c->out, "550 5.3.3 it is no user, and has no terminal\n");
	} else {
		buf_str(&c->out, "250 2.1.5 OK\n");
	}
}

/* Are messages for terminals passed on there? */
static bool
conf_relay_shows(const struct client *c, const struct route *r)
{
	const struct conf_relay *relay = conf_relay(c->q->conf, r->name);

	return relay && relay->terminal;
}

void
query_rcpt(struct client *c, struct span words)
{
	int kind = env_kind_of(span_word(&words));
	struct span addr = query_bare(words);
	struct route r;

	if (kind == -1) {
		buf_str(&c->out, "501 5.5.4 no such kind of message\n");
		return;
	}
	c->kind = (enum env_kind)kind;
	route(c->q, addr, &r);
	/* Away from here, or not known at present: mail waits, a screen does
	 * not. */
	if (r.kind == ROUTE_BOX)
		rcpt_here(c, &r);
	else if (r.kind == ROUTE_NEVER)
		not_here(c, addr, &r);
	else if (r.kind == ROUTE_LIST)
		rcpt_list(c, &r);
	else if (kind == ENV_SEND && r.kind == ROUTE_LATER)
		quoted(c, "450 4.3.0", addr, r.text);
	else if (kind == ENV_SEND && !conf_relay_shows(c, &r))
		quoted(c, "550 5.3.3", addr, "no terminal of another machine");
	else if (kind == ENV_MAIL || kind == ENV_SEND || r.kind == ROUTE_LATER)
		buf_str(&c->out, "250 2.1.5 OK\n");
	else
		buf_str(&c->out, "250 2.1.5 remote, will do mail\n");
	route_free(&r);
}
