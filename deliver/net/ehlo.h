/* ehlo - what a server offers in its answer to EHLO (RFC 5321 4.1.1.1). */
#ifndef DELIVER_NET_EHLO_H
#define DELIVER_NET_EHLO_H
#include "common/span.h"
#include <stdint.h>

enum {
	EHLO_PIPELINING = 1, /* RFC 2920 */
	EHLO_SIZE = 2,	     /* RFC 1870 */
	EHLO_8BITMIME = 4,   /* RFC 6152 */
	EHLO_SMTPUTF8 = 8,   /* RFC 6531 */
	EHLO_STATUS = 16,    /* ENHANCEDSTATUSCODES, RFC 2034 */
	EHLO_DSN = 32,	     /* RFC 3461 */
	EHLO_CHUNKING = 64,  /* RFC 3030 */
};

struct ehlo {
	unsigned offers;
	uint64_t size; /* octets it takes at most; 0: it names no limit */
};

/* The answer's text, lines joined by LF; the first one is the greeting.  What
 * is not known or does not parse is left out. */
void ehlo_parse(struct span text, struct ehlo *);
#endif
