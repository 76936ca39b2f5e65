/* slay - kill -9 for a process that lives only for milliseconds:
 *
 *     slay SECONDS TITLE [WHILE]
 *
 * looks again and again for a process whose command line begins with TITLE,
 * and kills the first one it sees; with WHILE only a moment after a process of
 * that title was seen.  1 when there was none in that time. */
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

static pid_t
find(DIR *proc, const char *title)
{
	struct dirent *de;

	rewinddir(proc);
	while ((de = readdir(proc)) != NULL)
		if (isdigit((unsigned char)de->d_name[0]) &&
		    begins_with(de->d_name, title))
			return (pid_t)atol(de->d_name);
	return 0;
}

int
main(int argc, char **argv)
{
	struct timespec moment = { 0 };
	time_t end;
	pid_t pid;
	DIR *proc = opendir("/proc");

	if (argc < 3 || argc > 4)
		errx(64, "usage: slay SECONDS TITLE [WHILE]");
	if (proc == NULL)
		err(71, "/proc");
	srandom((unsigned)getpid());
	end = time(NULL) + atol(argv[1]);
	while (time(NULL) <= end) {
		pid = find(proc, argv[2]);
		if (pid == 0 || (argc == 4 && find(proc, argv[3]) == 0))
			continue;
		if (argc == 4) {
			moment.tv_nsec = random() % 6000000;
			nanosleep(&moment, NULL);
		}
		if (kill(pid, SIGKILL) == 0)
			return 0;
	}
	return 1;
}
