#include "deliver/user/compare.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

ssize_t
compare_read(int fd, void *to, size_t n, off_t at)
{
	ssize_t got;

	do
		got = pread(fd, to, n, at);
	while (got == -1 && errno == EINTR);
	return got;
}

static bool
alike(struct compare *c, const char *ours, const char *there, size_t n)
{
	if (memcmp(ours, there, n) == 0)
		return true;
	for (size_t i = 0; i < n; i++)
		if (there[i] != ours[i] && there[i] != '\0')
			return false;
	c->holes = true;
	return true;
}

static int
compare(void *arg, const char *bytes, size_t n)
{
	struct compare *c = arg;
	char there[4096];

	while (n) {
		size_t part = n < sizeof there ? n : sizeof there;
		ssize_t got;

		if (c->at + (off_t)part > c->size) {
			c->ends = true;
			part = (size_t)(c->size - c->at);
		}
		got = part ? compare_read(c->fd, there, part, c->at) : 0;
		if (got == -1)
			return -1;
		if (got != (ssize_t)part || !alike(c, bytes, there, part))
			c->differs = true;
		if (c->differs || c->ends)
			return -1;
		c->at += got;
		bytes += got;
		n -= part;
	}
	return 0;
}

enum item_error
compare_item(struct compare *c, const char *before, const struct item *it)
{
	enum item_error e = ITEM_READ;

	if (before == NULL)
		return e;
	e = compare(c, before, strlen(before)) == -1
		? ITEM_SINK
		: item_mbox(it, compare, c);
	if (e == ITEM_SINK)
		e = c->differs || c->ends ? ITEM_OK : ITEM_READ;
	return e;
}

int
compare_torn(struct compare c, const struct item *items, size_t n)
{
	if (c.differs || !(c.ends || c.holes))
		return 0;
	for (size_t i = 1; i < n && !c.ends && c.at < c.size; i++) {
		struct compare next = { c.fd, c.at, c.size, false, false,
			false };

		if (compare_item(&next, "", &items[i]) == ITEM_READ)
			return -1;
		if (!next.differs)
			c = next;
	}
	return c.ends || c.at == c.size;
}
