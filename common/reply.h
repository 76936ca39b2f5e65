/* reply - SMTP replies (RFC 5321 4.2, enhanced codes of RFC 3463).
 * Bounds: a line 2048 octets, 100 lines. */
#ifndef COMMON_REPLY_H
#define COMMON_REPLY_H
#include "common/buf.h"

struct reply {
	int code;	   /* 200 to 599 */
	char enhanced[12]; /* "5.1.1", or "" when the server sent none */
	struct buf text; /* lines joined by LF, code and enhanced code cut off,
			    printable only; the owner frees it */
	size_t lines;
};

/* Takes one line (without its CRLF).  1: the reply is whole; 0: more lines
 * follow; -1 with EPROTO: no reply line, a code unlike the first, too long or
 * too many.  Begin with a zeroed struct. */
int reply_line(struct reply *, struct span line);
void reply_reset(struct reply *);
#endif
