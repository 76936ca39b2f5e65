#include "deliver/queue/mounts.h"
#include "common/buf.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MAX (16 << 20)

/* An automounter may have to ask another machine first. */
static const char *const far[] = { "9p", "afs", "autofs", "ceph", "cifs",
	"coda", "gfs2", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2",
	"orangefs", "smb3", "smbfs", "virtiofs" };

static bool
is_far(struct span type)
{
	if (type.len >= 4 && memcmp(type.ptr, "fuse", 4) == 0)
		return true;
	for (size_t i = 0; i < sizeof far / sizeof *far; i++)
		if (span_eq(type, span_of(far[i])))
			return true;
	return false;
}

/* A mount point, with \040 for a blank: is path at or beneath it?  Its length
 * as it is in the path plus 1, or 0. */
static size_t
covers(struct span point, const char *path)
{
	size_t n = 0;

	for (size_t i = 0; i < point.len; i++, n++) {
		char c = point.ptr[i];

		if (c == '\\' && point.len - i > 3) {
			c = (char)((point.ptr[i + 1] - '0') << 6 |
				   (point.ptr[i + 2] - '0') << 3 |
				   (point.ptr[i + 3] - '0'));
			i += 3;
		}
		if (path[n] != c)
			return 0;
	}
	if (n == 1) /* the root covers all */
		return 2;
	return path[n] == '\0' || path[n] == '/' ? n + 1 : 0;
}

bool
mounts_far(struct span text, const char *path)
{
	size_t best = 0;
	bool answer = true;

	while (text.len) {
		struct span line = span_cut(&text, '\n'), word = { 0 };
		size_t n;

		/* "36 35 98:0 /root /point rw,... shared:1 - ext4 /dev/x rw" */
		for (int i = 0; i < 5; i++)
			word = span_cut(&line, ' ');
		n = covers(word, path);
		/* Of two on one point the later one is on top. */
		if (word.len == 0 || n == 0 || n < best)
			continue;
		while (line.len && !span_eq(word, SPAN("-")))
			word = span_cut(&line, ' ');
		best = n;
		answer = line.len == 0 || is_far(span_cut(&line, ' '));
	}
	return answer;
}

/* What the kernel says, read again when it says that it has changed. */
static struct span
mountinfo(void)
{
	static struct buf text;
	static int fd = -1;
	struct pollfd p = { .events = POLLPRI };
	ssize_t n = 0;

	if (fd == -1) {
		fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	} else {
		p.fd = fd;
		if (poll(&p, 1, 0) == 0 && text.len && !text.bad)
			return buf_view(&text);
	}
	buf_reset(&text);
	if (fd == -1 || lseek(fd, 0, SEEK_SET) == -1)
		return (struct span){ "", 0 };
	do {
		n = buf_room(&text, 65536) == -1
			? -1
			: read(fd, text.ptr + text.len, 65536);
		if (n > 0)
			text.len += (size_t)n;
	} while ((n > 0 && text.len < TEXT_MAX) || (n == -1 && errno == EINTR));
	if (n != 0) /* in part is as good as nothing */
		buf_reset(&text);
	return buf_view(&text);
}

bool
mounts_near(const char *path)
{
	struct span text = mountinfo();
	char part[PATH_MAX];
	struct stat st;

	if (path[0] != '/' || strlen(path) >= sizeof part)
		return false;
	for (size_t n = 1;; n++) {
		if (path[n] != '/' && path[n] != '\0')
			continue;
		memcpy(part, path, n);
		part[n] = '\0';
		if (mounts_far(text, part))
			return false;
		/* Its own folder is near, so this does not wait. */
		if (lstat(part, &st) == 0 && S_ISLNK(st.st_mode))
			return false;
		if (path[n] == '\0')
			return true;
	}
}
