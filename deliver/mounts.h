/* mounts - may a process that must not wait look at a path itself?  Where a
 * file system lies on another machine, or in a program, a look may take for
 * ever: that is left to a process of the user whose path it is. */
#ifndef DELIVER_MOUNTS_H
#define DELIVER_MOUNTS_H
#include "common/span.h"
#include <stdbool.h>

/* By the text of /proc/self/mountinfo (proc(5)): does that folder lie on a disk
 * or in memory of this machine?  Pure; links are not followed. */
bool mounts_local(struct span mountinfo, const char *folder);
/* The same as it is now, for a folder that no link leads to. */
bool mounts_is_near(const char *folder);
#endif
