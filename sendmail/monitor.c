#include "sendmail/monitor.h"
#include "common/conf.h"
#include "common/printable.h"
#include "common/priv.h"
#include "common/room.h"
#include "common/run.h"
#include "common/spool.h"
#include "sendmail/ask.h"
#include "sendmail/waiting.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define FILES_MIN 64
#define STUCK "mail is stuck"

enum where { DROP, QUEUE, BAD };

struct found {
	size_t waits, quarantined;
	int64_t since; /* of the oldest that waits; 0: none */
	int level;
	struct buf b;
};

/* A report's id is older than it is: its envelope begins with its time. */
static int64_t
report_time(int dir, const char *name)
{
	char text[SPOOL_HEAD + 32] = { 0 };
	int fd = openat(dir, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	ssize_t n = fd == -1 ? -1 : read(fd, text, sizeof text - 1);
	struct span line = { text + SPOOL_HEAD, 0 };
	long long when;

	if (fd != -1)
		close(fd);
	if (n <= SPOOL_HEAD)
		return 0;
	line.len = (size_t)n - SPOOL_HEAD;
	line = span_cut(&line, '.');
	if (!span_starts(line, SPAN("time ")) ||
	    span_num(span_from(line, 5), 0, INT64_MAX / 2, &when) == -1)
		return 0;
	return when;
}

static void
one(struct found *f, int dir, const char *name, bool drop)
{
	const char *tail = strchr(name, '-');
	struct stat st;
	int64_t since;

	if (!spool_id_valid(name) || (tail && tail[strlen(tail) - 1] == 'A'))
		return; /* an alert is no mail */
	/* Incomplete: its sender has not been told that it is sent. */
	if (drop && (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
			!spool_is_complete(st.st_mode)))
		return;
	since = tail ? report_time(dir, name) : spool_id_time(name);
	f->waits++;
	if (since && (f->since == 0 || since < f->since))
		f->since = since;
}

static int
folder(struct found *f, const char *path, enum where which)
{
	DIR *d = opendir(path);
	struct dirent *e;
	bool whole;

	while (d && (errno = 0, e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		if (which == BAD)
			f->quarantined++;
		else
			one(f, dirfd(d), e->d_name, which == DROP);
	}
	whole = d && errno == 0;
	if (d)
		closedir(d);
	return whole ? 0 : -1;
}

static void
add(struct found *f, int level, const char *what)
{
	if (level > f->level)
		f->level = level;
	buf_fmt(&f->b, "%s; ", what);
}

static void
judge(struct found *f, const struct conf *c, long age)
{
	struct statvfs fs;

	if (f->waits)
		add(f, MONITOR_WARNING,
		    run_held(RUN_AGENT) ? "the agent does not answer"
					: "no agent runs (start deliver, or "
					  "run deliver -q)");
	if (age && f->since && time(NULL) - f->since >= age)
		add(f, MONITOR_WARNING, STUCK);
	if (f->quarantined)
		add(f, MONITOR_WARNING,
		    "a file of the queue cannot be used and was put aside");
	if (statvfs(SPOOL_DIR, &fs) == 0 && c->alert.disk) {
		if ((uint64_t)fs.f_bavail * fs.f_frsize < c->alert.disk)
			add(f, MONITOR_CRITICAL,
			    "the disk of the spool is nearly full");
		else if (room_few_files(&fs, FILES_MIN))
			add(f, MONITOR_CRITICAL,
			    "the disk of the spool has hardly any free inodes "
			    "(df -i)");
	}
	if (f->waits == 0) {
		buf_str(&f->b, "nothing waits");
		return;
	}
	buf_fmt(&f->b, "%zu message%s wait%s", f->waits,
	    f->waits == 1 ? "" : "s", f->waits == 1 ? "s" : "");
	if (f->since) {
		buf_str(&f->b, f->waits == 1 ? ", for " : ", the oldest for ");
		printable_age(time(NULL) - f->since, &f->b);
	}
}

/* Root looks, where nobody answers. */
static void
look(long age, struct health *h)
{
	struct found f = { 0 };
	struct buf why = { 0 };
	struct statvfs fs;
	struct conf c;

	if (conf_load(CONF_PATH, &c, &why) == -1) {
		buf_span(&h->text, buf_view(&why));
	} else if (folder(&f, SPOOL_DIR "/drop", DROP) == -1 ||
		   folder(&f, SPOOL_DIR "/queue", QUEUE) == -1 ||
		   folder(&f, SPOOL_DIR "/quarantine", BAD) == -1) {
		buf_str(&h->text, "the spool " SPOOL_DIR " cannot be read");
	} else {
		judge(&f, &c, age ? age : c.alert.age);
		h->level = f.level;
		h->known = true;
		h->messages = (long long)f.waits;
		h->quarantine = (long long)f.quarantined;
		h->oldest = f.since ? time(NULL) - f.since : 0;
		if (statvfs(SPOOL_DIR, &fs) == 0)
			h->free =
			    (long long)fs.f_bavail * (long long)fs.f_frsize;
		buf_span(&h->text, buf_view(&f.b));
	}
	conf_free(&c);
	buf_free(&why);
	buf_free(&f.b);
}

/* "1 warning: mail is stuck; ...", then a line of numbers. */
static void
answered(struct span reply, struct health *h)
{
	struct span line = span_cut(&reply, '\n'), word;

	h->agent = true;
	if (line.len < 3 || line.ptr[1] != ' ' || line.ptr[0] < '0' ||
	    line.ptr[0] > '3') {
		buf_str(&h->text, "the agent's answer makes no sense");
		return;
	}
	h->level = line.ptr[0] - '0';
	span_cut(&line, ':');
	printable_add(&h->text, span_trim(line), 8000);
	word = span_word(&reply);
	if (!span_eq(word, SPAN("stats")))
		return;
	reply.ptr = word.ptr;
	reply.len += word.len;
	h->known = true;
	h->messages = waiting_num(reply, "messages");
	h->held = waiting_num(reply, "held");
	h->oldest = waiting_num(reply, "oldest");
	h->quarantine = waiting_num(reply, "quarantine");
	h->free = waiting_num(reply, "free");
}

static void
take(long age, struct health *h)
{
	struct buf reply = { 0 };

	*h = (struct health){ .level = MONITOR_UNKNOWN,
		.messages = -1,
		.held = -1,
		.oldest = -1,
		.quarantine = -1,
		.free = -1 };
	if (ask_check(age, &reply) == 0)
		answered(buf_view(&reply), h);
	else if (getuid() == 0)
		look(age, h);
	else
		buf_str(&h->text,
		    run_held(RUN_AGENT)
			? "the agent does not answer"
			: "no agent runs, and only root may look at the queue");
	buf_free(&reply);
}

void
monitor_judge(struct health *h, long warning, long critical)
{
	struct buf b = { 0 };
	int level = MONITOR_OK;

	if (!h->known || h->level == MONITOR_UNKNOWN)
		return;
	if (critical && h->oldest >= critical)
		level = MONITOR_CRITICAL;
	else if (warning && h->oldest >= warning)
		level = MONITOR_WARNING;
	if (level > h->level)
		h->level = level;
	if (level == MONITOR_OK || span_starts(buf_view(&h->text), SPAN(STUCK)))
		return;
	buf_str(&b, STUCK "; ");
	buf_span(&b, buf_view(&h->text));
	buf_reset(&h->text);
	buf_span(&h->text, buf_view(&b));
	buf_free(&b);
}

void
monitor_line(struct buf *b, const struct health *h, long warning, long critical)
{
	static const char *const names[] = { "ok", "warning", "critical",
		"unknown" };

	buf_fmt(b, "%s: ", names[h->level]);
	/* What follows a | are numbers, and nothing else is. */
	for (size_t i = 0; i < h->text.len; i++)
		buf_chr(b, (warning || critical) && h->text.ptr[i] == '|'
			       ? '/'
			       : h->text.ptr[i]);
	if ((warning || critical) && h->known) {
		buf_fmt(b, " | messages=%lld;;;0 oldest=%llds;", h->messages,
		    h->oldest);
		if (warning)
			buf_fmt(b, "%ld", warning);
		buf_chr(b, ';');
		if (critical)
			buf_fmt(b, "%ld", critical);
		buf_str(b, ";0");
		if (h->held >= 0)
			buf_fmt(b, " held=%lld;;;0", h->held);
		buf_fmt(b, " quarantine=%lld;;;0", h->quarantine);
	}
	buf_chr(b, '\n');
}

int
monitor(long age, long warning, long critical)
{
	struct buf line = { 0 };
	struct health h;
	int status;

	/* The agent is asked by the least of them. */
	take(age ? age : warning ? warning : critical ? critical : 0, &h);
	monitor_judge(&h, warning, critical);
	monitor_line(&line, &h, warning, critical);
	status = h.level;
	if (fputs(buf_c(&line), stdout) == EOF || fflush(stdout) != 0)
		status = MONITOR_UNKNOWN;
	buf_free(&line);
	buf_free(&h.text);
	return status;
}

void
monitor_metrics(struct buf *b, const struct health *h)
{
	const struct {
		const char *name, *help;
		long long value;
	} rows[] = {
		{ "bellman_up", "Whether an agent answers.", h->agent },
		{ "bellman_check_status",
		    "Exit status of mailq --check: 0 ok, 1 warning, 2 "
		    "critical, "
		    "3 unknown.",
		    h->level },
		{ "bellman_queue_messages", "Messages that wait.",
		    h->messages },
		{ "bellman_queue_held_messages", "Messages that persons hold.",
		    h->held },
		{ "bellman_queue_oldest_seconds",
		    "Age of the oldest message that is not held; 0: none "
		    "waits.",
		    h->oldest },
		{ "bellman_quarantine_files",
		    "Files of the queue that cannot be used.", h->quarantine },
		{ "bellman_spool_free_bytes",
		    "Room left in the file system of the spool.", h->free },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].value >= 0)
			buf_fmt(b, "# HELP %s %s\n# TYPE %s gauge\n%s %lld\n",
			    rows[i].name, rows[i].help, rows[i].name,
			    rows[i].name, rows[i].value);
}

/* Under a name of its own, which the collector does not read, until it is
 * whole.  Nobody's link is followed. */
static int
put_file(const char *file, struct span text)
{
	const char *slash = strrchr(file, '/');
	struct buf name = { 0 };
	int fd, done = -1;
	char *path;

	buf_add(&name, file, slash ? (size_t)(slash - file) + 1 : 0);
	buf_fmt(&name, ".%s.XXXXXX", slash ? slash + 1 : file);
	path = name.bad ? NULL : span_dup(buf_view(&name));
	buf_free(&name);
	fd = path ? mkostemp(path, O_CLOEXEC) : -1;
	if (fd != -1) {
		done = write(fd, text.ptr, text.len) == (ssize_t)text.len &&
			       fchmod(fd, 0644) == 0
			   ? 0
			   : -1;
		if (close(fd) == -1)
			done = -1;
		if (done == 0)
			done = rename(path, file);
		if (done == -1) {
			int saved = errno;

			unlink(path);
			errno = saved;
		}
	}
	free(path);
	return done;
}

int
monitor_prometheus(const char *file, struct buf *why)
{
	struct buf b = { 0 };
	struct health h;
	int status = 0;

	priv_group_drop(); /* a file is written: as the caller, and no more */
	take(0, &h);
	monitor_metrics(&b, &h);
	if (file && put_file(file, buf_view(&b)) == -1) {
		printable_add(why, span_of(file), 200);
		buf_fmt(why, ": cannot be written: %s", strerror(errno));
		status = EX_IOERR;
	} else if (!file &&
		   (fputs(buf_c(&b), stdout) == EOF || fflush(stdout) != 0)) {
		buf_fmt(why, "cannot write: %s", strerror(errno));
		status = EX_IOERR;
	}
	buf_free(&b);
	buf_free(&h.text);
	return status;
}
