#include "common/sandbox.h"
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALLS_MAX 64

/* All rights of Landlock's first version, and renaming, truncating and device
 * ioctls of the later ones, by number: older headers do not name them. */
static uint64_t
rights_known(long version)
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

bool
sandbox_files(int beneath, uint64_t allowed)
{
	struct landlock_ruleset_attr all = { 0 };
	struct landlock_path_beneath_attr path = { .parent_fd = beneath };
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	long fd;
	bool ok;

	if (version < 1)
		return false;
	all.handled_access_fs = rights_known(version);
	path.allowed_access = allowed & all.handled_access_fs;
	fd = syscall(
	    SYS_landlock_create_ruleset, &all, sizeof all.handled_access_fs, 0);
	if (fd == -1)
		return false;
	ok =
	    (beneath == -1 || syscall(SYS_landlock_add_rule, fd,
				  LANDLOCK_RULE_PATH_BENEATH, &path, 0) == 0) &&
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

#ifdef ARCH
static void
allow(struct sock_filter **at, int call)
{
	const struct sock_filter one[2] = {
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	*(*at)++ = one[0];
	*(*at)++ = one[1];
}

void
sandbox_calls(const int *calls, size_t n)
{
	static const int ends[] = { SYS_rt_sigreturn, SYS_exit,
		SYS_exit_group };
	const struct sock_filter head[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
	};
	const struct sock_filter last =
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (EPERM & 0xffff));
	struct sock_filter rules[2 * CALLS_MAX + 16], *at = rules;
	struct sock_fprog program;

	for (size_t i = 0; i < sizeof head / sizeof *head; i++)
		*at++ = head[i];
	for (size_t i = 0; i < n && i < CALLS_MAX; i++)
		allow(&at, calls[i]);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		allow(&at, ends[i]);
	*at++ = last;
	program = (struct sock_fprog){ (unsigned short)(at - rules), rules };
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}
#else
void
sandbox_calls(const int *calls, size_t n)
{
	(void)calls;
	(void)n;
}
#endif
