/* ehlo - what a server offers in its answer to EHLO (RFC 5321 4.1.1.1). */
#ifndef DELIVER_NET_EHLO_H
#define DELIVER_NET_EHLO_H
#include "common/span.h"
#include <stdint.h>
#include <sys/socket.h>

enum {
	EHLO_PIPELINING = 1, /* RFC 2920 */
	EHLO_SIZE = 2,	     /* RFC 1870 */
	EHLO_8BITMIME = 4,   /* RFC 6152 */
	EHLO_SMTPUTF8 = 8,   /* RFC 6531 */
	EHLO_STATUS = 16,    /* ENHANCEDSTATUSCODES, RFC 2034 */
	EHLO_DSN = 32,	     /* RFC 3461 */
	EHLO_CHUNKING = 64,  /* RFC 3030 */
	/* RFC 821 3.4, RFC 1651: the verbs, one by one */
	EHLO_SEND = 1 << 12,
	EHLO_SOML = 1 << 13,
	EHLO_SAML = 1 << 14,
	EHLO_REQUIRETLS = 1 << 15, /* RFC 8689 */
	EHLO_LIMITS = 1 << 16,	   /* RFC 9422 */
	EHLO_STARTTLS = 1 << 17,   /* RFC 3207 */
	EHLO_AUTH = 1 << 18,	   /* RFC 4954 */
};

struct ehlo {
	unsigned offers;
	uint64_t size; /* octets it takes at most; 0: it names no limit */
	unsigned auth; /* mechanisms, see auth_offered */
	/* LIMITS; 0: it names none */
	uint64_t mailmax; /* transactions of a session */
	uint64_t rcptmax; /* recipients of a transaction */
};

/* The answer's text, lines joined by LF; the first one is the greeting.  What
 * is not known or does not parse is left out. */
void ehlo_parse(struct span text, struct ehlo *);

/* What we say that we are: the host's name where it is one that can be asked
 * for, else the address of our side of the connection as a literal (RFC 5321
 * 4.1.4), which a strict server takes, too.  local may be NULL or no address
 * of the net: then the name, such as it is. */
#define EHLO_NAME 256
void ehlo_name(
    const char *hostname, const struct sockaddr *local, char name[EHLO_NAME]);
#endif
