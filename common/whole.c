#include "common/whole.h"
#include <errno.h>
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
