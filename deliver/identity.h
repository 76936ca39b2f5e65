/* identity - as whom the parent forks a user or tty process. */
#ifndef DELIVER_IDENTITY_H
#define DELIVER_IDENTITY_H
#include "common/priv.h"
#include "deliver/role.h"

/* start has the settings and, for a user, the purpose.  Fills the rest (the
 * user database owns its words until the next call) and id. NULL, or a sentence
 * that says why not, and whether for good. */
const char *identity(const struct role_ids *, enum role, const char *name,
    struct role_start *, struct priv_id *, bool *permanent);
#endif
