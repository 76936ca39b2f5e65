#include "common/conf_table.h"
#include <stdlib.h>
#include <string.h>

static int
set_host(struct conf_parse *p)
{
	static const char *const words[] = { "starttls", NULL };
	struct conf_relay *r = p->relay;

	if (conf_need(&p->x, "a host and a port, or a socket's path, as: host "
			     "smtp.example.net submissions") == -1 ||
	    conf_add_host(p, r, true) == -1)
		return -1;
	p->sought = p->x.from;
	if (conf_next(&p->x) != CONF_WORD ||
	    r->hosts[r->nhosts - 1].name[0] == '/')
		return conf_ended(&p->x);
	if (conf_choose(&p->x, words) == -1)
		return -1;
	r->hosts[r->nhosts - 1].starttls = true;
	p->starttls = true;
	return conf_done(&p->x);
}

/* One domain whose records say the hosts. */
static int
find_by(struct conf_parse *p, enum conf_find find, const char *port)
{
	struct conf_relay *r = p->relay;
	struct conf_host *h;

	if (conf_need(&p->x, "a domain") == -1 || conf_domain(&p->x) == -1)
		return -1;
	if (p->sought)
		return conf_wrong(&p->x, p->x.from,
		    "line %u says already where relay \"%s\" is; only one of "
		    "host, mx and srv may stand in a block",
		    p->sought, r->name);
	h = conf_more(p, r->hosts, r->nhosts, sizeof *h);
	if (h == NULL)
		return -1;
	r->hosts = h;
	r->nhosts = 1;
	r->find = find;
	p->sought = p->x.from;
	h->port = strdup(port);
	if (h->port == NULL)
		return conf_no_memory(p);
	return conf_keep(p, &h->name) == -1 ? -1 : conf_done(&p->x);
}

static int
set_mx(struct conf_parse *p)
{
	return find_by(p, FIND_MX, "25");
}

static int
set_srv(struct conf_parse *p)
{
	return find_by(p, FIND_SRV, "");
}

/* "sha256:" and 64 hex digits */
static int
is_pin(struct conf_lex *x)
{
	struct span hex = span_from(x->word, 7);
	char shown[CONF_SHOWN];
	size_t n = 0;

	while (n < hex.len && hex.ptr[n] && /* which strchr finds, too */
	       strchr("0123456789abcdefABCDEF", hex.ptr[n]))
		n++;
	if (span_starts(x->word, SPAN("sha256:")) && n == 64 && hex.len == n)
		return 0;
	return conf_wrong(x, x->from,
	    "\"%s\" is no pin; write sha256: and the 64 hex digits of the "
	    "public key's sum",
	    conf_show(x->word, shown));
}

static int
set_tls(struct conf_parse *p)
{
	static const char *const words[] = { "verify", "dane", "pin",
		"opportunistic", "never", NULL };
	static const enum conf_tls kinds[] = { TLS_VERIFY, TLS_DANE, TLS_PIN,
		TLS_OPPORTUNISTIC, TLS_NEVER };
	struct conf_relay *r = p->relay;
	int n;

	if (conf_need(&p->x, "verify, dane, pin, opportunistic or never") ==
		-1 ||
	    (n = conf_choose(&p->x, words)) == -1)
		return -1;
	r->tls = kinds[n];
	p->tls = true;
	if (r->tls != TLS_PIN)
		return conf_done(&p->x);
	if (conf_need(&p->x, "pins behind pin: sha256:HEX") == -1 ||
	    conf_words(p, &r->pins, &r->npins, is_pin) == -1)
		return -1;
	for (size_t i = 0; i < r->npins; i++)
		for (char *c = r->pins[i]; *c; c++)
			if (*c >= 'A' && *c <= 'Z')
				*c += 'a' - 'A';
	return 0;
}

static int
mechanism(struct conf_lex *x)
{
	static const char *const words[] = { "scram-sha-256-plus",
		"scram-sha-256", "scram-sha-1", "cram-md5", "plain", "login",
		"external", "xoauth2", "oauthbearer", NULL };

	return conf_choose(x, words) == -1 ? -1 : 0;
}

static int
set_auth(struct conf_parse *p)
{
	if (conf_need(&p->x, "one mechanism or more") == -1)
		return -1;
	return conf_words(p, &p->relay->auth, &p->relay->nauth, mechanism);
}

/* It is executed as it is, without a shell. */
static int
command(struct conf_parse *p, char ***words, size_t *n)
{
	if (conf_need(&p->x, "the path of a program") == -1 ||
	    conf_path(&p->x) == -1)
		return -1;
	return conf_words(p, words, n, NULL);
}

static int
set_token(struct conf_parse *p)
{
	return command(p, &p->relay->token, &p->relay->ntoken);
}

static int
set_password(struct conf_parse *p)
{
	return command(p, &p->relay->password, &p->relay->npassword);
}

static int
set_most(struct conf_parse *p)
{
	if (conf_need(&p->x, "a number") == -1 ||
	    conf_number(&p->x, 1, 1000, &p->relay->sessions) == -1)
		return -1;
	return conf_done(&p->x);
}

static int
set_protocol(struct conf_parse *p)
{
	static const char *const words[] = { "smtp", "lmtp", NULL };
	int n;

	if (conf_need(&p->x, "smtp or lmtp") == -1 ||
	    (n = conf_choose(&p->x, words)) == -1)
		return -1;
	p->relay->lmtp = n;
	return conf_done(&p->x);
}

#define TO(member) offsetof(struct conf_relay, member)
static const struct conf_setting in_relay[] = {
	{ "host", set_host, true, 0 },
	{ "mx", set_mx, false, 0 },
	{ "srv", set_srv, false, 0 },
	{ "tls", set_tls, false, 0 },
	{ "ca", conf_set_path, false, TO(ca) },
	{ "cert", conf_set_path, false, TO(cert) },
	{ "key", conf_set_path, false, TO(key) },
	{ "auth", set_auth, false, 0 },
	{ "auth-without-tls", conf_set_yes, false, TO(plain_auth) },
	{ "user", conf_set_word, false, TO(user) },
	{ "token", set_token, false, 0 },
	{ "password-command", set_password, false, 0 },
	{ "mta-sts", conf_set_yes, false, TO(mta_sts) },
	{ "terminal", conf_set_yes, false, TO(terminal) },
	{ "sessions", set_most, false, 0 },
	{ "protocol", set_protocol, false, 0 },
};
#undef TO
_Static_assert(sizeof in_relay / sizeof *in_relay <= CONF_ROWS_MAX,
    "a line is kept for each");

/* What the lines of a block say together. */
static int
fits_together(struct conf_parse *p)
{
	struct conf_relay *r = p->relay;
	bool logs_in = r->nauth || r->user || r->ntoken || r->npassword;
	bool mx = strcmp(r->name, "mx") == 0, socket = false;
	const char *what = NULL;

	for (size_t i = 0; i < r->nhosts; i++)
		socket = socket || r->hosts[i].name[0] == '/';
	if (!mx && r->nhosts == 0)
		what = "has no host";
	else if (mx && r->nhosts)
		what = "is the recipient's own servers: it has no host";
	else if (mx && logs_in)
		what = "is the servers of strangers: it logs in to none";
	else if (mx && r->npins)
		what = "is the servers of strangers: it has no pins";
	else if (r->nhosts > 1 && r->find != FIND_HOST)
		what = "says host beside mx or srv; only one of them may stand "
		       "in a block";
	else if (p->starttls && r->tls == TLS_NEVER)
		what = "says both starttls and tls never";
	else if (socket && !r->lmtp)
		what = "has a socket for its host, which only protocol lmtp "
		       "can use";
	else if (socket && p->tls && r->tls != TLS_NEVER)
		what = "asks for TLS through a socket of this machine";
	else if (r->lmtp && r->find != FIND_HOST)
		what = "says protocol lmtp, which no MX or SRV record names";
	else if (r->mta_sts && r->find != FIND_MX)
		what = "says mta-sts, which is only for MX";
	else if (r->key && !r->cert)
		what = "says key, and no cert";
	else if (r->tls == TLS_NEVER && logs_in && !r->plain_auth)
		what = "says tls never, so it does not log in; say "
		       "auth-without-tls yes if anybody on the way may read "
		       "the password";
	if (what)
		return conf_wrong(
		    &p->x, p->x.from, "relay \"%s\" %s", r->name, what);
	if (socket)
		r->tls = TLS_NEVER;
	if (r->cert && !r->key) {
		r->key = strdup(r->cert); /* one file holds both */
		if (r->key == NULL)
			return conf_no_memory(p);
	}
	return 0;
}

/* What stands between the braces. */
static int
block(struct conf_parse *p)
{
	unsigned begin = p->x.from, seen[CONF_ROWS_MAX] = { 0 };
	int result = 0;

	p->x.block = true;
	p->base = p->relay;
	p->starttls = p->tls = false;
	p->sought = 0;
	conf_next(&p->x);
	while (result == 0 && p->x.token != CONF_CLOSE) {
		switch (p->x.token) {
		case CONF_WORD:
			result = conf_statement(p, in_relay,
			    sizeof in_relay / sizeof *in_relay, seen);
			if (p->x.token == CONF_CLOSE)
				continue;
			break;
		case CONF_EOL:
		case CONF_SEMI:
			break;
		case CONF_EOF:
			return conf_wrong(&p->x, begin,
			    "the block of relay \"%s\" has no closing brace",
			    p->relay->name);
		default:
			return p->x.token == CONF_BAD
				   ? -1
				   : conf_wrong(&p->x, p->x.line,
					 "a brace inside a block");
		}
		if (result == 0)
			conf_next(&p->x);
	}
	p->x.block = false;
	p->base = p->conf;
	if (result == -1)
		return -1;
	p->x.name = "relay";
	p->x.from = begin;
	return fits_together(p) == -1 ? -1 : conf_done(&p->x);
}

/* It stands in log lines and file formats as it is. */
static bool
relay_name(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') && c != '-' && c != '.' && c != '_')
			return false;
	}
	return s.len > 0 && s.len <= 63;
}

/* A new one, or the mx that is always there and may be set once. */
static struct conf_relay *
begin_relay(struct conf_parse *p, struct span name)
{
	struct conf *c = p->conf;
	struct conf_relay *r;
	char shown[CONF_SHOWN];

	for (size_t i = 0; i < c->nrelays; i++) {
		r = &c->relays[i];
		if (!span_eq(name, span_of(r->name)))
			continue;
		if (r->line) {
			conf_wrong(&p->x, p->x.from,
			    "relay \"%s\" was already set in line %u",
			    conf_show(name, shown), r->line);
			return NULL;
		}
		r->line = p->x.from;
		return r;
	}
	if (!relay_name(name)) {
		conf_wrong(&p->x, p->x.from,
		    "\"%s\" is no name for a relay; write at most 63 letters, "
		    "digits, dots and dashes",
		    conf_show(name, shown));
		return NULL;
	}
	return conf_new_relay(p, name, &(struct conf_relay){ 0 });
}

/* HOST PORT, and perhaps starttls: what else a relay has needs a block. */
static int
one_line(struct conf_parse *p, struct conf_relay *r)
{
	char shown[CONF_SHOWN];

	if (conf_add_host(p, r, false) == -1)
		return -1;
	if (conf_next(&p->x) != CONF_WORD)
		return conf_ended(&p->x);
	if (!span_eq(p->x.word, SPAN("starttls")))
		return conf_wrong(&p->x, p->x.from,
		    "junk behind the value of \"relay\": \"%s\"; what else a "
		    "relay has stands in its block: relay main { host ... ; "
		    "user ... }",
		    conf_show(p->x.word, shown));
	r->hosts[0].starttls = true;
	return conf_done(&p->x);
}

int
conf_set_relay(struct conf_parse *p)
{
	struct conf_relay *r;
	bool named;

	if (conf_need(&p->x,
		"a host and a port, as: relay smtp.example.net submissions; "
		"or a name and a block") == -1)
		return -1;
	named = span_starts(span_trim(p->x.text), SPAN("{"));
	r = begin_relay(p, named ? p->x.word : SPAN("main"));
	if (r == NULL)
		return -1;
	if (!named && span_eq(p->x.word, SPAN("none"))) {
		r->none = true;
		return conf_done(&p->x);
	}
	if (!named)
		return one_line(p, r);
	p->relay = r;
	conf_next(&p->x); /* the brace */
	return block(p);
}
