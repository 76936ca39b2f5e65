/* bounds - what each role may still do once it has its identity: one table of
 * system calls (seccomp), of files and network (Landlock), of limits.  What
 * this kernel has not is left out, and said in the log; where what it has fails
 * the process ends (71), and is begun again. */
#ifndef DELIVER_BOUNDS_H
#define DELIVER_BOUNDS_H
#include "deliver/role.h"

/* For good, after priv_become. */
void bounds_set(enum role, const struct role_start *);
/* A name service whose answers come over the network, from the text of
 * nsswitch.conf(5): then the process that asks needs the network.  "": none. */
struct span bounds_far_names(struct span nsswitch);
#endif
