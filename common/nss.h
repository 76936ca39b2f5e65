/* nss - where a machine's users come from: nsswitch.conf(5). */
#ifndef COMMON_NSS_H
#define COMMON_NSS_H
#include "common/span.h"

#define NSS_CONF "/etc/nsswitch.conf"

/* The first source of users or groups in its text that is none of these names,
 * the last of which is NULL; "": there is no other. */
struct span nss_other(struct span text, const char *const known[]);
#endif
