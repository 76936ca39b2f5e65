#include "common/printable.h"
#include "deliver/net/probe_in.h"
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static const char *const remedies[] = {
	[AT_DOMAIN] = "Is the domain written right, and does /etc/resolv.conf "
		      "name a resolver that answers?",
	[AT_NAME] = "Is the name of the host right, and does /etc/resolv.conf "
		    "name a resolver that answers?",
	[AT_HOST] = "Is the port right, does the server run, and does a "
		    "firewall let this machine through?",
	[AT_GREETING] = "The server answers, but takes no mail from here now; "
			"its words say why, or ask who runs it.",
	[AT_CIPHER] = "Who runs the server must mend its certificate; or see "
		      "\"tls\", \"ca\" and the port in bellman.conf(5).",
	[AT_PASSWORD] = "See the line of this relay in " SECRETS_PATH
			", and \"user\" and \"auth\" in bellman.conf(5).",
	[AT_SENDER] = "A line \"sender\" in bellman.conf(5) gives mail an "
		      "address that the relay accepts.",
};

static void
fail(struct probe *p, int status)
{
	if (p->status == 0 && !p->works)
		p->status = status;
}

static void
remedy(struct probe *p)
{
	struct buf b = { 0 };

	buf_fmt(&b, "  %s",
	    p->where == AT_PASSWORD && p->net->trial
		? "Is it the name and the password of this account?  Some "
		  "providers give programs a password of their own."
		: remedies[p->where]);
	probe_line(p, &b);
}

/* The end of it, good or bad: the first and only answer. */
static void
answer(struct smtp_mail *mail, struct smtp_rcpt *r, const struct verdict *v,
    struct span text)
{
	struct probe *p = mail->arg;
	struct buf b = { 0 };

	(void)r;
	p->answered = true;
	loop_in(&p->next, 0);
	if (v->next == NEXT_ON) {
		p->works = true;
		buf_str(&b, "  The sender <");
		probe_say(&b, mail->from);
		buf_str(&b, "> is accepted: ");
		buf_span(&b, text);
		buf_str(&b, ".  Mail can go this way.");
		probe_line(p, &b);
		return;
	}
	if (p->where == AT_SENDER) {
		buf_str(&b, "  The sender <");
		probe_say(&b, mail->from);
		buf_str(&b, "> is not accepted: ");
		buf_span(&b, text);
		probe_line(p, &b);
	} else if (!span_eq(text, buf_view(&p->told))) {
		buf_str(&b, "  ");
		buf_span(&b, text);
		probe_line(p, &b);
	}
	remedy(p);
	fail(p, p->where == AT_PASSWORD	  ? EX_NOPERM
		: v->outcome == OUT_NEVER ? EX_UNAVAILABLE
					  : EX_TEMPFAIL);
}

void
probe_session_ended(struct net *net)
{
	if (net->probe && net->probe->answered)
		loop_in(&net->probe->next, 0);
}

/* --- one relay after the other --- */

static struct job *
job(struct probe *p, const struct conf_relay *conf)
{
	struct job *j = calloc(1, sizeof *j);

	if (j == NULL)
		return NULL;
	j->fd = -1;
	j->mta = "";
	j->count = 1;
	j->mail.rcpts = calloc(1, sizeof *j->mail.rcpts);
	if (j->mail.rcpts == NULL || (j->relay = strdup(conf->name)) == NULL ||
	    (j->domain = strdup("")) == NULL ||
	    (j->envid = strdup("")) == NULL ||
	    (j->mail.rcpts[0].addr = strdup("")) == NULL ||
	    asprintf(&j->from, "root@%s", p->net->conf->domain) == -1) {
		j->from = NULL;
		job_free(j);
		return NULL;
	}
	j->mail.nrcpts = 1;
	j->mail.from = j->from;
	j->mail.envid = j->envid;
	j->mail.probe = true;
	j->mail.answer = answer;
	j->mail.arg = p;
	return j;
}

static void
cannot(struct probe *p, const char *why, int status)
{
	struct buf b = { 0 };

	buf_fmt(&b, "  %s", why);
	probe_line(p, &b);
	fail(p, status);
	p->answered = true;
	loop_in(&p->next, 0);
}

/* To the hosts of that one that are not behind us. */
static void
set_out(struct probe *p, struct relay *r)
{
	struct job *j = r ? job(p, r->conf) : NULL;

	p->connected = p->answered = false;
	p->host = 0;
	buf_reset(&p->told);
	if (j == NULL) {
		cannot(p, "There is no memory for it.", EX_OSERR);
		return;
	}
	loop_in(&p->limit, PROBE_SECONDS * p->net->second);
	relay_add(r, j);
}

static void
walk(struct probe *p, const struct conf_relay *conf, const char *domain)
{
	struct buf b = { 0 };
	struct relay *r;

	p->tried = true;
	p->relay = conf;
	p->where = *domain ? AT_DOMAIN : AT_NAME;
	p->works = p->listed = false;
	buf_str(
	    &b, *domain ? "The way to the domain " : "The way to the relay ");
	probe_say(&b, *domain ? domain : conf->name);
	buf_chr(&b, ':');
	probe_line(p, &b);
	r = relay_find(p->net, conf, domain, false, false);
	p->mx = conf->find == FIND_MX ? r : NULL;
	set_out(p, r);
}

/* A domain's others: mail goes there when those before do not answer. */
static bool
next_mx(struct probe *p)
{
	struct relay *r = p->mx;

	if (r == NULL || !p->listed || p->host + 1 >= r->way.n)
		return false;
	relay_skip(r, p->host + 1);
	p->where = AT_NAME;
	set_out(p, r);
	return true;
}

/* Mail to one recipient, from root: where does it go? */
static void
walk_to(struct probe *p)
{
	const struct conf *c = p->net->conf;
	const char *at = strrchr(p->to, '@');
	char *domain = way_domain(at ? at + 1 : p->to);
	const struct conf_relay *conf;
	struct buf root = { 0 }, b = { 0 };

	p->tried = true;
	if (domain == NULL) {
		cannot(p, "That is no domain that mail could go to.", EX_USAGE);
	} else if (conf_is_local(c, span_of(domain))) {
		probe_say(&b, domain);
		buf_str(&b, " is local: its mail goes to users here, and where "
			    "their aliases say (`sendmail -bv ADDRESS`).");
		probe_line(p, &b);
		loop_in(&p->next, 0);
	} else {
		buf_fmt(&root, "root@%s", c->domain);
		conf = conf_route(c, buf_view(&root), span_of(domain));
		walk(p, conf,
		    conf->find == FIND_MX && conf->nhosts == 0 ? domain : "");
	}
	buf_free(&root);
	free(domain);
}

static const struct conf_relay *
following(struct probe *p)
{
	const struct conf *c = p->net->conf;
	const struct conf_relay *r;

	if (!p->main) {
		p->main = true;
		r = conf_relay(c, "main");
		if (r && r->nhosts)
			return r;
	}
	while (p->at < c->nrelays) {
		r = &c->relays[p->at++];
		if (r->nhosts && strcmp(r->name, "main") != 0)
			return r;
	}
	return NULL;
}

static void
on_next(struct loop_timer *t)
{
	struct probe *p = t->arg;
	const struct conf_relay *r;
	struct buf b = { 0 };

	if (p->relay && (!p->answered || p->net->nsessions > 0))
		return; /* it says QUIT yet */
	loop_cancel(&p->limit);
	if (next_mx(p))
		return;
	p->mx = NULL;
	if (p->to && !p->tried) {
		walk_to(p);
		return;
	}
	r = p->to ? NULL : following(p);
	if (r) {
		walk(p, r, "");
		return;
	}
	if (!p->tried) {
		r = conf_relay(p->net->conf, "main");
		buf_str(&b, "There is no relay to be asked: ");
		buf_str(&b, r && r->none
				? "mail for other machines goes back to its "
				  "sender (\"relay none\")."
				: "mail goes to the servers of each "
				  "recipient's domain; `deliver --check "
				  "RECIPIENT` walks to those.");
		probe_line(p, &b);
	}
	p->over = true;
	loop_stop();
}

/* One that only does not say good-bye has done all it should. */
static void
on_limit(struct loop_timer *t)
{
	struct probe *p = t->arg;
	struct session *s = TAILQ_FIRST(&p->net->sessions);
	struct relay *r;
	struct buf b = { 0 };

	if (!p->answered) {
		if (!p->connected && p->where == AT_NAME)
			buf_fmt(&b, "  DNS gives no answer within %d s.",
			    PROBE_SECONDS);
		else if (s && s->smtp.step == AT_BANNER && p->connected)
			buf_fmt(&b,
			    "  The server does not greet within %d s: does it "
			    "speak SMTP at this port, or TLS from the first "
			    "octet (port 465)?",
			    PROBE_SECONDS);
		else if (s && p->connected)
			buf_fmt(&b, "  No answer to %s within %d s.",
			    smtp_steps[s->smtp.step].name, PROBE_SECONDS);
		else
			buf_fmt(
			    &b, "  No connection within %d s.", PROBE_SECONDS);
		probe_line(p, &b);
		remedy(p);
		fail(p, EX_TEMPFAIL);
	}
	p->answered = true;
	RB_FOREACH (r, relays, &p->net->relays)
		relay_drop(r);
	loop_in(&p->next, 0);
}

struct probe *
probe_new(struct net *net, int out, const char *to, bool find)
{
	struct probe *p = calloc(1, sizeof *p);

	if (p == NULL)
		return NULL;
	p->net = net;
	p->out = out;
	p->to = to;
	p->find = find;
	p->next.fire = on_next;
	p->limit.fire = on_limit;
	p->next.arg = p->limit.arg = p;
	loop_in(&p->next, 0);
	return p;
}

int
probe_status(const struct probe *p)
{
	return p->status == 0 && (p->unsaid || !p->over) ? EX_OSERR : p->status;
}

void
probe_free(struct probe *p)
{
	if (p == NULL)
		return;
	loop_cancel(&p->next);
	loop_cancel(&p->limit);
	buf_free(&p->told);
	free(p);
}
