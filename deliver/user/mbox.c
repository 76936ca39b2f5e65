/* mbox - append under fcntl and dot-lock (Debian policy 11.6), undo on
 * failure, one sync a batch. */
#include "common/log.h"
#include "deliver/user/box.h"
#include "deliver/user/compare.h"
#include "deliver/user/dotlock.h"
#include "deliver/user/place.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define LOCK_PATIENCE 30 /* seconds; the dot-lock has its own */
#define LARGE 65536	 /* octets, from which on room is asked for first */

static int
refuse(struct verdict *v, struct box *b, const char *what)
{
	*v = (struct verdict){ OUT_LATER, "4.2.0", "" };
	snprintf(v->text, sizeof v->text, "%.300s %s; nothing was written",
	    buf_c(&b->path), what);
	return -1;
}

/* Regular, one name, the user's own: anything else is not a mailbox. */
static int
look(struct box *b, const struct stat *st, struct verdict *v)
{
	if (!S_ISREG(st->st_mode))
		return refuse(v, b,
		    S_ISDIR(st->st_mode) ? "is a directory; move it away"
					 : "is no regular file; move it away");
	if (st->st_nlink != 1)
		return refuse(
		    v, b, "has another name (hard link); remove that one");
	if (st->st_uid != b->start->uid) {
		char what[100];

		snprintf(what, sizeof what,
		    "belongs to another user (uid %u, not %u); `chown` it, or "
		    "move it away",
		    (unsigned)st->st_uid, (unsigned)b->start->uid);
		return refuse(v, b, what);
	}
	return 0;
}

/* A /file is not made where another could put a link in its place, or has: in
 * no folder that others may write, be it sticky. */
static int
may_make(struct box *b, struct verdict *v)
{
	const struct role_start *s = b->start;
	struct stat st;

	if (!b->file)
		return 0;
	if (fstat(b->at, &st) == -1) {
		box_verdict(
		    v, errno, "cannot look at the folder of", buf_c(&b->path));
		return -1;
	}
	if ((st.st_mode & S_IWOTH) ||
	    ((st.st_mode & S_IWGRP) && st.st_gid != 0 &&
		(st.st_gid != s->gid || s->gid != s->uid)))
		return refuse(
		    v, b, "is not there, and others may write in its folder");
	return 0;
}

static int
make_file(struct box *b)
{
	b->fd = openat(b->at, b->name,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (b->fd == -1)
		return errno == EEXIST ? 0 : -1; /* made meanwhile */
	/* 0660 user:mail; where the group cannot be given, 0600 stays */
	if (!b->file && fchown(b->fd, (uid_t)-1, b->start->mail) == 0 &&
	    fchmod(b->fd, 0660) == -1)
		log_errno("agent: error what=\"the mode of %s cannot be set\"",
		    buf_c(&b->path));
	return 0;
}

static int
open_file(struct box *b, struct verdict *v)
{
	const char *path = buf_c(&b->path);
	struct stat st;

	b->fd = openat(b->at, b->name,
	    O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	/* Root's is the parent's to make: one of bellman's own would be refused
	 * from then on. */
	if (b->fd == -1 && errno == ENOENT && b->start->uid == geteuid()) {
		if (may_make(b, v) == -1)
			return -1;
		if (make_file(b) == 0 && b->fd == -1)
			b->fd = openat(b->at, b->name,
			    O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	}
	if (b->fd == -1 && errno == ELOOP)
		return refuse(v, b, "is a symbolic link");
	if (b->fd == -1 && (errno == EISDIR || errno == ENXIO))
		return refuse(v, b, "is no regular file");
	if (b->fd == -1 && errno == EACCES &&
	    fstatat(b->at, b->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    look(b, &st, v) == -1)
		return -1;
	if (b->fd == -1 || fstat(b->fd, &st) == -1) {
		box_verdict(v, errno, "cannot open", path);
		return -1;
	}
	return look(b, &st, v);
}

static void
wake(int sig)
{
	(void)sig;
}

static int
lock_fcntl(struct box *b)
{
	const struct sigaction sa = { .sa_handler = wake };
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int done;

	sigaction(SIGALRM, &sa, NULL);
	alarm(LOCK_PATIENCE);
	done = fcntl(b->fd, F_SETLKW, &l);
	alarm(0);
	return done;
}

static int
lock_dot(struct box *b)
{
	b->locked = dotlock_take(b->at, b->name) == 0;
	/* Beside a /file its owner may be unable to make one: nobody else makes
	 * one for it either. */
	if (!b->locked && b->file &&
	    (errno == EACCES || errno == EPERM || errno == EROFS))
		return 0;
	return b->locked ? 0 : -1;
}

static void
mbox_close(struct box *b)
{
	if (b->locked)
		dotlock_drop(b->at, b->name);
	b->locked = false;
	if (b->fd != -1)
		close(b->fd);
	b->fd = -1;
	place_close(b);
}

/* A reader may have put a new file in its place while we waited. */
static bool
same_file(struct box *b)
{
	struct stat here, there;

	return fstat(b->fd, &here) == 0 &&
	       fstatat(b->at, b->name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

static int
mbox_open(struct box *b, uint64_t *ino, uint64_t *size, struct verdict *v)
{
	struct stat st;

	for (int tries = 0; !b->was_open && tries < 5; tries++) {
		if (place_open(b, v) == -1 || open_file(b, v) == -1)
			goto fail;
		if (lock_fcntl(b) == -1 || lock_dot(b) == -1) {
			if (errno == EINTR || errno == EAGAIN)
				refuse(v, b, "is locked by another program");
			else
				box_verdict(
				    v, errno, "cannot lock", buf_c(&b->path));
			goto fail;
		}
		b->was_open = same_file(b);
		if (!b->was_open)
			mbox_close(b);
	}
	if (!b->was_open)
		return refuse(v, b, "is replaced again and again");
	if (fstat(b->fd, &st) == -1) {
		box_verdict(v, errno, "cannot look at", buf_c(&b->path));
		goto fail;
	}
	b->begun = b->end = st.st_size;
	*ino = st.st_ino;
	*size = (uint64_t)st.st_size;
	return 0;
fail:
	mbox_close(b);
	return -1;
}

/* What must stand between the end of the file and a new message, so that a
 * torn predecessor does not swallow it.  NULL with errno: that cannot be read,
 * and a guess would not be found again. */
static const char *
separator(struct box *b, off_t end)
{
	char last[2] = "\n";
	ssize_t n = end >= 2 ? compare_read(b->fd, last, 2, end - 2) : 0;

	if (n == -1)
		return NULL;
	if (end == 0)
		return "";
	if (end == 1)
		return "\n\n";
	if (n != 2 || last[1] != '\n')
		return "\n\n";
	return last[0] == '\n' ? "" : "\n";
}

struct writer {
	int fd;
	off_t at;
	size_t n;
	char block[65536];
};

static int
write_block(struct writer *w)
{
	for (size_t done = 0; done < w->n;) {
		ssize_t n = pwrite(
		    w->fd, w->block + done, w->n - done, w->at + (off_t)done);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		done += (size_t)n;
	}
	w->at += (off_t)w->n;
	w->n = 0;
	return 0;
}

static int
put(void *arg, const char *bytes, size_t n)
{
	struct writer *w = arg;

	while (n) {
		size_t part = sizeof w->block - w->n;

		if (part > n)
			part = n;
		memcpy(w->block + w->n, bytes, part);
		w->n += part;
		bytes += part;
		n -= part;
		if (w->n == sizeof w->block && write_block(w) == -1)
			return -1;
	}
	return 0;
}

/* Room for all of it at once: where that is lacking nothing is written, for not
 * every file system lets go of octets while a quota is used up (btrfs). */
static int
reserve(const struct box *b, const struct item *it)
{
	if (it->len < LARGE ||
	    fallocate(b->fd, FALLOC_FL_KEEP_SIZE, b->end, (off_t)it->len) == 0)
		return 0;
	return errno == ENOSPC || errno == EDQUOT ? -1 : 0;
}

static void
mbox_append(struct box *b, struct item *it, struct verdict *v)
{
	static struct writer w;
	const char *before = separator(b, b->end);
	uint64_t most = b->file ? 0 : b->start->conf->max_mailbox;
	enum item_error e;
	int err;

	if (most && (uint64_t)b->end + it->len > most) {
		*v = (struct verdict){ OUT_NEVER, "5.2.2", "" };
		snprintf(v->text, sizeof v->text,
		    "the mailbox %s is full: with this message it would have "
		    "more than the %llu octets that mailbox-size allows",
		    buf_c(&b->path), (unsigned long long)most);
		return;
	}
	if (before == NULL) {
		box_verdict(v, errno, "cannot read", buf_c(&b->path));
		return;
	}
	w.fd = b->fd;
	w.at = b->end;
	w.n = 0;
	if (reserve(b, it) == -1) {
		box_verdict(v, errno, "cannot write to", buf_c(&b->path));
		return;
	}
	put(&w, before, strlen(before));
	e = item_mbox(it, put, &w);
	if (e == ITEM_OK && write_block(&w) == -1)
		e = ITEM_SINK;
	if (e == ITEM_OK) {
		b->end = w.at;
		v->outcome = OUT_DELIVERED;
		return;
	}
	err = errno;
	if (ftruncate(b->fd, b->end) == -1) {
		log_errno("agent: error what=\"half a message is left behind "
			  "at %lld in %s\"",
		    (long long)b->end, buf_c(&b->path));
		b->torn = true;
	}
	box_item_verdict(v, e, err, buf_c(&b->path));
}

static int
mbox_sync(struct box *b, struct verdict *v)
{
	int err;

	if (b->end == b->begun)
		return 0;
	if (fsync(b->fd) == 0) {
		b->begun = b->end;
		return 0;
	}
	err = errno; /* a failed sync is final: none of it may count */
	if (ftruncate(b->fd, b->begun) == -1) {
		log_errno("agent: error what=\"messages are left behind at "
			  "%lld in %s\"",
		    (long long)b->begun, buf_c(&b->path));
		b->torn = true;
	}
	b->end = b->begun;
	box_verdict(v, err, "cannot sync", buf_c(&b->path));
	return -1;
}

/* What begins at `at` is cut off. */
static int
undo(struct box *b, const char *id, off_t at, off_t was)
{
	log_info("%s: mailbox-undo path=\"%s\" size=%lld was=%lld", id,
	    buf_c(&b->path), (long long)at, (long long)was);
	return ftruncate(b->fd, at);
}

static int
mbox_check(struct box *b, uint64_t ino, uint64_t size, struct item *items,
    size_t n, struct verdict *v)
{
	struct stat st;
	off_t at = (off_t)size;

	if (fstat(b->fd, &st) == -1) {
		box_verdict(v, errno, "cannot look at", buf_c(&b->path));
		return -1;
	}
	/* Rewritten by a reader: then where we began says nothing any more. */
	if (st.st_ino != ino || (uint64_t)st.st_size < size)
		return 0;
	for (size_t i = 0; i < n && at < st.st_size; i++) {
		struct compare c = { b->fd, at, st.st_size, false, false,
			false };
		enum item_error e =
		    compare_item(&c, separator(b, at), &items[i]);
		int cut =
		    e == ITEM_READ ? -1 : compare_torn(c, items + i, n - i);

		if (cut == -1) {
			box_verdict(v, errno, "cannot look for the message in",
			    buf_c(&b->path));
			return -1;
		}
		if (cut && undo(b, items[i].id, at, st.st_size) == -1) {
			box_verdict(
			    v, errno, "cannot undo in", buf_c(&b->path));
			return -1;
		}
		if (cut)
			break;
		if (c.differs || e != ITEM_OK)
			continue;
		/* With zeros in it, and another's mail behind: that stays. */
		items[i].settled = !c.holes;
		at = c.at;
	}
	/* It may be there, and not yet on disk: the sync was not reached. */
	if (fsync(b->fd) == -1) {
		box_verdict(v, errno, "cannot sync", buf_c(&b->path));
		return -1;
	}
	if (fstat(b->fd, &st) == -1) {
		box_verdict(v, errno, "cannot look at", buf_c(&b->path));
		return -1;
	}
	b->begun = b->end = st.st_size;
	return 0;
}

const struct box_kind box_mbox = { mbox_open, mbox_check, mbox_append,
	mbox_sync, mbox_close, true };
