#include "deliver/queue/aliases.h"
#include "common/alias.h"
#include "common/log.h"
#include "common/printable.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tdb.h>
#include <unistd.h>

#define NAME "aliases.tdb"
#define SOURCE_MAX (256 << 20)
#define SETTLED 100 /* ms since it was written to */
#define SETTLE_TRIES 10
/* No alias is called that: a name holds no control octet. */
#define STAMP ((struct span){ "\0stamp", 6 })

static TDB_DATA
data(struct span s)
{
	return (TDB_DATA){ (unsigned char *)(uintptr_t)s.ptr, s.len };
}

static void
path(const struct aliases *a, const char *tail, struct buf *b)
{
	buf_fmt(b, "%s/" NAME "%s", a->dir, tail);
}

/* Which source it is: enough to notice any other. */
static void
stamp_of(const struct stat *st, char out[160])
{
	if (st)
		snprintf(out, 160, "1 %lld.%09ld %lld.%09ld %lld %llu %llu",
		    (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
		    (long long)st->st_ctim.tv_sec, st->st_ctim.tv_nsec,
		    (long long)st->st_size, (unsigned long long)st->st_ino,
		    (unsigned long long)st->st_dev);
	else
		strlcpy(out, "1 none", 160);
}

static int
stamp_now(const struct aliases *a, char out[160])
{
	struct stat st;

	if (stat(a->source, &st) == 0)
		stamp_of(&st, out);
	else if (errno == ENOENT)
		stamp_of(NULL, out);
	else
		return -1;
	return 0;
}

/* The whole source, and its stamp from before it was read. */
static int
read_source(const struct aliases *a, struct buf *text, char stamp[160])
{
	int fd = open(a->source, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	ssize_t n;
	int saved;

	stamp_of(NULL, stamp);
	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	errno = EINVAL;
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_size > SOURCE_MAX)
		goto fail;
	stamp_of(&st, stamp);
	do {
		if (buf_room(text, 65536) == -1)
			goto fail;
		n = read(fd, text->ptr + text->len, 65536);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			goto fail;
		text->len += (size_t)n;
	} while (n != 0 && text->len <= SOURCE_MAX);
	close(fd);
	return 0;
fail:
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static void
complain(const struct aliases *a, struct buf *report, unsigned line,
    const char *what, struct span shown)
{
	struct buf b = { 0 }, quoted = { 0 };

	buf_str(&b, what);
	if (shown.len) {
		buf_str(&b, ": ");
		printable_add(&b, shown, 100);
	}
	if (report)
		buf_fmt(report, "%s:%u: %s; left out\n", a->source, line,
		    buf_c(&b));
	printable_quoted(&quoted, buf_view(&b), 300);
	log_warn("agent: left-out file=%s line=%u reason=%s", a->source, line,
	    buf_c(&quoted));
	buf_free(&quoted);
	buf_free(&b);
}

/* Says what is wrong in it: is there anything else? */
static int
any_good(const struct aliases *a, struct buf *report, struct alias_entry *e)
{
	struct alias_list list = alias_items(e);
	struct alias_item item = { 0 };
	int got, good = 0;

	while ((got = alias_item(&list, &item)) == 1)
		if (item.kind == ALIAS_BROKEN)
			complain(a, report, item.line, item.wrong,
			    buf_view(&item.text));
		else
			good = 1;
	alias_item_free(&item);
	return got == -1 ? -1 : good;
}

/* 1 when the name was there before.  What went wrong in tdb is told by its
 * answer alone: where it could not make its file longer its error is no error.
 */
static int
store(struct tdb_context *db, struct alias_entry *e)
{
	for (size_t i = 0; i < e->name.len; i++)
		if (e->name.ptr[i] >= 'A' && e->name.ptr[i] <= 'Z')
			e->name.ptr[i] += 'a' - 'A';
	if (tdb_exists(db, data(buf_view(&e->name))))
		return 1;
	return tdb_store(db, data(buf_view(&e->name)), data(e->items),
		   TDB_INSERT) == 0
		   ? 0
		   : -1;
}

/* All of the text: how many names, or -1. */
static long
fill(const struct aliases *a, struct tdb_context *db, struct span text,
    struct buf *report)
{
	struct alias_entry e = { 0 };
	unsigned line = 0;
	int got, good, known;
	long n = 0;

	while ((got = alias_next(&text, &line, &e)) == 1) {
		if (e.wrong) {
			complain(
			    a, report, e.line, e.wrong, (struct span){ 0 });
			continue;
		}
		good = any_good(a, report, &e);
		known = good == 1 ? store(db, &e) : 0;
		if (good == -1 || known == -1) {
			got = -1;
			break;
		}
		if (known)
			complain(a, report, e.line,
			    "this name was there before, and the first counts",
			    buf_view(&e.name));
		n += good && !known;
	}
	alias_entry_free(&e);
	errno = got == -1 ? ENOSPC : 0;
	return got == -1 ? -1 : n;
}

static unsigned
count(struct span text)
{
	struct alias_entry e = { 0 };
	unsigned line = 0, n = 0;

	while (alias_next(&text, &line, &e) == 1)
		n++;
	alias_entry_free(&e);
	return n + 8;
}

/* A new one, on disk under a name of its own, or in memory. */
static struct tdb_context *
create(const struct aliases *a, const char *name, unsigned size)
{
	(void)a;
	return tdb_open(name ? name : "aliases", (int)size,
	    TDB_INCOMPATIBLE_HASH | TDB_NOSYNC | TDB_NOLOCK |
		(name ? 0 : TDB_INTERNAL),
	    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

static int
publish(const struct aliases *a, struct tdb_context *db, const char *from)
{
	struct buf to = { 0 };
	int done = -1, dir;

	path(a, "", &to);
	/* Its name must not be there before its octets are. */
	if (!to.bad && fsync(tdb_fd(db)) == 0 && rename(from, buf_c(&to)) == 0)
		done = 0;
	dir = done == 0 ? open(a->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (dir != -1) {
		fsync(dir); /* lost, it would be built again */
		close(dir);
	}
	buf_free(&to);
	return done;
}

/* How many names, or -1: db is what is to be used from now on. */
static long
build(struct aliases *a, struct span text, const char stamp[160], bool memory,
    struct buf *report)
{
	struct buf name = { 0 };
	struct tdb_context *db;
	long n = -1;

	path(a, ".new", &name);
	if (!memory)
		unlink(buf_c(&name));
	db = create(a, memory ? NULL : buf_c(&name), count(text));
	if (db)
		n = fill(a, db, text, report);
	if (n >= 0 && (tdb_store(db, data(STAMP), data(span_of(stamp)),
			   TDB_REPLACE) != 0 ||
			  (!memory && publish(a, db, buf_c(&name)) == -1)))
		n = -1;
	if (n >= 0) {
		aliases_close(a);
		a->db = db;
		strlcpy(a->stamp, stamp, sizeof a->stamp);
		log_info("agent: aliases entries=%ld file=%s", n, a->source);
	} else {
		if (!memory)
			log_errno("agent: error what=\"%s cannot be made\"",
			    buf_c(&name));
		if (db)
			tdb_close(db);
		if (!memory)
			unlink(buf_c(&name));
	}
	buf_free(&name);
	return n;
}

/* Said once, until it can be read again. */
static void
unreadable(struct aliases *a)
{
	if (!a->failed)
		log_errno("agent: error what=\"%s cannot be read; what needs "
			  "it waits\"",
		    a->source);
	a->failed = true;
}

int
aliases_rebuild(struct aliases *a, struct buf *report)
{
	struct buf text = { 0 };
	char stamp[160];
	long n = -1;

	unsetenv("TDB_NO_FSYNC");
	if (read_source(a, &text, stamp) == -1) {
		int saved = errno;

		buf_free(&text);
		unreadable(a);
		errno = saved;
		return -1;
	}
	a->failed = false;
	n = build(a, buf_view(&text), stamp, false, report);
	if (n == -1) { /* a full disk must not hold mail up */
		if (report)
			buf_reset(report);
		n = build(a, buf_view(&text), stamp, true, report);
	}
	buf_free(&text);
	if (n == -1) {
		errno = ENOMEM;
		return -1;
	}
	if (report)
		buf_fmt(report, "%s: %ld alias%s\n", a->source, n,
		    n == 1 ? "" : "es");
	return 0;
}

static void
move_aside(const struct aliases *a)
{
	struct buf from = { 0 }, to = { 0 };

	path(a, "", &from);
	path(a, ".damaged", &to);
	if (rename(buf_c(&from), buf_c(&to)) == -1)
		unlink(buf_c(&from));
	log_warn(
	    "agent: cache-renewed file=%s moved-to=%s reason=\"it is damaged\"",
	    buf_c(&from), buf_c(&to));
	buf_free(&from);
	buf_free(&to);
}

/* The one that an earlier process made, if it is whole. */
static void
open_old(struct aliases *a)
{
	struct buf name = { 0 };
	struct stat st;
	TDB_DATA stamp;

	path(a, "", &name);
	if (lstat(buf_c(&name), &st) == 0) {
		a->db = S_ISREG(st.st_mode)
			    ? tdb_open(buf_c(&name), 0,
				  TDB_INCOMPATIBLE_HASH | TDB_NOLOCK,
				  O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0)
			    : NULL;
		if (a->db == NULL || tdb_check(a->db, NULL, NULL) == -1) {
			aliases_close(a);
			move_aside(a);
		}
	}
	buf_free(&name);
	if (a->db == NULL)
		return;
	stamp = tdb_fetch(a->db, data(STAMP));
	a->stamp[0] = '\0';
	if (stamp.dptr && stamp.dsize < sizeof a->stamp) {
		memcpy(a->stamp, stamp.dptr, stamp.dsize);
		a->stamp[stamp.dsize] = '\0';
	}
	free(stamp.dptr);
}

int64_t
aliases_settle(struct timespec modified, struct timespec now)
{
	int64_t age = (now.tv_sec - modified.tv_sec) * 1000 +
		      (now.tv_nsec - modified.tv_nsec) / 1000000;

	return age < 0 || age >= SETTLED ? 0 : SETTLED - age;
}

/* A moment, at each change of the source; SETTLE_TRIES of them at most. */
static void
let_settle(const struct aliases *a)
{
	struct timespec now, rest;
	struct stat st;
	int64_t ms;

	for (int i = 0; i < SETTLE_TRIES; i++) {
		clock_gettime(CLOCK_REALTIME, &now);
		if (stat(a->source, &st) == -1 ||
		    (ms = aliases_settle(st.st_mtim, now)) == 0)
			return;
		rest = (struct timespec){ .tv_nsec = (long)ms * 1000000 };
		nanosleep(&rest, NULL);
	}
}

int
aliases_ready(struct aliases *a)
{
	char now[160];

	if (stamp_now(a, now) == -1) {
		int saved = errno;

		unreadable(a);
		errno = saved;
		return -1;
	}
	if (a->db == NULL)
		open_old(a);
	if (a->db && strcmp(a->stamp, now) == 0)
		return 0;
	let_settle(a);
	return aliases_rebuild(a, NULL);
}

int
aliases_find(struct aliases *a, struct span name, struct buf *items)
{
	TDB_DATA found;

	if (aliases_ready(a) == -1)
		return -1;
	if (name.len == 0 || name.ptr[0] == '\0')
		return 0;
	found = tdb_fetch(a->db, data(name));
	if (found.dptr == NULL && tdb_error(a->db) != TDB_ERR_NOEXIST) {
		/* Damaged since it was opened: what is on disk is not used
		 * again. */
		aliases_close(a);
		move_aside(a);
		if (aliases_rebuild(a, NULL) == -1)
			return -1;
		found = tdb_fetch(a->db, data(name));
	}
	if (found.dptr == NULL)
		return tdb_error(a->db) == TDB_ERR_NOEXIST ? 0 : -1;
	buf_add(items, found.dptr, found.dsize);
	free(found.dptr);
	errno = ENOMEM;
	return items->bad ? -1 : 1;
}

void
aliases_close(struct aliases *a)
{
	if (a->db)
		tdb_close(a->db);
	a->db = NULL;
}
