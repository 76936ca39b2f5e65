/* flush - many files at once onto the disk. */
#ifndef DELIVER_USER_FLUSH_H
#define DELIVER_USER_FLUSH_H
#include <stddef.h>

/* Begins to write that file out, and does not wait. */
void flush_begin(int fd);
/* All files of the file system in which folder lies are on disk: 0; or -1, and
 * nothing is known: then each is synced by itself.  One journal commit and one
 * flush of the disk's memory stand for as many as there are files; but it waits
 * for what others have written, too, so that it is not done where that is much;
 * nor where a kernel or file system would not tell of a failed write. */
int flush_all(int folder, size_t files);
#endif
