/* inject - makes another process do system calls, as one would that has been
 * taken over (x86-64, root):
 *
 *     inject PID CALL ARGUMENT... [-- CALL ARGUMENT...]
 *
 * An argument is a number, $ for what the call before has returned, in:PORT for
 * an address of this machine, hex:DIGITS for octets, or text.  Prints what the
 * last one returned, as "ok" or the name of the errno.  The process goes on as
 * it was.  77: not on this kind of machine. */
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __x86_64__
static const struct {
	const char *name;
	long number;
} calls[] = {
	{ "openat", SYS_openat },
	{ "unlinkat", SYS_unlinkat },
	{ "renameat2", SYS_renameat2 },
	{ "mkdirat", SYS_mkdirat },
	{ "symlinkat", SYS_symlinkat },
	{ "mknodat", SYS_mknodat },
	{ "write", SYS_write },
	{ "socket", SYS_socket },
	{ "bind", SYS_bind },
	{ "listen", SYS_listen },
	{ "connect", SYS_connect },
	{ "clone", SYS_clone },
	{ "execve", SYS_execve },
	{ "kill", SYS_kill },
	{ "ptrace", SYS_ptrace },
	{ "process_vm_readv", SYS_process_vm_readv },
	{ "setuid", SYS_setuid },
	{ "unshare", SYS_unshare },
	{ "chroot", SYS_chroot },
	{ "mount", SYS_mount },
	{ "bpf", SYS_bpf },
	{ "io_uring_setup", SYS_io_uring_setup },
	{ "getpid", SYS_getpid },
};

static pid_t pid;
static struct user_regs_struct saved;
static unsigned long long room; /* below its stack and the red zone */

static unsigned long long
put(const void *bytes, size_t n)
{
	struct iovec here = { (void *)(uintptr_t)bytes, n }, there;

	room -= (n + 15) & ~15ull;
	there = (struct iovec){ (void *)(uintptr_t)room, n };
	if (process_vm_writev(pid, &here, 1, &there, 1, 0) != (ssize_t)n)
		err(71, "its memory");
	return room;
}

static unsigned long long
put_hex(const char *digits)
{
	static unsigned char bytes[65536];
	size_t n = 0;

	for (; digits[0] && digits[1] && n < sizeof bytes; digits += 2) {
		char two[3] = { digits[0], digits[1], 0 };

		bytes[n++] = (unsigned char)strtoul(two, NULL, 16);
	}
	return put(bytes, n);
}

static unsigned long long
argument(const char *word, long before)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	char *end;
	unsigned long long n = (unsigned long long)strtoll(word, &end, 0);

	if (strcmp(word, "$") == 0)
		return (unsigned long long)before;
	if (*word && *end == '\0')
		return n;
	if (strncmp(word, "hex:", 4) == 0)
		return put_hex(word + 4);
	if (strncmp(word, "in:", 3) != 0)
		return put(word, strlen(word) + 1);
	in.sin_port = htons((in_port_t)atol(word + 3));
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return put(&in, sizeof in);
}

/* How: SIGTRAP is a step that was made. */
static int
stopped(void)
{
	int status;

	if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
		errx(71, "it has ended");
	return status >> 8;
}

static long
call(long number, const unsigned long long a[6])
{
	struct user_regs_struct r = saved;

	r.rip = saved.rip - 2; /* the instruction that it waits in */
	r.rax = (unsigned long long)number;
	r.orig_rax = (unsigned long long)-1;
	r.rdi = a[0], r.rsi = a[1], r.rdx = a[2];
	r.r10 = a[3], r.r8 = a[4], r.r9 = a[5];
	if (ptrace(PTRACE_SETREGS, pid, NULL, &r) == -1)
		err(71, "ptrace");
	do /* one that somebody has stopped says that once more */
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) == -1)
			err(71, "ptrace");
	while (stopped() != SIGTRAP);
	if (ptrace(PTRACE_GETREGS, pid, NULL, &r) == -1)
		err(71, "ptrace");
	return (long)r.rax;
}

int
main(int argc, char **argv)
{
	long code, got = 0;

	if (argc < 3)
		errx(64, "usage: inject PID CALL ARGUMENT... [-- CALL ...]");
	pid = (pid_t)atol(argv[1]);
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) == -1 ||
	    ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) == -1)
		err(71, "pid %ld", (long)pid);
	stopped();
	if (ptrace(PTRACE_GETREGS, pid, NULL, &saved) == -1)
		err(71, "ptrace");
	code = ptrace(
	    PTRACE_PEEKTEXT, pid, (void *)(uintptr_t)(saved.rip - 2), NULL);
	if ((code & 0xffff) != 0x050f)
		errx(71, "it is not at a system call");
	room = saved.rsp - 4096;
	for (int i = 2; i < argc; i++) {
		unsigned long long a[6] = { 0 };
		long number = -1;

		for (size_t k = 0; k < sizeof calls / sizeof *calls; k++)
			if (strcmp(calls[k].name, argv[i]) == 0)
				number = calls[k].number;
		if (number == -1)
			errx(64, "%s: not in the table", argv[i]);
		for (int n = 0; ++i < argc && strcmp(argv[i], "--") != 0; n++)
			if (n < 6)
				a[n] = argument(argv[i], got);
		got = call(number, a);
		if (number == SYS_clone && got > 0)
			kill((pid_t)got, SIGKILL);
	}
	ptrace(PTRACE_SETREGS, pid, NULL, &saved);
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	if (got < 0 && got > -4096)
		puts(strerrorname_np((int)-got));
	else
		puts("ok");
	return 0;
}
#else
int
main(void)
{
	return 77;
}
#endif
