/* libFuzzer: the whole parent, to which queue, net and dns lie.  It forks them
 * and others as it does (role_fork is ours: Makefile), they say what the input
 * has, and then are content.  Who has said what the table does not allow is
 * ended; nobody is made root's process, or a role's but by the parent's own
 * rules; the parent itself ends in good order, with no descriptor too many.
 *
 *     octet 0   bit 0: a pass; bit 1: it may idle
 *     then      packets, see role_rig.h; the channel: queue, net, dns */
#include "common/priv.h"
#include "deliver/convert.h"
#include "deliver/parent.h"
#include "tests/fuzz/role_rig.h"
#include <dirent.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>

#define IDS 61000 /* the roles' */
#define DESCRIPTORS 12

pid_t __wrap_role_fork(enum role, const struct priv_id *,
    const struct role_start *, const int *, int);
int access(const char *, int);

static const char settings[] =
    "hostname host.example\nlocal-domains host.example\n"
    "relay main {\n\thost 127.0.0.1 25\n\ttls never\n\tauth-without-tls yes\n"
    "\tuser x\n\ttoken /bin/true\n}\n";
static struct conf conf;
static struct role_ids ids;
static const uint8_t *data;
static size_t size;
static int message, begun[2];
static unsigned forks, how;

int
access(const char *path, int mode) /* deliver-mime is there */
{
	return strcmp(path, CONVERT_PROGRAM) == 0
		   ? 0
		   : faccessat(AT_FDCWD, path, mode, 0);
}

/* May a role say that to the parent? */
static bool
allowed(enum role role, unsigned type)
{
	if (role == ROLE_NET)
		return type == IPC_FORK_TOKEN;
	return role == ROLE_QUEUE &&
	       (type == IPC_FORK_USER || type == IPC_FORK_TTY ||
		   type == IPC_FORK_MIME || type == IPC_REFUSE ||
		   type == IPC_DONE);
}

/* One that has been taken over. */
static _Noreturn void
lie(enum role role, int sock, bool speaks)
{
	static const enum role who[] = { ROLE_QUEUE, ROLE_NET, ROLE_DNS };
	const struct timespec moment = { 0, 200000 };
	struct pollfd p = { .fd = sock, .events = POLLIN };
	struct rig_packet q;
	bool wrong = false;
	uint32_t ref;
	int unread = 1, heard;

	for (int n = 0;
	     speaks && n < RIG_MOST && !wrong && rig_next(&data, &size, &q);
	     n++) {
		if (who[q.channel % 3] != role)
			continue;
		wrong = !allowed(role, q.type);
		liar_send(sock, q.type, q.ref, q.body,
		    q.flags & RIG_FD ? message : -1);
	}
	while (unread > 0 && ioctl(sock, SIOCOUTQ, &unread) == 0)
		nanosleep(&moment, NULL);
	if (!wrong) /* else: when it is ended, or hung up on */
		close(begun[1]);
	for (;;) {
		poll(&p, 1, -1);
		heard = rig_hear(sock, &ref);
		if (heard == IPC_STOP && !wrong)
			_exit(0);
		if (p.revents & (POLLHUP | POLLERR) && heard == -1)
			_exit(0);
	}
}

static bool
is_role(uid_t uid)
{
	return uid == 0 || (uid >= IDS && uid < IDS + ROLES);
}

/* As whom? */
static bool
may_be(enum role role, const struct priv_id *id, const struct role_start *s)
{
	if (role != ROLE_USER)
		return id->uid == ids.uid[role] && id->uid != 0;
	if (s->uid == 0) /* bellman's, and no command, and no file */
		return id->uid == ids.uid[ROLE_QUEUE] &&
		       s->purpose != FOR_COMMAND && s->purpose != FOR_FILE;
	return id->uid == s->uid && !is_role(id->uid);
}

pid_t
__wrap_role_fork(enum role role, const struct priv_id *id,
    const struct role_start *start, const int *keep, int nkeep)
{
	bool standing =
	    role == ROLE_QUEUE || role == ROLE_NET || role == ROLE_DNS;
	pid_t pid;

	(void)keep;
	if (!may_be(role, id, start) || nkeep > 8)
		rig->wrong = true;
	forks++;
	pid = fork();
	if (pid == 0) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		if (!standing && role == ROLE_MIME &&
		    write(start->out, "x\n", 2) != 2)
			_exit(1);
		if (!standing)
			_exit(0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* The parent's end would keep the channel open. */
		for (int fd = 3; fd < 64; fd++)
			if (fd != start->fd && fd != message && fd != begun[1])
				close(fd);
		lie(role, start->fd, forks <= 3);
	}
	if (forks == 3)
		close(begun[1]);
	return pid;
}

static int
descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

static void
role(void *arg)
{
	struct parent_fds fds = { .control = -1, .submit = -1, .secrets = -1 };
	int before, status;

	(void)arg;
	close(begun[0]);
	fds.lock = open("/run/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	before = descriptors();
	status = parent_run("/run/conf", &conf, &ids,
	    how & 1 ? PASS_ALL : PASS_NONE, how & 2, &fds);
	if (status != 0 && status != 75)
		abort();
	if (descriptors() > before + DESCRIPTORS)
		abort();
}

/* All three have said what they had to say, or were ended for it. */
static void
then_stop(void *arg, pid_t pid)
{
	struct pollfd p = { .fd = begun[0], .events = POLLIN };

	(void)arg;
	close(begun[1]);
	if (poll(&p, 1, RIG_MS) != 1) {
		fputs("one that has lied is not ended\n", stderr);
		abort();
	}
	close(begun[0]);
	kill(pid, SIGTERM);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const own[] = { "/run", "/var/mail", NULL };
	struct buf why = { 0 };
	int fd;

	(void)argc;
	(void)argv;
	rig_folders(own);
	rig_start();
	mkdir("/run/bellman", 0755);
	fd = open("/run/conf", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd == -1 ||
	    write(fd, settings, sizeof settings - 1) != sizeof settings - 1 ||
	    conf_load("/run/conf", &conf, &why) == -1) {
		fprintf(stderr, "%s\n", buf_c(&why));
		abort();
	}
	close(fd);
	for (int r = 0; r < ROLES; r++)
		if (role_rows[r].user)
			ids.uid[r] = ids.gid[r] = IDS + (unsigned)r;
	ids.mail = 8;
	ids.tty = 5;
	message = memfd_create("message", MFD_CLOEXEC);
	if (write(message, "Subject: x\n\nhello\n", 18) != 18)
		abort();
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (len == 0)
		return 0;
	how = bytes[0];
	data = bytes + 1;
	size = len - 1;
	forks = 0;
	if (pipe2(begun, O_CLOEXEC) == -1)
		abort();
	rig_run(role, NULL, then_stop);
	return 0;
}
