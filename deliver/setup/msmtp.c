/* msmtp - msmtprc: lines of a name and a value; `defaults` and `account NAME
 * [: OTHER...]` begin sections, `account default : NAME` names the one for all.
 */
#include "common/conf_lex.h"
#include "deliver/setup/source.h"
#include <string.h>

#define CONF "/etc/msmtprc"
#define ACCOUNTS 16

static const char *const names[] = { "host", "port", "tls", "tls_starttls",
	"tls_trust_file", "tls_certcheck", "tls_cert_file", "tls_key_file",
	"auth", "user", "password", "from", "aliases", "protocol", "domain" };
enum {
	HOST,
	PORT,
	TLS,
	STARTTLS,
	TRUST,
	CERTCHECK,
	CERT,
	KEY,
	AUTH,
	USER,
	PASSWORD,
	FROM,
	ALIASES,
	PROTOCOL,
	DOMAIN,
	NAMES
};
_Static_assert(sizeof names / sizeof *names == NAMES, "a name for each");

static const struct known others[] = {
	{ "passwordeval", "its command is for a shell and its user; see "
			  "\"password-command\" in bellman.conf(5), which runs "
			  "one as bellman-token, without a shell." },
	{ "tls_fingerprint", "its sum is the certificate's; here a pin is of "
			     "the public key (\"tls pin\" in "
			     "bellman.conf(5))." },
	{ "logfile", NULL },
	{ "syslog", NULL }, /* the log is syslog's */
	{ "timeout", NULL },
	{ "undisclosed_recipients", NULL },
	{ "set_date_header", NULL },
	{ "set_msgid_header", NULL },
	{ "set_from_header", "\"sender\" in bellman.conf(5) rewrites the "
			     "envelope and the header alike." },
	{ "allow_from_override", "\"sender\" in bellman.conf(5) rewrites what "
				 "fits its pattern, whoever set it." },
	{ "auto_from", "bare names get the first line of /etc/mailname." },
	{ "maildomain", "bare names get the first line of /etc/mailname." },
	{ "proxy_*", "connections go straight to the relay." },
	{ "eval", "no command is run for a setting." },
	{ "tls_priorities", NULL },
	{ "tls_min_dh_prime_bits", NULL },
	{ "keepbcc", "a Bcc never leaves." },
	{ "remove_bcc_headers", NULL },
	{ "add_missing_*", NULL },
	{ "dsn_*", "sendmail(8) has -N and -R for that." },
};

struct account {
	struct span name;
	struct span value[NAMES]; /* ptr NULL: not said */
};

struct msmtp {
	struct account defaults, all[ACCOUNTS], *now;
	size_t n;
	struct span main; /* account default : NAME */
	bool too_many;
};

static struct account *
account(struct msmtp *m, struct span name)
{
	for (size_t i = 0; i < m->n; i++)
		if (span_eq(m->all[i].name, name))
			return &m->all[i];
	return NULL;
}

/* NAME [: OTHER, OTHER...] */
static void
begin(struct msmtp *m, struct span value)
{
	struct span name = span_trim(span_cut(&value, ':'));
	struct account *a = account(m, name);

	if (span_eq(name, SPAN("default")) && value.ptr) {
		m->main = span_trim(span_cut(&value, ','));
		m->now = NULL;
		return;
	}
	if (a == NULL && m->n == ACCOUNTS) {
		m->too_many = true;
		m->now = NULL;
		return;
	}
	if (a == NULL)
		a = &m->all[m->n++];
	*a = m->defaults;
	a->name = name;
	m->now = a;
	while (value.ptr && value.len) {
		struct account *like =
		    account(m, span_trim(span_cut(&value, ',')));

		for (size_t i = 0; like && i < NAMES; i++)
			if (like->value[i].ptr)
				a->value[i] = like->value[i];
	}
}

static void
read_settings(struct span rest, struct msmtp *m, struct plan *p)
{
	struct setting s = { .line = 0 };
	struct span text;

	m->now = &m->defaults;
	while (source_line(&rest, &s.line, &text)) {
		size_t i;

		s.name = span_word(&text);
		s.value = source_unquote(span_trim(text));
		if (span_eq(s.name, SPAN("defaults"))) {
			m->now = &m->defaults;
			continue;
		}
		if (span_eq(s.name, SPAN("account"))) {
			begin(m, s.value);
			continue;
		}
		for (i = 0; i < NAMES; i++)
			if (span_eq(s.name, span_of(names[i])))
				break;
		if (i == NAMES)
			source_unknown(p, CONF, &s, others,
			    sizeof others / sizeof *others);
		else if (m->now)
			m->now->value[i] = s.value.ptr ? s.value : SPAN("");
	}
}

static bool
on(const struct account *a, int which, bool unsaid)
{
	return a->value[which].ptr ? source_yes(a->value[which]) : unsaid;
}

static void
relay(const struct account *a, struct span name, struct plan *p)
{
	struct plan_relay r = {
		.who = "an account", .name = name, .nhosts = 1
	};
	char shown[3][CONF_SHOWN];
	bool tls = on(a, TLS, false), starttls = on(a, STARTTLS, true);

	r.hosts[0].name = a->value[HOST];
	r.hosts[0].port = a->value[PORT].len ? a->value[PORT]
			  : tls && !starttls ? SPAN("465")
					     : SPAN("25");
	r.hosts[0].first_octet = tls && !starttls;
	r.tls = !tls			 ? ASKED_NEVER
		: on(a, CERTCHECK, true) ? ASKED_VERIFY
					 : ASKED_ANY;
	if (!span_eq(a->value[TRUST], SPAN("system")) &&
	    !span_eq(
		a->value[TRUST], SPAN("/etc/ssl/certs/ca-certificates.crt")))
		r.ca = a->value[TRUST];
	r.cert = a->value[CERT];
	r.key = r.cert.len ? a->value[KEY] : SPAN("");
	r.lmtp = span_eq(a->value[PROTOCOL], SPAN("lmtp"));
	if (a->value[AUTH].ptr && !span_eq(a->value[AUTH], SPAN("off"))) {
		r.user = a->value[USER];
		r.password = a->value[PASSWORD];
		if (r.password.len == 0)
			plan_note(p,
			    "account %s: its password is not in the file; put "
			    "a line \"%s %s PASSWORD\" into "
			    "/etc/bellman/secrets.",
			    conf_show(a->name.len ? a->name : SPAN("default"),
				shown[0]),
			    conf_show(span_eq(name, SPAN("main"))
					  ? r.hosts[0].name
					  : name,
				shown[1]),
			    conf_show(
				r.user.len ? r.user : SPAN("USER"), shown[2]));
		if (r.password.len == 0)
			r.user = SPAN("");
		if (!r.user.len && r.tls == ASKED_NEVER)
			r.tls = ASKED_VERIFY;
	}
	plan_relay(p, &r);
}

/* A relay's name has letters, digits, dots, dashes and underscores, and is not
 * one of those that mean something. */
static bool
name_fits(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] == '\0' ||
		    !strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWX"
			    "YZ0123456789-._",
			s.ptr[i]))
			return false;
	return s.len > 0 && s.len < 64 && !span_eq(s, SPAN("main")) &&
	       !span_eq(s, SPAN("mx"));
}

static void
another(const struct account *a, struct plan *p)
{
	struct buf b = { 0 };
	struct span from = a->value[FROM];
	char shown[CONF_SHOWN];

	if (!name_fits(a->name) || a->value[HOST].len == 0 || from.len == 0 ||
	    !span_has(from, '@') || span_has(from, '*')) {
		plan_note(p,
		    "account %s is left out: it has no host, no whole address "
		    "in from, or a name that no relay may have.",
		    conf_show(a->name, shown));
		return;
	}
	relay(a, a->name, p);
	plan_sender(p, "from of an account", from, from);
	buf_str(&b, "route sender ");
	plan_word(&b, from);
	buf_str(&b, " relay ");
	plan_word(&b, a->name);
	plan_add(p, "from of an account", &b);
}

void
msmtp_parse(const struct source_files *f, struct plan *p)
{
	struct msmtp m = { 0 };
	const struct account *first;
	struct span text, from;

	source_text(f, SPAN(CONF), &text);
	read_settings(text, &m, p);
	first = m.main.len ? account(&m, m.main) : account(&m, SPAN("default"));
	if (first == NULL)
		first = m.n ? &m.all[0] : &m.defaults;
	if (first->value[HOST].len)
		relay(first, SPAN("main"), p);
	else
		plan_note(p, CONF ": no account says host.");
	if (m.too_many)
		plan_note(p,
		    CONF ": only the first %d accounts are taken over.",
		    ACCOUNTS);
	for (size_t i = 0; i < m.n; i++)
		if (&m.all[i] != first)
			another(&m.all[i], p);
	from = first->value[FROM];
	if (from.len && span_has(from, '@') && !span_has(from, '*') &&
	    !span_has(from, '%'))
		plan_sender(p, "from", SPAN("*@*"), from);
	else if (from.len)
		plan_note(p, "from is left out: it is no whole address.");
	if (first->value[DOMAIN].len)
		plan_set(p, "domain", "hostname", first->value[DOMAIN]);
	if (first->value[ALIASES].len &&
	    !span_eq(first->value[ALIASES], SPAN("/etc/aliases")))
		plan_set(p, "aliases", "aliases", first->value[ALIASES]);
	/* It has no mailboxes: all mail leaves. */
	plan_set(p, CONF, "local-domains", SPAN("localhost"));
}
