/* alert_look - what can be seen at any moment: how old the mail is, how full
 * the disk, what lies in quarantine; and the answer to mailq --check. */
#include "common/log.h"
#include "common/printable.h"
#include "common/record.h"
#include "common/room.h"
#include "deliver/queue/alerts.h"
#include "deliver/queue/bounce.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define START 60     /* seconds in which what waited may still go */
#define WALK 1000    /* reports looked at, to find the oldest message */
#define FILES_MIN 64 /* sendmail keeps 16 */

/* When the oldest message came, by the ids' order; 0: none waits.  A report's
 * id is older than it is itself. */
static int64_t
oldest(const struct alerts *a)
{
	int64_t least = 0;
	struct message *m;
	int n = 0;

	RB_FOREACH (m, ids, &a->q->ids) {
		if (++n > WALK)
			break;
		/* What a person holds is stuck by his will. */
		if (m->since == 0 || m->held || alert_is(m->id))
			continue;
		if (least == 0 || m->since < least)
			least = m->since;
		if (!bounce_is_report(m->id))
			break;
	}
	return least;
}

static void
waiting(const struct alerts *a, int64_t since, struct buf *b)
{
	size_t n = a->q->count - a->mine;

	if (n == 0) {
		buf_str(b, "nothing waits");
		return;
	}
	buf_fmt(
	    b, "%zu message%s wait%s", n, n == 1 ? "" : "s", n == 1 ? "s" : "");
	if (since) {
		buf_str(b, n == 1 ? ", for " : ", the oldest for ");
		printable_age(time(NULL) - since, b);
	}
}

/* A state as it is found now; b says more of it. */
static void
is_so(struct alerts *a, enum cause c, bool so, struct buf *b)
{
	struct alert_item *it = alert_find(a, c, "");

	if (!so && it)
		alert_end(a, it);
	if (so && it == NULL && (it = alert_add(a, c, "")) != NULL)
		it->seen = 1;
	if (so && it) {
		it->last = time(NULL);
		alert_why(it, buf_view(b));
	}
	buf_free(b);
}

void
alert_look_age(struct alerts *a)
{
	const struct conf *c = a->q->conf;
	int64_t now = time(NULL), since = oldest(a);
	struct buf b = { 0 };

	if (alert_doubts(a))
		return;
	/* A machine that was off for a day has a moment to send what it has. */
	if (!a->settled && loop_now() < a->started + START * 1000) {
		if (since && c->alert.age)
			alert_wake(a, now + START);
		return;
	}
	waiting(a, since, &b);
	is_so(a, CAUSE_AGE,
	    c->alert.age && since && now - since >= c->alert.age, &b);
	if (c->alert.on && c->alert.age && since && now - since < c->alert.age)
		alert_wake(a, since + c->alert.age);
}

void
alert_look_disk(struct alerts *a)
{
	uint64_t least = a->q->conf->alert.disk, free;
	bool few;
	struct buf b = { 0 };
	struct statvfs fs;

	a->disk_at = loop_now();
	if (fstatvfs(a->q->dir, &fs) == -1)
		return;
	free = (uint64_t)fs.f_bavail * fs.f_frsize;
	few = room_few_files(&fs, FILES_MIN);
	buf_fmt(&b, "%llu KiB", (unsigned long long)(free >> 10));
	if (fs.f_files)
		buf_fmt(&b, " and %llu files%s",
		    (unsigned long long)fs.f_favail,
		    few ? " (inodes: df -i shows them)" : "");
	buf_str(&b, " are left in " SPOOL_DIR);
	is_so(a, CAUSE_DISK, least && (free < least || few), &b);
}

size_t
alert_quarantined(const struct alerts *a)
{
	int fd = openat(a->q->quarantine, ".", O_RDONLY | O_CLOEXEC);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *e;
	size_t n = 0;

	while (d && n < 1000 && (e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	if (d)
		closedir(d);
	return n;
}

bool
alert_doubts(struct alerts *a)
{
	int64_t now = time(NULL), is = loop_now();
	int64_t was = a->offset;

	if (cause_clock_set(&a->offset, now, is / 1000)) {
		log_warn("agent: clock-set seconds=%lld",
		    (long long)(a->offset - was));
		a->doubt = is + START * 1000;
	}
	if (is >= a->doubt)
		return false;
	alert_wake(a, now + (a->doubt - is) / 1000 + 1);
	return true;
}

/* What has come to its end without a word. */
void
alert_look_ends(struct alerts *a)
{
	if (alert_doubts(a))
		return;
	for (size_t i = a->n; i-- > 0;) {
		struct alert_item *it = &a->items[i];

		if (cause_lapsed(it->cause, it->last, time(NULL)) ||
		    (it->cause == CAUSE_QUARANTINE &&
			alert_quarantined(a) == 0))
			alert_end(a, it);
	}
}

/* The numbers, for who draws them. */
static void
stats(const struct alerts *a, int64_t since, struct buf *out)
{
	struct statvfs fs;

	record_begin(out, "stats");
	record_num(out, "messages", (long long)(a->q->count - a->mine));
	record_num(out, "held", (long long)a->q->held);
	record_num(out, "oldest", since ? time(NULL) - since : 0);
	record_num(out, "quarantine", (long long)alert_quarantined(a));
	if (fstatvfs(a->q->dir, &fs) == 0)
		record_num(out, "free",
		    (long long)fs.f_bavail * (long long)fs.f_frsize);
	record_num(out, "scanning", a->q->scanning);
	record_end(out);
}

void
alert_check(struct queue *q, long age, bool all, struct buf *out)
{
	struct alerts *a = q->alerts;
	enum cause_level level = LEVEL_OK;
	struct buf b = { 0 };
	int64_t now = time(NULL), since;
	bool old = false;

	if (a == NULL) {
		buf_str(out, "3 unknown: the agent is out of memory\n");
		return;
	}
	alert_look(a);
	since = oldest(a);
	if (age >= 0)
		old = since && now - since >= age;
	for (size_t i = 0; i < a->n; i++) {
		const struct alert_item *it = &a->items[i];
		struct cause_text t = alert_text(a, it);

		if (it->seen < cause_rows[it->cause].least ||
		    (it->cause == CAUSE_AGE && age >= 0))
			continue;
		if (cause_rows[it->cause].level > level)
			level = cause_rows[it->cause].level;
		/* How much waits comes at the end, whatever stands. */
		cause_sentence(&t, all && it->cause != CAUSE_AGE, &b);
		buf_str(&b, " (since ");
		printable_age(now - it->since, &b);
		buf_str(&b, "); ");
	}
	if (old) {
		level = level > LEVEL_WARNING ? level : LEVEL_WARNING;
		buf_fmt(&b, "%s; ", cause_rows[CAUSE_AGE].what);
	}
	waiting(a, since, &b);
	if (q->held)
		buf_fmt(&b, " (%zu held)", q->held);
	buf_fmt(out, "%d %s: ", (int)level, cause_level_name[level]);
	buf_span(out, buf_view(&b));
	buf_chr(out, '\n');
	out->bad |= b.bad;
	buf_free(&b);
	stats(a, since, out);
}
