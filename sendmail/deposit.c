#include "sendmail/deposit.h"
#include "common/crc.h"
#include "common/printable.h"
#include "common/room.h"
#include "common/run.h"
#include "sendmail/complete.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sysexits.h>
#include <unistd.h>

#define HEADER_MAX (16 << 20)
#define FILES_KEPT 16 /* inodes that are left alone, as free-space is */
#define STREAM_FROM (48 << 10) /* longer bodies are written as they come */
/* In pieces that begin at a multiple of their length: of such a file system
 * makes large pages.  For 10 MiB 10 ms with their sync, where others take 13.
 */
#define PIECE (64 << 10)

void
deposit_stamp(struct deposit *s)
{
	struct timespec now = spool_clock();

	s->env.time_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	s->env.uid = s->uid;
}

/* "all", "uid N" or "uid N-M" at the beginning of a line. */
static bool
is_meant(uid_t uid, struct span *line)
{
	struct span word = span_word(line), from, to;
	long long first, last;

	if (!span_eq(word, SPAN("uid")))
		return span_eq(word, SPAN("all"));
	to = span_word(line);
	from = span_cut(&to, '-');
	if (to.ptr == NULL)
		to = from;
	return span_num(from, 0, UINT32_MAX, &first) == 0 &&
	       span_num(to, 0, UINT32_MAX, &last) == 0 &&
	       (long long)uid >= first && (long long)uid <= last;
}

/* What an agent has left behind that was killed holds nobody up. */
static int
read_refusals(struct deposit *s, int fd)
{
	static char text[32768]; /* a stack may have less room */
	ssize_t n = read(fd, text, sizeof text);
	struct span rest = { text, n > 0 ? (size_t)n : 0 };

	while (rest.ptr && rest.len) {
		struct span line = span_cut(&rest, '\n');

		if (is_meant(s->env.uid, &line) && run_held(RUN_PARENT)) {
			buf_str(s->why, "nothing was queued: ");
			printable_add(s->why, span_trim(line), 500);
			return EX_TEMPFAIL;
		}
	}
	return 0;
}

/* By the setting nameless-uids. */
static int
nameless(struct deposit *s)
{
	unsigned long uid = s->env.uid;

	if (s->conf->nameless ||
	    (s->account == WHO_HAS_ONE && uid != WHO_UNMAPPED))
		return 0;
	if (s->account == WHO_CANNOT_TELL) {
		buf_fmt(s->why,
		    "nothing was queued: whether uid %lu has an account on "
		    "this machine cannot be told now, and nameless-uids is no "
		    "in bellman.conf; try again later",
		    uid);
		return EX_TEMPFAIL;
	}
	buf_fmt(s->why,
	    "nothing was queued: uid %lu %s, and nameless-uids is no in "
	    "bellman.conf",
	    uid,
	    uid == WHO_UNMAPPED ? "stands for whoever the kernel cannot name"
				: "has no account on this machine");
	return EX_NOPERM;
}

int
deposit_refused(struct deposit *s)
{
	int status = nameless(s), fd;

	if (status)
		return status;
	fd = open(RUN_REFUSE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd == -1)
		return 0;
	status = read_refusals(s, fd);
	close(fd);
	return status;
}

int
deposit_no_spool(struct buf *why, int err, const char *what)
{
	buf_fmt(why, "%s %s: %s; ", what, SPOOL_DIR "/drop", strerror(err));
	switch (err) {
	case ENOENT:
	case ENOTDIR:
		buf_str(why, "the spool is missing: install Bellman again");
		return EX_OSFILE;
	case EACCES:
	case EPERM:
		buf_str(why,
		    "this process cannot gain the group bellman (no_new_privs, "
		    "nosuid or a user namespace), or the set-gid bit is gone, "
		    "and no agent answers on " RUN_SUBMIT);
		return EX_NOPERM;
	case EROFS:
		buf_str(why, "and no agent answers on " RUN_SUBMIT
			     "; nothing was queued, try again later");
		return EX_TEMPFAIL;
	case ENOSPC: /* df may show some: deposit_make */
		buf_str(why,
		    room_no_files(SPOOL_DIR "/drop")
			? "its file system has no free inodes, whatever room "
			  "is left (df -i " SPOOL_DIR "); nothing was queued, "
			  "remove files there and try again"
			: "less is free there than limits free-space in "
			  "bellman.conf leaves alone; nothing was queued, make "
			  "room and try again");
		return EX_TEMPFAIL;
	default:
		buf_str(why, "nothing was queued; try again later");
		return EX_TEMPFAIL;
	}
}

/* Root makes files in drop/ without the group, too, where the set-gid bit has
 * no effect (no_new_privs, a container): the agent could not read them. */
static int
give_group(int dir, int fd)
{
	struct stat folder, file;

	if (fstat(dir, &folder) == -1 || fstat(fd, &file) == -1)
		return -1;
	return file.st_gid == folder.st_gid
		   ? 0
		   : fchown(fd, (uid_t)-1, folder.st_gid);
}

int
deposit_make(const struct conf *conf, int *dir, char id[SPOOL_IDSIZE])
{
	struct statvfs fs;
	int saved, fd;

	*dir = open(SPOOL_DIR "/drop", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*dir == -1)
		return -1;
	if (fstatvfs(*dir, &fs) == 0 &&
	    ((uint64_t)fs.f_bavail * fs.f_frsize < conf->min_free ||
		room_few_files(&fs, FILES_KEPT)))
		errno = ENOSPC;
	else if ((fd = spool_create(*dir, id)) != -1) {
		if (getauxval(AT_EUID) != 0 || give_group(*dir, fd) == 0)
			return fd;
		unlinkat(*dir, id, 0);
		close(fd);
		errno = EPERM;
	}
	saved = errno;
	close(*dir);
	*dir = -1;
	errno = saved;
	return -1;
}

static int
cannot_write(struct deposit *s, int err)
{
	return deposit_no_spool(s->why, err, "cannot write to");
}

static int
write_all(int fd, struct iovec *v, int n)
{
	while (n > 0) {
		ssize_t w = writev(fd, v, n);

		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1)
			return -1;
		while (n > 0 && (size_t)w >= v->iov_len)
			w -= (ssize_t)v->iov_len, v++, n--;
		if (n > 0) {
			v->iov_base = (char *)v->iov_base + w;
			v->iov_len -= (size_t)w;
		}
	}
	return 0;
}

/* Text is about to be written. */
static void
add_text(struct deposit *s, struct span text)
{
	s->head.body_len += text.len;
	s->head.body_sum = crc32c(s->head.body_sum, text.ptr, text.len);
	legal_feed(&s->legal, text);
}

/* How much of the text ends with a piece of the file. */
static size_t
ripe(const struct deposit *s)
{
	size_t rest = (s->at + s->text.len) % PIECE;

	return rest < s->text.len ? s->text.len - rest : 0;
}

static int
flush(struct deposit *s, size_t n)
{
	struct iovec v[2];
	int nv = 0;

	/* Room for the first line, which is not known yet. */
	if (!s->begun && lseek(s->fd, SPOOL_HEAD, SEEK_SET) == -1)
		return cannot_write(s, errno);
	if (!s->begun)
		v[nv++] = (struct iovec){ s->top.ptr, s->top.len };
	s->begun = true;
	if (n) {
		add_text(s, (struct span){ s->text.ptr, n });
		v[nv++] = (struct iovec){ s->text.ptr, n };
	}
	if (write_all(s->fd, v, nv) == -1)
		return cannot_write(s, errno);
	s->at += n;
	buf_drop(&s->text, n);
	return 0;
}

/* The header is whole: recipients, envelope and completed header become top;
 * text keeps what follows, with the empty line. */
static int
begin(struct deposit *s)
{
	size_t skip = complete_from_line(buf_view(&s->text));
	struct span text = span_from(buf_view(&s->text), skip);
	struct span header = { text.ptr, complete_header_end(text) };
	struct complete c = { .hostname = s->conf->hostname,
		.id = s->id,
		.login = s->login,
		.fullname = s->fullname,
		.from = s->env.from,
		.with = s->with,
		.env = &s->env,
		.domain = s->conf->domain };
	struct buf daemon = { 0 }, body = { 0 };

	if (s->from_header &&
	    complete_recipients(header, &s->rcpts, s->why) == -1)
		return EX_DATAERR;
	if (s->env.nrcpts == 0) {
		buf_str(s->why,
		    "no recipients in To, Cc or Bcc, and none on the "
		    "command line");
		return EX_USAGE;
	}
	for (size_t i = 0; i < s->env.nrcpts; i++)
		if (s->env.rcpts[i].notify == 0)
			s->env.rcpts[i].notify = s->notify;
	s->env.tls_optional = complete_tls_optional(header);
	s->env.text = ENV_TEXT; /* finish knows what is in the text */
	if (env_encode(&s->env, &s->top) == -1) {
		buf_str(s->why, "an address holds what no envelope can carry");
		return errno == ENOMEM ? EX_OSERR : EX_DATAERR;
	}
	s->head.env_len = (uint32_t)s->top.len;
	if (s->env.from[0] == '\0') { /* a null sender still has a legal From */
		buf_fmt(&daemon, "MAILER-DAEMON@%s", s->conf->domain);
		c.from = buf_c(&daemon);
	}
	c.mime = complete_wants_mime(header, span_from(text, header.len));
	complete_header(header, &c, &body);
	legal_feed(&s->legal, buf_view(&body));
	text = span_from(text, header.len);
	if (text.len == 0 || text.ptr[0] != '\n')
		buf_chr(&body, '\n');
	s->head.body_len = body.len;
	s->head.body_sum = crc32c(0, body.ptr, body.len);
	buf_span(&s->top, buf_view(&body));
	buf_drop(&s->text, s->text.len - text.len);
	buf_free(&daemon);
	buf_free(&body);
	s->whole = true;
	return s->top.bad ? EX_OSERR : 0;
}

static bool
header_is_whole(const struct deposit *s)
{
	struct span text = buf_view(&s->text);

	return complete_header_whole(span_from(text, complete_from_line(text)));
}

/* One look at the head of the message tells whether to stream it. */
static int
more(struct deposit *s)
{
	size_t n;

	if (s->text.bad)
		return EX_OSERR;
	if (s->head.body_len + s->text.len > s->conf->max_size) {
		buf_fmt(s->why,
		    "the message is larger than the limit of %" PRIu64
		    " octets (limits size in bellman.conf)",
		    s->conf->max_size);
		return EX_DATAERR;
	}
	if (!s->whole && s->text.len < STREAM_FROM)
		return 0;
	if (!s->whole) {
		int status;

		if (!header_is_whole(s)) {
			if (s->text.len < HEADER_MAX)
				return 0;
			buf_fmt(s->why, "the header is longer than %d octets",
			    HEADER_MAX);
			return EX_DATAERR;
		}
		if ((status = begin(s)) != 0)
			return status;
		s->at = SPOOL_HEAD + s->top.len;
	}
	n = ripe(s);
	return n ? flush(s, n) : 0;
}

int
deposit_feed(struct deposit *s, struct span in)
{
	intake_feed(&s->intake, in, &s->text);
	return more(s);
}

char *
deposit_room(struct deposit *s, size_t *most)
{
	size_t piece = PIECE - (s->at + s->text.len) % PIECE;

	if (s->text.cap == s->text.len && buf_room(&s->text, PIECE - 1) == -1)
		return NULL;
	*most = s->text.cap - s->text.len;
	if (s->whole && *most > piece)
		*most = piece;
	return s->text.ptr + s->text.len;
}

int
deposit_came(struct deposit *s, size_t n)
{
	s->text.len += n;
	intake_came(&s->intake, &s->text, n);
	return more(s);
}

/* What the whole text holds goes into the envelope, whose sum is now final. */
static int
facts(struct deposit *s)
{
	if (env_retext(s->top.ptr, s->head.env_len, env_text(&s->legal)) ==
	    -1) {
		buf_str(s->why, "the envelope cannot be completed");
		return EX_SOFTWARE;
	}
	/* It is as old as its end: a job that writes for an hour, or a person
	 * who thinks, has not missed the minute in which a terminal shows it.
	 * A clock that was nowhere at the beginning leaves it as it is. */
	deposit_stamp(s);
	(void)env_retime(s->top.ptr, s->head.env_len, s->env.time_us);
	s->head.env_sum = crc32c(0, s->top.ptr, s->head.env_len);
	return 0;
}

static int
finish(struct deposit *s)
{
	char line[SPOOL_HEAD];
	struct iovec v[3] = { { line, SPOOL_HEAD }, { s->top.ptr, s->top.len },
		{ s->text.ptr, s->text.len } };
	int status;

	if (s->begun) {
		if ((status = flush(s, s->text.len)) != 0 ||
		    (status = facts(s)) != 0)
			return status;
		spool_head_put(&s->head, line);
		if (pwrite(s->fd, line, SPOOL_HEAD, 0) != SPOOL_HEAD ||
		    pwrite(s->fd, s->top.ptr, s->head.env_len, SPOOL_HEAD) !=
			(ssize_t)s->head.env_len)
			return cannot_write(s, errno);
	} else { /* the common case: all of it in one write */
		add_text(s, buf_view(&s->text));
		if ((status = facts(s)) != 0)
			return status;
		spool_head_put(&s->head, line);
		if (write_all(s->fd, v, 3) == -1)
			return cannot_write(s, errno);
	}
	status = spool_commit(s->fd, s->dir) == -1 ? errno : 0;
	s->fd = -1;
	return status ? cannot_write(s, status) : 0;
}

int
deposit_commit(struct deposit *s)
{
	int status;

	intake_end(&s->intake, &s->text);
	status = more(s);
	if (status == 0 && !s->whole)
		status = begin(s);
	return status ? status : finish(s);
}

void
deposit_clear(struct deposit *s)
{
	if (s->fd != -1)
		spool_abort(s->fd);
	if (s->dir != -1)
		close(s->dir);
	env_free(&s->env);
	rcpts_free(&s->rcpts);
	buf_free(&s->text);
	buf_free(&s->top);
	*s = (struct deposit){ .dir = -1, .fd = -1 };
}
