/* submit - one message from standard input into the spool. */
#ifndef SENDMAIL_SUBMIT_H
#define SENDMAIL_SUBMIT_H
#include "common/conf.h"
#include "sendmail/opt.h"

/* Reads standard input, and exits 0 only when the message is on disk.  The
 * set-gid group must be parked; it is gone for good before the first byte is
 * read.  A sysexit; other than 0 with a sentence in why. */
int submit(const struct opt *, const struct conf *, struct buf *why);
#endif
