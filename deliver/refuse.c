#include "deliver/refuse.h"
#include "common/log.h"
#include "common/run.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW RUN_REFUSE ".new"

static int
whole(struct span text)
{
	int fd, saved;

	if (text.len == 0)
		return unlink(RUN_REFUSE) == -1 && errno != ENOENT ? -1 : 0;
	unlink(NEW); /* of a parent that was killed */
	fd = open(NEW, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	if (write(fd, text.ptr, text.len) == (ssize_t)text.len &&
	    fchmod(fd, 0644) == 0 && rename(NEW, RUN_REFUSE) == 0)
		return close(fd);
	saved = errno;
	close(fd);
	unlink(NEW);
	errno = saved;
	return -1;
}

void
refuse_write(struct span text)
{
	if (whole(text) == -1)
		log_errno(
		    "agent: error what=\"" RUN_REFUSE " cannot be written\"");
}
