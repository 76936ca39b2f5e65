#include "deliver/queue/rule.h"
#include <grp.h>
#include <string.h>

#define MEMBERS_MAX 32

static bool
fits(const struct conf *c, const char *pattern, struct span addr)
{
	struct span domain = addr, local = span_cut(&domain, '@');
	struct span name = local;

	if (strcmp(pattern, "*") == 0)
		return true;
	if (strchr(pattern, '@'))
		return span_ieq(span_of(pattern), addr);
	if (domain.ptr && !conf_is_local(c, domain))
		return false;
	return span_ieq(span_of(pattern), local) ||
	       span_ieq(span_of(pattern), span_cut(&name, '+'));
}

const struct conf_rule *
rule_find(const struct conf *c, struct span addr, bool network)
{
	for (size_t i = 0; i < c->nrules; i++) {
		const struct conf_rule *r = &c->rules[i];

		if (r->from == (network ? FROM_LOCAL : FROM_NETWORK))
			continue;
		if (fits(c, r->rcpt, addr))
			return r;
	}
	return NULL;
}

void
rule_apply(const struct conf *c, struct file *f, uid_t own)
{
	const struct conf_rule *r;

	for (size_t i = 0; c->terminal && i < f->env.nrcpts; i++) {
		struct env_rcpt *e = &f->env.rcpts[i];

		if (e->kind == ENV_SAML && f->uid == own) {
			f->rcpts[i].via = c->alert.via;
			continue;
		}
		/* What the sender asked for is his choice (RFC 821 3.4). */
		if (e->kind != ENV_MAIL)
			continue;
		r = rule_find(c, span_of(e->addr), f->env.net);
		/* A report is mail (RFC 821 3.4), and stays so: it may be
		 * shown, but not in place of its copy. */
		if (r && r->kind != ENV_MAIL &&
		    (f->uid != own || r->kind == ENV_SAML)) {
			e->kind = (enum env_kind)r->kind;
			f->rcpts[i].via = r->via;
		}
	}
}

const char *
rule_via(const struct file *f, uint32_t i)
{
	if (i >= f->env.nrcpts)
		i = f->rcpts[i].parent;
	return i < f->env.nrcpts ? f->rcpts[i].via : NULL;
}

void
rule_members(
    const char *via, void (*each)(const char *user, void *arg), void *arg)
{
	const struct group *gr;

	if (via[0] != '@') {
		each(via, arg);
		return;
	}
	gr = getgrnam(via + 1);
	for (size_t i = 0; gr && gr->gr_mem[i] && i < MEMBERS_MAX; i++)
		each(gr->gr_mem[i], arg);
}
