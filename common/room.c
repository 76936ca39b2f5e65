#include "common/room.h"
#include <libgen.h>
#include <limits.h>
#include <string.h>

#define FEW 16 /* others make some, too, between the error and the question */

bool
room_few_files(const struct statvfs *fs, unsigned least)
{
	return fs->f_files != 0 && fs->f_favail < least;
}

bool
room_no_files(const char *path)
{
	char folder[PATH_MAX];
	struct statvfs fs;

	if (statvfs(path, &fs) == 0)
		return room_few_files(&fs, FEW);
	return strlcpy(folder, path, sizeof folder) < sizeof folder &&
	       statvfs(dirname(folder), &fs) == 0 && room_few_files(&fs, FEW);
}
