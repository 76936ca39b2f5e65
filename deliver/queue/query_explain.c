/* query_explain - for sendmail -bv: an exit status, then a line for each thing.
 */
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

static void
explain_box(struct client *c, struct span addr, const struct route *r)
{
	const struct conf *conf = c->q->conf;
	const struct passwd *pw = getpwnam(r->name);
	const char *path = conf->local_path;

	buf_str(&c->out, "0\n");
	printable_add(&c->out, addr, 320);
	buf_fmt(&c->out, " is the user %s of this machine\n", r->name);
	buf_fmt(&c->out, "mailbox: %s ",
	    conf->local == LOCAL_MAILDIR ? "Maildir" : "mbox");
	if (path && path[0] == '~' && pw) {
		printable_add(&c->out, span_of(pw->pw_dir), 300);
		path++;
	}
	for (; path && *path; path++)
		if (path[0] == '%' && path[1] == 'u') {
			buf_str(&c->out, r->name);
			path++;
		} else {
			buf_chr(&c->out, *path);
		}
	buf_chr(&c->out, '\n');
}

static void
explain_relay(struct client *c, struct span addr, const struct route *r)
{
	static const char *const tls[] = {
		[TLS_VERIFY] = "only verified (tls verify)",
		[TLS_DANE] = "by DANE, else if it is offered (tls dane)",
		[TLS_PIN] = "only with the pinned key (tls pin)",
		[TLS_OPPORTUNISTIC] = "if it is offered (tls opportunistic)",
		[TLS_NEVER] = "none (tls never)",
	};
	const struct conf_relay *relay = conf_relay(c->q->conf, r->name);

	buf_str(&c->out, "0\n");
	printable_add(&c->out, addr, 320);
	if (relay && relay->find == FIND_MX && relay->nhosts == 0)
		buf_str(&c->out, " is not on this machine: it goes to its "
				 "domain's own servers (MX)\n");
	else
		buf_fmt(&c->out,
		    " is not on this machine: it goes to the relay %s\n",
		    r->name);
	for (size_t i = 0; relay && i < relay->nhosts; i++)
		buf_fmt(&c->out, "%s: %s port %s\n", i ? "else" : "host",
		    relay->hosts[i].name, relay->hosts[i].port);
	buf_fmt(&c->out, "TLS: %s\n",
	    relay ? tls[relay->tls] : "the relay is not in the settings");
	buf_str(&c->out, "terminals: none, SEND comes back\n");
}

static void
seen_explained(struct look *l, enum tty_result result)
{
	static const char *const texts[TTY_RESULTS] = {
		[TTY_SHOWN] = "logged in, and takes messages (SEND is shown)",
		[TTY_ABSENT] = "not logged in (SEND comes back)",
		[TTY_REFUSES] = "logged in, mesg n (SEND comes back)",
		[TTY_FAILED] = "cannot be told now",
		[TTY_LONG] = "cannot be told now",
	};
	struct client *c = l->arg;

	buf_fmt(&c->out, "terminals: %s\n", texts[result]);
	client_done(c);
}

/* What a rule makes of mail for that address. */
static void
explain_rules(struct client *c, struct span addr)
{
	static const char *const from[] = { "this machine", "the network" };

	for (int net = 0; c->q->conf->terminal && net < 2; net++) {
		const struct conf_rule *r =
		    rule_find(c->q->conf, addr, net != 0);

		if (r == NULL)
			continue;
		buf_fmt(&c->out, "rule: mail from %s is %s", from[net],
		    env_kind_name[r->kind]);
		if (r->via && r->via[0] == '@')
			buf_fmt(&c->out,
			    ", shown to members of the group %s who are "
			    "logged in",
			    r->via + 1);
		else if (r->via)
			buf_fmt(&c->out, ", shown to %s", r->via);
		buf_fmt(&c->out, " (" CONF_PATH " line %u)\n", r->line);
	}
}

static void
explain_goal(struct client *c, const struct goal *g)
{
	static const char *const kinds[TO_KINDS] = {
		[TO_BOX] = "the mailbox of ",
		[TO_ADDRESS] = "another machine: ",
		[TO_COMMAND] = "a command: ",
		[TO_FILE] = "a file: ",
	};
	bool hidden = c->uid != 0 && g->what != TO_BOX && g->what != TO_ADDRESS;

	buf_str(&c->out, g->way);
	buf_str(&c->out, ": ");
	if (g->verdict != V_GO) {
		printable_add(&c->out, span_of(g->addr), 300);
		buf_str(&c->out, ": ");
		printable_add(&c->out, span_of(g->text), 300);
		buf_fmt(&c->out, " (%s)\n", g->status);
		return;
	}
	buf_str(&c->out, kinds[g->what]);
	if (hidden)
		buf_str(&c->out, "(for root to see)");
	else
		printable_add(&c->out,
		    span_of(g->what == TO_BOX ? g->user : g->addr), 300);
	if (g->what == TO_COMMAND || g->what == TO_FILE)
		buf_fmt(&c->out, ", as %s", g->user);
	if (g->from)
		buf_fmt(&c->out, "; what fails is told to %s", g->from);
	buf_chr(&c->out, '\n');
}

static void
explain_list(struct client *c, struct span addr, const struct route *r)
{
	size_t i;

	buf_str(&c->out, "0\n");
	printable_add(&c->out, addr, 320);
	buf_fmt(&c->out, " is an alias, with %zu member%s\n", r->e.n,
	    r->e.n == 1 ? "" : "s");
	for (i = 0; i < r->e.n && c->out.len < REPLY_MAX; i++)
		explain_goal(c, &r->e.goals[i]);
	if (i < r->e.n)
		buf_fmt(&c->out, "and %zu more\n", r->e.n - i);
}

void
query_explain(struct client *c, struct span addr)
{
	struct route r;

	addr = query_bare(addr);
	route(c->q, addr, &r);
	if (r.kind == ROUTE_BOX) {
		explain_box(c, addr, &r);
		explain_rules(c, addr);
		c->look = (struct look){ .seen = seen_explained, .arg = c };
		if (!c->q->conf->terminal)
			buf_str(&c->out, "terminals: switched off\n");
		else if (look(c->q, r.name, &c->look) == 0)
			c->waits = true;
	} else if (r.kind == ROUTE_RELAY) {
		explain_relay(c, addr, &r);
		explain_rules(c, addr);
	} else if (r.kind == ROUTE_LIST) {
		explain_list(c, addr, &r);
	} else {
		buf_fmt(&c->out, "%d\n%s (%s)\n",
		    r.kind == ROUTE_NEVER ? EX_NOUSER : EX_TEMPFAIL, r.text,
		    r.status);
	}
	if (c->q->conf->hold)
		buf_str(&c->out, "held: nothing is delivered (hold yes)\n");
	route_free(&r);
}
