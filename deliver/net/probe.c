#include "deliver/net/probe.h"
#include "common/printable.h"
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* Where it went wrong, and what a person can do there. */
enum where { AT_NAME, AT_HOST, AT_GREETING, AT_CIPHER, AT_PASSWORD, AT_SENDER };

static const char *const remedies[] = {
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

struct probe {
	struct net *net;
	int out, status;
	size_t at; /* relays of the settings that are behind us; main is first
		    */
	bool main;
	const struct conf_relay *relay;
	bool connected, answered, tried;
	enum where where;
	struct buf told; /* the last sentence of probe_cannot */
	struct loop_timer next, limit;
};

static void
line(struct probe *p, struct buf *b)
{
	size_t at = 0;
	ssize_t n;

	buf_chr(b, '\n');
	while (!b->bad && at < b->len) {
		n = write(p->out, b->ptr + at, b->len - at);
		if (n == -1 && errno != EINTR)
			break; /* nobody reads it any more */
		at += n > 0 ? (size_t)n : 0;
	}
	buf_free(b);
}

static void
say(struct buf *b, const char *text)
{
	printable_add(b, span_of(text), JUDGE_TEXT);
}

static void
fail(struct probe *p, int status)
{
	if (p->status == 0)
		p->status = status;
}

static void
remedy(struct probe *p)
{
	struct buf b = { 0 };

	buf_fmt(&b, "  %s", remedies[p->where]);
	line(p, &b);
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
		buf_str(&b, "  The sender <");
		say(&b, mail->from);
		buf_str(&b, "> is accepted: ");
		buf_span(&b, text);
		buf_str(&b, ".  Mail can go this way.");
		line(p, &b);
		return;
	}
	if (p->where == AT_SENDER) {
		buf_str(&b, "  The sender <");
		say(&b, mail->from);
		buf_str(&b, "> is not accepted: ");
		buf_span(&b, text);
		line(p, &b);
	} else if (!span_eq(text, buf_view(&p->told))) {
		buf_str(&b, "  ");
		buf_span(&b, text);
		line(p, &b);
	}
	remedy(p);
	fail(p, p->where == AT_PASSWORD	  ? EX_NOPERM
		: v->outcome == OUT_NEVER ? EX_UNAVAILABLE
					  : EX_TEMPFAIL);
}

/* --- what sessions tell --- */

void
probe_addresses(const struct session *s)
{
	struct probe *p = s->relay->net->probe;
	struct buf b = { 0 };
	char host[64];

	if (p == NULL)
		return;
	p->connected = false;
	p->where = AT_HOST;
	if (*session_host(s) == '/')
		return;
	buf_str(&b, "  The host ");
	say(&b, session_host(s));
	buf_str(&b, " has the address ");
	for (size_t i = 0; i < s->naddrs; i++) {
		buf_str(&b, i ? ", " : "");
		if (getnameinfo((const struct sockaddr *)&s->addrs[i].sa,
			s->addrs[i].len, host, sizeof host, NULL, 0,
			NI_NUMERICHOST) == 0)
			say(&b, host);
	}
	buf_chr(&b, '.');
	line(p, &b);
}

void
probe_connected(const struct session *s)
{
	struct probe *p = s->relay->net->probe;
	struct buf b = { 0 };

	if (p == NULL)
		return;
	p->connected = true;
	p->where = AT_GREETING;
	buf_str(&b, "  Connected to ");
	say(&b, s->conn.name);
	buf_chr(&b, '.');
	line(p, &b);
}

void
probe_secure(const struct session *s)
{
	struct probe *p = s->relay->net->probe;
	struct buf b = { 0 }, facts = { 0 };
	struct span rest;

	if (p == NULL)
		return;
	tls_tell(tls_facts(s->conn.tls), &facts);
	rest = buf_view(&facts);
	while (rest.len) {
		buf_str(&b, "  ");
		printable_add(&b, span_cut(&rest, '\n'), 1024);
		line(p, &b);
	}
	buf_free(&facts);
}

void
probe_plain(const struct session *s)
{
	struct probe *p = s->relay->net->probe;
	struct buf b = { 0 };

	if (p == NULL)
		return;
	buf_str(&b, "  No TLS: ");
	buf_span(&b, buf_view(&s->conn.why));
	buf_str(&b, "; once more in plain text, as the settings allow.");
	line(p, &b);
}

void
probe_ready(const struct session *s)
{
	struct probe *p = s->relay->net->probe;
	struct buf b = { 0 };

	if (p == NULL)
		return;
	p->where = AT_SENDER;
	buf_fmt(&b, "  It has answered to %s ",
	    s->relay->conf->lmtp ? "LHLO" : "EHLO");
	say(&b, s->self);
	buf_str(&b,
	    s->conn.tls || *session_host(s) == '/' ? "" : ", in plain text");
	if (s->smtp.mechanism)
		buf_fmt(&b, "; the password is right (%s).", s->smtp.mechanism);
	else
		buf_str(&b, "; no password was used.");
	line(p, &b);
}

void
probe_cannot(const struct session *s)
{
	struct probe *p = s->relay->net->probe;
	struct buf b = { 0 };
	const char *status = s->why.status;

	if (p == NULL)
		return;
	if (!p->connected) {
		p->where = strcmp(status, "4.4.1") == 0 ? AT_HOST : AT_NAME;
	} else if (s->smtp.denied || s->smtp.ended == AT_LOGIN ||
		   s->smtp.ended == AT_AUTH) {
		p->where = AT_PASSWORD;
	} else if (s->smtp.ended == AT_TLS || s->smtp.ended == AT_STARTTLS ||
		   strcmp(status, "4.7.5") == 0) {
		p->where = AT_CIPHER;
	}
	buf_reset(&p->told);
	buf_span(&p->told, buf_view(&s->text));
	buf_str(&b, "  ");
	buf_span(&b, buf_view(&s->text));
	buf_chr(&b, '.');
	line(p, &b);
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
walk(struct probe *p, const struct conf_relay *conf)
{
	struct relay *r = relay_find(p->net, conf, "", false);
	struct job *j = job(p, conf);
	struct buf b = { 0 };

	p->tried = true;
	p->relay = conf;
	p->connected = p->answered = false;
	p->where = AT_NAME;
	buf_reset(&p->told);
	buf_str(&b, "The way to the relay ");
	say(&b, conf->name);
	buf_chr(&b, ':');
	line(p, &b);
	if (r == NULL || j == NULL) {
		job_free(j);
		buf_str(&b, "  There is no memory for it.");
		line(p, &b);
		fail(p, EX_OSERR);
		p->answered = true;
		loop_in(&p->next, 0);
		return;
	}
	loop_in(&p->limit, PROBE_SECONDS * p->net->second);
	relay_add(r, j);
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
	r = following(p);
	if (r) {
		walk(p, r);
		return;
	}
	if (!p->tried) {
		buf_str(&b, "There is no relay to be asked: mail goes to the "
			    "servers of each recipient's domain, which are "
			    "looked up when there is some.");
		line(p, &b);
	}
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
		line(p, &b);
		remedy(p);
		fail(p, EX_TEMPFAIL);
	}
	p->answered = true;
	RB_FOREACH (r, relays, &p->net->relays)
		relay_drop(r);
	loop_in(&p->next, 0);
}

struct probe *
probe_new(struct net *net, int out)
{
	struct probe *p = calloc(1, sizeof *p);

	if (p == NULL)
		return NULL;
	p->net = net;
	p->out = out;
	p->next.fire = on_next;
	p->limit.fire = on_limit;
	p->next.arg = p->limit.arg = p;
	loop_in(&p->next, 0);
	return p;
}

int
probe_status(const struct probe *p)
{
	return p->status;
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
