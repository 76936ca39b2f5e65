/* exim4 - what Debian's questions about Exim have left: names and values as a
 * shell has them, passwd.client (host:user:password), email-addresses. */
#include "common/conf_lex.h"
#include "deliver/setup/source.h"

#define CONF "/etc/exim4/update-exim4.conf.conf"
#define PASSWORDS "/etc/exim4/passwd.client"
#define ADDRESSES "/etc/email-addresses"

static const char *const names[] = { "dc_eximconfig_configtype", "dc_smarthost",
	"dc_other_hostnames", "dc_localdelivery", "dc_readhost",
	"dc_hide_mailname" };
enum { TYPE, SMARTHOST, HOSTNAMES, DELIVERY, READHOST, HIDE, NAMES };
_Static_assert(sizeof names / sizeof *names == NAMES, "a name for each");

static const struct known others[] = {
	{ "dc_local_interfaces", "nothing listens; see bellman-smtp.socket in "
				 "INSTALL for 127.0.0.1:25." },
	{ "dc_relay_domains", "mail for other domains is not taken from the "
			      "network." },
	{ "dc_relay_nets", "see \"relay-clients\" in bellman.conf(5), and who "
			   "needs it." },
	{ "dc_minimaldns", NULL },
	{ "dc_use_split_config", NULL },
	{ "dc_mailname_in_oh", NULL },
	{ "CFILEMODE", NULL },
};

static void
read_settings(struct span rest, struct span value[NAMES], struct plan *p)
{
	struct setting s = { .line = 0 };
	struct span text;

	while (source_line(&rest, &s.line, &text)) {
		size_t i;

		s.name = span_trim(span_cut(&text, '='));
		s.value = source_unquote(span_trim(text));
		for (i = 0; i < NAMES; i++)
			if (span_eq(s.name, span_of(names[i])))
				break;
		if (i < NAMES)
			value[i] = s.value;
		else if (s.value.len)
			source_unknown(p, CONF, &s, others,
			    sizeof others / sizeof *others);
	}
}

/* Debian's Exim knows the host by any of its names, as "*.google.com". */
static void
login(struct span rest, struct plan_relay *r, struct plan *p)
{
	struct span text, key, user, pattern_user = { 0 }, pattern_word = { 0 };
	unsigned line = 0, patterns = 0, more = 0;

	while (source_line(&rest, &line, &text)) {
		key = span_trim(span_cut(&text, ':'));
		user = text.ptr ? span_cut(&text, ':') : SPAN("");
		if (text.ptr == NULL)
			continue;
		if (span_ieq(key, r->hosts[0].name)) {
			r->user = user;
			r->password = text;
		} else if (key.len &&
			   (key.ptr[0] == '*' || key.ptr[0] == '^')) {
			patterns++;
			pattern_user = user;
			pattern_word = text;
		} else {
			more++;
		}
	}
	if (r->user.len == 0 && patterns == 1) {
		r->user = pattern_user;
		r->password = pattern_word;
		plan_note(p, "passwd.client: the one password for a pattern of "
			     "hosts is taken to be that of the smarthost.");
	} else {
		more += patterns;
	}
	if (more)
		plan_note(p,
		    "passwd.client: %u passwords are left out: they "
		    "are for other hosts.",
		    more);
}

/* host, host::port, [IPv6 address]::port; others behind semicolons. */
static void
smarthost(const struct source_files *f, struct span list, struct plan *p)
{
	struct plan_relay r = { .who = "dc_smarthost", .name = SPAN("main") };
	struct span passwords;

	while (list.ptr && list.len && r.nhosts < PLAN_HOSTS) {
		struct span one = span_trim(span_cut(&list, ';'));
		struct plan_host *h = &r.hosts[r.nhosts];
		size_t at = one.len;

		for (size_t i = 0; i + 1 < one.len && at == one.len; i++)
			if (one.ptr[i] == ':' && one.ptr[i + 1] == ':' &&
			    (one.ptr[0] != '[' || (i && one.ptr[i - 1] == ']')))
				at = i;
		*h = (struct plan_host){ .name = { one.ptr, at } };
		if (at < one.len)
			h->port = span_trim(span_from(one, at + 2));
		if (h->name.len > 2 && h->name.ptr[0] == '[')
			h->name =
			    (struct span){ h->name.ptr + 1, h->name.len - 2 };
		h->first_octet = span_eq(h->port, SPAN("465"));
		r.nhosts += h->name.len > 0;
	}
	if (list.ptr && list.len)
		plan_note(p, "dc_smarthost: only the first hosts are taken "
			     "over.");
	if (r.nhosts == 0) {
		plan_note(p, "dc_smarthost names no host: say one in \"relay\" "
			     "of bellman.conf(5).");
		return;
	}
	if (source_text(f, SPAN(PASSWORDS), &passwords))
		login(passwords, &r, p);
	r.tls = ASKED_MAY; /* Exim's default for a smarthost */
	plan_relay(p, &r);
}

static struct span
first_word(const struct source_files *f, struct span path)
{
	struct span text;

	source_text(f, path, &text);
	return span_trim(span_cut(&text, '\n'));
}

/* The machine's own name, which is local always; mostly /etc/hostname has its
 * first part alone, and the mailname is all of it. */
static bool
is_host(struct span name, struct span host)
{
	return span_ieq(name, host) ||
	       (name.len > host.len && host.len && name.ptr[host.len] == '.' &&
		   span_ieq((struct span){ name.ptr, host.len }, host));
}

static void
domains(const struct source_files *f, struct span list, struct plan *p)
{
	struct buf b = { 0 };
	struct span mailname = first_word(f, SPAN("/etc/mailname"));
	struct span host = first_word(f, SPAN("/etc/hostname"));
	bool own = is_host(mailname, host), given = false;

	if (own || span_has(host, '.')) /* the longer of the two */
		host = own ? mailname : host;
	else
		host.len = 0;
	buf_str(&b, "local-domains localhost");
	while (list.ptr && list.len) {
		size_t n = 0;
		struct span one;

		while (n < list.len && list.ptr[n] != ':' && list.ptr[n] != ';')
			n++;
		one = span_trim((struct span){ list.ptr, n });
		list = span_from(list, n + 1);
		if (one.len == 0 || span_eq(one, SPAN("localhost")))
			continue;
		if (span_ieq(one, host))
			host.len = 0;
		buf_chr(&b, ' ');
		plan_word(&b, one);
		given = true;
	}
	if (host.len) {
		buf_chr(&b, ' ');
		plan_word(&b, host);
	}
	/* Without a line both are local here; there the mailname had to be in
	 * the list. */
	if (given || (mailname.len && !own))
		plan_add(p, "dc_other_hostnames", &b);
	buf_free(&b);
}

/* Nothing stays on a satellite: what is for a user of it goes to the same name
 * at dc_readhost, and comes from there. */
static void
satellite(const struct source_files *f, struct span readhost, struct plan *p)
{
	struct span mailname = first_word(f, SPAN("/etc/mailname"));
	char shown[CONF_SHOWN];

	plan_set(
	    p, "dc_eximconfig_configtype", "local-domains", SPAN("localhost"));
	if (readhost.len && !span_ieq(readhost, mailname))
		plan_note(p,
		    "dc_readhost: write %s into /etc/mailname: mail for and "
		    "from users of this machine has that domain then, as it "
		    "had.",
		    conf_show(readhost, shown));
	plan_note(p, "mail for users of this machine goes to the relay, and "
		     "/etc/aliases is not asked: let the relay know where "
		     "root's is to go.");
}

/* Lines of user: address. */
static void
addresses(struct span rest, struct plan *p)
{
	struct span text, user;
	unsigned line = 0;

	while (source_line(&rest, &line, &text)) {
		struct buf pattern = { 0 };

		user = span_trim(span_cut(&text, ':'));
		if (text.ptr == NULL)
			continue;
		buf_span(&pattern, user);
		if (!span_has(user, '@'))
			buf_str(&pattern, "@*");
		plan_sender(p, ADDRESSES, buf_view(&pattern), span_trim(text));
		buf_free(&pattern);
	}
}

void
exim4_parse(const struct source_files *f, struct plan *p)
{
	struct span value[NAMES] = { 0 }, text;
	struct span type;

	source_text(f, SPAN(CONF), &text);
	read_settings(text, value, p);
	type = value[TYPE];
	if (span_eq(type, SPAN("smarthost")) ||
	    span_eq(type, SPAN("satellite")))
		smarthost(f, value[SMARTHOST], p);
	else if (!span_eq(type, SPAN("internet")))
		plan_set(p, "dc_eximconfig_configtype", "relay", SPAN("none"));
	if (span_eq(type, SPAN("satellite")))
		satellite(f, value[READHOST], p);
	else
		domains(f, value[HOSTNAMES], p);
	if (span_eq(value[DELIVERY], SPAN("maildir_home")))
		plan_set(
		    p, "dc_localdelivery", "local maildir", SPAN("~/Maildir"));
	else if (value[DELIVERY].len &&
		 !span_eq(value[DELIVERY], SPAN("mail_spool")))
		plan_note(p, "dc_localdelivery is left out: see \"local\" in "
			     "bellman.conf(5).");
	if (source_yes(value[HIDE]) && value[READHOST].len &&
	    !span_eq(type, SPAN("satellite")))
		plan_note(p, "dc_readhost is left out: \"sender\" in "
			     "bellman.conf(5) puts whole addresses in place "
			     "of others, not the domain alone.");
	if (source_text(f, SPAN(ADDRESSES), &text))
		addresses(text, p);
}
