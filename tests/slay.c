/* slay - kill -9 for a process that lives only for milliseconds:
 *
 *     slay SECONDS TITLE
 *
 * looks again and again for a process whose command line begins with TITLE,
 * and kills the first one it sees.  1 when there was none in that time. */
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int
begins_with(const char *pid, const char *title)
{
	char path[64], line[256];
	size_t want = strlen(title);
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%.20s/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return 0;
	n = read(fd, line, sizeof(line));
	close(fd);
	return n >= (ssize_t)want && memcmp(line, title, want) == 0;
}

static int
slay(DIR *proc, const char *title)
{
	struct dirent *de;

	rewinddir(proc);
	while ((de = readdir(proc)) != NULL)
		if (isdigit((unsigned char)de->d_name[0]) &&
		    begins_with(de->d_name, title) &&
		    kill((pid_t)atol(de->d_name), SIGKILL) == 0)
			return 1;
	return 0;
}

int
main(int argc, char **argv)
{
	time_t end;
	DIR *proc = opendir("/proc");

	if (argc != 3)
		errx(64, "usage: slay SECONDS TITLE");
	if (proc == NULL)
		err(71, "/proc");
	end = time(NULL) + atol(argv[1]);
	do {
		if (slay(proc, argv[2]))
			return 0;
	} while (time(NULL) <= end);
	return 1;
}
