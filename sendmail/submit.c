#include "sendmail/submit.h"
#include "common/crc.h"
#include "common/priv.h"
#include "common/run.h"
#include "common/spool.h"
#include "sendmail/complete.h"
#include "sendmail/intake.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sysexits.h>
#include <unistd.h>

#define CHUNK 65536
#define HEADER_MAX (1 << 20)
#define STREAM_FROM (256 << 10) /* longer bodies are written as they come */

struct submit {
	const struct opt *opt;
	const struct conf *conf;
	struct buf *why;
	struct env env;
	struct rcpts rcpts;
	char login[64];
	char fullname[256];
	struct buf sender; /* qualified */
	char id[SPOOL_IDSIZE];
	int dir, fd;
	struct intake intake;
	struct buf text; /* lines not yet written */
	struct buf top;	 /* first line, envelope, completed header */
	struct spool_head head;
	bool begun; /* top is written; text streams behind it */
};

/* The name in the user database, as it stood in the GECOS field: up to the
 * first comma, & for the login name. */
static void
full_name(const struct passwd *pw, char *out, size_t size)
{
	size_t n = 0;

	for (const char *p = pw->pw_gecos; p && *p && *p != ','; p++) {
		if (*p == '&')
			n += strlcpy(out + n, pw->pw_name, size - n);
		else
			out[n++] = *p;
		if (n >= size - 1) {
			n = size - 1;
			break;
		}
	}
	out[n] = '\0';
}

static int
who(struct submit *s)
{
	uid_t uid = getuid();
	struct passwd *pw = getpwuid(uid);
	struct span sender;

	s->env.uid = uid;
	snprintf(s->login, sizeof s->login, "uid-%lu", (unsigned long)uid);
	if (pw && strlen(pw->pw_name) < sizeof s->login) {
		strlcpy(s->login, pw->pw_name, sizeof s->login);
		full_name(pw, s->fullname, sizeof s->fullname);
	}
	if (s->opt->fullname)
		strlcpy(s->fullname, s->opt->fullname, sizeof s->fullname);
	sender = span_of(s->opt->sender ? s->opt->sender : s->login);
	if (sender.len && !span_eq(sender, SPAN("<>")) &&
	    rcpts_qualify(sender, s->conf->domain, &s->sender, s->why) == -1)
		return EX_USAGE;
	s->env.from = strdup(buf_c(&s->sender));
	return s->env.from && !s->sender.bad ? 0 : EX_OSERR;
}

static int
envelope(struct submit *s)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	s->env.time_us = (int64_t)now.tv_sec * 1000000 + now.tv_usec;
	s->env.kind = s->opt->kind;
	s->env.wait = s->opt->wait;
	s->env.body = s->opt->body;
	s->env.ret = s->opt->ret;
	/* xtext (RFC 3461 4): the identifier as the caller gave it, encoded */
	if (s->opt->envid) {
		struct buf x = { 0 };

		for (const char *p = s->opt->envid; *p; p++)
			if (*p > ' ' && *p <= '~' && *p != '+' && *p != '=')
				buf_chr(&x, *p);
			else
				buf_fmt(&x, "+%02X", (unsigned char)*p);
		s->env.envid = strdup(buf_c(&x));
		buf_free(&x);
	}
	s->rcpts = (struct rcpts){ .env = &s->env, .domain = s->conf->domain };
	for (int i = 0; i < s->opt->nrcpts; i++) {
		struct span list = span_of(s->opt->rcpts[i]);

		/* cron hands a comma list over as one word */
		if (rcpts_add(&s->rcpts, list, s->why) == 0)
			continue;
		if (!span_has(list, ','))
			return EX_USAGE;
		buf_reset(s->why);
		while (list.ptr)
			if (rcpts_add(&s->rcpts,
				span_trim(span_cut(&list, ',')), s->why) == -1)
				return EX_USAGE;
	}
	if (s->env.nrcpts == 0 && !s->opt->from_header) {
		buf_str(s->why,
		    "no recipients; name them behind the options, or "
		    "give -t to take them from the header");
		return EX_USAGE;
	}
	return 0;
}

/* /run/bellman/refuse: lines of "all" or "uid N", then a sentence. */
static int
refused(struct submit *s)
{
	char text[4096];
	int fd =
	    open(RUN_REFUSE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t n = fd == -1 ? 0 : read(fd, text, sizeof text);
	struct span rest = { text, n > 0 ? (size_t)n : 0 };

	if (fd != -1)
		close(fd);
	while (rest.ptr && rest.len) {
		struct span line = span_cut(&rest, '\n');
		struct span word = span_word(&line);
		long long uid;
		bool hit = span_eq(word, SPAN("all"));

		if (span_eq(word, SPAN("uid")))
			hit = span_num(span_word(&line), 0, UINT32_MAX, &uid) ==
				  0 &&
			      (uid_t)uid == s->env.uid;
		if (hit) {
			buf_str(s->why, "not accepted now: ");
			buf_span(s->why, span_trim(line));
			return EX_TEMPFAIL;
		}
	}
	return 0;
}

static int
no_spool(struct submit *s, int err, const char *what)
{
	buf_fmt(s->why, "%s %s: %s; ", what, SPOOL_DIR "/drop", strerror(err));
	switch (err) {
	case ENOENT:
	case ENOTDIR:
		buf_str(s->why, "the spool is missing: install Bellman again");
		return EX_OSFILE;
	case EACCES:
	case EPERM:
		buf_str(s->why,
		    "this process cannot gain the group bellman (no_new_privs, "
		    "nosuid or a user namespace), or the set-gid bit is gone");
		return EX_NOPERM;
	default:
		buf_str(s->why, "nothing was queued; try again later");
		return EX_TEMPFAIL;
	}
}

static int
make_file(struct submit *s)
{
	struct statvfs fs;
	int err = 0;

	priv_group_take();
	s->dir = open(SPOOL_DIR "/drop", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir == -1)
		err = errno;
	else if (fstatvfs(s->dir, &fs) == 0 &&
		 ((uint64_t)fs.f_bavail * fs.f_frsize < s->conf->min_free ||
		     (fs.f_files && fs.f_favail < 16)))
		err = ENOSPC;
	else if ((s->fd = spool_create(s->dir, s->id)) == -1)
		err = errno;
	priv_group_drop();
	return err ? no_spool(s, err, "cannot make a file in") : 0;
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

static int
flush(struct submit *s)
{
	struct iovec v[2];
	int n = 0;

	if (!s->begun)
		v[n++] = (struct iovec){ s->top.ptr, s->top.len };
	s->begun = true;
	if (s->text.len) {
		s->head.body_len += s->text.len;
		s->head.body_sum =
		    crc32c(s->head.body_sum, s->text.ptr, s->text.len);
		v[n++] = (struct iovec){ s->text.ptr, s->text.len };
	}
	if (write_all(s->fd, v, n) == -1)
		return no_spool(s, errno, "cannot write to");
	buf_reset(&s->text);
	return 0;
}

/* The header is whole: recipients, envelope and completed header become top;
 * text keeps what follows, with the empty line. */
static int
begin(struct submit *s)
{
	size_t skip = complete_from_line(buf_view(&s->text));
	struct span text = span_from(buf_view(&s->text), skip);
	struct span header = { text.ptr, complete_header_end(text) };
	struct complete c = { s->conf->hostname, s->id, s->login, s->fullname,
		s->sender.len ? buf_c(&s->sender) : "", &s->env };
	struct buf daemon = { 0 }, body = { 0 };

	if (s->opt->from_header &&
	    complete_recipients(header, &s->rcpts, s->why) == -1)
		return EX_DATAERR;
	if (s->env.nrcpts == 0) {
		buf_str(s->why,
		    "no recipients in To, Cc or Bcc, and none on the "
		    "command line");
		return EX_USAGE;
	}
	for (size_t i = 0; i < s->env.nrcpts; i++)
		s->env.rcpts[i].notify = s->opt->notify;
	if (env_encode(&s->env, &s->top) == -1) {
		buf_str(s->why, "an address holds what no envelope can carry");
		return errno == ENOMEM ? EX_OSERR : EX_DATAERR;
	}
	s->head.env_len = (uint32_t)s->top.len;
	s->head.env_sum = crc32c(0, s->top.ptr, s->top.len);
	if (!s->sender.len) { /* a null sender still has a legal From */
		buf_fmt(&daemon, "MAILER-DAEMON@%s", s->conf->domain);
		c.from = buf_c(&daemon);
	}
	complete_header(header, &c, &body);
	text = span_from(text, header.len);
	if (text.len == 0 || text.ptr[0] != '\n')
		buf_chr(&body, '\n');
	s->head.body_len = body.len;
	s->head.body_sum = crc32c(0, body.ptr, body.len);
	buf_span(&s->top, buf_view(&body));
	buf_drop(&s->text, s->text.len - text.len);
	buf_free(&daemon);
	buf_free(&body);
	return s->top.bad ? EX_OSERR : 0;
}

/* Is there an empty line, or a line that is no field, in what came so far? */
static bool
header_is_whole(const struct submit *s)
{
	struct span text = buf_view(&s->text);
	size_t end;

	text = span_from(text, complete_from_line(text));
	if (text.len && text.ptr[0] == '\n')
		return true;
	end = complete_header_end(text);
	return end + 1 < text.len &&
	       memchr(text.ptr + end, '\n', text.len - end);
}

/* One look at the head of the message tells whether to stream it. */
static int
more(struct submit *s, bool *top_done)
{
	if (s->head.body_len + s->text.len > s->conf->max_size) {
		buf_fmt(s->why,
		    "the message is larger than the limit of %" PRIu64
		    " octets (limits size in bellman.conf)",
		    s->conf->max_size);
		return EX_DATAERR;
	}
	if (s->text.len < STREAM_FROM)
		return 0;
	if (!*top_done) {
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
		*top_done = true;
		/* Room for the first line, which is not known yet. */
		if (lseek(s->fd, SPOOL_HEAD, SEEK_SET) == -1)
			return no_spool(s, errno, "cannot write to");
	}
	return flush(s);
}

static int
no_input(struct submit *s, int err)
{
	if (err == EBADF) {
		buf_str(s->why, "standard input is closed; nothing was queued");
		return EX_NOINPUT;
	}
	buf_fmt(s->why, "cannot read standard input: %s; nothing was queued",
	    strerror(err));
	return EX_IOERR;
}

static int
read_message(struct submit *s)
{
	char chunk[CHUNK];
	bool top_done = false;
	int status;

	while (!s->intake.ended) {
		ssize_t n = read(STDIN_FILENO, chunk, sizeof chunk);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return no_input(s, errno);
		if (n == 0)
			break;
		intake_feed(
		    &s->intake, (struct span){ chunk, (size_t)n }, &s->text);
		if (s->text.bad)
			return EX_OSERR;
		if ((status = more(s, &top_done)) != 0)
			return status;
	}
	intake_end(&s->intake, &s->text);
	if (s->text.bad)
		return EX_OSERR;
	if (!top_done && (status = begin(s)) != 0)
		return status;
	return 0;
}

static int
finish(struct submit *s)
{
	char line[SPOOL_HEAD];
	struct iovec v[3] = { { line, SPOOL_HEAD }, { s->top.ptr, s->top.len },
		{ s->text.ptr, s->text.len } };
	int status;

	if (s->begun) {
		if ((status = flush(s)) != 0)
			return status;
		spool_head_put(&s->head, line);
		if (pwrite(s->fd, line, SPOOL_HEAD, 0) != SPOOL_HEAD)
			return no_spool(s, errno, "cannot write to");
	} else { /* the common case: all of it in one write */
		s->head.body_len += s->text.len;
		s->head.body_sum =
		    crc32c(s->head.body_sum, s->text.ptr, s->text.len);
		spool_head_put(&s->head, line);
		if (write_all(s->fd, v, 3) == -1)
			return no_spool(s, errno, "cannot write to");
	}
	status = spool_commit(s->fd, s->dir) == -1 ? errno : 0;
	s->fd = -1;
	return status ? no_spool(s, status, "cannot write to") : 0;
}

int
submit(const struct opt *opt, const struct conf *conf, struct buf *why)
{
	struct submit s = { .opt = opt,
		.conf = conf,
		.why = why,
		.dir = -1,
		.fd = -1,
		.intake.dots = opt->dots };
	int status;

	if ((status = who(&s)) == 0 && (status = envelope(&s)) == 0 &&
	    (status = refused(&s)) == 0 && (status = make_file(&s)) == 0 &&
	    (status = read_message(&s)) == 0)
		status = finish(&s);
	if (s.fd != -1)
		spool_abort(s.fd);
	if (s.dir != -1)
		close(s.dir);
	if (status == EX_OSERR && why->len == 0)
		buf_str(why, "no memory; nothing was queued");
	env_free(&s.env);
	rcpts_free(&s.rcpts);
	buf_free(&s.sender);
	buf_free(&s.text);
	buf_free(&s.top);
	return status;
}
