/* legal - what every SMTP server takes as it is: octets below 0x80, lines of
 * at most 998 octets (RFC 5322 2.1.1, RFC 5321 4.5.3.1.6).  No I/O; the text
 * comes in any pieces, its lines end in LF. */
#ifndef COMMON_LEGAL_H
#define COMMON_LEGAL_H
#include "common/span.h"

#define LEGAL_LINE 998 /* octets without the line end */

struct legal {
	bool eight;    /* an octet with its high bit was seen */
	bool longline; /* a line over LEGAL_LINE was seen */
	size_t line;   /* octets of the line that is not ended yet */
};

void legal_feed(struct legal *, struct span);
bool legal_text(struct span); /* neither is in it */
#endif
