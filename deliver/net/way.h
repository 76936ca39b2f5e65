/* way - from a destination to the hosts that take its mail, in order: those of
 * a relay block, the MX of a domain (RFC 5321 5.1, RFC 7505), or its SRV (RFC
 * 6186, RFC 8314). */
#ifndef DELIVER_NET_WAY_H
#define DELIVER_NET_WAY_H
#include "common/conf.h"
#include "deliver/net/ask.h"
#include "deliver/net/judge.h"
#include "deliver/net/policy.h"

#define WAY_HOSTS (2 * DNS_SRV_MAX) /* as many MX are looked at */
#define WAY_SECONDS 300		    /* for which it holds at most, and */
#define WAY_LEAST 10		    /* at least, whatever DNS says */

struct way_host {
	char *name, *port; /* "/path" and "": a Unix socket */
	bool starttls;	   /* the settings, or SRV, say so */
	bool implicit;	   /* SRV says TLS from the first octet */
	bool by_dns;	   /* only DNS knows it: no hosts file, no literal */
	bool secure;	   /* and DNSSEC vouches for it */
	bool verify;   /* MTA-STS: TLS with a good certificate, or nothing */
	unsigned pref; /* of MX; 0: we are at home nowhere in this list */
};

struct way {
	const struct conf_relay *conf;
	char *domain; /* "": the relay's own; the caller's, as A-labels */
	const char *self;
	bool lax; /* MTA-STS is not asked (RFC 8689 3) */
	struct asks *asks;
	struct policies *policies;
	int64_t second;
	void (*found)(struct way *); /* once for each way_find, from the loop */
	struct way_host *hosts;
	size_t n;
	bool asking;
	bool sts_asked; /* MTA-STS, and what it said */
	enum sts_mode sts;
	int64_t until; /* loop_now(): then it is to be found anew */
	/* with no host: why.  text is a sentence */
	struct verdict why;
	struct buf text;
	/* inside */
	struct ask ask;
	struct policy_ask policy;
	char *name;
	size_t step;
	bool later;
};

/* True: hosts, or why, is known, and found will not be called. */
bool way_find(struct way *);
void way_cancel(struct way *);
void way_free(struct way *);
/* One of the hosts is this machine: takes it away with those after it (RFC 5321
 * 5.1).  When none is left, why says so. */
void way_cut(struct way *, unsigned pref, const char *name);
/* The first n of its hosts are behind us (probe): those that follow are found
 * now and for ever. */
void way_skip(struct way *, size_t n);
/* Mail for the recipient's own domain? */
bool way_is_direct(const struct way *);

/* A domain as DNS and SMTP know it: A-labels (IDNA 2008), lower case, no last
 * dot; a literal in brackets as it is.  To be freed; NULL: not a domain. */
char *way_domain(const char *domain);
/* False: it needs A-labels, and this program was built without libidn2. */
bool way_speaks(const char *domain);
/* Is it an address of this machine? */
bool way_is_own(const struct sockaddr *);
#endif
