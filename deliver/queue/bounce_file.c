/* bounce_file - reports as files of queue/, and the text that they return. */
#include "common/crc.h"
#include "common/field.h"
#include "deliver/queue/bounce.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX (64 << 10) /* of one whose header is returned */

int
bounce_text(const struct file *f, bool whole, struct buf *b)
{
	off_t at = (off_t)(SPOOL_HEAD + f->head.env_len);
	uint64_t len = f->head.body_len;
	size_t from = b->len, got = 0;

	if (!whole && len > HEAD_MAX)
		len = HEAD_MAX;
	if (buf_room(b, (size_t)len) == -1)
		return -1;
	while (got < len) {
		ssize_t n = pread(f->fd, b->ptr + from + got, (size_t)len - got,
		    at + (off_t)got);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EBADMSG;
		if (n <= 0)
			return -1;
		got += (size_t)n;
	}
	b->len += got;
	if (!whole) { /* up to the empty line, or the last whole field */
		struct span rest = { b->ptr + from, got };
		struct field fld;

		while (field_next(&rest, &fld))
			;
		b->len = from + got - rest.len;
	}
	return 0;
}

static int
put_file(struct queue *q, const char *id, const struct env *e,
    const struct buf *text)
{
	struct buf all = { 0 };
	struct spool_head h = { 0 };
	char first[SPOOL_HEAD];
	int fd;

	if (env_encode(e, &all) == -1) {
		buf_free(&all);
		return -1;
	}
	h.env_len = (uint32_t)all.len;
	h.env_sum = crc32c(0, all.ptr, all.len);
	h.body_len = text->len;
	h.body_sum = crc32c(0, text->ptr, text->len);
	buf_span(&all, buf_view(text));
	spool_head_put(&h, first);
	fd = spool_create_as(q->dir, id);
	errno = fd == -1 ? errno : EIO; /* for a short write */
	if (fd == -1 || all.bad || write(fd, first, SPOOL_HEAD) != SPOOL_HEAD ||
	    write(fd, all.ptr, all.len) != (ssize_t)all.len) {
		int saved = errno;

		if (fd != -1) {
			spool_abort(fd);
			unlinkat(q->dir, id, 0);
		}
		buf_free(&all);
		errno = saved;
		return -1;
	}
	buf_free(&all);
	if (spool_commit(fd, q->dir) == 0)
		return 0;
	unlinkat(q->dir, id, 0);
	return -1;
}

int
bounce_write(struct queue *q, const char *id, const char *to,
    enum env_kind kind, const struct buf *text)
{
	struct env e = { .uid = q->start->uid, .kind = kind };
	struct legal legal = { 0 };
	int done = -1;

	legal_feed(&legal, buf_view(text));
	e.text = env_text(&legal);
	e.body = legal.eight ? ENV_8BIT : ENV_7BIT;
	e.time_us = (int64_t)time(NULL) * 1000000;
	e.from = strdup("");
	if (e.from && env_add(&e, span_of(to)) == 0 &&
	    put_file(q, id, &e, text) == 0) {
		sched_add(q, id, false);
		done = 0;
	}
	env_free(&e);
	return done;
}

/* A power cut may have left its name and mode, and not its text; and what a
 * killed process left is on disk before the message that it reports goes. */
static bool
is_whole(struct queue *q, const char *id, mode_t mode)
{
	struct file *f = file_look(q->dir, id, q->start->uid);
	bool whole = f ? file_verify(f) != 1 : !file_is_bad(errno);

	if (f && whole && !spool_is_synced(mode))
		whole = spool_sync(f->fd, q->dir) == 0;
	if (f)
		file_close(f);
	return whole; /* also when that cannot be told now */
}

/* An earlier process may have made it, or may have died on the way. */
bool
bounce_exists(struct queue *q, const char *id)
{
	struct stat st;

	if (fstatat(q->dir, id, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return false;
	if (spool_is_complete(st.st_mode) && is_whole(q, id, st.st_mode))
		return true;
	unlinkat(q->dir, id, 0);
	return false;
}
