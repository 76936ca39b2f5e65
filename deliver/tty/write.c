#include "deliver/tty/write.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

int64_t
write_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Not RESOLVE_NO_XDEV: /dev/pts is a mount of its own. */
static int
open_beneath(int devfd, const char *name)
{
	struct open_how how = {
		.flags = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
			   RESOLVE_NO_MAGICLINKS,
	};
	int fd = (int)syscall(SYS_openat2, devfd, name, &how, sizeof how);

	/* Kernels before 5.6, and sandboxes that do not know the call. */
	if (fd == -1 && (errno == ENOSYS || errno == EPERM))
		fd = openat(devfd, name, (int)how.flags | O_NOFOLLOW);
	return fd;
}

static enum write_result
judge(int err)
{
	switch (err) {
	case EACCES:
	case EPERM:
	case EBUSY: /* TIOCEXCL */
		return WRITE_REFUSED;
	case EIO:
	case ENXIO:
	case ENODEV:
	case ENOENT:
	case ELOOP:
	case EPIPE:
		return WRITE_GONE;
	case EAGAIN:
		return WRITE_BUSY;
	default:
		return WRITE_ERROR;
	}
}

enum write_result
write_open(
    int devfd, const char *name, uid_t uid, gid_t tty, struct write_terminal *t)
{
	struct winsize ws;
	struct termios tio;
	struct stat st;
	enum write_result r;

	*t = (struct write_terminal){ .fd = open_beneath(devfd, name) };
	if (t->fd == -1)
		return judge(errno);
	/* Of the descriptor, not of the name: while we hold it, the number is
	 * not given to anyone else. */
	if (fstat(t->fd, &st) == -1)
		r = WRITE_ERROR;
	else if (!S_ISCHR(st.st_mode) || st.st_uid != uid)
		r = WRITE_GONE;
	else if (st.st_gid != tty || !(st.st_mode & S_IWGRP))
		r = WRITE_REFUSED;
	else if (!isatty(t->fd))
		r = judge(errno == ENOTTY ? ENODEV : errno);
	else
		r = WRITE_OK;
	if (r != WRITE_OK) {
		close(t->fd);
		t->fd = -1;
		return r;
	}
	if (ioctl(t->fd, TIOCGWINSZ, &ws) == 0)
		t->columns = ws.ws_col;
	t->utf8 = tcgetattr(t->fd, &tio) == 0 && (tio.c_iflag & IUTF8);
	return WRITE_OK;
}

enum write_result
write_text(int fd, struct span text, int64_t deadline, size_t *done)
{
	*done = 0;
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLOUT };
		ssize_t n = write(fd, text.ptr + *done, text.len - *done);
		int64_t left;

		if (n > 0)
			*done += (size_t)n;
		if (*done == text.len)
			return WRITE_OK;
		if (n == -1 && errno != EAGAIN && errno != EINTR)
			return *done ? WRITE_PART : judge(errno);
		left = deadline - write_clock();
		/* POLLHUP is no reason to stop: the write tells what it is. */
		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			return *done ? WRITE_PART : WRITE_BUSY;
	}
}
