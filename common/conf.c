#include "common/conf.h"
#include "common/addr.h"
#include "common/conf_table.h"
#include "common/whole.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool
host_name(struct span s)
{
	return s.len && s.ptr[0] != '[' && addr_domain(s);
}

/* What the kernel calls the machine, where the file does not say.  One without
 * a name, or with one that no HELO could carry, is "localhost". */
static int
own_name(struct conf *c)
{
	char name[256];

	if (c->hostname)
		return 0;
	if (gethostname(name, sizeof name) == -1)
		name[0] = '\0';
	name[sizeof name - 1] = '\0';
	if (!host_name(span_of(name)))
		strlcpy(name, "localhost", sizeof name);
	c->hostname = strdup(name);
	return c->hostname ? 0 : -1;
}

/* Debian policy 11.6: the first line of /etc/mailname is the mail domain. */
static int
mail_domain(struct conf *c)
{
	struct buf text = { 0 };
	struct span rest, line = { NULL, 0 };

	if (whole_read(CONF_MAILNAME, 1024, &text) == 0) {
		rest = buf_view(&text);
		line = span_trim(span_cut(&rest, '\n'));
	}
	c->domain = host_name(line) ? span_dup(line) : strdup(c->hostname);
	buf_free(&text);
	return c->domain ? 0 : -1;
}

bool
conf_is_short(struct span host, struct span domain)
{
	return host.len && !span_has(host, '.') && span_starts(domain, host) &&
	       domain.len > host.len + 1 && domain.ptr[host.len] == '.';
}

/* Mostly /etc/hostname has the first part of a machine's name, and the mail
 * domain is all of it: other machines are told the name that they can use. */
static int
full_name(struct conf *c)
{
	char *full;

	if (!conf_is_short(span_of(c->hostname), span_of(c->domain)))
		return 0;
	full = strdup(c->domain);
	if (full == NULL)
		return -1;
	free(c->hostname);
	c->hostname = full;
	return 0;
}

static int
add_local(struct conf *c, const char *name)
{
	char **more;

	if (conf_is_local(c, span_of(name)))
		return 0;
	more =
	    reallocarray(c->local_domains, c->nlocal_domains + 1, sizeof *more);
	if (more == NULL)
		return -1;
	c->local_domains = more;
	more[c->nlocal_domains] = strdup(name);
	return more[c->nlocal_domains] ? (c->nlocal_domains++, 0) : -1;
}

int
conf_load(const char *path, struct conf *c, struct buf *err)
{
	struct buf text = { 0 };
	bool given, called;
	int result;

	*c = (struct conf){ 0 };
	if (whole_read(path, CONF_FILE_MAX + 1, &text) == -1 &&
	    errno != ENOENT) {
		buf_fmt(err, "%s: cannot be read: %s", path, strerror(errno));
		buf_free(&text);
		return -1;
	}
	result = conf_parse(buf_view(&text), path, c, err);
	buf_free(&text);
	if (result == -1)
		return -1;
	given = c->nlocal_domains != 0;
	called = c->hostname != NULL;
	if (own_name(c) == -1 || mail_domain(c) == -1 ||
	    (!given && (add_local(c, c->hostname) == -1 ||
			   add_local(c, c->domain) == -1)) ||
	    (!called && full_name(c) == -1) ||
	    add_local(c, "localhost") == -1) {
		buf_fmt(err, "%s: out of memory", path);
		return -1;
	}
	return 0;
}

static void
free_list(char **list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i]);
	free(list);
}

void
conf_relay_free(struct conf_relay *r)
{
	for (size_t i = 0; i < r->nhosts; i++) {
		free(r->hosts[i].name);
		free(r->hosts[i].port);
	}
	free(r->hosts);
	free_list(r->pins, r->npins);
	free_list(r->auth, r->nauth);
	free_list(r->token, r->ntoken);
	free_list(r->password, r->npassword);
	free(r->ca);
	free(r->cert);
	free(r->key);
	free(r->user);
	free(r->name);
}

void
conf_free(struct conf *c)
{
	for (size_t i = 0; i < c->nrelays; i++)
		conf_relay_free(&c->relays[i]);
	for (size_t i = 0; i < c->nroutes; i++) {
		free(c->routes[i].pattern);
		free(c->routes[i].relay);
	}
	for (size_t i = 0; i < c->nsenders_as; i++) {
		free(c->senders_as[i].pattern);
		free(c->senders_as[i].phrase);
		free(c->senders_as[i].addr);
	}
	for (size_t i = 0; i < c->nrules; i++) {
		free(c->rules[i].rcpt);
		free(c->rules[i].via);
	}
	free_list(c->local_domains, c->nlocal_domains);
	free(c->relays);
	free(c->routes);
	free(c->senders_as);
	free(c->rules);
	free(c->clients);
	free(c->local_path);
	free(c->command_user);
	free(c->aliases);
	free(c->senders_group);
	free(c->alert.via);
	free(c->handoff);
	free(c->hostname);
	free(c->domain);
	*c = (struct conf){ 0 };
}
