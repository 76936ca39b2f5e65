/* walk - deliver --check, as root: has the role net walk the way to each relay,
 * with a role dns beside it, and passes on what it says.  Neither has anything
 * to do with an agent that may run. */
#ifndef DELIVER_WALK_H
#define DELIVER_WALK_H
#include "deliver/role.h"

/* Prints lines; secrets as for parent_run.  to: only the way of mail to that
 * address, or domain; or NULL.  A sysexit. */
int walk(
    const struct conf *, const struct role_ids *, const char *to, int secrets);
#endif
