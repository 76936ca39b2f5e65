/* submit - one message from standard input into the spool. */
#ifndef SENDMAIL_SUBMIT_H
#define SENDMAIL_SUBMIT_H
#include "common/conf.h"
#include "common/spool.h"
#include "sendmail/opt.h"

/* Reads standard input, and exits 0 only when the message is on disk.  The
 * set-gid group must be parked; it is gone for good before the first byte is
 * read.  A sysexit; other than 0 with a sentence in why.  unseen: the id of a
 * message that was to be followed (-v), and no agent tells of it; or "". */
int submit(const struct opt *, const struct conf *, char unseen[SPOOL_IDSIZE],
    struct buf *why);
#endif
