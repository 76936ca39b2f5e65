/* whole - all of a text, or an error: to a file, a pipe or a socket that waits.
 */
#ifndef COMMON_WHOLE_H
#define COMMON_WHOLE_H
#include "common/span.h"

/* 0, or -1 with errno: some of it may be written. */
int whole_write(int fd, struct span text);
#endif
