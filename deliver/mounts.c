#include "deliver/mounts.h"
#include "common/buf.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TABLE_MAX (4 << 20)

/* All others are asked for by a process that may hang: network, FUSE, autofs.
 */
static const char *const near[] = { "bcachefs", "btrfs", "erofs", "ext2",
	"ext3", "ext4", "f2fs", "jfs", "overlay", "ramfs", "reiserfs",
	"squashfs", "tmpfs", "ufs", "xfs", "zfs" };

static bool
is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* A field of the table; \040 and its like are octets. */
static void
plain(struct span field, struct buf *out)
{
	for (size_t i = 0; i < field.len; i++) {
		const char *p = field.ptr + i;

		if (*p == '\\' && i + 3 < field.len && p[1] >= '0' &&
		    p[1] <= '3' && is_octal(p[2]) && is_octal(p[3])) {
			buf_chr(out, (char)((p[1] - '0') << 6 |
					    (p[2] - '0') << 3 | (p[3] - '0')));
			i += 3;
		} else {
			buf_chr(out, *p);
		}
	}
}

/* Does folder lie at or below that mount point? */
static bool
is_below(struct span point, const char *folder)
{
	if (point.len == 1)
		return *folder == '/';
	return span_starts(span_of(folder), point) &&
	       (folder[point.len] == '/' || folder[point.len] == '\0');
}

static bool
is_near(struct span type)
{
	for (size_t i = 0; i < sizeof near / sizeof *near; i++)
		if (span_eq(type, span_of(near[i])))
			return true;
	return false;
}

bool
mounts_local(struct span table, const char *folder)
{
	size_t longest = 0;
	bool found = false;

	while (table.len) {
		struct span line = span_cut(&table, '\n'), word;
		struct buf point = { 0 };

		for (int i = 0; i < 4; i++)
			span_word(&line);
		plain(span_word(&line), &point);
		do
			word = span_word(&line);
		while (word.len && !span_eq(word, SPAN("-")));
		/* Of two on one point the later covers the other. */
		if (point.len >= longest && point.len &&
		    is_below(buf_view(&point), folder)) {
			longest = point.len;
			found = is_near(span_word(&line));
		}
		buf_free(&point);
	}
	return found;
}

/* Read anew when it has changed, which the kernel tells (proc(5)). */
static struct span
table_now(void)
{
	static struct buf table;
	static int fd = -1;
	struct pollfd p;
	ssize_t n = 0;

	if (fd == -1)
		fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	p = (struct pollfd){ .fd = fd, .events = POLLPRI };
	if (fd == -1 || (table.len && poll(&p, 1, 0) == 0))
		return buf_view(&table);
	buf_reset(&table);
	if (lseek(fd, 0, SEEK_SET) == -1)
		return buf_view(&table); /* empty: nothing is near */
	while (table.len < TABLE_MAX && buf_room(&table, 65536) == 0 &&
	       ((n = read(fd, table.ptr + table.len, 65536)) > 0 ||
		   (n == -1 && errno == EINTR)))
		table.len += n > 0 ? (size_t)n : 0;
	if (n != 0)
		buf_reset(&table);
	return buf_view(&table);
}

bool
mounts_is_near(const char *folder)
{
	struct span table = table_now();
	struct buf at = { 0 };
	struct stat st;
	bool near_all = *folder == '/';

	/* From the root down: none is looked at before what it lies in. */
	for (const char *p = folder; near_all && *p;) {
		size_t n = 1 + strcspn(p + 1, "/");

		buf_add(&at, p, n);
		p += n;
		near_all = mounts_local(table, buf_c(&at)) &&
			   (lstat(buf_c(&at), &st) == -1 ||
			       S_ISDIR(st.st_mode) || n == 1);
	}
	buf_free(&at);
	return near_all;
}
