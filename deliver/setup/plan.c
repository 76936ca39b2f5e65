#include "deliver/setup/plan.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SECRET_LINE 4000 /* octets; a line of the file may have 4096 */

void
plan_note(struct plan *p, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (p->nnotes == PLAN_NOTES) {
		p->left_out++;
		return;
	}
	p->nnotes++;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	buf_str(&p->notes, text);
	buf_chr(&p->notes, '\n');
}

void
plan_word(struct buf *b, struct span s)
{
	bool quoted = s.len == 0 || s.ptr[0] == '#';

	for (size_t i = 0; i < s.len; i++)
		quoted = quoted || s.ptr[i] == '\0' ||
			 strchr(" \t;{}\"\\", s.ptr[i]) != NULL;
	if (!quoted) {
		buf_span(b, s);
		return;
	}
	buf_chr(b, '"');
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"' || s.ptr[i] == '\\')
			buf_chr(b, '\\');
		buf_chr(b, s.ptr[i]);
	}
	buf_chr(b, '"');
}

/* Does the grammar take the text as it stands with that line?  A sentence of
 * its own shows words of the line, and a word may be a password. */
static bool
fits(const struct plan *p, const struct buf *line)
{
	struct buf text = { 0 }, why = { 0 };
	struct conf c;
	bool ok;

	buf_span(&text, buf_view(&p->conf));
	buf_span(&text, buf_view(line));
	ok = !text.bad &&
	     conf_parse(buf_view(&text), "bellman.conf", &c, &why) == 0;
	if (!text.bad)
		conf_free(&c);
	buf_free(&text);
	buf_free(&why);
	return ok;
}

bool
plan_add(struct plan *p, const char *who, struct buf *line)
{
	bool ok = false;

	buf_chr(line, '\n');
	if (p->statements == PLAN_STATEMENTS)
		plan_note(
		    p, "%s is left out: there are too many settings.", who);
	else if (!fits(p, line))
		plan_note(p,
		    "%s is left out: bellman.conf(5) has no such value, or has "
		    "it from another line already.",
		    who);
	else
		ok = true;
	if (ok) {
		buf_span(&p->conf, buf_view(line));
		p->statements++;
	}
	buf_free(line);
	*line = (struct buf){ 0 };
	return ok;
}

bool
plan_set(struct plan *p, const char *who, const char *name, struct span word)
{
	struct buf b = { 0 };

	buf_fmt(&b, "%s ", name);
	plan_word(&b, word);
	return plan_add(p, who, &b);
}

static bool
sayable(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] < ' ' || s.ptr[i] == 0x7f)
			return false;
	return s.len > 0;
}

void
plan_secret(struct plan *p, const char *who, struct span name, struct span user,
    struct span password)
{
	if (!sayable(name) || !sayable(user) || !sayable(password) ||
	    2 * (name.len + user.len + password.len) > SECRET_LINE) {
		plan_note(p,
		    "%s: the name or the password is empty, too long or holds "
		    "a control octet; no line of the secrets is made of it.",
		    who);
		return;
	}
	for (int i = 0; i < 2; i++) {
		struct buf *b = i ? &p->masked : &p->secrets;

		plan_word(b, name);
		buf_chr(b, ' ');
		plan_word(b, user);
		buf_chr(b, ' ');
		if (i)
			buf_str(b, "********");
		else
			plan_word(b, password);
		buf_chr(b, '\n');
	}
}

void
plan_sender(
    struct plan *p, const char *who, struct span pattern, struct span addr)
{
	struct buf b = { 0 };

	buf_str(&b, "sender ");
	plan_word(&b, pattern);
	buf_str(&b, " <");
	buf_span(&b, addr);
	buf_chr(&b, '>');
	plan_add(p, who, &b);
}

void
plan_want(struct plan *p, const char *who, struct span path)
{
	char *to = p->want[p->nwant < PLAN_WANT ? p->nwant : 0];

	if (path.len == 0 || path.ptr[0] != '/' || path.len >= PLAN_PATH ||
	    memchr(path.ptr, '\0', path.len) || span_has(path, '\n') ||
	    p->nwant == PLAN_WANT) {
		plan_note(p, "%s names a file that is not read.", who);
		return;
	}
	memcpy(to, path.ptr, path.len);
	to[path.len] = '\0';
	p->nwant++;
}

/* A password goes to nobody who has not shown who he is. */
static const char *
tls_of(struct plan *p, const struct plan_relay *r)
{
	bool login = r->user.len > 0;

	if (r->tls == ASKED_DANE)
		return "dane";
	if (r->tls == ASKED_ANY)
		plan_note(p,
		    "%s: any certificate was good; here it must be verified "
		    "(\"tls\" in bellman.conf(5)).",
		    r->who);
	else if (login && r->tls != ASKED_VERIFY)
		plan_note(p,
		    "%s: TLS was not demanded; here the password is said only "
		    "where the certificate is verified.",
		    r->who);
	if (login || r->tls == ASKED_VERIFY || r->tls == ASKED_ANY)
		return "";
	return r->tls == ASKED_NEVER ? "never" : "opportunistic";
}

static bool
is_465(struct span port)
{
	return span_eq(port, SPAN("465")) ||
	       span_ieq(port, SPAN("submissions")) ||
	       span_ieq(port, SPAN("smtps"));
}

static void
host_line(struct plan *p, const struct plan_relay *r, const struct plan_host *h,
    struct buf *b)
{
	struct span port = h->port.len ? h->port : SPAN("25");

	if (span_ieq(port, SPAN("smtps")))
		port = SPAN("465"); /* the old name, not known everywhere */
	if (h->first_octet && !is_465(port))
		plan_note(p,
		    "%s: TLS from the first octet at another port than 465 is "
		    "not to be had; at this port it begins by STARTTLS.  Is "
		    "the server at 465, too?",
		    r->who);
	if (h->mx && r->nhosts == 1 && span_eq(port, SPAN("25"))) {
		buf_str(b, "\tmx ");
		plan_word(b, h->name);
		buf_chr(b, '\n');
		return;
	}
	if (h->mx)
		plan_note(p,
		    "%s: the MX records of the host are not asked at that "
		    "port: the host itself is.",
		    r->who);
	buf_str(b, "\thost ");
	plan_word(b, h->name);
	buf_chr(b, ' ');
	plan_word(b, port);
	if (is_465(port) && !h->first_octet)
		buf_str(b, " starttls");
	buf_chr(b, '\n');
}

static void
path_line(struct buf *b, const char *name, struct span path)
{
	if (path.len == 0)
		return;
	buf_fmt(b, "\t%s ", name);
	plan_word(b, path);
	buf_chr(b, '\n');
}

static void
block(const struct plan_relay *r, const char *tls, struct span hosts,
    struct buf *b)
{
	plan_word(b, r->name);
	buf_str(b, " {\n");
	buf_span(b, hosts);
	if (r->lmtp)
		buf_str(b, "\tprotocol lmtp\n");
	if (*tls)
		buf_fmt(b, "\ttls %s\n", tls);
	path_line(b, "ca", r->ca);
	path_line(b, "cert", r->cert);
	path_line(b, "key", r->key);
	buf_chr(b, '}');
}

void
plan_relay(struct plan *p, const struct plan_relay *r)
{
	struct buf b = { 0 }, hosts = { 0 };
	const char *tls = tls_of(p, r);
	bool ok, brief;

	for (size_t i = 0; i < r->nhosts; i++)
		host_line(p, r, &r->hosts[i], &hosts);
	brief = span_eq(r->name, SPAN("main")) && r->nhosts == 1 && !*tls &&
		!r->lmtp && r->ca.len + r->cert.len == 0 &&
		span_starts(buf_view(&hosts), SPAN("\thost ")) &&
		!span_eq(r->hosts[0].name, SPAN("none")) &&
		memmem(hosts.ptr, hosts.len, " starttls\n", 10) == NULL;
	buf_str(&b, "relay ");
	if (brief) /* one line for the block, without its "\thost " and LF */
		buf_span(&b, (struct span){ hosts.ptr + 6, hosts.len - 7 });
	else
		block(r, tls, buf_view(&hosts), &b);
	buf_free(&hosts);
	ok = plan_add(p, r->who, &b);
	for (size_t i = 0; ok && r->user.len && i < r->nhosts; i++) {
		bool before = false;

		for (size_t j = 0; j < i; j++)
			before = before ||
				 span_ieq(r->hosts[j].name, r->hosts[i].name);
		/* Two accounts may be at one host: then the name tells. */
		if (!before)
			plan_secret(p, r->who,
			    span_eq(r->name, SPAN("main")) ? r->hosts[i].name
							   : r->name,
			    r->user, r->password);
		if (!span_eq(r->name, SPAN("main")))
			break;
	}
}

bool
plan_bad(const struct plan *p)
{
	return p->conf.bad || p->secrets.bad || p->masked.bad || p->notes.bad ||
	       p->root.bad;
}

void
plan_free(struct plan *p)
{
	if (p->secrets.ptr)
		explicit_bzero(p->secrets.ptr, p->secrets.cap);
	buf_free(&p->conf);
	buf_free(&p->secrets);
	buf_free(&p->masked);
	buf_free(&p->notes);
	buf_free(&p->root);
	*p = (struct plan){ 0 };
}
