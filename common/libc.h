/* libc - what some C libraries do not name yet: musl before 1.2.6 has no
 * renameat2(2). */
#ifndef COMMON_LIBC_H
#define COMMON_LIBC_H
#include <stdio.h>

#ifndef RENAME_NOREPLACE
#include <sys/syscall.h>
#include <unistd.h>

#define RENAME_NOREPLACE 1u
static inline int
renameat2(int from, const char *old, int to, const char *new, unsigned flags)
{
	return (int)syscall(SYS_renameat2, from, old, to, new, flags);
}
#endif
#endif
