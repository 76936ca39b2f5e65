/* safe - a message made legal for every SMTP server (common/legal.h), so that
 * a reader sees the same text: parts with 8-bit or over-long lines become
 * quoted-printable or base64 (RFC 2045 6), header fields are folded or encoded
 * (RFC 2047, RFC 2231), MIME fields are added where there are none.  What is
 * legal already stays byte for byte, signed parts among it. */
#ifndef DELIVER_MIME_SAFE_H
#define DELIVER_MIME_SAFE_H
#include "common/buf.h"

/* Appends message to out: 0, or -1 with ENOMEM. */
int safe_message(struct span message, struct buf *out);
#endif
