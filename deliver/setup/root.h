/* root - whose root's mail is, for deliver --check: as far as the aliases tell,
 * read here as whoever asks.  No list is opened, and no .forward. */
#ifndef DELIVER_SETUP_ROOT_H
#define DELIVER_SETUP_ROOT_H
#include "common/conf.h"

/* " goes to the relay NAME, as from <ADDRESS>": what root sends to domain. */
void root_leaves(const struct conf *, struct span domain, struct buf *);
/* " goes, by /etc/aliases, to ...": mail to root, who is local. */
void root_stays(const struct conf *, struct buf *);
#endif
