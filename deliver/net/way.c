#include "deliver/net/way.h"
#include "common/log.h"
#include "deliver/net/order.h"
#ifndef WITHOUT_IDN2
#include <idn2.h>
#endif
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOKUP_SECONDS 60

static const struct {
	const char *prefix;
	bool implicit;
} services[] = { { "_submissions._tcp.", true },
	{ "_submission._tcp.", false } };
#define SERVICES (sizeof services / sizeof *services)

bool
way_is_direct(const struct way *w)
{
	return w->domain[0] != '\0';
}

static void
hosts_free(struct way *w)
{
	for (size_t i = 0; i < w->n; i++) {
		free(w->hosts[i].name);
		free(w->hosts[i].port);
	}
	free(w->hosts);
	w->hosts = NULL;
	w->n = 0;
}

void
way_cancel(struct way *w)
{
	if (w->asking)
		ask_cancel(&w->ask);
	policy_cancel(&w->policy);
	w->asking = false;
	free(w->name);
	w->name = NULL;
}

void
way_free(struct way *w)
{
	way_cancel(w);
	hosts_free(w);
	buf_free(&w->text);
}

/* Room for all of them is made first. */
static void
add(struct way *w, const struct way_host *like, const char *name,
    const char *port)
{
	struct way_host *h = &w->hosts[w->n];

	if (w->n == WAY_HOSTS)
		return;
	*h = *like;
	h->name = strdup(name);
	h->port = strdup(port);
	if (h->name && h->port) {
		w->n++;
	} else {
		free(h->name);
		free(h->port);
	}
}

static void
none(struct way *w, enum mishap what, const char *fmt, const char *why)
{
	buf_reset(&w->text);
	judge_mishap(AT_CONNECT, what, &w->why);
	buf_fmt(&w->text, "%s: ", w->name ? w->name : w->domain);
	buf_fmt(&w->text, fmt, why);
}

/* A name that the settings hold is mended by a person: no mail bounces. */
static enum mishap
definite(const struct way *w, enum mishap what)
{
	return way_is_direct(w) ? what : MISHAP_NO_HOST;
}

static void
hold(struct way *w, uint32_t ttl)
{
	if (ttl > WAY_SECONDS)
		ttl = WAY_SECONDS;
	if (ttl < WAY_LEAST)
		ttl = WAY_LEAST;
	w->until = loop_now() + (int64_t)ttl * w->second;
}

static bool
room(struct way *w, size_t n)
{
	hosts_free(w);
	w->hosts = calloc(n, sizeof *w->hosts);
	if (w->hosts == NULL)
		none(w, MISHAP_READ, "%s", "out of memory");
	return w->hosts != NULL;
}

/* RFC 5321 5.1: without MX the domain is its own host. */
static void
implicit_mx(struct way *w, bool secure)
{
	const struct way_host like = { .by_dns = true, .secure = secure };

	if (room(w, WAY_HOSTS))
		add(w, &like, w->name, "25");
}

static void
got_mx(struct way *w, const struct dns_answer *a)
{
	struct dns_mx mx[DNS_MX_MAX];
	size_t n = a->n, all;

	memcpy(mx, a->mx, n * sizeof *mx);
	if (n == 1 && mx[0].name[0] == '\0') {
		none(w, definite(w, MISHAP_NULL_MX), "%s",
		    "the domain says that it takes no mail (null MX)");
		return;
	}
	all = order_mx(mx, n);
	n = order_before_self(mx, all, w->self);
	if (n == 0) {
		none(w, definite(w, all ? MISHAP_LOOP : MISHAP_NO_ROUTE),
		    all ? "its mail is for this machine (MX %s), whose "
			  "settings do not call it local"
			: "its MX records name no host",
		    w->self);
		return;
	}
	if (!room(w, WAY_HOSTS))
		return;
	for (size_t i = 0; i < n; i++)
		add(w,
		    &(struct way_host){ .by_dns = true,
			.secure = a->secure,
			.pref = mx[i].pref },
		    mx[i].name, "25");
}

static void
tell(struct way *w)
{
	free(w->name);
	w->name = NULL;
	w->asking = false;
	w->found(w);
}

/* RFC 8461 5: hosts that the policy does not name are as if they were not
 * there. */
static void
got_policy(struct policy_ask *a, const struct sts *sts)
{
	struct way *w =
	    (struct way *)((char *)a - offsetof(struct way, policy));
	size_t left = 0;

	w->sts_asked = true;
	w->sts = sts ? sts->mode : STS_NONE;
	for (size_t i = 0; sts && sts->mode != STS_NONE && i < w->n; i++) {
		struct way_host *h = &w->hosts[i];
		bool fits = sts_fits(sts, h->name);

		if (!fits)
			log_warn("net: mta-sts domain=%s host=%s reason=\"it "
				 "is not in the domain's policy%s\"",
			    w->domain, h->name,
			    sts->mode == STS_ENFORCE
				? ", so it is not used"
				: ", which is only being tested");
		h->verify = sts->mode == STS_ENFORCE;
		if (h->verify && !fits) {
			free(h->name);
			free(h->port);
		} else {
			w->hosts[left++] = *h;
		}
	}
	if (sts && sts->mode != STS_NONE)
		w->n = left;
	if (w->n == 0)
		none(w, MISHAP_TLS, "%s",
		    "none of its MX is in its MTA-STS policy");
	tell(w);
}

static void
mx_found(struct ask *ask, const struct dns_answer *a)
{
	struct way *w = (struct way *)((char *)ask - offsetof(struct way, ask));

	hold(w, a->ttl);
	hosts_free(w);
	switch (a->status) {
	case DNS_FOUND:
		got_mx(w, a);
		break;
	case DNS_EMPTY:
		implicit_mx(w, a->secure);
		break;
	case DNS_NONE:
		none(w, definite(w, MISHAP_NO_DOMAIN), "%s",
		    "there is no such domain");
		break;
	case DNS_LATER:
		none(w, MISHAP_LOOKUP, "MX: %s", a->why);
	}
	if (w->n > 0 && w->conf->mta_sts && !w->lax && way_is_direct(w)) {
		w->policy.got = got_policy;
		policy_ask(w->policies, &w->policy, w->conf, w->domain);
	} else {
		tell(w);
	}
}

static void put(struct way *, enum dns_what, const char *prefix,
    void (*got)(struct ask *, const struct dns_answer *));

static void
srv_found(struct ask *ask, const struct dns_answer *a)
{
	struct way *w = (struct way *)((char *)ask - offsetof(struct way, ask));
	struct way_host like = { .by_dns = true,
		.secure = a->secure,
		.implicit = services[w->step].implicit,
		.starttls = !services[w->step].implicit };
	struct dns_srv srv[DNS_SRV_MAX];
	size_t n = 0;
	char port[8];

	if (a->status == DNS_FOUND) {
		memcpy(srv, a->srv, a->n * sizeof *srv);
		n = order_srv(srv, a->n);
	}
	for (size_t i = 0; i < n; i++) {
		snprintf(port, sizeof port, "%u", srv[i].port);
		add(w, &like, srv[i].name, port);
	}
	w->later |= a->status == DNS_LATER;
	hold(w, a->status == DNS_FOUND ? a->ttl : 0);
	if (++w->step < SERVICES) {
		put(w, DNS_SRV, services[w->step].prefix, srv_found);
		return;
	}
	if (w->n == 0)
		none(w, w->later ? MISHAP_LOOKUP : MISHAP_NO_HOST, "%s",
		    w->later ? "SRV: no answer that could be believed"
			     : "it has no SRV record of _submissions._tcp or "
			       "_submission._tcp");
	tell(w);
}

static void
put(struct way *w, enum dns_what what, const char *prefix,
    void (*got)(struct ask *, const struct dns_answer *))
{
	const char *base =
	    way_is_direct(w) ? w->domain : w->conf->hosts[0].name;

	free(w->name);
	if (asprintf(&w->name, "%s%s", prefix, base) == -1)
		w->name = NULL;
	w->asking = true;
	w->ask.what = what;
	w->ask.host = w->name ? w->name : "";
	w->ask.port = "";
	w->ask.got = got;
	ask(w->asks, &w->ask, LOOKUP_SECONDS * w->second);
}

/* A name whose TLSA records count (RFC 7672): then DNS is asked for it, not the
 * hosts file.  That it is the right one is the administrator's word. */
static bool
has_records(const struct conf_relay *c, const char *name)
{
	unsigned char octets[sizeof(struct in6_addr)];

	return c->tls == TLS_DANE && name[0] != '/' && name[0] != '[' &&
	       inet_pton(AF_INET, name, octets) != 1 &&
	       inet_pton(AF_INET6, name, octets) != 1;
}

/* What needs no question. */
static void
settled(struct way *w)
{
	const struct conf_relay *c = w->conf;

	w->until = loop_now() + WAY_SECONDS * w->second;
	if (!room(w, c->nhosts > WAY_HOSTS ? c->nhosts : WAY_HOSTS))
		return;
	if (way_is_direct(w))
		add(w, &(struct way_host){ 0 }, w->domain, "25");
	for (size_t i = 0; !way_is_direct(w) && i < c->nhosts; i++) {
		bool dane = has_records(c, c->hosts[i].name);

		add(w,
		    &(struct way_host){ .starttls = c->hosts[i].starttls,
			.by_dns = dane,
			.secure = dane },
		    c->hosts[i].name, c->hosts[i].port);
	}
	if (w->n == 0)
		none(w, MISHAP_READ, "%s", "out of memory");
}

bool
way_find(struct way *w)
{
	bool named = w->conf->nhosts > 0;

	w->later = false;
	w->step = 0;
	if (way_is_direct(w) && w->domain[0] == '[') {
		settled(w);
	} else if (w->conf->find == FIND_MX && (named || way_is_direct(w))) {
		put(w, DNS_MX, "", mx_found);
		return false;
	} else if (w->conf->find == FIND_SRV && named) {
		if (room(w, WAY_HOSTS)) {
			put(w, DNS_SRV, services[0].prefix, srv_found);
			return false;
		}
	} else {
		settled(w);
	}
	return true;
}

void
way_cut(struct way *w, unsigned pref, const char *name)
{
	while (w->n > 0 && w->hosts[w->n - 1].pref >= pref) {
		w->n--;
		free(w->hosts[w->n].name);
		free(w->hosts[w->n].port);
	}
	if (w->n == 0)
		none(w, definite(w, MISHAP_LOOP),
		    "its mail is for this machine (the address of %s), whose "
		    "settings do not call it local",
		    name);
}

void
way_skip(struct way *w, size_t n)
{
	if (n > w->n)
		n = w->n;
	for (size_t i = 0; i < n; i++) {
		free(w->hosts[i].name);
		free(w->hosts[i].port);
	}
	w->n -= n;
	memmove(w->hosts, w->hosts + n, w->n * sizeof *w->hosts);
	w->until = INT64_MAX;
}

#ifndef WITHOUT_IDN2
static char *
a_labels(const char *domain)
{
	char *name = NULL, *copy = NULL;
	int rc;

	rc = idn2_lookup_u8((const uint8_t *)domain, (uint8_t **)&name,
	    IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL | IDN2_NO_ALABEL_ROUNDTRIP);
	if (rc != IDN2_OK) /* as Unicode has it, where the old rules do not */
		rc = idn2_lookup_u8((const uint8_t *)domain, (uint8_t **)&name,
		    IDN2_NFC_INPUT | IDN2_TRANSITIONAL);
	if (rc == IDN2_OK)
		copy = strdup(name);
	idn2_free(name);
	return copy;
}

bool
way_speaks(const char *domain)
{
	(void)domain;
	return true;
}
#else
/* Labels as DNS takes them (RFC 1035 2.3.4). */
static char *
a_labels(const char *domain)
{
	const char *p = domain;

	for (size_t n; way_speaks(domain); p += n + 1) {
		n = strcspn(p, ".");
		if (n > 63)
			return NULL;
		if (p[n] == '\0')
			return strdup(domain);
	}
	return NULL;
}

bool
way_speaks(const char *domain)
{
	while ((unsigned char)*domain - 1u < 0x7f)
		domain++;
	return *domain == '\0';
}
#endif

/* Only what has no other place on the way is changed: ASCII stays. */
char *
way_domain(const char *domain)
{
	char *copy;
	size_t len = strlen(domain);

	if (len == 0 || len > 1000)
		return NULL;
	if (domain[0] == '[')
		return strdup(domain);
	copy = a_labels(domain);
	if (copy == NULL)
		return NULL;
	len = strlen(copy);
	if (len > 1 && copy[len - 1] == '.')
		copy[--len] = '\0';
	for (size_t i = 0; i < len; i++)
		if (copy[i] >= 'A' && copy[i] <= 'Z')
			copy[i] += 'a' - 'A';
	if (len == 0 || len >= DNS_NAME || strcmp(copy, ".") == 0) {
		free(copy);
		return NULL;
	}
	return copy;
}

static bool
same(const struct sockaddr *a, const struct sockaddr *b)
{
	if (b == NULL || a->sa_family != b->sa_family)
		return false;
	if (a->sa_family == AF_INET)
		return ((const struct sockaddr_in *)a)->sin_addr.s_addr ==
		       ((const struct sockaddr_in *)b)->sin_addr.s_addr;
	return a->sa_family == AF_INET6 &&
	       memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr,
		   &((const struct sockaddr_in6 *)b)->sin6_addr,
		   sizeof(struct in6_addr)) == 0;
}

bool
way_is_own(const struct sockaddr *a)
{
	struct ifaddrs *list, *i;
	bool own = false;

	if (getifaddrs(&list) == -1)
		return false;
	for (i = list; i && !own; i = i->ifa_next)
		own = same(a, i->ifa_addr);
	freeifaddrs(list);
	return own;
}
