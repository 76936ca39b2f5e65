/* monitor - mailq --check: one line on standard output for a program that
 * watches machines, and an exit status that such programs know; and the same as
 * numbers for one that draws them. */
#ifndef SENDMAIL_MONITOR_H
#define SENDMAIL_MONITOR_H
#include "common/buf.h"

enum { MONITOR_OK, MONITOR_WARNING, MONITOR_CRITICAL, MONITOR_UNKNOWN };

struct health {
	int level;
	struct buf text; /* behind "warning: " */
	bool known;	 /* are the numbers? */
	bool agent;	 /* does one answer? */
	long long messages, held, oldest, quarantine, free; /* -1: unknown */
};

/* age: how old, in seconds, a message may be; 0: as the setting says.  warning,
 * critical: the same, and how grave it is; 0: not asked for.  The exit status.
 * Asks the agent; where none answers root looks for himself. */
int monitor(long age, long warning, long critical);
/* In the format of Prometheus, to a file that is renamed into place, or to
 * standard output (NULL): a sysexit. */
int monitor_prometheus(const char *file, struct buf *why);

/* The pure parts: what --warning and --critical make of it; the text. */
void monitor_judge(struct health *, long warning, long critical);
void monitor_line(
    struct buf *, const struct health *, long warning, long critical);
void monitor_metrics(struct buf *, const struct health *);
#endif
