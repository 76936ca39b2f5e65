#include "deliver/mime/confine.h"
#include "common/sandbox.h"
#include <sys/prctl.h>
#include <sys/syscall.h>

/* Octets in and out, memory, the end; a library's attempt at something of no
 * use does not cost the message. */
static const int calls[] = {
	SYS_read,
	SYS_write,
	SYS_readv, /* of musl's stdio, as the next */
	SYS_writev,
	SYS_lseek,
	SYS_fstat,
	SYS_brk,
	SYS_mmap,
	SYS_munmap,
	SYS_mremap,
	SYS_mprotect,
	SYS_madvise,
	SYS_futex,
	SYS_getrandom,
	SYS_clock_gettime,
};

int
confine(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    sandbox_files(-1, 0) == -1)
		return -1;
	return sandbox_calls(calls, sizeof calls / sizeof *calls) == -1 ? -1
									: 0;
}
