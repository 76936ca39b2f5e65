#include "common/room.h"
#include <libgen.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#define FEW 16	       /* others make some, too, before the question */
#define ROOM (1 << 20) /* octets: with fewer than that it is the blocks */

bool
room_few_files(const struct statvfs *fs, unsigned least)
{
	return fs->f_files != 0 && fs->f_favail < least;
}

/* XFS and others make inodes of free blocks: where those are short, too, it is
 * they that are missing. */
bool
room_only_files(const struct statvfs *fs)
{
	return room_few_files(fs, FEW) &&
	       (uint64_t)fs->f_bavail * fs->f_frsize >= ROOM;
}

bool
room_no_files(const char *path)
{
	char folder[PATH_MAX];
	struct statvfs fs;

	if (statvfs(path, &fs) == 0)
		return room_only_files(&fs);
	return strlcpy(folder, path, sizeof folder) < sizeof folder &&
	       statvfs(dirname(folder), &fs) == 0 && room_only_files(&fs);
}
