/* named - has the user, or root, written that file or command down?  The queue
 * says where a message is to go, and a queue that is no longer itself might say
 * anything: so his own process looks, in the texts where it may stand.
 *
 *     ~/.forward and the lists it includes: his word
 *     the aliases, root's .forward and the lists of root's they include: root's
 *     word, which is for the files of all and the commands of command-user;
 *     a list there that is the user's own is his word
 *
 * What names a text is not taken from the queue, for a user has other files
 * with other people's words in them: his mail. */
#ifndef DELIVER_USER_NAMED_H
#define DELIVER_USER_NAMED_H
#include "deliver/forward.h"
#include "deliver/role.h"

/* READ_OK: it stands there; READ_NONE: it does not; READ_LATER: that cannot be
 * told now.  Of the last two a sentence in why. */
enum read_status named(
    const struct role_start *, bool command, struct span what, struct buf *why);
#endif
