/* sandbox - what a process may still call and open, given up for good: seccomp
 * and Landlock, as far as the kernel has them.  PR_SET_NO_NEW_PRIVS is set
 * before. */
#ifndef COMMON_SANDBOX_H
#define COMMON_SANDBOX_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Nothing of the file system may be used any more; beneath beneath (a folder's
 * descriptor, or -1 for none) only as allowed says (LANDLOCK_ACCESS_FS_*): what
 * this kernel does not know of it is left out.  false: there is no Landlock. */
bool sandbox_files(int beneath, uint64_t allowed);
/* No system call but these and what ends a process; all others are answered
 * with EPERM.  Numbers of SYS_*, at most 64. */
void sandbox_calls(const int *calls, size_t n);
#endif
