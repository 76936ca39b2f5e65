/* json - what waits as JSON (RFC 8259), an object a line.  Whatever octets come
 * in, what goes out is UTF-8 of legal strings.  Pure. */
#ifndef SENDMAIL_JSON_H
#define SENDMAIL_JSON_H
#include "sendmail/waiting.h"

/* With its quotes.  Octets that are no UTF-8 become U+FFFD. */
void json_str(struct buf *, struct span);
void json_message(struct buf *, const struct waiting *, int64_t now);
#endif
