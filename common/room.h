/* room - what a file system is short of.  ENOSPC says the same of blocks and of
 * inodes, and who reads it looks at the wrong one: df shows room that is free.
 */
#ifndef COMMON_ROOM_H
#define COMMON_ROOM_H
#include <stdbool.h>
#include <sys/statvfs.h>

/* Are fewer files than that left?  Never, where they are not counted. */
bool room_few_files(const struct statvfs *, unsigned least);
/* Are files short, and blocks not? */
bool room_only_files(const struct statvfs *);
/* After ENOSPC: are there no files left where the path is, or would be? */
bool room_no_files(const char *path);
#endif
