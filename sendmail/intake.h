/* intake - message bytes as callers write them, made into lines that end in
 * LF.  CRLF and a bare CR are line ends (RFC 5321 2.3.8: neither may stand
 * alone); every other octet, NUL among them, passes unchanged.  Without
 * dots a line that is just "." ends the message; only LF and CRLF end such a
 * line, so that no other byte does (no smuggling).  No I/O. */
#ifndef SENDMAIL_INTAKE_H
#define SENDMAIL_INTAKE_H
#include "common/buf.h"

struct intake {
	bool dots;  /* a lone dot is text */
	bool ended; /* the lone dot was seen; the rest is not read */
	enum { IN_START, IN_LINE, IN_DOT } at;
	bool cr; /* a CR whose fellow is not yet known */
};

void intake_feed(struct intake *, struct span, struct buf *out);
/* The same of the last n octets of text, which came there by read: what is
 * lines already is not copied. */
void intake_came(struct intake *, struct buf *text, size_t n);
/* The end of the input: what is pending becomes a whole last line. */
void intake_end(struct intake *, struct buf *out);
#endif
