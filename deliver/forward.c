#include "deliver/forward.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 16 /* on the way to a list */

/* What an errno says of the file; all that is not here may pass: a server that
 * is away, no memory, no descriptors. */
static const struct {
	int err;
	enum read_status status;
	const char *text; /* NULL: strerror */
} faults[] = {
	{ ENOENT, READ_NONE, NULL },
	{ ELOOP, READ_BAD, "is, or leads through, a symbolic link" },
	{ ENOTDIR, READ_BAD, "leads through a link or what is no folder" },
	{ ENXIO, READ_BAD, "is no regular file" },
	{ EISDIR, READ_BAD, "is no regular file" },
	{ ENODEV, READ_BAD, "is no regular file" },
	{ EACCES, READ_BAD, "may not be read by its owner" },
	{ EPERM, READ_BAD, NULL },
	{ ENAMETOOLONG, READ_BAD, NULL },
	{ EINVAL, READ_BAD, NULL },
};

static enum read_status
fault(struct buf *why, const char *path, int err)
{
	enum read_status status = READ_LATER;
	const char *text = NULL;

	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
		if (faults[i].err == err) {
			status = faults[i].status;
			text = faults[i].text;
		}
	if (text)
		buf_fmt(why, "%s %s; it is not used", path, text);
	else
		buf_fmt(why, "%s: %s", path, strerror(err));
	return status;
}

/* Nobody but the user and root may have written it.  A group of the same number
 * is his own, made with him; any other may hold others. */
static const char *
untrusted(const struct stat *st, const struct forward_owner *o)
{
	if (st->st_uid != o->uid && st->st_uid != 0)
		return "belongs to another user";
	if (st->st_mode & S_IWOTH)
		return "may be written by everybody";
	if ((st->st_mode & S_IWGRP) && st->st_gid != 0 &&
	    (st->st_gid != o->gid || o->gid != o->uid))
		return "may be written by a group";
	return NULL;
}

static enum read_status
bad(struct buf *why, const char *path, const char *what)
{
	buf_fmt(why, "%s %s; it is not used", path, what);
	return READ_BAD;
}

/* Into the next folder: *at is closed and replaced. */
static enum read_status
enter(int *at, const char *name, const char *path,
    const struct forward_owner *o, struct buf *why)
{
	int next, err;
	struct stat st;
	const char *what;

	if (strcmp(name, "..") == 0)
		return bad(why, path, "holds \"..\"");
	next = openat(*at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	err = errno;
	if (next != -1 && fstat(next, &st) == -1) {
		err = errno;
		close(next);
		next = -1;
	}
	if (next == -1)
		return fault(why, path, err);
	close(*at);
	*at = next;
	what = untrusted(&st, o);
	return what ? bad(why, path, "lies in a folder that others may write")
		    : READ_OK;
}

/* The home itself may be reached through links: they are the system's. */
static enum read_status
enter_home(int *at, const struct forward_owner *o, struct buf *why)
{
	const char *what;
	struct stat st;

	*at = o->home[0] == '/'
		  ? open(o->home, O_PATH | O_DIRECTORY | O_CLOEXEC)
		  : -1;
	if (o->home[0] != '/' ||
	    (*at == -1 && (errno == ENOENT || errno == ENOTDIR))) {
		buf_fmt(why, "there is no home folder");
		return READ_NONE;
	}
	if (*at == -1 || fstat(*at, &st) == -1)
		return fault(why, o->home, errno);
	what = untrusted(&st, o);
	return what ? bad(why, o->home, what) : READ_OK;
}

static enum read_status
beneath_home(
    const struct forward_owner *o, const char *path, int *fd, struct buf *why)
{
	enum read_status status;
	char name[256];
	int at = -1;

	status = enter_home(&at, o, why);
	while (status == READ_OK) {
		size_t n = strcspn(path, "/");

		if (n >= sizeof name) {
			status = fault(why, path, ENAMETOOLONG);
			break;
		}
		memcpy(name, path, n);
		name[n] = '\0';
		if (path[n] == '\0')
			break;
		path += n + 1;
		if (n && strcmp(name, ".") != 0)
			status = enter(&at, name, name, o, why);
	}
	if (status == READ_OK) {
		*fd = openat(at, name,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (*fd == -1)
			status = fault(why, name, errno);
	}
	if (at != -1)
		close(at);
	return status;
}

const char *
forward_inside(const char *home, const char *path)
{
	size_t n = strlen(home);

	if (path[0] != '/')
		return path;
	while (n > 1 && home[n - 1] == '/')
		n--;
	return n > 1 && strncmp(home, path, n) == 0 && path[n] == '/'
		   ? path + n + 1
		   : NULL;
}

/* What is still to be walked, from a folder that at holds. */
struct way {
	int at;
	char rest[PATH_MAX];
	unsigned links;
};

/* Puts what a link says in front of the rest. */
static int
follow_link(struct way *w, const char *name, const char *rest)
{
	char to[PATH_MAX], whole[PATH_MAX];
	ssize_t n = readlinkat(w->at, name, to, sizeof to - 1);
	int root;

	if (n == -1)
		return -1;
	to[n] = '\0';
	if (++w->links > LINKS_MAX || (size_t)snprintf(whole, sizeof whole,
					  "%s/%s", to, rest) >= sizeof whole) {
		errno = w->links > LINKS_MAX ? ELOOP : ENAMETOOLONG;
		return -1;
	}
	strlcpy(w->rest, whole, sizeof w->rest);
	if (to[0] != '/')
		return 0;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root == -1)
		return -1;
	close(w->at);
	w->at = root;
	return 0;
}

/* One folder further, or through one link. */
static enum read_status
walk_on(struct way *w, const char *path, uid_t uid, struct buf *why)
{
	char name[NAME_MAX + 1], rest[PATH_MAX];
	size_t n = strcspn(w->rest, "/");
	struct stat st;
	int next;

	if (n >= sizeof name)
		return fault(why, path, ENAMETOOLONG);
	memcpy(name, w->rest, n);
	name[n] = '\0';
	strlcpy(rest, w->rest + n + 1, sizeof rest);
	if (n == 0) {
		strlcpy(w->rest, rest, sizeof w->rest);
		return READ_OK;
	}
	next = openat(w->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (next == -1 || fstat(next, &st) == -1) {
		int err = errno;

		if (next != -1)
			close(next);
		return fault(why, path, err);
	}
	if (S_ISLNK(st.st_mode)) {
		close(next);
		if (st.st_uid != 0 && st.st_uid != uid)
			return bad(why, path, "leads through another's link");
		return follow_link(w, name, rest) == -1
			   ? fault(why, path, errno)
			   : READ_OK;
	}
	close(w->at);
	w->at = next;
	strlcpy(w->rest, rest, sizeof w->rest);
	return READ_OK;
}

enum read_status
forward_reach(const char *path, uid_t uid, int *fd, struct buf *why)
{
	struct way w = { .at = -1 };
	enum read_status status = READ_OK;

	*fd = -1;
	if (path[0] != '/' ||
	    strlcpy(w.rest, path + 1, sizeof w.rest) >= sizeof w.rest)
		return fault(why, path, path[0] == '/' ? ENAMETOOLONG : EINVAL);
	w.at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (w.at == -1)
		return fault(why, path, errno);
	while (status == READ_OK && strchr(w.rest, '/'))
		status = walk_on(&w, path, uid, why);
	if (status == READ_OK) {
		*fd = openat(w.at, w.rest,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (*fd == -1)
			status = fault(why, path, errno);
	}
	close(w.at);
	return status;
}

enum read_status
forward_open(
    const struct forward_owner *o, const char *path, int *fd, struct buf *why)
{
	const char *what,
	    *rest = forward_inside(o->home, *path ? path : ".forward");
	enum read_status status = READ_OK;
	struct stat st;

	*fd = -1;
	if (rest) {
		status = beneath_home(o, rest, fd, why);
	} else {
		status = forward_reach(path, o->uid, fd, why);
	}
	if (status != READ_OK)
		return status;
	if (*path == '\0')
		path = ".forward";
	if (fstat(*fd, &st) == -1)
		status = fault(why, path, errno);
	else if (!S_ISREG(st.st_mode))
		status = bad(why, path, "is no regular file");
	else if ((what = untrusted(&st, o)) != NULL)
		status = bad(why, path, what);
	else if (rest == NULL && st.st_nlink != 1)
		status = bad(why, path, "has another name (hard link)");
	if (status != READ_OK) {
		close(*fd);
		*fd = -1;
	}
	return status;
}

enum read_status
forward_read(int fd, size_t max, struct buf *text, struct buf *why)
{
	for (;;) {
		ssize_t n;

		if (buf_room(text, 4096) == -1) {
			buf_str(why, "no memory");
			return READ_LATER;
		}
		n = pread(fd, text->ptr + text->len, 4096, (off_t)text->len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return fault(why, "the file", errno);
		if (n == 0)
			return READ_OK;
		text->len += (size_t)n;
		if (text->len > max) {
			buf_fmt(why, "it has more than %zu KiB; it is not used",
			    max >> 10);
			return READ_BAD;
		}
	}
}
