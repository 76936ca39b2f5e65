#include "common/sandbox.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As the newest kernel has it: older ones take the beginning. */
struct ruleset {
	uint64_t files, net, scoped;
};

/* Landlock's; 0: there is none, which kernels and what they run in say in many
 * ways.  -1 with errno: it could not be asked. */
static int
version_here(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);

	if (version == -1 && errno != ENOMEM && errno != EMFILE &&
	    errno != ENFILE)
		return 0;
	return (int)version;
}

/* All rights of Landlock's first version, and renaming, truncating and device
 * ioctls of the later ones. */
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

static int
ruleset(int version, struct ruleset all)
{
	return (int)syscall(SYS_landlock_create_ruleset, &all,
	    version >= 6   ? sizeof all
	    : version >= 4 ? 2 * sizeof all.files
			   : sizeof all.files,
	    0);
}

static bool
add(int fd, int beneath, uint64_t rights)
{
	struct landlock_path_beneath_attr path = { rights, beneath };

	return syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH,
		   &path, 0) == 0;
}

static int
restrict_by(int fd, bool ok)
{
	int saved;

	ok = ok && syscall(SYS_landlock_restrict_self, fd, 0) == 0;
	saved = errno;
	close(fd);
	errno = saved;
	return ok ? 0 : -1;
}

int
sandbox_files(int beneath, uint64_t allowed)
{
	int version = version_here(), fd;
	uint64_t known = rights_known(version);

	if (version < 1)
		return version == 0 ? 1 : -1;
	fd = ruleset(version, (struct ruleset){ .files = known });
	if (fd == -1)
		return -1;
	return restrict_by(
	    fd, beneath == -1 || add(fd, beneath, allowed & known));
}

/* A rule for a file holds no rights of folders. */
static bool
add_path(int fd, const struct sandbox_path *p, uint64_t known)
{
	static const uint64_t of_files =
	    1u << 0 | 1u << 1 | 1u << 2 | 1u << 14 | 1u << 15;
	uint64_t rights = p->rights & known;
	int at = open(p->path, O_PATH | O_CLOEXEC);
	bool ok;

	if (at == -1) /* no descriptor, no memory: it may well be there */
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES ||
		       errno == ELOOP || errno == ENAMETOOLONG ||
		       errno == ESTALE || errno == ENOTCONN;
	if (rights == 0) {
		close(at);
		return true;
	}
	ok = add(fd, at, rights) ||
	     (errno == EINVAL && add(fd, at, rights & of_files));
	close(at);
	return ok;
}

int
sandbox_rules(const struct sandbox *s)
{
	int version = version_here(), fd;
	uint64_t known = s->files & rights_known(version);
	unsigned moves = 0;
	bool ok = true;

	for (size_t i = 0; i < s->npaths; i++)
		moves |= s->paths[i].rights & SANDBOX_MOVE;
	/* The first version lets nobody move anything (landlock(7), REFER). */
	if (version < (moves ? 2 : 1))
		return version == -1 ? -1 : 1;
	fd = ruleset(version,
	    (struct ruleset){
		.files = known, .net = s->net & 3u, .scoped = s->net >> 2 });
	if (fd == -1)
		return -1;
	for (size_t i = 0; ok && i < s->npaths; i++)
		ok = add_path(fd, &s->paths[i], known);
	return restrict_by(fd, ok);
}

#if defined __x86_64__
#define ARCH AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define ARCH AUDIT_ARCH_AARCH64
#elif defined __riscv && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#endif

#ifdef ARCH
#define EACH 4 /* instructions of a range of numbers */
#define JUMP(how, k, yes, no) BPF_JUMP(BPF_JMP | (how) | BPF_K, k, yes, no)
#define LOAD(member)                                                           \
	BPF_STMT(                                                              \
	    BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define ANSWER(what) BPF_STMT(BPF_RET | BPF_K, what)
#define REFUSE(err) ANSWER(SECCOMP_RET_ERRNO | ((err)&0xffff))

/* Ranges in rising order: each takes one comparison to be passed by. */
int
sandbox_filter(const bool allowed[SANDBOX_CALLS], bool unix_only)
{
	const struct sock_filter head[] = {
		LOAD(arch),
		JUMP(BPF_JEQ, ARCH, 1, 0),
		ANSWER(SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
	};
	const struct sock_filter sockets[] = {
		JUMP(BPF_JEQ, SYS_socket, 0, 4),
		LOAD(args[0]), /* its lower half: these are little-endian */
		JUMP(BPF_JEQ, AF_UNIX, 0, 1),
		ANSWER(SECCOMP_RET_ALLOW),
		REFUSE(EPERM),
	};
	/* A look whether a process is there: who holds a dot-lock. */
	const struct sock_filter looks[] = {
		JUMP(BPF_JEQ, SYS_kill, 0, 4),
		LOAD(args[1]),
		JUMP(BPF_JEQ, 0, 0, 1),
		ANSWER(SECCOMP_RET_ALLOW),
		REFUSE(EPERM),
	};
	struct sock_filter rules[EACH * SANDBOX_CALLS / 2 + 24], *at = rules;
	struct sock_fprog program;

	for (size_t i = 0; i < sizeof head / sizeof *head; i++)
		*at++ = head[i];
	for (size_t i = 0; unix_only && i < sizeof sockets / sizeof *sockets;
	     i++)
		*at++ = sockets[i];
	for (size_t i = 0;
	     unix_only && allowed[SYS_kill] && i < sizeof looks / sizeof *looks;
	     i++)
		*at++ = looks[i];
	for (unsigned from = 0, to; from < SANDBOX_CALLS; from = to + 1) {
		to = from;
		if (!allowed[from])
			continue;
		while (to + 1 < SANDBOX_CALLS && allowed[to + 1])
			to++;
		*at++ = (struct sock_filter)JUMP(BPF_JGT, to, 3, 0);
		*at++ = (struct sock_filter)JUMP(BPF_JGE, from, 0, 1);
		*at++ = (struct sock_filter)ANSWER(SECCOMP_RET_ALLOW);
		*at++ = (struct sock_filter)REFUSE(EPERM);
	}
	/* A libc that is newer than this table then does it the old way. */
	*at++ = (struct sock_filter)JUMP(BPF_JGE, SANDBOX_CALLS, 0, 1);
	*at++ = (struct sock_filter)REFUSE(ENOSYS);
	*at++ = (struct sock_filter)REFUSE(EPERM);
	program = (struct sock_fprog){ (unsigned short)(at - rules), rules };
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0)
		return 0;
	return errno == EINVAL || errno == ENOSYS ? 1 : -1;
}
#else
int
sandbox_filter(const bool allowed[SANDBOX_CALLS], bool unix_only)
{
	(void)allowed;
	(void)unix_only;
	return 1;
}
#endif

int
sandbox_calls(const int *calls, size_t n)
{
	bool allowed[SANDBOX_CALLS] = { [SYS_rt_sigreturn] = true,
		[SYS_exit] = true,
		[SYS_exit_group] = true };

	for (size_t i = 0; i < n; i++)
		allowed[calls[i]] = true;
	return sandbox_filter(allowed, false);
}
