#include "deliver/tty/confine.h"
#include "common/priv.h"
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* All rights of Landlock's first version, and renaming, truncating and device
 * ioctls of the later ones, by number: older headers do not name them. */
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

static bool
landlock(int devfd)
{
	struct landlock_ruleset_attr all = { 0 };
	struct landlock_path_beneath_attr dev = { .parent_fd = devfd };
	long version, fd;
	bool ok;

	version = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	if (version < 1)
		return false;
	all.handled_access_fs = rights_known((int)version);
	dev.allowed_access = LANDLOCK_ACCESS_FS_WRITE_FILE;
	dev.allowed_access |= all.handled_access_fs & (1u << 15);
	fd = syscall(
	    SYS_landlock_create_ruleset, &all, sizeof all.handled_access_fs, 0);
	if (fd == -1)
		return false;
	ok = syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH,
		 &dev, 0) == 0 &&
	     syscall(SYS_landlock_restrict_self, fd, 0) == 0;
	close((int)fd);
	return ok;
}

bool
confine(int devfd)
{
	priv_limit(RLIMIT_CPU, 5);
	/* Before Landlock's own descriptor, which is among the few. */
	priv_limit(RLIMIT_NOFILE, 32);
	return landlock(devfd);
}
