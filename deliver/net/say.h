/* say - the commands of a transaction, as this server takes them.  Pure. */
#ifndef DELIVER_NET_SAY_H
#define DELIVER_NET_SAY_H
#include "deliver/net/smtp.h"

bool say_ascii(const char *);
/* The verb: MAIL, or what the server and the relay's settings allow (RFC 821
 * 3.4).  NULL: a SEND that cannot be passed on. */
const char *say_verb(const struct smtp_mail *, const struct ehlo *);
/* A whole line, with the parameters that are offered and needed. */
void say_mail(struct buf *, const struct smtp_mail *, const struct ehlo *);
void say_rcpt(struct buf *, const struct smtp_rcpt *, const struct ehlo *);
#endif
