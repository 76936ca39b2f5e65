#include "deliver/calls.h"
#include "common/sandbox.h"
#include <string.h>
#include <sys/syscall.h>

static const int base[] = {
	/* descriptors */
	SYS_read,
	SYS_readv,
	SYS_pread64,
	SYS_preadv,
	SYS_preadv2,
	SYS_write,
	SYS_writev,
	SYS_pwrite64,
	SYS_pwritev,
	SYS_pwritev2,
	SYS_lseek,
	SYS_close,
	SYS_close_range,
	SYS_dup,
	SYS_dup3,
	SYS_fcntl,
	SYS_ioctl,
	SYS_flock,
	SYS_pipe2,
	SYS_memfd_create,
	SYS_fadvise64,
	SYS_sendfile,
	/* looking */
	SYS_openat,
	SYS_openat2,
	SYS_getdents64,
	SYS_fstat,
#ifdef SYS_newfstatat /* with 32 bits it has another name */
	SYS_newfstatat,
#endif
	SYS_statx,
	SYS_statfs,
	SYS_fstatfs,
	SYS_readlinkat,
	SYS_faccessat,
	SYS_faccessat2,
	SYS_getcwd,
	SYS_chdir,
	SYS_umask,
	/* waiting, time */
	SYS_ppoll,
	SYS_pselect6,
	SYS_epoll_create1,
	SYS_epoll_ctl,
	SYS_epoll_pwait,
	SYS_epoll_pwait2,
	SYS_eventfd2,
	SYS_signalfd4,
	SYS_timerfd_create,
	SYS_timerfd_settime,
	SYS_timerfd_gettime,
	SYS_clock_gettime,
	SYS_clock_getres,
	SYS_clock_nanosleep,
	SYS_nanosleep,
	SYS_gettimeofday,
	SYS_setitimer,
	SYS_getitimer,
	SYS_times,
	/* memory */
	SYS_brk,
	SYS_mmap,
	SYS_munmap,
	SYS_mremap,
	SYS_mprotect,
	SYS_madvise,
	SYS_msync,
	SYS_futex,
	SYS_membarrier,
	SYS_getrandom,
	/* signals, the end; tgkill is abort's */
	SYS_rt_sigaction,
	SYS_rt_sigprocmask,
	SYS_rt_sigreturn,
	SYS_rt_sigpending,
	SYS_rt_sigtimedwait,
	SYS_sigaltstack,
	SYS_restart_syscall,
	SYS_tgkill,
	SYS_exit,
	SYS_exit_group,
	SYS_wait4,
	/* itself */
	SYS_getpid,
	SYS_gettid,
	SYS_getppid,
	SYS_getuid,
	SYS_geteuid,
	SYS_getgid,
	SYS_getegid,
	SYS_getresuid,
	SYS_getresgid,
	SYS_getgroups,
	SYS_getsid,
	SYS_getpgid,
	SYS_setsid,
	SYS_uname,
	SYS_sysinfo,
	SYS_getrusage,
	SYS_prlimit64,
	SYS_getrlimit,
	SYS_setrlimit,
	SYS_sched_yield,
	SYS_sched_getaffinity,
	SYS_getcpu,
	SYS_prctl,
	SYS_set_robust_list,
	SYS_get_robust_list,
	SYS_set_tid_address,
#ifdef SYS_rseq
	SYS_rseq,
#endif
	/* sockets: the filter says of which family */
	SYS_socket,
	SYS_socketpair,
	SYS_connect,
	SYS_sendto,
	SYS_recvfrom,
	SYS_sendmsg,
	SYS_recvmsg,
	SYS_sendmmsg,
	SYS_recvmmsg,
	SYS_shutdown,
	SYS_getsockopt,
	SYS_setsockopt,
	SYS_getsockname,
	SYS_getpeername,
#ifdef __x86_64__
	SYS_open,
	SYS_stat,
	SYS_lstat,
	SYS_access,
	SYS_readlink,
	SYS_dup2,
	SYS_pipe,
	SYS_poll,
	SYS_select,
	SYS_epoll_create,
	SYS_epoll_wait,
	SYS_eventfd,
	SYS_signalfd,
	SYS_getdents,
	SYS_time,
	SYS_alarm,
	SYS_arch_prctl,
	SYS_getpgrp,
	SYS_creat,
#endif
};

static const int files[] = {
	SYS_kill, /* signal 0: is who holds the lock there? */
	SYS_linkat,
	SYS_unlinkat,
	SYS_renameat2,
	SYS_mkdirat,
	SYS_ftruncate,
	SYS_truncate,
	SYS_fallocate,
	SYS_fsync,
	SYS_fdatasync,
	SYS_syncfs,
	SYS_sync_file_range,
	SYS_utimensat,
	SYS_fchmod,
	SYS_fchmodat,
	SYS_fchown,
	SYS_fchownat,
	SYS_copy_file_range,
	SYS_splice,
#ifdef SYS_renameat
	SYS_renameat,
#endif
#ifdef __x86_64__
	SYS_link,
	SYS_unlink,
	SYS_rename,
	SYS_mkdir,
	SYS_rmdir,
	SYS_chmod,
	SYS_utimes,
	SYS_futimesat,
#endif
};

static const int serve[] = {
	SYS_accept4,
#ifdef SYS_accept /* i386 has accept4 alone */
	SYS_accept,
#endif
	SYS_inotify_init1,
	SYS_inotify_add_watch,
	SYS_inotify_rm_watch,
};

static const int net[] = {
	SYS_bind, /* a name server is asked from a port of ours */
};

static const int start[] = {
	SYS_execve,
	/* deliver-mime bounds itself further */
	SYS_landlock_create_ruleset,
	SYS_landlock_add_rule,
	SYS_landlock_restrict_self,
};

/* Other processes, the kernel, mounts and namespaces, keys, and what has been
 * the way into the kernel again and again. */
static const int not_of_programs[] = {
	SYS_ptrace,
	SYS_process_vm_readv,
	SYS_process_vm_writev,
	SYS_kcmp,
	SYS_bpf,
	SYS_perf_event_open,
	SYS_userfaultfd,
	SYS_io_uring_setup,
	SYS_io_uring_enter,
	SYS_io_uring_register,
	SYS_keyctl,
	SYS_add_key,
	SYS_request_key,
	SYS_mount,
	SYS_umount2,
	SYS_pivot_root,
	SYS_chroot,
	SYS_move_mount,
	SYS_open_tree,
	SYS_fsopen,
	SYS_fsmount,
	SYS_unshare,
	SYS_setns,
	SYS_init_module,
	SYS_finit_module,
	SYS_delete_module,
	SYS_kexec_load,
	SYS_reboot,
	SYS_swapon,
	SYS_swapoff,
	SYS_acct,
	SYS_settimeofday,
	SYS_clock_settime,
	SYS_adjtimex,
	SYS_clock_adjtime,
	SYS_sethostname,
	SYS_setdomainname,
	SYS_syslog,
	SYS_quotactl,
	SYS_open_by_handle_at,
	SYS_name_to_handle_at,
	SYS_personality,
	SYS_vhangup,
	SYS_fanotify_init,
	SYS_lookup_dcookie,
#ifdef __x86_64__
	SYS_iopl,
	SYS_ioperm,
	SYS_modify_ldt,
	SYS_kexec_file_load,
#endif
};

#define CLASS(of, names)                                                       \
	{                                                                      \
		of, names, sizeof(names) / sizeof *(names)                     \
	}
static const struct {
	enum calls of;
	const int *call;
	size_t n;
} classes[] = {
	CLASS(CALLS_BASE, base),
	CLASS(CALLS_FILES, files),
	CLASS(CALLS_SERVE, serve),
	CLASS(CALLS_NET, net),
	CLASS(CALLS_START, start),
};

int
calls_set(enum calls calls)
{
	bool allowed[SANDBOX_CALLS] = { false };

	calls |= CALLS_BASE;
	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
		for (size_t k = 0; (calls & classes[i].of) && k < classes[i].n;
		     k++)
			allowed[classes[i].call[k]] = true;
	if (calls & CALLS_PROGRAM) {
		memset(allowed, true, sizeof allowed);
		for (size_t i = 0;
		     i < sizeof not_of_programs / sizeof *not_of_programs; i++)
			allowed[not_of_programs[i]] = false;
	}
	return sandbox_filter(allowed, !(calls & (CALLS_NET | CALLS_PROGRAM)));
}
