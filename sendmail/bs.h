/* bs - sendmail -bs: the dialogue on standard input and output. */
#ifndef SENDMAIL_BS_H
#define SENDMAIL_BS_H
#include "common/conf.h"
#include "sendmail/opt.h"

/* Returns when the dialogue is over: a sysexit; other than 0 with a sentence in
 * why.  The set-gid group must be parked; it is gone from this process for good
 * before the first octet is read.  *queued: messages that were taken. */
int bs(
    const struct opt *, const struct conf *, unsigned *queued, struct buf *why);
#endif
