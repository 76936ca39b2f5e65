#include "sendmail/monitor.h"
#include "common/conf.h"
#include "common/printable.h"
#include "common/run.h"
#include "common/spool.h"
#include "sendmail/ask.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define FILES_MIN 64

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
			(st.st_mode & 07777) != 0660))
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

	while (d && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		if (which == BAD)
			f->quarantined++;
		else
			one(f, dirfd(d), e->d_name, which == DROP);
	}
	if (d)
		closedir(d);
	return d ? 0 : -1;
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
		add(f, MONITOR_WARNING, "mail is stuck");
	if (f->quarantined)
		add(f, MONITOR_WARNING,
		    "a file of the queue cannot be used and was put aside");
	if (statvfs(SPOOL_DIR, &fs) == 0 && c->alert.disk &&
	    ((uint64_t)fs.f_bavail * fs.f_frsize < c->alert.disk ||
		(fs.f_files && fs.f_favail < FILES_MIN)))
		add(f, MONITOR_CRITICAL,
		    "the disk of the spool is nearly full");
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

static int
look(long age)
{
	static const char *const names[] = { "ok", "warning", "critical" };
	struct found f = { 0 };
	struct buf why = { 0 };
	struct conf c;

	if (conf_load(CONF_PATH, &c, &why) == -1)
		printf("unknown: %s\n", buf_c(&why));
	else if (folder(&f, SPOOL_DIR "/drop", DROP) == -1 ||
		 folder(&f, SPOOL_DIR "/queue", QUEUE) == -1 ||
		 folder(&f, SPOOL_DIR "/quarantine", BAD) == -1)
		printf("unknown: the spool %s cannot be read\n", SPOOL_DIR);
	else
		judge(&f, &c, age ? age : c.alert.age);
	conf_free(&c);
	buf_free(&why);
	if (f.b.len == 0)
		return MONITOR_UNKNOWN;
	printf("%s: %s\n", names[f.level], buf_c(&f.b));
	buf_free(&f.b);
	return f.level;
}

int
monitor(long age)
{
	struct buf reply = { 0 }, line = { 0 };
	int status = MONITOR_UNKNOWN;
	struct span text;

	if (ask_check(age, &reply) == 0) {
		text = buf_view(&reply);
		text = span_cut(&text, '\n');
		if (text.len > 2 && text.ptr[1] == ' ' && text.ptr[0] >= '0' &&
		    text.ptr[0] <= '3') {
			status = text.ptr[0] - '0';
			printable_add(&line, span_from(text, 2), 8000);
			printf("%s\n", buf_c(&line));
		} else {
			printf("unknown: the agent's answer makes no sense\n");
		}
	} else if (getuid() == 0) {
		status = look(age);
	} else {
		printf("unknown: %s\n",
		    run_held(RUN_AGENT)
			? "the agent does not answer"
			: "no agent runs, and only root may look at the queue");
	}
	buf_free(&reply);
	buf_free(&line);
	return fflush(stdout) == 0 ? status : MONITOR_UNKNOWN;
}
