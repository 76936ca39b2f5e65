/* maildir - the files of a batch into tmp, all synced, renamed into new, new
 * synced.  Each is whole or not there, whatever happens when; a power cut may
 * at most bring one again that was there.  A message's file name is made of its
 * queue id: the same at each try, so that after a crash it can be looked for.
 */
#include "common/crc.h"
#include "deliver/user/box.h"
#include "deliver/user/flush.h"
#include "deliver/user/place.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct written {
	struct item *it;
	int fd;
};

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

	place_close(b);
	for (size_t i = 0; i < b->nwritten; i++)
		close(b->written[i].fd); /* what is in tmp is nobody's */
	free(b->written);
	b->written = NULL;
	b->nwritten = 0;
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
	if (place_open(b, v) == -1)
		return -1;
	b->fd = folder(b->at, b->name);
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
	struct written *more =
	    reallocarray(b->written, b->nwritten + 1, sizeof *more);
	enum item_error e;
	int fd, err;

	if (more == NULL) {
		box_verdict(v, ENOMEM, "cannot write to", buf_c(&b->path));
		return;
	}
	b->written = more;
	file_name(b, it, name, sizeof name);
	unlinkat(b->tmp, name, 0); /* left by a killed one */
	fd = openat(b->tmp, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1) {
		box_verdict(v, errno, "cannot make a file in", buf_c(&b->path));
		return;
	}
	e = item_plain(it, put, &fd);
	err = errno;
	if (e == ITEM_OK) {
		flush_begin(fd);
		b->written[b->nwritten++] = (struct written){ it, fd };
		v->outcome = OUT_DELIVERED;
		return;
	}
	close(fd);
	unlinkat(b->tmp, name, 0);
	box_item_verdict(v, e, err, buf_c(&b->path));
}

/* Each by itself, into the name that readers see: how many could not. */
static size_t
move_all(struct box *b, struct verdict *v)
{
	bool synced = flush_all(b->tmp, b->nwritten) == 0;
	size_t failed = 0;

	for (size_t i = 0; i < b->nwritten; i++) {
		struct written *w = &b->written[i];
		char name[400];

		if (!synced && fsync(w->fd) == -1) {
			box_verdict(v, errno, "cannot sync", buf_c(&b->path));
			close(w->fd);
			w->fd = -1;
		}
		file_name(b, w->it, name, sizeof name);
		if (w->fd != -1 && renameat(b->tmp, name, b->new, name) == -1) {
			box_verdict(
			    v, errno, "cannot move a file in", buf_c(&b->path));
			close(w->fd);
			w->fd = -1;
		}
		if (w->fd == -1)
			unlinkat(b->tmp, name, 0);
		failed += w->fd == -1;
	}
	return failed;
}

static int
maildir_sync(struct box *b, struct verdict *v)
{
	size_t failed = move_all(b, v);
	int done = fsync(b->new);

	if (done == -1)
		box_verdict(v, errno, "cannot sync", buf_c(&b->path));
	for (size_t i = 0; i < b->nwritten; i++) {
		struct written *w = &b->written[i];

		w->it->settled = w->fd != -1 && done == 0;
		if (w->fd != -1)
			close(w->fd);
	}
	b->nwritten = 0;
	return failed || done == -1 ? -1 : 0;
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
	maildir_append, maildir_sync, maildir_close, false };
