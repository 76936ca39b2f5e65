/* place - the folder that a mailbox lies in, held open.  A home may be renamed
 * while a message is delivered, and another put in its place: nothing goes
 * there. */
#ifndef DELIVER_USER_PLACE_H
#define DELIVER_USER_PLACE_H
#include "deliver/user/box.h"

/* Sets at and name, once: 0; or -1 and why not.  Beneath the user's home only
 * if that is his, or root's: else a link in its place would lead to another's.
 */
int place_open(struct box *, struct verdict *);
void place_close(struct box *);
#endif
