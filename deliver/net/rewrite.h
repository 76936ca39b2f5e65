/* rewrite - the sender as a relay is to know it: what `sender` of
 * bellman.conf(5) says, for the envelope and, alike, for From, Sender,
 * Resent-From and Resent-Sender.  The old field stays as X-Original-NAME.
 * Pure; without a line `sender` there is nothing to do. */
#ifndef DELIVER_NET_REWRITE_H
#define DELIVER_NET_REWRITE_H
#include "common/conf.h"

#define REWRITE_HEAD (256 << 10) /* octets of a message that are looked at */

/* The address in place of that one; NULL: it stays.  The null path stays. */
const char *rewrite_sender(const struct conf *, struct span addr);
/* text is a message, or its first REWRITE_HEAD octets; sender the envelope's,
 * as it was.  Adds the new header to out, in place of the first *used octets
 * of text: 1; 0: nothing changes; -1 with ENOMEM.  out gets at most 1 MiB more
 * than text has. */
int rewrite_header(const struct conf *, struct span sender, struct span text,
    struct buf *out, size_t *used);
#endif
