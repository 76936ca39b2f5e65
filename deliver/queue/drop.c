/* drop - takes over what sendmail wrote: by rename, when a file is complete and
 * nobody holds its lock. */
#include "common/log.h"
#include "common/printable.h"
#include "deliver/queue/alert.h"
#include "deliver/queue/core.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_AGAIN 100 /* ms */
#define LOOKS 5
#define FAILED_AGAIN 2000 /* ms, for what could not be taken over */
#define SOME 50		  /* taken over before the loop has a turn */

void
quarantine(struct queue *q, int dirfd, const char *name, const char *why)
{
	struct buf b = { 0 };
	char to[280];
	int moved;

	printable_add(&b, span_of(name), 64);
	snprintf(to, sizeof to, "%s", name);
	for (unsigned n = 1; (moved = renameat2(dirfd, name, q->quarantine, to,
				  RENAME_NOREPLACE)) == -1 &&
			     errno == EEXIST && n < 1000;
	     n++)
		snprintf(to, sizeof to, "%.240s.%u", name, n);
	if (moved == 0)
		log_warn("%s: quarantine reason=\"%s\"", buf_c(&b), why);
	else
		log_errno("%s: error what=\"it is no message (%s), and cannot "
			  "be moved to quarantine/: remove it\"",
		    buf_c(&b), why);
	if (!alert_is(name)) {
		buf_fmt(&b, ": %s", why);
		alert_seen(q, CAUSE_QUARANTINE, "", buf_view(&b));
	}
	buf_free(&b);
}

enum look { TAKEN, BUSY, NOTHING, FAILED };

/* What is this file?  Under its lock nobody else acts on it. */
static enum look
judge(struct queue *q, const char *name, int fd, struct stat *st)
{
	const char *wrong = NULL;

	if (fstat(fd, st) == -1)
		return FAILED;
	if (st->st_nlink == 0)
		return NOTHING;
	if (!S_ISREG(st->st_mode) || st->st_nlink != 1)
		wrong = "no regular file with one name";
	else if ((st->st_mode & 07777) == 0640 && spool_id_valid(name)) {
		/* Its writer is dead, or gave up: nobody was told "queued". */
		unlinkat(q->drop, name, 0);
		return NOTHING;
	} else if (!spool_id_valid(name)) {
		wrong = "no queue id";
	} else if (!spool_is_complete(st->st_mode)) {
		wrong = "neither complete nor incomplete";
	}
	if (wrong) {
		quarantine(q, q->drop, name, wrong);
		return NOTHING;
	}
	/* Its writer died before he could sync it, and what follows would be
	 * on disk before it: a part of it in a mailbox, say. */
	if (!spool_is_synced(st->st_mode) && spool_sync(fd, q->drop) == -1) {
		int err = errno;

		log_errno("%s: error what=\"it cannot be synced\"", name);
		if (err != EIO)
			return FAILED;
		/* The next sync would say that all is well. */
		quarantine(q, q->drop, name, "it could not be written to disk");
		return NOTHING;
	}
	if (renameat2(q->drop, name, q->dir, name, RENAME_NOREPLACE) == 0)
		return TAKEN;
	if (errno == EEXIST) {
		quarantine(q, q->drop, name, "an id that is in use");
		return NOTHING;
	}
	log_errno("%s: error what=\"it cannot be taken over\"", name);
	return FAILED;
}

/* What fails for want of memory, descriptors or locks is tried again: nobody
 * tells of that file a second time. */
static void
later(struct queue *q)
{
	if (q->look.fire && !q->look.armed)
		loop_in(&q->look, FAILED_AGAIN);
}

/* No file that could be read some day: no message, or one that its mode keeps
 * from us. */
static bool
never_opens(const struct queue *q, const char *name, int err)
{
	struct stat st;

	if (err != EACCES)
		return err == ELOOP || err == ENXIO;
	return fstatat(q->drop, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       ((st.st_mode & S_IRGRP) == 0 || st.st_gid != getegid());
}

static enum look
open_and_take(struct queue *q, const char *name)
{
	const int how = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
	int fd = openat(q->drop, name, O_RDONLY | how), err = errno;
	struct message *m;
	struct stat st;
	enum look l;

	if (fd == -1 && err == ENOENT)
		return NOTHING;
	if (fd == -1 && never_opens(q, name, err)) {
		quarantine(q, q->drop, name,
		    err == ELOOP   ? "a symbolic link"
		    : err == ENXIO ? "a socket"
				   : "its owner or mode keeps it from being "
				     "read");
		return NOTHING;
	}
	if (fd == -1)
		return FAILED;
	if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		err = errno;
		close(fd); /* being written: its end will be told */
		return err == EWOULDBLOCK ? BUSY : FAILED;
	}
	l = judge(q, name, fd, &st);
	close(fd);
	if (l != TAKEN)
		return l;
	m = sched_add_file(q, name, false, &st);
	if (m)
		m->force = q->start->force || q->force_all;
	else if (errno == ENOMEM && q->again.fire && !q->again.armed)
		loop_in(&q->again, FAILED_AGAIN); /* queue/ is read again */
	return l;
}

static enum look
take(struct queue *q, const char *name)
{
	enum look l = open_and_take(q, name);

	if (l == FAILED)
		later(q);
	return l;
}

static DIR *
open_drop(const struct queue *q)
{
	int fd = openat(q->drop, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);

	if (d == NULL && fd != -1)
		close(fd);
	return d;
}

/* The next names of a folder: true when there may be more. */
static bool
take_some(struct queue *q, DIR *d, size_t many)
{
	struct dirent *e = NULL;

	for (; many > 0; many--) {
		errno = 0;
		if ((e = readdir(d)) == NULL)
			break;
		if (e->d_name[0] != '.')
			take(q, e->d_name);
	}
	if (e == NULL && errno) {
		log_errno("agent: error what=\"drop/ cannot be read\"");
		later(q);
	}
	return e != NULL;
}

void
drop_scan(struct queue *q)
{
	DIR *d = open_drop(q);

	if (d == NULL) {
		log_errno("agent: error what=\"drop/ cannot be read\"");
		later(q);
		return;
	}
	take_some(q, d, SIZE_MAX);
	closedir(d);
}

bool
drop_scan_some(struct queue *q)
{
	static DIR *d;

	if (d == NULL && (d = open_drop(q)) == NULL) {
		log_errno("agent: error what=\"drop/ cannot be read\"");
		later(q);
		return false;
	}
	if (take_some(q, d, SOME))
		return true;
	closedir(d);
	d = NULL;
	return false;
}

bool
drop_empty(const struct queue *q)
{
	DIR *d = open_drop(q);
	struct dirent *e = NULL;
	bool empty;

	errno = 0;
	while (d && (e = readdir(d)) != NULL && e->d_name[0] == '.')
		;
	empty = d && e == NULL && errno == 0;
	if (d)
		closedir(d);
	return empty;
}

/* A killed submitter's lock goes a moment after the word of its end. */
static void
look_again(struct loop_timer *t)
{
	drop_scan(t->arg);
}

static void
ready(struct loop_fd *f, uint32_t events)
{
	struct queue *q = f->arg;
	union {
		struct inotify_event align;
		char bytes[16384];
	} u;
	ssize_t n = read(f->fd, u.bytes, sizeof u.bytes);
	bool busy = false;

	(void)events;
	for (char *p = u.bytes; n > 0 && p < u.bytes + n;) {
		struct inotify_event *e = (struct inotify_event *)(void *)p;

		p += sizeof *e + e->len;
		if (e->mask & IN_Q_OVERFLOW)
			drop_scan(q);
		else if (e->len && take(q, e->name) == BUSY)
			busy = true;
	}
	if (!busy)
		q->looks = 0;
	else if (q->looks++ < LOOKS)
		loop_in(&q->look, LOOK_AGAIN);
}

int
drop_watch(struct queue *q)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	q->look = (struct loop_timer){ .fire = look_again, .arg = q };
	q->inotify = (struct loop_fd){ fd, EPOLLIN, ready, q };
	if (fd == -1 ||
	    inotify_add_watch(fd, SPOOL_DIR "/drop", IN_CLOSE_WRITE) == -1)
		return -1;
	return loop_add(&q->inotify);
}
