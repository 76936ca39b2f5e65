/* await - waits until something is true, by inotify, so that no test sleeps:
 *
 *     await [-t SECONDS] exists PATH      gone PATH
 *                        empty DIR...     no file in any of them
 *                        mbox FILE N      at least N messages
 *                        maildir DIR N    at least N files in new and cur
 *                        text FILE WORDS  the words stand in it
 *                        count FILE N WORDS   N lines or more hold them
 *                        files DIR N      at least N files
 *                        port N           something listens on 127.0.0.1:N
 *                        dead PID         that process is gone
 *                        descriptors PID N    it has no more open
 *                        children PID N   it has no more, zombies among them
 *
 * 0; or 1 and a sentence when the time (20 s; so many times more as AWAIT_TIMES
 * says) is over. */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static bool
is_there(char **arg)
{
	struct stat st;

	return lstat(arg[0], &st) == 0;
}

static bool
is_gone(char **arg)
{
	return !is_there(arg);
}

static long
count_files(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *de;
	long n = 0;

	if (dir == NULL)
		return 0;
	while ((de = readdir(dir)) != NULL)
		n += de->d_name[0] != '.';
	closedir(dir);
	return n;
}

static bool
is_empty(char **arg)
{
	for (; *arg != NULL; arg++)
		if (count_files(*arg) > 0)
			return false;
	return true;
}

/* A "From " line begins a message only at the start or behind an empty line
 * (RFC 4155). */
static bool
has_messages(char **arg)
{
	FILE *f = fopen(arg[0], "re");
	char *line = NULL;
	size_t size = 0;
	long n = 0;
	bool blank = true;

	if (f == NULL)
		return atol(arg[1]) == 0;
	while (getline(&line, &size, f) != -1) {
		n += blank && strncmp(line, "From ", 5) == 0;
		blank = line[0] == '\n';
	}
	free(line);
	fclose(f);
	return n >= atol(arg[1]);
}

static bool
has_files(char **arg)
{
	char path[PATH_MAX];
	long n;

	snprintf(path, sizeof(path), "%s/new", arg[0]);
	n = count_files(path);
	snprintf(path, sizeof(path), "%s/cur", arg[0]);
	return n + count_files(path) >= atol(arg[1]);
}

static long
lines_with(const char *path, const char *words)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	long n = 0;

	while (f != NULL && getline(&line, &size, f) != -1)
		n += strstr(line, words) != NULL;
	free(line);
	if (f != NULL)
		fclose(f);
	return n;
}

static bool
has_text(char **arg)
{
	return lines_with(arg[0], arg[1]) > 0;
}

static bool
has_count(char **arg)
{
	return lines_with(arg[0], arg[2]) >= atol(arg[1]);
}

static bool
has_entries(char **arg)
{
	return count_files(arg[0]) >= atol(arg[1]);
}

/* A connection would be noticed by the server, the kernel's table is not. */
static bool
is_listening(char **arg)
{
	FILE *f = fopen("/proc/net/tcp", "re");
	unsigned port, state;
	char line[512];
	bool found = false;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, " %*d: %*8x:%x %*x:%*x %x", &port, &state) ==
			2 &&
		    state == 0x0a && port == (unsigned)atol(arg[0]))
			found = true;
	if (f != NULL)
		fclose(f);
	return found;
}

static bool
is_dead(char **arg)
{
	return kill((pid_t)atol(arg[0]), 0) == -1 && errno == ESRCH;
}

static bool
has_descriptors(char **arg)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%s/fd", arg[0]);
	return count_files(path) <= atol(arg[1]);
}

static bool
has_children(char **arg)
{
	char path[64], pid[16];
	long n = 0;
	FILE *f;

	snprintf(
	    path, sizeof path, "/proc/%s/task/%s/children", arg[0], arg[0]);
	f = fopen(path, "re");
	while (f && fscanf(f, "%15s", pid) == 1)
		n++;
	if (f)
		fclose(f);
	return n <= atol(arg[1]);
}

static const struct condition {
	const char *name;
	int args; /* -1: one or more */
	bool (*holds)(char **);
	int poll_ms; /* where no event can be had */
} conditions[] = {
	{ "exists", 1, is_there, 1000 },
	{ "gone", 1, is_gone, 1000 },
	{ "empty", -1, is_empty, 1000 },
	{ "mbox", 2, has_messages, 1000 },
	{ "maildir", 2, has_files, 1000 },
	{ "text", 2, has_text, 1000 },
	{ "count", 3, has_count, 1000 },
	{ "files", 2, has_entries, 1000 },
	{ "port", 1, is_listening, 20 },
	{ "dead", 1, is_dead, 20 },
	{ "descriptors", 2, has_descriptors, 20 },
	{ "children", 2, has_children, 20 },
};

/* Watches path, or the nearest folder above it that is there. */
static void
watch(int in, const char *path)
{
	const uint32_t what = IN_CREATE | IN_DELETE | IN_MOVE | IN_MODIFY |
			      IN_ATTRIB | IN_CLOSE_WRITE | IN_DELETE_SELF |
			      IN_MOVE_SELF;
	char copy[PATH_MAX], *dir;

	snprintf(copy, sizeof(copy), "%s", path);
	inotify_add_watch(in, copy, what);
	for (dir = dirname(copy); inotify_add_watch(in, dir, what) == -1;)
		if (strcmp(dir, "/") == 0 || strcmp(dir, ".") == 0)
			return;
		else
			dir = dirname(dir);
}

static int
watch_all(const struct condition *c, char **arg)
{
	char sub[PATH_MAX];
	int i, in = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (in == -1)
		err(71, "inotify");
	for (i = 0; arg[i] != NULL && (i == 0 || c->args == -1); i++)
		watch(in, arg[i]);
	if (c->holds == has_files) {
		snprintf(sub, sizeof(sub), "%s/new", arg[0]);
		watch(in, sub);
	}
	return in;
}

static long
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int
await(const struct condition *c, char **arg, long seconds)
{
	long left, end = now_ms() + seconds * 1000;
	struct pollfd p = { .events = POLLIN };

	for (;;) {
		p.fd = watch_all(c, arg); /* before the look: no gap */
		if (c->holds(arg))
			return 0;
		left = end - now_ms();
		if (left <= 0)
			return -1;
		poll(&p, 1, left < c->poll_ms ? (int)left : c->poll_ms);
		close(p.fd);
	}
}

int
main(int argc, char **argv)
{
	const size_t n = sizeof(conditions) / sizeof(conditions[0]);
	long seconds = 20;
	size_t i;
	int args;

	if (argc > 3 && strcmp(argv[1], "-t") == 0) {
		seconds = atol(argv[2]);
		argv += 2;
		argc -= 2;
	}
	if (getenv("AWAIT_TIMES"))
		seconds *= atol(getenv("AWAIT_TIMES"));
	args = argc - 2;
	for (i = 0; args >= 1 && i < n; i++)
		if (strcmp(argv[1], conditions[i].name) == 0 &&
		    (conditions[i].args == -1 || conditions[i].args == args))
			break;
	if (args < 1 || i == n)
		errx(64, "usage: await [-t SECONDS] CONDITION ARGUMENTS");
	if (await(&conditions[i], argv + 2, seconds) == 0)
		return 0;
	fprintf(stderr, "await: after %ld s still not: %s", seconds, argv[1]);
	for (i = 2; argv[i] != NULL; i++)
		fprintf(stderr, " %s", argv[i]);
	fprintf(stderr, "\n");
	return 1;
}
