/* dma - dma.conf: lines of a name and a value, or of a name alone; auth.conf:
 * lines of user|host:password. */
#include "deliver/setup/source.h"
#include <string.h>

#define CONF "/etc/dma/dma.conf"

static const char *const names[] = { "SMARTHOST", "PORT", "ALIASES", "AUTHPATH",
	"SECURETRANSFER", "STARTTLS", "OPPORTUNISTIC_TLS", "CERTFILE",
	"NULLCLIENT", "MAILNAME", "MASQUERADE", "INSECURE" };
enum {
	SMARTHOST,
	PORT,
	ALIASES,
	AUTHPATH,
	SECURE,
	STARTTLS,
	MAYBE,
	CERTFILE,
	NULLCLIENT,
	MAILNAME,
	MASQUERADE,
	INSECURE,
	NAMES
};
_Static_assert(sizeof names / sizeof *names == NAMES, "a name for each");

static const struct known others[] = {
	{ "SPOOLDIR", "the spool is /var/spool/bellman." },
	{ "FULLBOUNCE", NULL }, /* reports have the text where they should */
	{ "VERIFYCERT", NULL }, /* always */
	{ "DEFER", "mail leaves at once; see \"hold\" in bellman.conf(5)." },
	{ "FINGERPRINT", "its sum is the certificate's; here a pin is of the "
			 "public key (\"tls pin\" in bellman.conf(5))." },
};

struct dma {
	bool set[NAMES];
	struct span value[NAMES];
};

static void
read_settings(struct span rest, struct dma *d, struct plan *p)
{
	struct setting s = { .line = 0 };
	struct span text;

	while (source_line(&rest, &s.line, &text)) {
		size_t i;

		s.name = span_word(&text);
		s.value = span_trim(text);
		for (i = 0; i < NAMES; i++)
			if (span_ieq(s.name, span_of(names[i])))
				break;
		if (i < NAMES) {
			d->set[i] = true;
			d->value[i] = s.value;
		} else {
			source_unknown(p, CONF, &s, others,
			    sizeof others / sizeof *others);
		}
	}
}

/* user|host:password; the first that fits the host. */
static void
login(struct span rest, struct span host, struct plan_relay *r, struct plan *p)
{
	struct span text, user, at;
	unsigned line = 0, more = 0;

	while (source_line(&rest, &line, &text)) {
		user = span_cut(&text, '|');
		if (text.ptr == NULL)
			continue;
		at = span_cut(&text, ':');
		if (text.ptr == NULL)
			continue;
		if (r->user.len == 0 && span_ieq(at, host)) {
			r->user = user;
			r->password = text;
		} else {
			more++;
		}
	}
	if (more)
		plan_note(p,
		    "AUTHPATH: %u passwords are left out: they are "
		    "for other hosts than SMARTHOST.",
		    more);
}

static void
masquerade(struct span as, struct plan *p)
{
	if (as.len && span_has(as, '@') && as.ptr[0] != '@' &&
	    as.ptr[as.len - 1] != '@')
		plan_sender(p, "MASQUERADE", SPAN("*@*"), as);
	else if (as.len)
		plan_note(p, "MASQUERADE is left out: it is no whole address; "
			     "\"sender\" in bellman.conf(5) puts one address "
			     "in place of another.");
}

static void
smarthost(const struct source_files *f, const struct dma *d, struct plan *p)
{
	struct plan_relay r = {
		.who = "SMARTHOST", .name = SPAN("main"), .nhosts = 1
	};
	struct span path =
	    d->set[AUTHPATH] ? d->value[AUTHPATH] : SPAN("/etc/dma/auth.conf");
	struct span auth;

	r.hosts[0].name = d->value[SMARTHOST];
	r.hosts[0].port = d->value[PORT];
	r.hosts[0].first_octet = d->set[SECURE] && !d->set[STARTTLS];
	r.cert = r.key = d->value[CERTFILE];
	r.key = SPAN(""); /* one file holds both */
	r.tls = !d->set[SECURE] ? ASKED_NOTHING
		: d->set[MAYBE] ? ASKED_MAY
				: ASKED_ANY;
	if (source_text(f, path, &auth))
		login(auth, r.hosts[0].name, &r, p);
	else if (d->set[AUTHPATH])
		plan_want(p, "AUTHPATH", path);
	plan_relay(p, &r);
}

void
dma_parse(const struct source_files *f, struct plan *p)
{
	struct dma d = { 0 };
	struct span text;

	source_text(f, span_of(CONF), &text);
	read_settings(text, &d, p);
	if (d.set[MAILNAME])
		plan_note(p, "MAILNAME is left out: what stands behind bare "
			     "names is the first line of /etc/mailname.");
	if (d.set[INSECURE])
		plan_note(p, "INSECURE is left out: no password goes over a "
			     "connection without TLS.");
	if (d.value[SMARTHOST].len)
		smarthost(f, &d, p);
	if (d.set[NULLCLIENT]) /* what has no domain leaves as well */
		plan_set(p, "NULLCLIENT", "local-domains", SPAN("localhost"));
	if (d.value[ALIASES].len &&
	    !span_eq(d.value[ALIASES], SPAN("/etc/aliases")))
		plan_set(p, "ALIASES", "aliases", d.value[ALIASES]);
	masquerade(d.value[MASQUERADE], p);
}
