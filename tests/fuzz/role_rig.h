/* role_rig - for targets that run a whole role to which its peers lie: packets
 * out of the input, and, for a role that keeps a state or ends as it likes, a
 * process of its own for each input.  What that process has met is copied into
 * the fuzzer's counters, so that it learns as from a function. */
#ifndef TESTS_FUZZ_ROLE_RIG_H
#define TESTS_FUZZ_ROLE_RIG_H
#include "deliver/ipc.h"
#include "tests/fuzz/liar.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define RIG_MS 300000  /* after which a role hangs: the machine may be busy, */
#define RIG_SECONDS 20 /* but not so long with this role */
#define RIG_TAINTED 99 /* what a sanitizer ends a process with */
#define RIG_MOST 200   /* packets of one input */

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int LLVMFuzzerInitialize(int *, char ***);
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);
void syslog(int, const char *, ...);
/* Of a build with -fprofile-instr-generate, for llvm-cov. */
int __llvm_profile_write_file(void) __attribute__((weak));

/* An exit leaves memory behind, and 1 is a role's own word. */
const char *
__asan_default_options(void)
{
	return "detect_leaks=0:exitcode=99";
}
const char *
__ubsan_default_options(void)
{
	return "exitcode=99";
}
/* Hundreds a second are not for the machine's log. */
void
syslog(int level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

/* A packet as the input has it: octet, whose channel, and flags; octet, the
 * type; u8 ref; u8 how long; the body. */
struct rig_packet {
	unsigned channel, flags;
	unsigned type;
	uint32_t ref;
	struct span body;
};
#define RIG_FD 0x80   /* with a file */
#define RIG_LAST 0x40 /* ref is that of what was said last */
#define RIG_TRUE 0x20 /* what only the target knows is filled in */

__attribute__((unused)) static bool
rig_next(const uint8_t **data, size_t *size, struct rig_packet *p)
{
	size_t len;

	if (*size < 4)
		return false;
	len = (*data)[3];
	len = len > *size - 4 ? *size - 4 : len;
	*p = (struct rig_packet){ (*data)[0] & 0x1fu, (*data)[0] & 0xe0u,
		(*data)[1], (*data)[2], { (const char *)*data + 4, len } };
	*data += 4 + len;
	*size -= 4 + len;
	return true;
}

/* What the role says next: its type, or -1. */
__attribute__((unused)) static int
rig_hear(int sock, uint32_t *ref)
{
	struct {
		uint16_t type, zero;
		uint32_t ref;
		char body[IPC_MAX];
	} m;
	ssize_t n = recv(sock, &m, sizeof m, MSG_DONTWAIT);

	if (n == -1 && errno == ECONNRESET) /* the rest of ours was not read */
		n = recv(sock, &m, sizeof m, MSG_DONTWAIT);
	if (n <= 0)
		return -1;
	if (n < 8 || m.zero || m.type >= IPC_TYPES)
		abort();
	*ref = m.ref;
	return m.type;
}

/* Folders of the machine that are empty, and this process's own, from now on.
 * Without root there is no such target. */
__attribute__((unused)) static void
rig_folders(const char *const *paths)
{
	if (unshare(CLONE_NEWNS) == -1 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1) {
		fputs("skip: no mounts of its own here\n", stderr);
		exit(0);
	}
	for (; *paths; paths++)
		if (mount("rig", *paths, "tmpfs", 0, "mode=755") == -1) {
			perror(*paths);
			exit(1);
		}
}

/* All that is in a folder goes. */
__attribute__((unused)) static void
rig_clear(const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	char path[512];

	while (d && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
		if (unlink(path) == -1) {
			rig_clear(path);
			rmdir(path);
		}
	}
	if (d)
		closedir(d);
}

/* The edges of all that is instrumented (-fsanitize=fuzzer-no-link).  In
 * assembly, for clang calls its own symbols something else where C names them,
 * too, and then the fuzzer is told of none. */
__asm__(".pushsection .data\n\t.balign 8\nrig_bounds:\n"
	"\t.quad __start___sancov_cntrs, __stop___sancov_cntrs\n"
	".popsection");
extern uint8_t *const rig_bounds[2] __attribute__((visibility("hidden")));

static struct {
	bool wrong; /* said by a process that is not to speak of it itself */
	bool flags[8];
	uint8_t edges[];
} * rig; /* seen by the fuzzer, the role, and what that forks */
static pid_t rig_role;

static size_t
rig_edges(void)
{
	return (size_t)(rig_bounds[1] - rig_bounds[0]);
}

static void
rig_ends(int status, void *arg)
{
	(void)arg;
	if (getpid() != rig_role)
		_exit(status);
	memcpy(rig->edges, rig_bounds[0], rig_edges());
	if (__llvm_profile_write_file)
		(void)__llvm_profile_write_file();
	_exit(status);
}

__attribute__((unused)) static void
rig_start(void)
{
	rig = mmap(NULL, sizeof *rig + rig_edges(), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (rig == MAP_FAILED)
		abort();
	signal(SIGPIPE, SIG_IGN);
}

/* Runs run(arg) in a process; meanwhile, unless NULL, is called with its pid.
 * Its exit status: a signal, a sanitizer's word or a hang is the end. */
__attribute__((unused)) static int
rig_run(void (*run)(void *), void *arg, void (*meanwhile)(void *, pid_t))
{
	struct pollfd end = { .events = POLLIN };
	int status;
	pid_t pid;

	memset(rig, 0, sizeof *rig + rig_edges());
	pid = fork();
	if (pid == -1)
		abort();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		rig_role = getpid();
		signal(SIGALRM, SIG_DFL);
		setrlimit(
		    RLIMIT_CPU, &(struct rlimit){ RIG_SECONDS, RIG_SECONDS });
		on_exit(rig_ends, NULL);
		run(arg);
		exit(0);
	}
	end.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (end.fd == -1)
		abort();
	if (meanwhile)
		meanwhile(arg, pid);
	if (poll(&end, 1, RIG_MS) != 1) {
		fputs("the role hangs\n", stderr);
		kill(pid, SIGKILL);
		abort();
	}
	close(end.fd);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status) > 1 || rig->wrong) {
		fprintf(stderr, "the role ended with status %#x%s\n",
		    (unsigned)status, rig->wrong ? ", and was wrong" : "");
		abort();
	}
	for (size_t i = 0; i < rig_edges(); i++)
		rig_bounds[0][i] |= rig->edges[i];
	return WEXITSTATUS(status);
}
#endif
