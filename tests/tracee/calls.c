#include "tests/tracee/calls.h"
#ifdef __x86_64__
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#define CALL(name)                                                             \
	{                                                                      \
#name, SYS_##name                                              \
	}
static const struct {
	const char *name;
	long number;
} calls[] = {
	/* clang-format off */
	CALL(read), CALL(pread64), CALL(write), CALL(pwrite64), CALL(writev),
	CALL(open), CALL(openat), CALL(openat2), CALL(close), CALL(close_range),
	CALL(stat), CALL(lstat), CALL(fstat), CALL(newfstatat), CALL(statx),
	CALL(access), CALL(faccessat2), CALL(readlink), CALL(readlinkat),
	CALL(lseek), CALL(mmap), CALL(munmap), CALL(mprotect), CALL(madvise),
	CALL(brk), CALL(mremap), CALL(fcntl), CALL(ioctl), CALL(flock),
	CALL(fsync), CALL(fdatasync), CALL(syncfs), CALL(sync_file_range), CALL(fadvise64), CALL(ftruncate),
	CALL(fallocate), CALL(fchmod), CALL(fchown), CALL(chmod), CALL(chown),
	CALL(utimensat), CALL(umask), CALL(mkdir), CALL(mkdirat), CALL(link),
	CALL(linkat), CALL(symlink), CALL(unlink), CALL(unlinkat), CALL(rename),
	CALL(renameat), CALL(renameat2), CALL(getdents64), CALL(statfs),
	CALL(fstatfs), CALL(pipe2), CALL(dup), CALL(dup2), CALL(dup3),
	CALL(socket), CALL(socketpair), CALL(bind), CALL(listen), CALL(accept4),
	CALL(connect), CALL(shutdown), CALL(sendto), CALL(sendmsg),
	CALL(sendmmsg), CALL(recvfrom), CALL(recvmsg), CALL(setsockopt),
	CALL(getsockopt), CALL(getsockname), CALL(getpeername), CALL(poll),
	CALL(ppoll), CALL(select), CALL(pselect6), CALL(epoll_create1),
	CALL(epoll_ctl), CALL(epoll_wait), CALL(epoll_pwait), CALL(signalfd4),
	CALL(eventfd2), CALL(timerfd_create), CALL(memfd_create),
	CALL(inotify_init1), CALL(inotify_add_watch), CALL(inotify_rm_watch),
	CALL(clone), CALL(clone3), CALL(vfork), CALL(fork), CALL(execve),
	CALL(exit), CALL(exit_group), CALL(wait4), CALL(waitid), CALL(kill),
	CALL(tgkill), CALL(pidfd_open), CALL(pidfd_send_signal), CALL(getpid),
	CALL(getppid), CALL(gettid), CALL(getpgrp), CALL(setpgid), CALL(setsid),
	CALL(getuid), CALL(geteuid), CALL(getgid), CALL(getegid),
	CALL(getresuid), CALL(getresgid), CALL(getgroups), CALL(setgroups),
	CALL(setresgid), CALL(setresuid), CALL(setuid), CALL(setgid),
	CALL(prctl), CALL(arch_prctl), CALL(seccomp), CALL(prlimit64),
	CALL(landlock_create_ruleset), CALL(landlock_add_rule),
	CALL(landlock_restrict_self), CALL(chdir), CALL(fchdir), CALL(chroot),
	CALL(getcwd), CALL(unshare), CALL(getrandom), CALL(uname),
	CALL(sysinfo), CALL(times), CALL(getrusage), CALL(alarm),
	CALL(setitimer), CALL(clock_gettime), CALL(clock_nanosleep),
	CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(rt_sigreturn),
	CALL(rt_sigsuspend), CALL(sigaltstack), CALL(futex), CALL(rseq),
	CALL(set_robust_list), CALL(set_tid_address), CALL(restart_syscall),
	CALL(sched_yield), CALL(sched_getaffinity), CALL(flistxattr),
	CALL(fgetxattr), CALL(getxattr), CALL(sendfile), CALL(copy_file_range),
	/* clang-format on */
};
#define CALLS (sizeof calls / sizeof *calls)

const char *
call_name(long number)
{
	static char name[32];

	for (size_t i = 0; i < CALLS; i++)
		if (calls[i].number == number)
			return calls[i].name;
	snprintf(name, sizeof name, "sys_%ld", number);
	return name;
}

long
call_number(const char *name)
{
	for (size_t i = 0; i < CALLS; i++)
		if (strcmp(calls[i].name, name) == 0)
			return calls[i].number;
	return -1;
}

int
errno_of(const char *error)
{
	for (int e = 1; e < 134; e++) {
		const char *name = strerrorname_np(e);

		if (name && strcmp(name, error) == 0)
			return e;
	}
	errx(64, "%s is no error", error);
}
#endif
