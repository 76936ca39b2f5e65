#include "common/run.h"
#include <fcntl.h>
#include <unistd.h>

bool
run_activated(void)
{
	return access(RUN_ACTIVATED, F_OK) == 0;
}

bool
run_held(enum run_lock which)
{
	struct flock l = { .l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = which,
		.l_len = 1 };
	int fd = open(RUN_PID, O_RDONLY | O_CLOEXEC);
	bool held;

	if (fd == -1)
		return false;
	held = fcntl(fd, F_OFD_GETLK, &l) == 0 && l.l_type != F_UNLCK;
	close(fd);
	return held;
}
