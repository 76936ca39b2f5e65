/* opening - the part of smtp between EHLO and the first message: STARTTLS
 * (RFC 3207) and AUTH (RFC 4954). */
#ifndef DELIVER_NET_OPENING_H
#define DELIVER_NET_OPENING_H
#include "deliver/net/smtp.h"

/* EHLO or HELO is answered, or what came after it: what is next. */
void opening_next(struct smtp *);
/* A reply at AT_STARTTLS or AT_AUTH.  false: it is to be judged as any. */
bool opening_takes(struct smtp *, const struct reply *);
/* At AT_AUTH, a line without CRLF: was it a challenge? */
bool opening_challenge(struct smtp *, struct span line);
/* Octets of a line that may come now. */
size_t opening_line(const struct smtp *);
void opening_free(struct smtp *);
#endif
