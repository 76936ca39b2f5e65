/* postfix - what a null client, or a machine behind a relay, has in main.cf. */
#include "deliver/setup/maincf.h"
#include <stdlib.h>
#include <string.h>

#define CONF "/etc/postfix/main.cf"

struct postfix {
	const struct source_files *files;
	struct plan *plan;
	struct maincf m;
};

/* The text of a map of the file; wanted, if it has not been read yet. */
static bool
map_text(struct postfix *x, const char *who, const struct maincf_map *map,
    struct span *text)
{
	if (map->path.len == 0)
		plan_note(x->plan,
		    "%s: a map is left out: it is no file of "
		    "text.",
		    who);
	else if (source_text(x->files, map->path, text))
		return true;
	else
		plan_want(x->plan, who, map->path);
	return false;
}

/* [host]:port, [host], host:port, host */
static struct plan_host
next_hop(struct span s)
{
	struct plan_host h = { .mx = true };

	s = span_trim(s);
	if (span_starts(s, SPAN("["))) {
		s = span_from(s, 1);
		h.mx = false;
		h.name = span_cut(&s, ']');
		if (s.ptr && s.len && s.ptr[0] == ':')
			h.port = span_from(s, 1);
		return h;
	}
	h.name = span_cut(&s, ':');
	if (s.ptr)
		h.port = s;
	return h;
}

static void
password(struct postfix *x, struct span hop, struct plan_relay *r)
{
	static const char who[] = "smtp_sasl_password_maps";
	struct maincf_map map;
	struct buf b = { 0 };
	struct span list, text, key, value, user = { 0 }, word = { 0 };
	unsigned line = 0, more = 0;

	maincf_get(&x->m, who, &b);
	list = buf_view(&b);
	while (maincf_map(&list, &map)) {
		if (span_eq(map.type, SPAN("static"))) {
			plan_note(x->plan,
			    "%s: a password in main.cf can be "
			    "read by all; it is left out.",
			    who);
			continue;
		}
		if (!map_text(x, who, &map, &text))
			continue;
		while (maincf_entry(&text, &line, &key, &value)) {
			if (!span_ieq(key, hop) &&
			    !span_ieq(key, r->hosts[0].name)) {
				more++;
			} else if (user.len == 0 || span_ieq(key, hop)) {
				word = value;
				user = span_cut(&word, ':');
			}
		}
	}
	if (user.len && word.ptr) {
		r->user = user;
		r->password = word;
	}
	if (more)
		plan_note(x->plan,
		    "%s: %u passwords are left out: they are for "
		    "other hosts than relayhost.",
		    who, more);
	buf_free(&b);
}

static enum plan_tls
tls_level(struct postfix *x)
{
	static const struct {
		const char *word;
		enum plan_tls tls;
	} levels[] = { { "none", ASKED_NEVER }, { "may", ASKED_MAY },
		{ "encrypt", ASKED_ANY }, { "dane", ASKED_DANE },
		{ "dane-only", ASKED_DANE }, { "verify", ASKED_VERIFY },
		{ "secure", ASKED_VERIFY }, { "fingerprint", ASKED_VERIFY } };
	struct buf b = { 0 };
	enum plan_tls tls = ASKED_NOTHING;

	if (maincf_get(&x->m, "smtp_tls_security_level", &b) && b.len) {
		for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
			if (span_eq(buf_view(&b), span_of(levels[i].word)))
				tls = levels[i].tls;
		if (span_eq(buf_view(&b), SPAN("fingerprint")))
			plan_note(x->plan, "smtp_tls_security_level: the sums "
					   "of certificates are left out; the "
					   "certificate must be verified, or "
					   "see \"tls pin\" in "
					   "bellman.conf(5).");
	} else {
		buf_reset(&b);
		if (maincf_get(&x->m, "smtp_use_tls", &b) &&
		    source_yes(buf_view(&b)))
			tls = ASKED_MAY;
		buf_reset(&b);
		if (maincf_get(&x->m, "smtp_enforce_tls", &b) &&
		    source_yes(buf_view(&b)))
			tls = ASKED_VERIFY;
	}
	buf_free(&b);
	return tls;
}

static void
relayhost(struct postfix *x)
{
	struct plan_relay r = {
		.who = "relayhost", .name = SPAN("main"), .nhosts = 1
	};
	struct buf hop = { 0 }, b = { 0 }, ca = { 0 };

	maincf_get(&x->m, "relayhost", &hop);
	if (hop.len == 0) {
		buf_free(&hop);
		return;
	}
	r.hosts[0] = next_hop(buf_view(&hop));
	r.tls = tls_level(x);
	if (maincf_get(&x->m, "smtp_tls_wrappermode", &b) &&
	    source_yes(buf_view(&b)))
		r.hosts[0].first_octet = true;
	/* Without it 465 cannot have worked for Postfix before 3.0. */
	if (span_eq(r.hosts[0].port, SPAN("465")) ||
	    span_eq(r.hosts[0].port, SPAN("smtps")) ||
	    span_eq(r.hosts[0].port, SPAN("submissions")))
		r.hosts[0].first_octet = true;
	buf_reset(&b);
	if (maincf_get(&x->m, "smtp_sasl_auth_enable", &b) &&
	    source_yes(buf_view(&b)))
		password(x, buf_view(&hop), &r);
	if (maincf_get(&x->m, "smtp_tls_CAfile", &ca) &&
	    !span_eq(buf_view(&ca), SPAN("/etc/ssl/certs/ca-certificates.crt")))
		r.ca = buf_view(&ca);
	plan_relay(x->plan, &r);
	buf_free(&hop);
	buf_free(&b);
	buf_free(&ca);
}

/* user, user@domain, @domain; of patterns only those for everybody. */
static void
rewrite(struct postfix *x, const char *who, bool patterns, struct span key,
    struct span value)
{
	static const char *const any[] = { "/.+/", "/.*/", "/^.+$/", "/^.*$/",
		"/(.+)/", "/(.*)/", "/^(.+)$/", "/^(.*)$/", "/./" };
	struct buf pattern = { 0 };
	bool all = false;

	for (size_t i = 0; patterns && i < sizeof any / sizeof *any; i++)
		all = all || span_eq(key, span_of(any[i]));
	if (value.len == 0 || value.ptr[0] == '@' || !span_has(value, '@') ||
	    span_has(value, '$') || (patterns && !all)) {
		plan_note(x->plan,
		    "%s: a line is left out: \"sender\" in "
		    "bellman.conf(5) puts one whole address in "
		    "place of others.",
		    who);
		return;
	}
	if (all)
		buf_str(&pattern, "*@*");
	else if (key.len && key.ptr[0] == '@')
		buf_chr(&pattern, '*');
	if (!all)
		buf_span(&pattern, key);
	if (!all && !span_has(key, '@'))
		buf_str(&pattern, "@*");
	plan_sender(x->plan, who, buf_view(&pattern), value);
	buf_free(&pattern);
}

static void
senders(struct postfix *x, const char *who)
{
	struct maincf_map map;
	struct buf b = { 0 };
	struct span list, text, key, value;

	maincf_get(&x->m, who, &b);
	list = buf_view(&b);
	while (maincf_map(&list, &map)) {
		bool patterns = span_eq(map.type, SPAN("regexp")) ||
				span_eq(map.type, SPAN("pcre"));
		unsigned line = 0;

		if (span_eq(map.type, SPAN("static")))
			rewrite(x, who, true, SPAN("/.*/"), map.path);
		else if (map_text(x, who, &map, &text))
			while (maincf_entry(&text, &line, &key, &value))
				rewrite(x, who, patterns, key, value);
	}
	buf_free(&b);
}

static void
destinations(struct postfix *x)
{
	struct buf b = { 0 }, line = { 0 };
	struct span list;

	if (!maincf_get(&x->m, "mydestination", &b))
		return;
	buf_str(&line, "local-domains localhost");
	list = buf_view(&b);
	for (;;) {
		struct span one;
		size_t n = 0;

		while (list.len && (list.ptr[0] == ' ' || list.ptr[0] == ','))
			list = span_from(list, 1);
		while (n < list.len && list.ptr[n] != ' ' && list.ptr[n] != ',')
			n++;
		one = (struct span){ list.ptr, n };
		list = span_from(list, n);
		if (n == 0)
			break;
		if (span_has(one, '/') || span_has(one, ':')) {
			plan_note(x->plan, "mydestination: a map is left out; "
					   "see \"local-domains\" in "
					   "bellman.conf(5).");
		} else if (!span_eq(one, SPAN("localhost")) &&
			   one.ptr[n - 1] != '.') {
			buf_chr(&line, ' ');
			plan_word(&line, one);
		}
	}
	plan_add(x->plan, "mydestination", &line);
	buf_free(&b);
}

static void
lmtp(struct postfix *x, struct span to)
{
	struct buf b = { 0 };

	buf_str(&b, "local lmtp ");
	if (span_starts(to, SPAN("unix:"))) {
		to = span_from(to, 5);
		/* beneath the folder in which its processes live */
		if (to.len && to.ptr[0] != '/')
			buf_str(&b, "/var/spool/postfix/");
		buf_span(&b, to);
	} else {
		struct plan_host h;

		if (span_starts(to, SPAN("inet:")))
			to = span_from(to, 5);
		h = next_hop(to);
		plan_word(&b, h.name);
		buf_chr(&b, ' ');
		plan_word(&b, h.port.len ? h.port : SPAN("24"));
	}
	plan_add(x->plan, "mailbox_transport", &b);
}

/* Postfix looks at them in this order. */
static void
mailboxes(struct postfix *x)
{
	struct buf b = { 0 }, line = { 0 };
	struct span v;

	if (maincf_get(&x->m, "mailbox_transport", &b) && b.len) {
		v = buf_view(&b);
		if (span_starts(v, SPAN("lmtp:")))
			lmtp(x, span_from(v, 5));
		else
			plan_note(x->plan, "mailbox_transport is left out: see "
					   "\"local\" in bellman.conf(5).");
	} else if (maincf_raw(&x->m, "mailbox_command", &b) && b.len) {
		if (memmem(b.ptr, b.len, "DOMAIN", 6) ||
		    memmem(b.ptr, b.len, "LOCAL", 5))
			plan_note(x->plan, "mailbox_command: its environment "
					   "is another: see COMMANDS AND FILES "
					   "in deliver(8).");
		buf_str(&line, "local command ");
		buf_span(&line, buf_view(&b));
		plan_add(x->plan, "mailbox_command", &line);
	} else if (maincf_get(&x->m, "home_mailbox", &b) && b.len) {
		v = buf_view(&b);
		buf_str(&line, "local maildir ~/");
		buf_span(&line, (struct span){ v.ptr, v.len - 1 });
		if (v.ptr[v.len - 1] == '/')
			plan_add(x->plan, "home_mailbox", &line);
		else
			plan_note(x->plan, "home_mailbox is left out: an mbox "
					   "is in a folder for all; see "
					   "\"local\" in bellman.conf(5).");
	} else if (maincf_get(&x->m, "mail_spool_directory", &b) && b.len) {
		v = buf_view(&b);
		buf_str(&line,
		    v.ptr[v.len - 1] == '/' ? "local maildir " : "local mbox ");
		buf_span(&line, v);
		buf_str(&line, v.ptr[v.len - 1] == '/' ? "%u" : "/%u");
		plan_add(x->plan, "mail_spool_directory", &line);
	}
	buf_free(&line);
	buf_free(&b);
}

static void
aliases(struct postfix *x)
{
	struct maincf_map map;
	struct buf b = { 0 };
	struct span list;
	bool first = true;

	maincf_get(&x->m, "alias_maps", &b);
	list = buf_view(&b);
	while (maincf_map(&list, &map)) {
		if (span_eq(map.type, SPAN("nis")) || map.path.len == 0 ||
		    !first)
			plan_note(x->plan, "alias_maps: a map is left out: "
					   "there is one file of aliases(5).");
		else if (!span_eq(map.path, SPAN("/etc/aliases")))
			plan_set(x->plan, "alias_maps", "aliases", map.path);
		first = first && map.path.len == 0;
	}
	buf_free(&b);
}

static void
numbers(struct postfix *x)
{
	struct buf b = { 0 }, line = { 0 };
	long long n;

	if (maincf_get(&x->m, "message_size_limit", &b)) {
		if (span_num(buf_view(&b), 1, INT64_C(1) << 40, &n) == 0) {
			buf_fmt(&line, "limits size %lld", n);
			plan_add(x->plan, "message_size_limit", &line);
		} else {
			plan_note(x->plan, "message_size_limit is left out: "
					   "there is always one; see "
					   "\"limits\" in bellman.conf(5).");
		}
	}
	buf_reset(&b);
	if (maincf_get(&x->m, "mailbox_size_limit", &b) &&
	    span_num(buf_view(&b), 1, INT64_C(1) << 40, &n) == 0) {
		buf_fmt(&line, "mailbox-size %lld", n);
		plan_add(x->plan, "mailbox_size_limit", &line);
	}
	buf_free(&b);
	buf_free(&line);
}

/* 4h, 5d, 1w; without a letter it is of the unit that Postfix takes then. */
static void
duration(struct postfix *x, const char *name, const char *here, char unit)
{
	struct buf b = { 0 }, line = { 0 };
	struct span v;
	long long n;

	if (maincf_get(&x->m, name, &b) && b.len) {
		v = buf_view(&b);
		if (strchr("smhdw", v.ptr[v.len - 1])) {
			unit = v.ptr[v.len - 1];
			v.len--;
		}
		if (span_num(v, 1, 100000, &n) == 0) {
			buf_fmt(&line, "%s %lld%c", here,
			    unit == 'w' ? 7 * n : n, unit == 'w' ? 'd' : unit);
			plan_add(x->plan, name, &line);
		} else if (span_num(v, 0, 0, &n) == -1) {
			plan_note(x->plan, "%s is left out.", name);
		}
	}
	buf_free(&b);
	buf_free(&line);
}

static void
origin(struct postfix *x)
{
	struct buf b = { 0 }, host = { 0 };
	struct span mailname;

	source_text(x->files, SPAN("/etc/mailname"), &mailname);
	mailname = span_trim(span_cut(&mailname, '\n'));
	if (maincf_get(&x->m, "myorigin", &b) && b.len && b.ptr[0] != '/' &&
	    !span_ieq(buf_view(&b), mailname))
		plan_note(x->plan, "myorigin is left out: what stands behind "
				   "bare names is the first line of "
				   "/etc/mailname; write it there.");
	if (maincf_get(&x->m, "myhostname", &host) && host.len)
		plan_set(x->plan, "myhostname", "hostname", buf_view(&host));
	buf_free(&b);
	buf_free(&host);
}

void
postfix_parse(const struct source_files *f, struct plan *p)
{
	struct postfix *x = calloc(1, sizeof *x);
	struct span text;

	if (x == NULL) {
		p->conf.bad = true;
		return;
	}
	x->files = f;
	x->plan = p;
	source_text(f, SPAN(CONF), &text);
	maincf_read(text, &x->m);
	if (x->m.too_many)
		plan_note(p, CONF ": only the first %d settings are looked at.",
		    MAINCF_MOST);
	origin(x);
	destinations(x);
	relayhost(x);
	senders(x, "sender_canonical_maps");
	senders(x, "canonical_maps");
	senders(x, "smtp_generic_maps");
	mailboxes(x);
	aliases(x);
	numbers(x);
	duration(x, "maximal_queue_lifetime", "give-up", 'd');
	duration(x, "delay_warning_time", "warn", 'h');
	for (size_t i = 0; i < x->m.n; i++)
		postfix_unknown(p, CONF, &x->m.all[i]);
	free(x);
}
