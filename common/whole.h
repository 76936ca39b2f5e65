/* whole - all of a text, or an error: to a file, a pipe or a socket that waits;
 * or out of a file. */
#ifndef COMMON_WHOLE_H
#define COMMON_WHOLE_H
#include "common/buf.h"

/* 0, or -1 with errno: some of it may be written. */
int whole_write(int fd, struct span text);
/* All of a file, at most max octets, in one read if it is a regular one: its
 * size is known.  Not opened blocking, so that a FIFO put there by mistake does
 * not stop every sendmail of the machine.  0, or -1 with errno. */
int whole_read(const char *path, size_t max, struct buf *text);
#endif
