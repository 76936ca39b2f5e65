/* maildir - tmp, sync, rename into new, sync new.  A message's file name is
 * made of its queue id: the same at each try, so that after a crash it can be
 * looked for. */
#include "common/crc.h"
#include "deliver/user/box.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
folder(int at, const char *name)
{
	if (mkdirat(at, name, 0700) == -1 && errno != EEXIST)
		return -1;
	return openat(
	    at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static void
maildir_close(struct box *b)
{
	int *fds[] = { &b->fd, &b->tmp, &b->new };

	for (int i = 0; i < 3; i++) {
		if (*fds[i] != -1)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

static int
maildir_open(struct box *b, uint64_t *ino, uint64_t *size, struct verdict *v)
{
	const char *path = buf_c(&b->path);
	struct stat st;
	int cur;

	*ino = *size = 0;
	if (b->was_open)
		return 0;
	b->fd = folder(AT_FDCWD, path);
	if (b->fd == -1)
		goto fail;
	if (fstat(b->fd, &st) == 0 && st.st_uid != geteuid()) {
		*v = (struct verdict){ OUT_LATER, "4.2.0", "" };
		snprintf(v->text, sizeof v->text,
		    "%s belongs to another user; `chown` it, or move it away; "
		    "nothing was written",
		    path);
		maildir_close(b);
		return -1;
	}
	if ((b->tmp = folder(b->fd, "tmp")) == -1 ||
	    (b->new = folder(b->fd, "new")) == -1 ||
	    (cur = folder(b->fd, "cur")) == -1)
		goto fail;
	close(cur);
	b->was_open = true;
	return 0;
fail:
	if (errno == ENOTDIR || errno == ELOOP) {
		*v = (struct verdict){ OUT_LATER, "4.2.0", "" };
		snprintf(v->text, sizeof v->text,
		    "%s is a link or no folder; nothing was written", path);
	} else {
		box_verdict(v, errno, "cannot open", path);
	}
	maildir_close(b);
	return -1;
}

/* SECONDS.ID_ADDRESS.HOST: an id and an address meet once. */
static void
file_name(struct box *b, const struct item *it, char *out, size_t size)
{
	size_t n;

	snprintf(out, size, "%lld.%s_%08x.%s",
	    (long long)(it->arrived_us / 1000000), it->id,
	    crc32c(0, it->rcpt, strlen(it->rcpt)), b->start->conf->hostname);
	for (n = 0; out[n]; n++)
		if (out[n] == '/' || out[n] == ':')
			out[n] = '_';
}

static int
put(void *arg, const char *bytes, size_t n)
{
	int fd = *(int *)arg;

	while (n) {
		ssize_t w = write(fd, bytes, n);

		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1)
			return -1;
		bytes += w;
		n -= (size_t)w;
	}
	return 0;
}

static void
maildir_append(struct box *b, struct item *it, struct verdict *v)
{
	char name[400];
	enum item_error e;
	int fd, err;

	file_name(b, it, name, sizeof name);
	unlinkat(b->tmp, name, 0); /* left by a killed one */
	fd = openat(b->tmp, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1) {
		box_verdict(v, errno, "cannot make a file in", buf_c(&b->path));
		return;
	}
	e = item_plain(it, put, &fd);
	if (e == ITEM_OK &&
	    (fsync(fd) == -1 || renameat(b->tmp, name, b->new, name) == -1))
		e = ITEM_SINK;
	err = errno;
	close(fd);
	if (e == ITEM_OK) {
		*v = (struct verdict){ OUT_DELIVERED, "2.0.0", "" };
		snprintf(v->text, sizeof v->text, "%s", buf_c(&b->path));
		return;
	}
	unlinkat(b->tmp, name, 0);
	box_item_verdict(v, e, err, buf_c(&b->path));
}

static int
maildir_sync(struct box *b, struct verdict *v)
{
	if (fsync(b->new) == 0)
		return 0;
	box_verdict(v, errno, "cannot sync", buf_c(&b->path));
	return -1;
}

/* A reader moves it to cur and puts flags behind its name: 1, 0, or -1 when
 * that cannot be told. */
static int
in_cur(struct box *b, const char *name)
{
	int fd = openat(b->fd, "cur", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	size_t n = strlen(name);
	struct dirent *e;
	int found = 0;

	if (d == NULL) {
		if (fd != -1)
			close(fd);
		return -1;
	}
	errno = 0;
	while (!found && (e = readdir(d)) != NULL)
		found = strncmp(e->d_name, name, n) == 0 &&
			(e->d_name[n] == '\0' || e->d_name[n] == ':');
	if (!found && errno)
		found = -1;
	closedir(d);
	return found;
}

static int
maildir_check(struct box *b, uint64_t ino, uint64_t size, struct item *items,
    size_t n, struct verdict *v)
{
	(void)ino;
	(void)size;
	for (size_t i = 0; i < n; i++) {
		char name[400];
		int there = 1;

		file_name(b, &items[i], name, sizeof name);
		if (faccessat(b->new, name, F_OK, AT_SYMLINK_NOFOLLOW) == -1)
			there = errno == ENOENT ? in_cur(b, name) : -1;
		if (there == -1) { /* written again it might be there twice */
			box_verdict(
			    v, errno, "cannot look into", buf_c(&b->path));
			return -1;
		}
		items[i].settled = there == 1;
		if (!items[i].settled)
			unlinkat(b->tmp, name, 0);
	}
	return maildir_sync(b, v);
}

const struct box_kind box_maildir = { maildir_open, maildir_check,
	maildir_append, maildir_sync, maildir_close };
