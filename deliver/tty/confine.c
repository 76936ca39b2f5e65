#include "deliver/tty/confine.h"
#include "common/priv.h"
#include "common/sandbox.h"
#include <linux/landlock.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define MEMORY (256ul << 20) /* octets of address space */
#define IOCTL_DEV (1u << 15) /* of Landlock 5: the size of the window */

/* Opening (Landlock says what), writing, waiting, the answer, the log. */
static const int calls[] = {
	SYS_openat,
	SYS_openat2,
	SYS_close,
	SYS_read,
	SYS_pread64,
	SYS_write,
	SYS_writev, /* of musl's stdio */
	SYS_fstat,
#ifdef SYS_newfstatat
	SYS_newfstatat,
#endif
	SYS_ioctl,
	SYS_fcntl,
#ifdef SYS_poll
	SYS_poll,
#endif
	SYS_ppoll,
	SYS_epoll_ctl,
#ifdef SYS_epoll_wait
	SYS_epoll_wait,
#endif
	SYS_epoll_pwait,
	SYS_sendto,
	SYS_sendmsg,
	SYS_recvmsg,
	SYS_brk,
	SYS_mmap,
	SYS_munmap,
	SYS_mremap,
	SYS_mprotect,
	SYS_madvise,
	SYS_futex,
	SYS_getpid,
	SYS_getrandom,
	SYS_clock_gettime,
	SYS_restart_syscall,
	SYS_rt_sigprocmask,
};

int
confine(int devfd)
{
	int files;

	/* The number before Landlock's own descriptor, which is among them. */
	if (priv_limit(RLIMIT_CPU, 5) == -1)
		return -1;
#ifndef SANDBOX_WATCHED /* which keeps descriptors of its own */
	if (priv_limit(RLIMIT_NOFILE, 32) == -1)
		return -1;
#endif
	files = sandbox_files(devfd, LANDLOCK_ACCESS_FS_WRITE_FILE | IOCTL_DEV);
	if (files == -1)
		return -1;
#ifndef SANDBOX_WATCHED /* which makes calls of its own, and wants memory */
	if (priv_limit(RLIMIT_NPROC, 0) == -1 ||
	    priv_limit(RLIMIT_AS, MEMORY) == -1 ||
	    sandbox_calls(calls, sizeof calls / sizeof *calls) == -1)
		return -1;
#else
	(void)calls;
#endif
	return files;
}
