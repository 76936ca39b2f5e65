#include "common/log.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

static char name[32] = "bellman"; /* syslog keeps the pointer */
static int echo;
static int least = LOG_DEBUG; /* of what is echoed */

void
log_open(const char *ident)
{
	struct stat st;

	snprintf(name, sizeof name, "%s", ident);
	openlog(name, LOG_PID | LOG_NDELAY, LOG_MAIL);
	if (stat("/dev/log", &st) == -1)
		echo = 1; /* a machine without syslog: do not be mute */
}

void
log_for_person(void)
{
	least = LOG_ERR;
}

int
log_echoes(void)
{
	return echo;
}

static void
put(int level, const char *fmt, va_list ap, int err)
{
	char line[1800];
	int n = vsnprintf(line, sizeof line, fmt, ap);

	if (n < 0)
		return;
	if (err && (size_t)n < sizeof line)
		snprintf(line + n, sizeof line - (size_t)n, " reason=\"%s\"",
		    strerror(err));
	syslog(level, "%s", line);
	if (echo && level <= least)
		dprintf(STDERR_FILENO, "%s: %s\n", name, line);
}

void
log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(LOG_INFO, fmt, ap, 0);
	va_end(ap);
}

void
log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(LOG_WARNING, fmt, ap, 0);
	va_end(ap);
}

void
log_errno(const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	va_start(ap, fmt);
	put(LOG_ERR, fmt, ap, err);
	va_end(ap);
	errno = err;
}
