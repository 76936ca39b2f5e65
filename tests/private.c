/* private - runs a command in namespaces of its own: mounts, processes,
 * network (lo is up), host name, IPC.  All of its processes end with it, and
 * it ends with us.  Works inside a plain chroot, too, where / is no mount
 * point and so cannot be made private by its name. */
#include <err.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SKIP 77 /* what the runner takes for "cannot be done here" */

/* No mount of ours may reach the machine.  In a chroot the way to the top of
 * the mount tree is to enter one's own mount namespace again. */
static void
mounts_private(void)
{
	int self, root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	self = (int)syscall(SYS_pidfd_open, getpid(), 0);
	if (root == -1 || self == -1 || setns(self, CLONE_NEWNS) == -1)
		err(SKIP, "cannot enter the mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
		err(SKIP, "cannot make the mounts private");
	if (fchdir(root) == -1 || chroot(".") == -1)
		err(SKIP, "cannot go back into the root");
	close(root);
	close(self);
}

static void
loopback_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (s == -1 || ioctl(s, SIOCSIFFLAGS, &ifr) == -1)
		err(SKIP, "lo");
	close(s);
}

int
main(int argc, char **argv)
{
	pid_t pid;
	int status;

	if (argc < 2)
		errx(64, "usage: private COMMAND...");
	if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS |
		    CLONE_NEWIPC) == -1)
		err(SKIP, "no namespaces here");
	mounts_private();
	loopback_up();
	if ((pid = fork()) == -1)
		err(71, "fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execvp(argv[1], argv + 1);
		err(127, "%s", argv[1]);
	}
	while (waitpid(pid, &status, 0) == -1)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
