#include "deliver/check.h"
#include "common/env.h"
#include "common/printable.h"
#include "deliver/setup/root.h"
#include <inttypes.h>
#include <pwd.h>
#include <string.h>

static const char *const tls_words[] = {
	[TLS_VERIFY] = "TLS, with the certificate verified, or nothing",
	[TLS_DANE] = "TLS as DANE says, where DNSSEC does, else if offered",
	[TLS_PIN] = "TLS, with one of the keys that are pinned, or nothing",
	[TLS_OPPORTUNISTIC] = "TLS if offered, unverified, else plain text",
	[TLS_NEVER] = "plain text",
};

static void
say(struct buf *out, const char *text)
{
	printable_add(out, span_of(text), 512);
}

static void
words(struct buf *out, char **list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_str(out, i + 1 < n ? ", " : " and ");
		say(out, list[i]);
	}
}

static void
duration(struct buf *out, long seconds)
{
	static const struct {
		long seconds;
		char unit;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };

	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (seconds % units[i].seconds == 0) {
			buf_fmt(out, "%ld%c", seconds / units[i].seconds,
			    units[i].unit);
			return;
		}
}

/* As it would be written in the settings. */
static void
size(struct buf *out, uint64_t octets)
{
	static const char units[] = "KMG";
	const char *unit = NULL;

	for (size_t i = 0; octets && octets % 1024 == 0 && i < 3; i++) {
		octets /= 1024;
		unit = &units[i];
	}
	buf_fmt(out, "%" PRIu64, octets);
	if (unit)
		buf_chr(out, *unit);
}

static void
hosts(struct buf *out, const struct conf_relay *r)
{
	if (r->find == FIND_MX && r->nhosts == 0) {
		buf_str(out, "the servers of each recipient's domain (MX)");
		return;
	}
	for (size_t i = 0; i < r->nhosts; i++) {
		const struct conf_host *h = &r->hosts[i];

		buf_str(out, i ? ", else " : "");
		buf_str(out, r->find == FIND_MX	   ? "the MX servers of "
			     : r->find == FIND_SRV ? "the submission servers "
						     "(SRV) of "
						   : "");
		say(out, h->name);
		if (r->find == FIND_HOST && h->port[0])
			buf_fmt(out, " port %s", h->port);
		buf_str(out, h->starttls ? " (STARTTLS)" : "");
	}
}

static void
relay(struct buf *out, const struct conf_relay *r)
{
	buf_str(out, "The relay ");
	say(out, r->name);
	buf_str(out, " is ");
	hosts(out, r);
	buf_str(out, r->lmtp ? ", by LMTP" : "");
	if (r->nhosts == 0 || r->hosts[0].name[0] != '/')
		buf_fmt(out, ": %s", tls_words[r->tls]);
	buf_str(out, r->mta_sts ? ", and MTA-STS" : "");
	if (r->user) {
		buf_str(out, "; logged in as ");
		say(out, r->user);
	}
	if (r->nauth) {
		buf_str(out, "; login only by ");
		words(out, r->auth, r->nauth);
	}
	buf_str(out, r->plain_auth ? "; the password also in plain text" : "");
	if (r->ntoken) {
		buf_str(out, "; a token from ");
		say(out, r->token[0]);
	}
	if (r->npassword) {
		buf_str(out, "; a password from ");
		say(out, r->password[0]);
	}
	buf_str(out, ".\n");
}

static void
local(struct buf *out, const struct conf *c)
{
	static const char *const kinds[] = { [LOCAL_MBOX] = "the mbox ",
		[LOCAL_MAILDIR] = "the Maildir ",
		[LOCAL_LMTP] = "the relay ",
		[LOCAL_COMMAND] = "the command: " };

	buf_str(out, "Mail for ");
	words(out, c->local_domains, c->nlocal_domains);
	buf_str(out, " is for users here; it goes to ");
	buf_str(out, kinds[c->local]);
	say(out, c->local_path);
	if (c->max_mailbox && c->local == LOCAL_MBOX) {
		buf_str(out, " of at most ");
		size(out, c->max_mailbox);
	}
	buf_str(out, ".\nAliases are in ");
	say(out, c->aliases);
	buf_str(out, "; their commands run as ");
	say(out, c->command_user);
	buf_str(out, ".\n");
	if (c->domain && !conf_is_local(c, span_of(c->domain))) {
		buf_str(out, "Bare names, root among them, are not local: ");
		say(out, c->domain);
		buf_str(out, " is not in local-domains, so their mail leaves "
			     "this machine.\n");
	}
}

static void
routes(struct buf *out, const struct conf *c)
{
	const struct conf_relay *rest = conf_relay(c, "main");

	for (int by = BY_SENDER; by <= BY_DOMAIN; by++)
		for (size_t i = 0; i < c->nroutes; i++) {
			if ((int)c->routes[i].by != by)
				continue;
			buf_str(
			    out, by == BY_SENDER ? "Mail from " : "Mail for ");
			say(out, c->routes[i].pattern);
			buf_str(out, " goes to the relay ");
			say(out, c->routes[i].relay);
			buf_str(out, ".\n");
		}
	buf_str(out, c->nroutes ? "All other" : "Other");
	if (rest && rest->none)
		buf_str(out, " mail is returned: this machine sends none to "
			     "others (relay none).\n");
	else
		buf_fmt(
		    out, " mail goes to the relay %s.\n", rest ? "main" : "mx");
	for (size_t i = 0; i < c->nrelays; i++)
		if (!c->relays[i].none &&
		    (strcmp(c->relays[i].name, "mx") != 0 ||
			c->relays[i].line || rest == NULL))
			relay(out, &c->relays[i]);
	if (rest == NULL)
		buf_str(out, "Big receivers refuse mail from a machine "
			     "without a name, a static address and DKIM; a "
			     "relay spares you that.\n");
}

static void
senders(struct buf *out, const struct conf *c)
{
	for (size_t i = 0; i < c->nsenders_as; i++) {
		const struct conf_sender *s = &c->senders_as[i];

		buf_str(out, "Mail from ");
		say(out, s->pattern);
		buf_str(out, " leaves as from ");
		if (s->phrase) {
			buf_chr(out, '"');
			say(out, s->phrase);
			buf_str(out, "\" ");
		}
		buf_chr(out, '<');
		say(out, s->addr);
		buf_str(out, ">.\n");
	}
}

static void
terminals(struct buf *out, const struct conf *c)
{
	static const char *const from[] = { [FROM_ANY] = "",
		[FROM_LOCAL] = " from this machine",
		[FROM_NETWORK] = " from the network" };
	static const char *const may[] = { [MAY_ALL] = "all users",
		[MAY_SAME_USER] = "only their own user",
		[MAY_GROUP] = "the group ",
		[MAY_ROOT] = "only root" };

	buf_fmt(out, "SEND, SOML and SAML are %s", c->terminal ? "on" : "off");
	if (c->terminal) {
		buf_fmt(out, ", for %s", may[c->senders]);
		if (c->senders == MAY_GROUP)
			say(out, c->senders_group);
		buf_str(out, c->net_terminals ? " and the network" : "");
	}
	buf_str(out, ".\n");
	for (size_t i = 0; c->terminal && i < c->nrules; i++) {
		const struct conf_rule *r = &c->rules[i];

		buf_str(out, "Mail for ");
		say(out, r->rcpt);
		buf_fmt(out, "%s is treated as %s", from[r->from],
		    env_kind_name[r->kind]);
		if (r->via) {
			buf_str(out, " to the terminals of ");
			say(out, r->via);
			if (r->via[0] != '@' && getpwnam(r->via) == NULL)
				buf_fmt(out,
				    ", which is no user here (a group is "
				    "written @%s)",
				    r->via);
		}
		buf_str(out, ".\n");
	}
	if (!c->alert.on) {
		buf_str(out, "Alerts are off.\n");
		return;
	}
	buf_str(
	    out, "Alerts go to the mailbox of postmaster, the terminals of ");
	say(out, c->alert.via);
	buf_str(out, " and the log, one in ");
	duration(out, c->alert.every);
	buf_str(out, " for each cause.\n");
}

static void
times(struct buf *out, const struct conf *c)
{
	buf_str(out, "Mail that cannot be delivered is tried again after");
	for (size_t i = 0; i < c->nretry; i++) {
		buf_chr(out, ' ');
		duration(out, c->retry[i]);
	}
	if (c->warn) {
		buf_str(out, ", its sender is told after ");
		duration(out, c->warn);
	}
	buf_str(out, ", and it is returned after ");
	duration(out, c->give_up);
	buf_str(out, ".\nA message has at most ");
	size(out, c->max_size);
	buf_fmt(out, "; at most %" PRIu64 " wait, of one user %" PRIu64 "; ",
	    c->max_queue, conf_user_queue(c));
	size(out, c->min_free);
	buf_str(out, " stay free in the spool.\n");
	if (c->user_size) {
		buf_str(out, "Those of a user that wait take at most ");
		size(out, c->user_size);
		buf_str(out, ".\n");
	}
	if (c->per_user) {
		buf_fmt(out, "A user may send %" PRIu64 " messages each ",
		    c->per_user);
		duration(out, c->per_seconds);
		buf_str(out, ".\n");
	}
	if (c->nclients)
		buf_fmt(out,
		    "%zu addresses or networks may have mail relayed "
		    "(relay-clients).\n",
		    c->nclients);
	if (c->trust_dns != -1)
		buf_fmt(out, "What the resolver says of DNSSEC is %s.\n",
		    c->trust_dns ? "believed, wherever it is" : "not believed");
	if (!c->nameless)
		buf_str(out,
		    "Nothing is taken from uids that have no account here "
		    "(nameless-uids).\n");
	if (c->hold)
		buf_str(out, "Nothing is delivered: hold is on.\n");
}

/* Mail from root to somebody in that domain, here or elsewhere. */
static void
from_root(
    struct buf *out, const struct conf *c, const char *to, struct span domain)
{
	buf_fmt(out, "Mail from root to %s", to);
	if (domain.len && conf_is_local(c, domain)) {
		root_stays(c, out);
		buf_str(out, " (`sendmail -bv root` follows lists and .forward "
			     "files as well).\n");
		return;
	}
	root_leaves(c, domain, out);
	buf_str(out, ".\n");
}

void
check_sentences(const struct conf *c, struct buf *out)
{
	buf_str(out, "This machine calls itself ");
	say(out, c->hostname);
	buf_str(out, "; bare names are at ");
	say(out, c->domain);
	buf_str(out, ".\n");
	local(out, c);
	routes(out, c);
	senders(out, c);
	from_root(out, c, "root", span_of(c->domain));
	from_root(out, c, "a stranger", SPAN(""));
	terminals(out, c);
	times(out, c);
}
