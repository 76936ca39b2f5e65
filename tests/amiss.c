/* amiss - one system call goes amiss in one process of many (x86-64, root):
 *
 *     amiss [-o FILE] [-p PID] [-P PATH] [-u USER] [-w FILE] ROLE CALL[@SITE]
 *         WHEN HOW [COMMAND...]
 *     amiss -c [-o FILE] [-p PID] [-u USER] [-w FILE] [COMMAND...]
 *
 * runs COMMAND, or holds on to PID, and all that it forks.  The WHEN-th CALL
 * of the processes of that role answers HOW: the name of an errno, and then it
 * is not made; "after," and an errno: it is made, and answers that; "short": it
 * writes half of what it was asked to; or "short," and an errno: so does it,
 * and what is called next by that name answers the errno, as on a disk that has
 * just become full; or "kill": the process ends there by SIGKILL, before the
 * call is made.  Once: what a process that is begun again does is left alone.
 * Before the FILE of -w is there no call counts.  -u: as that user, without
 * groups and new privileges.
 *
 * A role is the word after "deliver: " in a process's title, "parent" for the
 * command itself, or, before there is a title, "start"; after an exec the name
 * of the program.  A site is where in the program a call comes from
 * (tracee/frames.h), or "ld" where the program is not on the stack yet.  FILE
 * gets a line with what was done, or, with -c, lines "ROLE CALL@SITE COUNT".
 * Ends as COMMAND does (128 + N for a signal; 0 where it was the one to be
 * killed).  77: not on this kind of machine, or built without libdw. */
#include "tests/tracee/calls.h"
#include "tests/tracee/frames.h"
#include "tests/tracee/role.h"
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined __x86_64__ && !defined WITHOUT_LIBDW
#define ROLES 64
#define PROCESSES 512
#define SITES 16384

/* The answer that a call is to get when it ends. */
enum answer { AS_IT_IS, ERROR, RESTORE_BREAK, RESTORE_LENGTH, RESTORE_VECTOR };

static struct process {
	pid_t pid;
	bool seen; /* it has stopped once */
	enum answer answer;
	unsigned long long old; /* what stood there before */
} processes[PROCESSES];

static struct role {
	char name[32];
} roles[ROLES];

/* How often a role has come to a call, from one site or (0) from any. */
static struct site {
	const struct role *role;
	long call;
	uint32_t sum;
	unsigned long count;
} sites[SITES];

static pid_t first;
static const char *want_role;
static long want_call;
static uint32_t want_site; /* 0: any */
static unsigned long want_when;
static const char *want_path, *wait_for, *user;
static bool counting, half, deadly, made;
static bool every;	 /* it stops at every call, for want of a filter */
static int wrong, after; /* errnos: of this call; of the next one */
static bool done, begun; /* it is the COMMAND by now */
static FILE *out;

static struct process *
process(pid_t pid)
{
	struct process *free_one = NULL;

	for (size_t i = 0; i < PROCESSES; i++)
		if (processes[i].pid == pid)
			return &processes[i];
		else if (processes[i].pid == 0 && free_one == NULL)
			free_one = &processes[i];
	if (free_one == NULL)
		errx(71, "too many processes");
	*free_one = (struct process){ .pid = pid };
	return free_one;
}

static struct role *
role(pid_t pid)
{
	char name[32];
	size_t i;

	role_of(pid, pid == first, name);
	for (i = 0; i < ROLES - 1 && roles[i].name[0]; i++)
		if (strcmp(roles[i].name, name) == 0)
			break;
	memcpy(roles[i].name, name, sizeof name);
	return &roles[i];
}

static struct site *
site(const struct role *me, long call, uint32_t sum)
{
	size_t i;

	for (i = 0; i < SITES - 1 && sites[i].role; i++)
		if (sites[i].role == me && sites[i].call == call &&
		    sites[i].sum == sum)
			break;
	sites[i].role = me;
	sites[i].call = call;
	sites[i].sum = sum;
	return &sites[i];
}

static struct user_regs_struct
registers(pid_t pid)
{
	struct user_regs_struct r = { 0 };

	ptrace(PTRACE_GETREGS, pid, NULL, &r);
	return r;
}

/* One vector's length: of the first, and it becomes the only one. */
static bool
halve_vector(struct process *p, struct user_regs_struct *r)
{
	struct iovec v;
	struct iovec here = { &v, sizeof v };
	struct iovec there = { (void *)(uintptr_t)r->rsi, sizeof v };

	if (r->rdx > 1) { /* the first of several, whole */
		p->old = r->rdx;
		p->answer = RESTORE_LENGTH;
		r->rdx = 1;
		return true;
	}
	if (process_vm_readv(p->pid, &here, 1, &there, 1, 0) != sizeof v ||
	    v.iov_len < 2)
		return false;
	p->old = v.iov_len;
	p->answer = RESTORE_VECTOR;
	v.iov_len /= 2;
	return process_vm_writev(p->pid, &here, 1, &there, 1, 0) == sizeof v;
}

static bool
halve(struct process *p, struct user_regs_struct *r)
{
	if (r->orig_rax == SYS_writev)
		return halve_vector(p, r);
	if (r->rdx < 2)
		return false;
	p->old = r->rdx;
	p->answer = RESTORE_LENGTH;
	r->rdx /= 2;
	return true;
}

/* A break that cannot be moved is answered with where it is; the C library
 * compares that with what it asked for, in the register. */
static void
refuse(struct process *p, struct user_regs_struct *r, int error)
{
	if (r->orig_rax == SYS_brk) {
		p->old = r->rdi;
		p->answer = RESTORE_BREAK;
		r->rdi = 0;
		return;
	}
	p->answer = ERROR;
	p->old = (unsigned long long)error;
	if (made)
		return;
	r->rax = (unsigned long long)-(long long)error;
	r->orig_rax = (unsigned long long)-1;
}

static bool
on_path(const struct process *p, const struct user_regs_struct *r)
{
	char link[64], path[600] = "", name[256] = "";
	struct iovec here = { name, sizeof name - 1 };
	struct iovec there = { (void *)(uintptr_t)r->rsi, sizeof name - 1 };
	bool opens = r->orig_rax == SYS_openat || r->orig_rax == SYS_newfstatat;

	if (want_path == NULL)
		return true;
	if (opens)
		process_vm_readv(p->pid, &here, 1, &there, 1, 0);
	snprintf(link, sizeof link, "/proc/%d/fd/%d", p->pid, (int)r->rdi);
	if (*name != '/' && readlink(link, path, 256) == -1)
		return false;
	if (opens)
		snprintf(path + strlen(path), sizeof path - strlen(path),
		    "%s%s", *name == '/' ? "" : "/", name);
	return strncmp(path, want_path, strlen(want_path)) == 0;
}

static void
enter(struct process *p)
{
	struct user_regs_struct r = registers(p->pid);
	long call = (long)r.orig_rax;
	struct role *me;
	struct site *here;

	if (!begun || (!counting && (done || call != want_call)))
		return;
	if (!on_path(p, &r) || (wait_for && access(wait_for, F_OK) == -1))
		return;
	me = role(p->pid);
	if (!counting && strcmp(me->name, want_role) != 0)
		return;
	here =
	    site(me, call, counting || want_site ? frames_site(p->pid, &r) : 0);
	here->count++;
	if (counting || here->sum != want_site || here->count < want_when)
		return;
	if (deadly) {
		kill(p->pid, SIGKILL);
		done = true;
	} else if (half) {
		if (!halve(p, &r))
			return; /* an octet has no half: the next one, then */
		half = false;
		wrong = after;
		done = wrong == 0;
	} else {
		refuse(p, &r, wrong);
		done = true;
	}
	if (!deadly)
		ptrace(PTRACE_SETREGS, p->pid, NULL, &r);
	fprintf(
	    out, "%s %s %lu done\n", me->name, call_name(call), here->count);
	fflush(out);
}

static void
leave(struct process *p)
{
	struct user_regs_struct r = registers(p->pid);
	struct iovec here = { &p->old, sizeof p->old };
	struct iovec there = {
		(void *)(uintptr_t)(r.rsi + offsetof(struct iovec, iov_len)),
		sizeof p->old
	};

	if (p->answer == ERROR)
		r.rax = (unsigned long long)-(long long)p->old;
	else if (p->answer == RESTORE_BREAK)
		r.rdi = p->old;
	else if (p->answer == RESTORE_LENGTH)
		r.rdx = p->old;
	else if (p->answer == RESTORE_VECTOR)
		process_vm_writev(p->pid, &here, 1, &there, 1, 0);
	ptrace(PTRACE_SETREGS, p->pid, NULL, &r);
	p->answer = AS_IT_IS;
}

static void
at_call(struct process *p)
{
	struct __ptrace_syscall_info info = { 0 };

	if (ptrace(PTRACE_GET_SYSCALL_INFO, p->pid, sizeof info, &info) <= 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		enter(p);
	else if (info.op == PTRACE_SYSCALL_INFO_EXIT && p->answer != AS_IT_IS)
		leave(p);
}

static int
ended_by(int sig)
{
	return deadly && done && sig == SIGKILL ? 0 : 128 + sig;
}

/* Until all have gone: how the first one ended. */
static int
follow(void)
{
	int how = 0, status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		int sig = 0, event = status >> 16, goes_on;
		struct process *p = process(pid);

		if (!WIFSTOPPED(status)) {
			if (pid == first)
				how = WIFSIGNALED(status)
					  ? ended_by(WTERMSIG(status))
					  : WEXITSTATUS(status);
			*p = (struct process){ 0 };
			frames_forget(pid);
			continue;
		}
		if (WSTOPSIG(status) == (SIGTRAP | 0x80))
			at_call(p);
		else if (event == PTRACE_EVENT_SECCOMP)
			enter(p);
		else if (event == PTRACE_EVENT_EXEC) {
			frames_forget(pid);
			begun = true;
		} else if (event == 0)
			sig = WSTOPSIG(status);
		if (event == PTRACE_EVENT_STOP && WSTOPSIG(status) != SIGTRAP)
			goes_on = PTRACE_LISTEN;
		else if (p->answer != AS_IT_IS || (every && !done))
			goes_on = PTRACE_SYSCALL;
		else
			goes_on = PTRACE_CONT;
		ptrace(goes_on, pid, NULL, (void *)(uintptr_t)sig);
	}
	return how;
}

static void
hold(pid_t pid, long how)
{
	how |= PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK |
	       PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
	       PTRACE_O_TRACESECCOMP;

	first = pid;
	if (ptrace(PTRACE_SEIZE, pid, NULL, how) == -1 ||
	    ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) == -1)
		err(71, "pid %ld", (long)pid);
}

/* Only the call that is meant stops: the rest is as fast as ever. */
static int
filter(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)want_call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof code / sizeof *code, code };

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* It waits until it is held. */
static void
begin(char **argv)
{
	char c;
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) == -1 || (pid = fork()) == -1)
		err(71, "fork");
	if (pid == 0) {
		close(fds[1]);
		while (read(fds[0], &c, 1) == -1 && errno == EINTR)
			;
		closefrom(3); /* what a shell has open differs */
		if (user && role_user(user) == -1)
			err(71, "%s", user);
		if (!every && filter() == -1)
			err(71, "seccomp");
		execvp(*argv, argv);
		err(71, "%s", *argv);
	}
	hold(pid, PTRACE_O_EXITKILL);
	close(fds[0]);
	close(fds[1]);
}

static void
how_of(const char *how)
{
	made = strncmp(how, "after,", 6) == 0;
	if (made)
		how += 6;
	half = strncmp(how, "short", 5) == 0;
	deadly = strcmp(how, "kill") == 0;
	if (!half && !deadly)
		wrong = errno_of(how);
	else if (half && how[5] == ',')
		after = errno_of(how + 6);
}

static void
call_of(const char *call)
{
	const char *at = strchr(call, '@');
	char name[32];

	snprintf(name, sizeof name, "%.*s", (int)strcspn(call, "@"), call);
	want_call = call_number(name);
	if (want_call == -1)
		errx(64, "%s is no call", name);
	if (at)
		want_site = strcmp(at, "@ld") == 0
				? FRAMES_LOADER
				: (uint32_t)strtoul(at + 1, NULL, 16);
}

static void
tell_counts(void)
{
	for (size_t i = 0; i < SITES && sites[i].role; i++) {
		char sum[16] = "ld";

		if (sites[i].sum != FRAMES_LOADER)
			snprintf(sum, sizeof sum, "%08x", sites[i].sum);
		fprintf(out, "%s %s@%s %lu\n", sites[i].role->name,
		    call_name(sites[i].call), sum, sites[i].count);
	}
}

int
main(int argc, char **argv)
{
	pid_t pid = 0;
	int c, how;

	out = stderr;
	while ((c = getopt(argc, argv, "+co:p:P:u:w:")) != -1)
		switch (c) {
		case 'c':
			counting = true;
			break;
		case 'p':
			pid = (pid_t)atol(optarg);
			break;
		case 'P':
			want_path = optarg;
			break;
		case 'u':
			user = optarg;
			break;
		case 'w':
			wait_for = optarg;
			break;
		case 'o':
			out = fopen(optarg, "we");
			if (out == NULL)
				err(71, "%s", optarg);
			break;
		default:
			return 64;
		}
	argv += optind;
	argc -= optind;
	if (!counting) {
		if (argc < 4)
			errx(64, "usage: amiss [-o FILE] [-p PID] [-P PATH] "
				 "[-u USER] [-w FILE] ROLE CALL "
				 "WHEN HOW [COMMAND...]");
		want_role = argv[0];
		call_of(argv[1]);
		want_when = strtoul(argv[2], NULL, 10);
		how_of(argv[3]);
		argv += 4;
	}
	every = counting || pid;
	begun = pid != 0;
	if (pid)
		hold(pid, 0);
	else if (*argv)
		begin(argv);
	fputs("held\n", out);
	fflush(out);
	how = follow();
	if (counting)
		tell_counts();
	return how;
}
#else
int
main(void)
{
	return 77;
}
#endif
