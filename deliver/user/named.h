/* named - does a command, or a /file, stand where the queue says that it does?
 * Seen by the process that is to act on it, as its user: a queue that lies has
 * nothing done that the user, or the administrator for the command user, did
 * not write down. */
#ifndef DELIVER_USER_NAMED_H
#define DELIVER_USER_NAMED_H
#include "deliver/forward.h"
#include "deliver/role.h"

/* start->purpose: FOR_COMMAND or FOR_FILE.  False: a sentence in why. */
bool named(const struct role_start *, struct span what, enum named_in,
    const char *list, struct buf *why);
/* Is it an item of that text: aliases(5), or a .forward or list? */
bool named_there(
    struct span text, bool aliases, bool command, struct span what);
#endif
