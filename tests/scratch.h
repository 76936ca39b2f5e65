/* scratch - a folder that goes with the test, and mounts that only a child of
 * the test sees. */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SCRATCH_SKIP 77 /* what a child says that cannot do its part here */

__attribute__((unused)) static int
scratch_unlink(const char *path, const struct stat *st, int kind, struct FTW *f)
{
	(void)st;
	(void)kind;
	(void)f;
	return remove(path);
}

__attribute__((unused)) static void
scratch_remove(const char *dir)
{
	nftw(dir, scratch_unlink, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* Makes the folder; a descriptor of it, or -1. */
__attribute__((unused)) static int
scratch_make(char dir[64])
{
	strlcpy(dir, "/tmp/bellman-test-XXXXXX", 64);
	if (mkdtemp(dir) == NULL)
		return -1;
	return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Mounts of this process are its own from now on: 0, or -1.  In a chroot the
 * way to the top of the tree is to enter one's own namespace again. */
__attribute__((unused)) static int
scratch_mounts(void)
{
	int root, self;

	if (unshare(CLONE_NEWNS) == -1)
		return -1;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		return 0;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	self = (int)syscall(SYS_pidfd_open, getpid(), 0);
	if (root == -1 || self == -1 || setns(self, CLONE_NEWNS) == -1 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    fchdir(root) == -1 || chroot(".") == -1)
		return -1;
	close(root);
	close(self);
	return 0;
}

/* Runs part(dir) in a child where dir is a file system in memory with these
 * mount options; its exit status.  part answers 0 when all is well, else a
 * number that the test prints. */
__attribute__((unused)) static int
scratch_in_memory(
    const char *dir, const char *options, int (*part)(const char *dir))
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (scratch_mounts() == -1 ||
		    mount("scratch", dir, "tmpfs", MS_NOSUID | MS_NODEV,
			options) == -1)
			_exit(SCRATCH_SKIP);
		_exit(part(dir));
	}
	while (waitpid(pid, &status, 0) == -1)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
#endif
