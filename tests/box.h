/* box - what the tests of the mailbox kinds share: a folder with a mailbox's
 * path in it, and a batch of three items. */
#ifndef TESTS_BOX_H
#define TESTS_BOX_H
#include "common/crc.h"
#include "deliver/user/box.h"
#include "tests/rows.h"
#include "tests/scratch.h"
#include <errno.h>
#include <sys/mman.h>

#define BATCH 3

struct place {
	char path[64]; /* of the folder */
	int fd;
	struct conf conf;
	struct role_start start;
	struct box box;
	struct item items[BATCH];
	struct verdict v;
};

static const char *const box_body[BATCH] = {
	"Subject: one\n\ntext\n",
	"Subject: two\n\nFrom here\n>From there\n",
	"Subject: three\n\n",
};

static struct item
box_item(int n)
{
	struct item it = { .ref = (uint32_t)n,
		.id = strdup("0123456789ABCDE0"),
		.sender = strdup("s@x"),
		.rcpt = strdup("r@y"),
		.arrived_us = 1795411233000000,
		.len = strlen(box_body[n]),
		.sum = crc32c(0, box_body[n], strlen(box_body[n])),
		.fd = memfd_create("message", MFD_CLOEXEC) };

	it.id[15] += (char)n;
	assert_int_equal(write(it.fd, box_body[n], it.len), (ssize_t)it.len);
	return it;
}

static void
box_again(struct place *p)
{
	p->box = (struct box){ .kind = p->box.kind,
		.start = &p->start,
		.path = p->box.path,
		.at = -1,
		.fd = -1,
		.tmp = -1,
		.new = -1 };
	for (int i = 0; i < BATCH; i++)
		p->items[i].settled = false;
}

static int
box_setup(void **state, const struct box_kind *kind)
{
	static char hostname[] = "a/b:c";
	struct place *p = calloc(1, sizeof *p);

	*state = p;
	p->conf.hostname = hostname;
	p->start = (struct role_start){ .conf = &p->conf,
		.user = "r",
		.uid = geteuid(),
		.mail = getegid() };
	p->fd = scratch_make(p->path);
	p->box.kind = kind;
	buf_fmt(&p->box.path, "%s/box", p->path);
	for (int i = 0; i < BATCH; i++)
		p->items[i] = box_item(i);
	box_again(p);
	umask(0);
	return p->fd == -1 ? -1 : 0;
}

static int
box_teardown(void **state)
{
	struct place *p = *state;

	p->box.kind->close(&p->box);
	for (int i = 0; i < BATCH; i++)
		item_free(&p->items[i]);
	buf_free(&p->box.path);
	close(p->fd);
	scratch_remove(p->path);
	free(p);
	return 0;
}

__attribute__((unused)) static void
box_put(int dirfd, const char *name, struct span text)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text.ptr, text.len), (ssize_t)text.len);
	close(fd);
}

static void
box_get(int dirfd, const char *name, struct buf *out)
{
	int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW);
	ssize_t n;

	assert_int_not_equal(fd, -1);
	buf_reset(out);
	do {
		assert_int_equal(buf_room(out, 4096), 0);
		n = read(fd, out->ptr + out->len, 4096);
		assert_int_not_equal(n, -1);
		out->len += (size_t)n;
	} while (n > 0);
	close(fd);
}

static bool
box_is(int dirfd, const char *name)
{
	return faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

__attribute__((unused)) static int
box_keep(void *arg, const char *bytes, size_t n)
{
	buf_add(arg, bytes, n);
	return 0;
}
#endif
