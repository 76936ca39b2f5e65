/* machine - process 1 of a machine that qemu starts with an initramfs
 * (clock.sh): loads the modules /1.ko, /2.ko and so on, mounts the file system
 * that is shared as "host", to read, and becomes COMMAND there, with a /dev,
 * /proc and /sys of its own.
 *
 *     machine COMMAND [WORD...]     (the words of the kernel's command line) */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ROOT "/host"

static void
load(void)
{
	char path[32];
	int fd;

	for (int n = 1;; n++) {
		snprintf(path, sizeof path, "/%d.ko", n);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd == -1)
			return;
		if (syscall(SYS_finit_module, fd, "", 0) == -1)
			warn("module %d", n);
		close(fd);
	}
}

static int
begin(char **argv)
{
	load();
	mkdir(ROOT, 0755);
	if (mount("host", ROOT, "virtiofs", MS_RDONLY, NULL) == -1 ||
	    mount("dev", ROOT "/dev", "devtmpfs", 0, NULL) == -1 ||
	    mount("proc", ROOT "/proc", "proc", 0, NULL) == -1 ||
	    mount("sys", ROOT "/sys", "sysfs", 0, NULL) == -1) {
		warn("mount");
		return -1;
	}
	if (chdir(ROOT) == -1 || mount(".", "/", NULL, MS_MOVE, NULL) == -1 ||
	    chroot(".") == -1 || chdir("/") == -1) {
		warn("chroot");
		return -1;
	}
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	if (open("/dev/null", O_RDONLY) != 0 ||
	    open("/dev/console", O_WRONLY) != 1 || dup(1) != 2)
		return -1;
	execv(argv[1], argv + 1);
	warn("%s", argv[1]);
	return -1;
}

int
main(int argc, char **argv)
{
	if (argc < 2 || getpid() != 1)
		errx(64, "usage, as process 1: machine COMMAND [WORD...]");
	begin(argv);
	reboot(RB_POWER_OFF);
	return 1;
}
