/* mounts - which folders may hang: those of file systems that another machine
 * answers for (NFS, CIFS, FUSE).  The queue looks at none of them; a process of
 * the user does, whose waiting keeps nobody else's mail up. */
#ifndef DELIVER_QUEUE_MOUNTS_H
#define DELIVER_QUEUE_MOUNTS_H
#include "common/span.h"
#include <stdbool.h>

/* Is the path on one, by the text of /proc/self/mountinfo (proc(5))?  True as
 * well where no line says what it is on.  Pure. */
bool mounts_far(struct span mountinfo, const char *path);
/* May it be looked at here?  Not when any component of it is a link, which may
 * lead anywhere, or lies on such a mount. */
bool mounts_near(const char *path);
#endif
