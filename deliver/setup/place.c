#include "deliver/setup/place.h"
#include "common/alias.h"
#include "common/conf.h"
#include "common/run.h"
#include "common/whole.h"
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST (1 << 20) /* octets of a file that is there */
#define KEPT 100       /* copies: .old, .old.1 and so on */
#define NEW ".new."    /* and six letters: not in its place yet */

struct file {
	const char *path;
	mode_t mode;
	gid_t gid;
};

static int
cannot(struct buf *why, const char *what, const char *path)
{
	buf_fmt(why, "cannot %s %s: %s", what, path, strerror(errno));
	return -1;
}

/* 1: text has it, and st whose it is; 0: there is no such file; -1. */
static int
read_file(const char *path, struct buf *text, struct stat *st, struct buf *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = -1;

	if (fd == -1)
		return errno == ENOENT ? 0 : cannot(why, "read", path);
	if (fstat(fd, st) == -1) {
		cannot(why, "read", path);
	} else if (!S_ISREG(st->st_mode) || st->st_size > MOST) {
		buf_fmt(why, "%s is no file of settings", path);
	} else {
		if (buf_room(text, (size_t)st->st_size + 1) == 0)
			n = read(
			    fd, text->ptr + text->len, (size_t)st->st_size);
		if (n == -1)
			cannot(why, "read", path);
		else
			text->len += (size_t)n;
	}
	close(fd);
	return n == -1 ? -1 : 1;
}

/* "relay none" is what the package writes where its questions were not
 * answered: no setting that anybody would miss. */
static bool
is_none(struct span line)
{
	struct span word = span_cut(&line, ' ');

	return span_eq(word, SPAN("relay")) &&
	       span_eq(span_trim(line), SPAN("none"));
}

/* Is there a line that is no comment? */
static bool
says_something(struct span s)
{
	while (s.ptr && s.len) {
		struct span line = span_trim(span_cut(&s, '\n'));

		if (line.len && line.ptr[0] != '#' && !is_none(line))
			return true;
	}
	return false;
}

static int
may(const char *path, bool force, struct buf *why)
{
	struct buf text = { 0 };
	struct stat st;
	int rc = read_file(path, &text, &st, why);

	if (rc == 1 && !force && says_something(buf_view(&text))) {
		buf_fmt(why,
		    "%s has settings already; nothing was written; --force "
		    "replaces it and keeps it as %s.old",
		    path, path);
		rc = -1;
	}
	if (text.ptr)
		explicit_bzero(text.ptr, text.cap);
	buf_free(&text);
	return rc == -1 ? -1 : 0;
}

int
place_may(const struct place *p, struct buf *why)
{
	if (p->secrets.len && may(PLACE_SECRETS, p->force, why) == -1)
		return -1;
	return may(CONF_PATH, p->force, why);
}

/* Under a new name beside it, on disk, not yet in its place. */
static int
prepare(const struct file *f, struct span text, char name[256])
{
	int fd, saved;

	snprintf(name, 256, "%s" NEW "XXXXXX", f->path);
	fd = mkostemp(name, O_CLOEXEC);
	if (fd == -1)
		return -1;
	if (fchown(fd, 0, f->gid) == 0 && fchmod(fd, f->mode) == 0 &&
	    whole_write(fd, text) == 0 && fsync(fd) == 0) {
		close(fd);
		return 0;
	}
	saved = errno;
	close(fd);
	unlink(name);
	errno = saved;
	return -1;
}

/* What one that was killed has not put in its place: a password, perhaps. */
static void
tidy(const char *path)
{
	char pattern[256];
	glob_t g;

	snprintf(pattern, sizeof pattern, "%s" NEW "??????", path);
	if (glob(pattern, GLOB_NOSORT, NULL, &g) != 0)
		return;
	for (size_t i = 0; i < g.gl_pathc; i++)
		unlink(g.gl_pathv[i]);
	globfree(&g);
}

/* What is there gets a second name first. */
static int
keep(const char *path, struct buf *said)
{
	char old[256];

	for (int i = 0; i < KEPT; i++) {
		if (i)
			snprintf(old, sizeof old, "%s.old.%d", path, i);
		else
			snprintf(old, sizeof old, "%s.old", path);
		if (link(path, old) == 0) {
			buf_fmt(said, "Kept %s as %s.\n", path, old);
			return 0;
		}
		if (errno != EEXIST)
			return errno == ENOENT ? 0 : -1;
	}
	return -1;
}

static void
sync_folder(const char *path)
{
	char dir[256];
	char *slash;
	int fd;

	strlcpy(dir, path, sizeof dir);
	slash = strrchr(dir, '/');
	if (slash)
		*slash = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd != -1) {
		fsync(fd);
		close(fd);
	}
}

static int
put(const struct file *f, struct span text, bool keeps, struct buf *said,
    struct buf *why)
{
	char name[256];

	if (prepare(f, text, name) == -1)
		return cannot(why, "write", f->path);
	if ((keeps && keep(f->path, said) == -1) ||
	    rename(name, f->path) == -1) {
		cannot(why, "write", f->path);
		unlink(name);
		return -1;
	}
	sync_folder(f->path);
	buf_fmt(said, "Wrote %s.\n", f->path);
	return 0;
}

/* Behind the new settings stay the comments of the sample. */
static void
add_comments(struct buf *to, struct span old)
{
	bool first = true;

	while (old.len) {
		struct span line = span_cut(&old, '\n');

		if (is_none(span_trim(line)) ||
		    (first && span_trim(line).len == 0))
			continue;
		if (first)
			buf_chr(to, '\n');
		first = false;
		buf_span(to, line);
		buf_chr(to, '\n');
	}
}

static int
put_conf(const struct place *p, struct buf *said, struct buf *why)
{
	const struct file f = { CONF_PATH, 0644, 0 };
	struct buf old = { 0 }, all = { 0 };
	struct stat st;
	int rc = read_file(CONF_PATH, &old, &st, why);
	bool keeps = rc == 1 && says_something(buf_view(&old));

	if (rc != -1) {
		buf_span(&all, p->conf);
		if (rc == 1 && !keeps)
			add_comments(&all, buf_view(&old));
		rc = all.bad ? -1 : put(&f, buf_view(&all), keeps, said, why);
	}
	buf_free(&old);
	buf_free(&all);
	return rc;
}

static bool
has_root(struct span rest)
{
	struct alias_entry e = { 0 };
	unsigned line = 0;
	bool found = false;

	while (!found && alias_next(&rest, &line, &e) == 1)
		found = span_ieq(buf_view(&e.name), SPAN("root"));
	alias_entry_free(&e);
	return found;
}

static int
put_alias(const struct place *p, struct buf *said, struct buf *why)
{
	struct file f = { PLACE_ALIASES, 0644, 0 };
	struct buf text = { 0 };
	struct stat st;
	int rc = read_file(PLACE_ALIASES, &text, &st, why);

	if (rc == 1 && has_root(buf_view(&text))) {
		buf_fmt(said,
		    "%s says already who gets root's mail; it stays.\n",
		    PLACE_ALIASES);
		rc = 0;
	} else if (rc != -1) {
		if (rc == 1) {
			f.mode = st.st_mode & 0777;
			f.gid = st.st_gid;
		}
		if (text.len && text.ptr[text.len - 1] != '\n')
			buf_chr(&text, '\n');
		buf_str(&text, "root: ");
		buf_span(&text, p->root);
		buf_chr(&text, '\n');
		rc = text.bad ? -1 : put(&f, buf_view(&text), false, said, why);
	}
	buf_free(&text);
	return rc;
}

int
place_write(const struct place *p, struct buf *said, struct buf *why)
{
	const struct file secrets = { PLACE_SECRETS, 0640, p->net };
	bool keeps = false;
	struct stat st;

	if (place_may(p, why) == -1)
		return -1;
	if (stat(PLACE_SECRETS, &st) == 0)
		keeps = st.st_size != 0;
	else if (errno != ENOENT)
		return cannot(why, "read", PLACE_SECRETS);
	tidy(PLACE_SECRETS);
	tidy(CONF_PATH);
	tidy(PLACE_ALIASES);
	if (mkdir(PLACE_DIR, 0755) == -1 && errno != EEXIST)
		return cannot(why, "make", PLACE_DIR);
	/* A password without its relay harms nobody, a relay without its
	 * password does. */
	if (p->secrets.len && put(&secrets, p->secrets, keeps, said, why) == -1)
		return -1;
	if (put_conf(p, said, why) == -1)
		return -1;
	return p->root.len ? put_alias(p, said, why) : 0;
}

void
place_tell_agent(struct buf *said)
{
	char text[24] = { 0 };
	long long pid;
	ssize_t n = -1;
	int fd;

	errno = 0;
	if (!run_held(RUN_RESIDENT)) {
		if (errno && errno != ENOENT)
			buf_fmt(said,
			    "Whether an agent runs cannot be told (%s); one "
			    "that does reads its settings anew when it gets "
			    "SIGHUP.\n",
			    strerror(errno));
		return;
	}
	fd = open(RUN_PID, O_RDONLY | O_CLOEXEC);
	if (fd != -1) {
		n = read(fd, text, sizeof text - 1);
		close(fd);
	}
	if (n > 0 &&
	    span_num(span_trim(span_of(text)), 2, INT32_MAX, &pid) == 0 &&
	    kill((pid_t)pid, SIGHUP) == 0)
		buf_str(said, "The agent that runs reads its settings anew.\n");
	else
		buf_str(said,
		    "The agent that runs cannot be told; it reads its settings "
		    "anew when it gets SIGHUP.\n");
}
