#include "deliver/tty/confine.h"
#include "common/priv.h"
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* All rights of Landlock's first version, and renaming, truncating and device
 * ioctls of the later ones, by number: older headers do not name them. */
static uint64_t
rights_known(int version)
{
	uint64_t rights = (1u << 13) - 1;

	if (version >= 2)
		rights |= 1u << 13; /* REFER */
	if (version >= 3)
		rights |= 1u << 14; /* TRUNCATE */
	if (version >= 5)
		rights |= 1u << 15; /* IOCTL_DEV: the size of the window */
	return rights;
}

static bool
landlock(int devfd)
{
	struct landlock_ruleset_attr all = { 0 };
	struct landlock_path_beneath_attr dev = { .parent_fd = devfd };
	long version, fd;
	bool ok;

	version = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	if (version < 1)
		return false;
	all.handled_access_fs = rights_known((int)version);
	dev.allowed_access = LANDLOCK_ACCESS_FS_WRITE_FILE;
	dev.allowed_access |= all.handled_access_fs & (1u << 15);
	fd = syscall(
	    SYS_landlock_create_ruleset, &all, sizeof all.handled_access_fs, 0);
	if (fd == -1)
		return false;
	ok = syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH,
		 &dev, 0) == 0 &&
	     syscall(SYS_landlock_restrict_self, fd, 0) == 0;
	close((int)fd);
	return ok;
}

#if defined __x86_64__
#define ARCH AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define ARCH AUDIT_ARCH_AARCH64
#elif defined __riscv && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#endif

#if defined ARCH && !defined __SANITIZE_ADDRESS__
#define ALLOW(name)                                                            \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1),                 \
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* Opening (Landlock says what), writing, waiting, the answer, the log; all else
 * is refused with EPERM. */
static void
seccomp(void)
{
	static struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		ALLOW(openat),
		ALLOW(openat2),
		ALLOW(close),
		ALLOW(read),
		ALLOW(pread64),
		ALLOW(write),
		ALLOW(fstat),
		ALLOW(newfstatat),
		ALLOW(ioctl),
		ALLOW(fcntl),
#ifdef SYS_poll
		ALLOW(poll),
#endif
		ALLOW(ppoll),
		ALLOW(epoll_ctl),
#ifdef SYS_epoll_wait
		ALLOW(epoll_wait),
#endif
		ALLOW(epoll_pwait),
		ALLOW(sendto),
		ALLOW(sendmsg),
		ALLOW(recvmsg),
		ALLOW(brk),
		ALLOW(mmap),
		ALLOW(munmap),
		ALLOW(mremap),
		ALLOW(mprotect),
		ALLOW(madvise),
		ALLOW(futex),
		ALLOW(getpid),
		ALLOW(getrandom),
		ALLOW(clock_gettime),
		ALLOW(restart_syscall),
		ALLOW(rt_sigprocmask),
		ALLOW(rt_sigreturn),
		ALLOW(exit),
		ALLOW(exit_group),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (EPERM & 0xffff)),
	};
	struct sock_fprog program = { sizeof rules / sizeof *rules, rules };

	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}
#else
static void
seccomp(void)
{
}
#endif

bool
confine(int devfd)
{
	bool locked;

	priv_limit(RLIMIT_CPU, 5);
	/* Before Landlock's own descriptor, which is among the few. */
	priv_limit(RLIMIT_NOFILE, 32);
	locked = landlock(devfd);
	seccomp();
	return locked;
}
