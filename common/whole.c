#include "common/whole.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

int
whole_write(int fd, struct span text)
{
	while (text.len) {
		ssize_t n = write(fd, text.ptr, text.len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		text = span_from(text, (size_t)n);
	}
	return 0;
}

int
whole_read(const char *path, size_t max, struct buf *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int saved, result = -1;
	struct stat st;
	size_t room = 4096;
	ssize_t n;

	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1)
		goto out;
	if (S_ISFIFO(st.st_mode)) { /* would look empty */
		errno = EINVAL;
		goto out;
	}
	if (S_ISREG(st.st_mode) && st.st_size > 0)
		room =
		    (uint64_t)st.st_size < max ? (size_t)st.st_size + 1 : max;
	do { /* a short read of a regular file is its end */
		if (room > max - text->len)
			room = max - text->len;
		if (buf_room(text, room) == -1)
			goto out;
		do
			n = read(fd, text->ptr + text->len, room);
		while (n == -1 && errno == EINTR);
		if (n == -1)
			goto out;
		text->len += (size_t)n;
	} while ((size_t)n == room && n > 0);
	result = 0;
out:
	saved = errno;
	close(fd);
	errno = saved;
	return result;
}
