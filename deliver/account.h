/* account - a user by name, as the machine's database has him. */
#ifndef DELIVER_ACCOUNT_H
#define DELIVER_ACCOUNT_H
#include <grp.h>
#include <pwd.h>

/* As getpwnam; NULL with errno 0: there is no such user; with another: that
 * cannot be told now. */
const struct passwd *account_find(const char *name);
/* The same of a group. */
const struct group *account_group(const char *name);
#endif
