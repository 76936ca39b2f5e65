/* Hosts, ports, networks, and the relays that a line makes without a block. */
#include "common/addr.h"
#include "common/conf_table.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

/* 4 or 16 octets, or 0: no address. */
static size_t
address(struct span s, char text[INET6_ADDRSTRLEN], unsigned char number[16])
{
	if (s.len == 0 || s.len >= INET6_ADDRSTRLEN)
		return 0;
	memcpy(text, s.ptr, s.len);
	text[s.len] = '\0';
	return inet_pton(AF_INET, text, number) == 1	? 4
	       : inet_pton(AF_INET6, text, number) == 1 ? 16
							: 0;
}

/* Nearly one of the names that mail has: no other service is meant, and the
 * mail would wait until somebody reads the log. */
static const char *
meant(struct span word)
{
	static const char *const names[] = { "submission", "submissions" };
	const char *near = NULL;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		size_t d = conf_distance(word, span_of(names[i]));

		if (d == 0)
			return NULL;
		if (d <= 2)
			near = names[i];
	}
	return near;
}

/* A port is a number, or a name of /etc/services (RFC 6335 5.1). */
static int
port(struct conf_lex *x)
{
	char shown[CONF_SHOWN];
	const char *near = NULL;
	bool letter = false, other = false;
	long long n;

	for (size_t i = 0; i < x->word.len; i++) {
		char c = x->word.ptr[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
			letter = true;
		else if (c != '-' && (c < '0' || c > '9'))
			other = true;
	}
	if (x->word.len <= 32 && letter && !other)
		near = meant(x->word);
	if (near)
		return conf_wrong(x, x->from,
		    "there is no port \"%s\"; did you mean \"%s\"?",
		    conf_show(x->word, shown), near);
	if (x->word.len <= 32 &&
	    (span_num(x->word, 1, 65535, &n) == 0 || (letter && !other)))
		return 0;
	return conf_wrong(x, x->from,
	    "\"%s\" is no port; write 1 to 65535, or a service's name, as "
	    "submissions",
	    conf_show(x->word, shown));
}

/* The word behind a host. */
static int
next_port(struct conf_lex *x, bool lmtp)
{
	if (conf_need(x, lmtp ? "a port behind the host, as 24"
			      : "a port behind the host: submissions (465), "
				"submission (587) or 25") == -1)
		return -1;
	return port(x);
}

/* What other mailers take for one word, "host:587" or "[host]:587", are two. */
static int
no_host(struct conf_lex *x)
{
	char text[INET6_ADDRSTRLEN], shown[CONF_SHOWN], name[CONF_SHOWN],
	    number[CONF_SHOWN];
	unsigned char octets[16];
	struct span rest = x->word, before;
	long long n;

	if (span_starts(rest, SPAN("["))) {
		rest = span_from(rest, 1);
		before = span_cut(&rest, ']');
		if (span_starts(rest, SPAN(":")))
			rest = span_from(rest, 1);
		else if (rest.len)
			return conf_domain(x);
	} else {
		before = span_cut(&rest, ':');
	}
	if (before.len == 0 || before.ptr[0] == '[' ||
	    (!address(before, text, octets) && !addr_domain(before)) ||
	    (rest.len && span_num(rest, 1, 65535, &n) == -1))
		return conf_domain(x);
	conf_show(x->word, shown);
	return conf_wrong(x, x->from,
	    "\"%s\" is no host; write %s and, behind a blank, its port: %s",
	    shown, conf_show(before, name),
	    rest.len ? conf_show(rest, number) : "submissions, for one");
}

/* A name or an address; brackets around an address go.  The word at hand is
 * what remains, perhaps in text. */
static int
host(struct conf_lex *x, char text[INET6_ADDRSTRLEN])
{
	unsigned char number[16];
	struct span *w = &x->word;

	if (w->len > 2 && w->ptr[0] == '[' && w->ptr[w->len - 1] == ']' &&
	    address((struct span){ w->ptr + 1, w->len - 2 }, text, number)) {
		*w = span_of(text);
		return 0;
	}
	if (address(*w, text, number) ||
	    (w->len && w->ptr[0] != '[' && addr_domain(*w)))
		return 0;
	return no_host(x);
}

static int
socket_path(struct conf_lex *x)
{
	struct sockaddr_un un;
	char shown[CONF_SHOWN];

	if (conf_path(x) == -1)
		return -1;
	if (x->word.len < sizeof un.sun_path)
		return 0;
	return conf_wrong(x, x->from,
	    "\"%s\" is too long for the path of a socket, which has at most "
	    "%zu octets",
	    conf_show(x->word, shown), sizeof un.sun_path - 1);
}

int
conf_add_host(struct conf_parse *p, struct conf_relay *r, bool socket)
{
	char text[INET6_ADDRSTRLEN];
	struct conf_host *h;

	socket = socket && span_starts(p->x.word, SPAN("/"));
	if ((socket ? socket_path(&p->x) : host(&p->x, text)) == -1)
		return -1;
	h = conf_more(p, r->hosts, r->nhosts, sizeof *h);
	if (h == NULL)
		return -1;
	r->hosts = h;
	h += r->nhosts++;
	if (conf_keep(p, &h->name) == -1)
		return -1;
	if (socket) {
		h->port = strdup("");
		return h->port ? 0 : conf_no_memory(p);
	}
	if (next_port(&p->x, false) == -1)
		return -1;
	return conf_keep(p, &h->port);
}

struct conf_relay *
conf_new_relay(
    struct conf_parse *p, struct span name, const struct conf_relay *like)
{
	struct conf *c = p->conf;
	struct conf_relay *r = conf_more(p, c->relays, c->nrelays, sizeof *r);

	if (r == NULL)
		return NULL;
	c->relays = r;
	r += c->nrelays;
	*r = *like;
	r->line = p->x.from;
	r->name = span_dup(name);
	if (r->name == NULL) {
		*r = (struct conf_relay){ 0 };
		conf_no_memory(p);
		return NULL;
	}
	c->nrelays++;
	return r;
}

struct conf_relay *
conf_anonymous(
    struct conf_parse *p, const char *name, const struct conf_relay *like)
{
	struct conf *c = p->conf;

	for (size_t i = 0; i < c->nrelays; i++)
		if (strcmp(c->relays[i].name, name) == 0)
			return &c->relays[i];
	return conf_new_relay(p, span_of(name), like);
}

/* The relay of one host, named KIND:HOST:PORT, or KIND:/PATH. */
static struct conf_relay *
one_host(struct conf_parse *p, const char *kind, const char *name,
    const char *portname, bool lmtp)
{
	struct conf_relay like = { .nhosts = 1,
		.lmtp = lmtp,
		.tls = name[0] == '/' ? TLS_NEVER : TLS_OPPORTUNISTIC };
	struct conf_host *h = calloc(1, sizeof *h);
	struct conf_relay *r = NULL;
	struct buf b = { 0 };

	if (h == NULL) {
		conf_no_memory(p);
		return NULL;
	}
	like.hosts = h;
	h->name = strdup(name);
	h->port = strdup(portname);
	buf_fmt(&b, strchr(name, ':') ? "%s:[%s]" : "%s:%s", kind, name);
	if (portname[0])
		buf_fmt(&b, ":%s", portname);
	if (h->name && h->port && !b.bad)
		r = conf_anonymous(p, buf_c(&b), &like);
	else
		conf_no_memory(p);
	if (r == NULL || r->hosts != h) /* there was one already */
		conf_relay_free(&like);
	buf_free(&b);
	return r;
}

/* The word at hand is the host; the port may follow if there is a usual one. */
static struct conf_relay *
host_and_port(
    struct conf_parse *p, const char *kind, const char *usual, bool lmtp)
{
	char text[INET6_ADDRSTRLEN], name[256], service[33];
	struct span rest;

	if (host(&p->x, text) == -1)
		return NULL;
	if (p->x.word.len >= sizeof name) { /* conf_domain: at most 255 */
		conf_no_memory(p);
		return NULL;
	}
	memcpy(name, p->x.word.ptr, p->x.word.len);
	name[p->x.word.len] = '\0';
	rest = span_trim(p->x.text);
	if (usual && (rest.len == 0 || rest.ptr[0] == '#')) {
		strlcpy(service, usual, sizeof service);
	} else {
		if (next_port(&p->x, lmtp) == -1)
			return NULL;
		memcpy(service, p->x.word.ptr, p->x.word.len);
		service[p->x.word.len] = '\0';
	}
	return one_host(p, kind, name, service, lmtp);
}

struct conf_relay *
conf_lmtp(struct conf_parse *p)
{
	struct sockaddr_un un;
	char path[sizeof un.sun_path];

	if (!span_starts(p->x.word, SPAN("/")))
		return host_and_port(p, "lmtp", NULL, true);
	if (socket_path(&p->x) == -1)
		return NULL;
	memcpy(path, p->x.word.ptr, p->x.word.len);
	path[p->x.word.len] = '\0';
	return one_host(p, "lmtp", path, "", true);
}

struct conf_relay *
conf_smtp(struct conf_parse *p)
{
	return host_and_port(p, "smtp", "25", false);
}

/* The bits of an address behind the first n. */
static bool
bits_behind(const unsigned char addr[16], unsigned n)
{
	for (unsigned i = n; i < 128; i++)
		if (addr[i / 8] & (0x80 >> i % 8))
			return true;
	return false;
}

static int
add_client(struct conf_parse *p)
{
	struct conf *c = p->conf;
	struct conf_net *n = conf_more(p, c->clients, c->nclients, sizeof *n);
	struct span bits = p->x.word, addr;
	char text[INET6_ADDRSTRLEN], shown[CONF_SHOWN];
	unsigned char number[16];
	size_t octets;
	long long most;

	if (n == NULL)
		return -1;
	c->clients = n;
	n += c->nclients++;
	addr = span_cut(&bits, '/');
	if (addr.len > 2 && addr.ptr[0] == '[' && addr.ptr[addr.len - 1] == ']')
		addr = (struct span){ addr.ptr + 1, addr.len - 2 };
	octets = address(addr, text, number);
	most = (long long)octets * 8;
	if (octets == 0 || (bits.ptr && span_num(bits, 0, most, &most) == -1))
		return conf_wrong(&p->x, p->x.from,
		    "\"%s\" behind \"%s\" is no network; write an address, or "
		    "one with / and the number of its bits",
		    conf_show(p->x.word, shown), p->x.name);
	if (octets == 4) {
		memset(n->addr + 10, 0xff, 2);
		memcpy(n->addr + 12, number, 4);
		most += 96;
	} else {
		memcpy(n->addr, number, 16);
	}
	n->bits = (unsigned)most;
	if (bits_behind(n->addr, n->bits))
		return conf_wrong(&p->x, p->x.from,
		    "\"%s\" behind \"%s\" has bits set behind those that it "
		    "counts",
		    conf_show(p->x.word, shown), p->x.name);
	return 0;
}

int
conf_set_clients(struct conf_parse *p)
{
	if (conf_need(&p->x, "one address or more, or networks") == -1)
		return -1;
	do
		if (add_client(p) == -1)
			return -1;
	while (conf_next(&p->x) == CONF_WORD);
	return conf_ended(&p->x);
}
