/* nullmailer - a file for each setting; remotes has a line for each server:
 * HOST [PROTOCOL] [--OPTION[=VALUE]...]. */
#include "deliver/setup/source.h"
#include <string.h>

#define DIR "/etc/nullmailer/"

static struct span
first_line(const struct source_files *f, const char *path)
{
	struct span text, one = { 0 };
	unsigned line = 0;

	if (source_text(f, span_of(path), &text) &&
	    !source_line(&text, &line, &one))
		one = SPAN("");
	return one;
}

struct remote { /* spans into text */
	struct buf text;
	struct span host, port, user, password, ca, cert;
	bool starttls, ssl, insecure;
};

struct option {
	const char *name;
	size_t value; /* the member of struct remote that gets it, */
	size_t flag;  /* or that is set */
};
#define VALUE(m) offsetof(struct remote, m), 0
#define FLAG(m) 0, offsetof(struct remote, m)
static const struct option options[] = {
	{ "port", VALUE(port) },
	{ "user", VALUE(user) },
	{ "pass", VALUE(password) },
	{ "x509cafile", VALUE(ca) },
	{ "x509certfile", VALUE(cert) },
	{ "starttls", FLAG(starttls) },
	{ "ssl", FLAG(ssl) },
	{ "tls", FLAG(ssl) },
	{ "insecure", FLAG(insecure) },
	{ "auth-login", 0, 0 },
};
#undef VALUE
#undef FLAG

/* The word stays in r->text, which has room for all of the line. */
static struct span
keep(struct remote *r, struct span s)
{
	char *to = r->text.ptr + r->text.len;

	if (s.len)
		memcpy(to, s.ptr, s.len);
	r->text.len += s.len;
	return (struct span){ to, s.len };
}

static void
option(struct remote *r, struct span word, struct plan *p)
{
	struct span name;

	while (word.len && word.ptr[0] == '-')
		word = span_from(word, 1);
	name = span_cut(&word, '=');
	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		const struct option *o = &options[i];

		if (!span_eq(name, span_of(o->name)))
			continue;
		if (o->value)
			memcpy((char *)r + o->value,
			    &(struct span){ word.ptr ? word.ptr : "",
				word.ptr ? word.len : 0 },
			    sizeof(struct span));
		else if (o->flag)
			*(bool *)((char *)r + o->flag) = true;
		return;
	}
	plan_note(p, DIR "remotes: an option is left out: nothing here is "
			 "like it.");
}

/* 1: a server of SMTP; 0: not one; -1: no memory. */
static int
remote(struct span line, struct remote *r, struct plan *p)
{
	struct buf word = { 0 };
	size_t n = 0;
	int rc = 1;

	*r = (struct remote){ 0 };
	if (buf_room(&r->text, line.len + 1) == -1)
		rc = -1;
	while (rc == 1 && source_word(&line, &word)) {
		struct span w = keep(r, buf_view(&word));

		if (n == 0)
			r->host = w;
		else if (n == 1 && w.len && w.ptr[0] != '-' &&
			 !span_has(w, '=')) {
			if (!span_eq(w, SPAN("smtp"))) {
				plan_note(p, DIR "remotes: a server is left "
						 "out: its protocol is not "
						 "smtp.");
				rc = 0;
			}
		} else
			option(r, w, p);
		n++;
	}
	if (word.ptr)
		explicit_bzero(word.ptr, word.cap);
	buf_free(&word);
	return rc;
}

static void
remote_free(struct remote *r)
{
	if (r->text.ptr)
		explicit_bzero(r->text.ptr, r->text.cap);
	buf_free(&r->text);
}

static void
relays(struct span rest, struct plan *p)
{
	struct plan_relay r = {
		.who = DIR "remotes", .name = SPAN("main"), .tls = ASKED_NOTHING
	};
	struct remote all[PLAN_HOSTS];
	struct span line;
	unsigned at = 0;

	while (r.nhosts < PLAN_HOSTS && source_line(&rest, &at, &line)) {
		struct remote *one = &all[r.nhosts];
		enum plan_tls tls = ASKED_NOTHING;

		if (remote(line, one, p) != 1 || one->host.len == 0) {
			remote_free(one);
			continue;
		}
		r.hosts[r.nhosts++] = (struct plan_host){ .name = one->host,
			.port = one->port.len ? one->port
				: one->ssl    ? SPAN("465")
					      : SPAN(""),
			.first_octet = one->ssl && !one->starttls };
		if (one->ssl || one->starttls)
			tls = one->insecure ? ASKED_ANY : ASKED_VERIFY;
		if (tls > r.tls)
			r.tls = tls;
		r.ca = one->ca.len ? one->ca : r.ca;
		r.cert = one->cert.len ? one->cert : r.cert;
		if (r.user.len == 0) {
			r.user = one->user;
			r.password = one->password;
		} else if (one->user.len && !span_eq(one->user, r.user)) {
			plan_note(p, DIR "remotes: the first server's user "
					 "logs in to all; a relay of its own "
					 "is a block in bellman.conf(5).");
		}
	}
	if (source_line(&rest, &at, &line))
		plan_note(p, DIR "remotes: only the first servers are taken "
				 "over.");
	if (span_eq(r.ca, SPAN("/etc/ssl/certs/ca-certificates.crt")))
		r.ca = SPAN(""); /* those of the system */
	if (r.nhosts)
		plan_relay(p, &r);
	for (size_t i = 0; i < r.nhosts; i++)
		remote_free(&all[i]);
}

void
nullmailer_parse(const struct source_files *f, struct plan *p)
{
	struct span text, mailname = first_line(f, "/etc/mailname"), one;
	struct buf b = { 0 };
	long long n;

	source_text(f, SPAN(DIR "remotes"), &text);
	relays(text, p);
	one = first_line(f, DIR "helohost");
	if (one.len)
		plan_set(p, DIR "helohost", "hostname", one);
	one = first_line(f, DIR "me");
	if (one.len && mailname.len && !span_ieq(one, mailname))
		plan_note(p, DIR "me is left out: what stands behind bare "
				 "names is the first line of /etc/mailname.");
	one = first_line(f, DIR "defaultdomain");
	if (one.len)
		plan_note(p, DIR "defaultdomain is left out: no domain is "
				 "put behind a domain here; bare names get "
				 "the first line of /etc/mailname.");
	one = first_line(f, DIR "adminaddr");
	if (one.len && span_has(one, '@')) {
		buf_span(&p->root, one);
		plan_note(p, DIR "adminaddr: root's mail goes there by the "
				 "line in /etc/aliases; mail for other users "
				 "of this machine stays in their mailboxes.");
	} else { /* nothing is for this machine */
		plan_set(p, DIR "remotes", "local-domains", SPAN("localhost"));
	}
	one = first_line(f, DIR "allmailfrom");
	if (one.len)
		plan_sender(p, DIR "allmailfrom", SPAN("*@*"), one);
	one = first_line(f, DIR "queuelifetime");
	if (one.len && span_num(one, 1, 365 * 86400, &n) == 0) {
		buf_fmt(&b, "give-up %llds", n);
		plan_add(p, DIR "queuelifetime", &b);
	}
	buf_free(&b);
}
