/* intake - message bytes as callers write them, made into lines that end in
 * LF.  CRLF is a line end, and so is a bare CR in the text (RFC 5321 2.3.8: it
 * may not stand alone); in the header that becomes a blank, or a name or
 * subject that holds one would begin a line of its own.  Every other octet, NUL
 * among them, passes unchanged.  Without dots a line that is just "." ends the
 * message; only LF and CRLF end such a line, so that no other byte does (no
 * smuggling).  No I/O. */
#ifndef SENDMAIL_INTAKE_H
#define SENDMAIL_INTAKE_H
#include "common/buf.h"

struct intake {
	bool dots;  /* a lone dot is text */
	bool ended; /* the lone dot was seen; the rest is not read */
	enum { IN_START, IN_LINE, IN_DOT } at;
	bool cr;   /* a CR whose fellow is not yet known */
	bool text; /* the header is over */
};

void intake_feed(struct intake *, struct span, struct buf *out);
/* The same of the last n octets of text, which came there by read: what is
 * lines already is not copied. */
void intake_came(struct intake *, struct buf *text, size_t n);
/* The end of the input: what is pending becomes a whole last line. */
void intake_end(struct intake *, struct buf *out);
#endif
