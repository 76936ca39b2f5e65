/* peak - how much memory a mail system takes: every 20 ms the proportional set
 * size (PSS, memory shared by n processes counts an n-th for each) of all
 * processes here, but for those whose names are given; the highest sum of them,
 * and how many there were at most, at SIGTERM:
 *
 *     peak NAME... */
#include "tests/bench/bench.h"
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

static volatile sig_atomic_t stop;

static void
on_term(int signal)
{
	(void)signal;
	stop = 1;
}

static size_t
contents(const char *pid, const char *file, char *text, size_t size)
{
	char path[300];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd == -1 ? -1 : read(fd, text, size - 1);
	if (fd != -1)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

/* 0 when the process is not to be counted, or has gone. */
static long
pss_kb(const char *pid, char **others)
{
	char text[4096], *at;

	if (contents(pid, "comm", text, sizeof(text)) == 0)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	for (; *others != NULL; others++)
		if (strcmp(text, *others) == 0)
			return 0;
	contents(pid, "smaps_rollup", text, sizeof(text));
	at = strstr(text, "\nPss:");
	return at == NULL ? 0 : strtol(at + 5, NULL, 10);
}

int
main(int argc, char **argv)
{
	struct sigaction term = { .sa_handler = on_term };
	long sum, kb, many, most = 0, peak = 0;
	struct dirent *de;

	(void)argc;
	sigaction(SIGTERM, &term, NULL);
	do {
		DIR *dir = opendir("/proc");

		if (dir == NULL)
			err(71, "/proc");
		sum = many = 0;
		while ((de = readdir(dir)) != NULL) {
			if (!isdigit((unsigned char)de->d_name[0]) ||
			    (kb = pss_kb(de->d_name, argv + 1)) == 0)
				continue;
			sum += kb;
			many++;
		}
		closedir(dir);
		if (sum > peak)
			peak = sum;
		if (many > most)
			most = many;
	} while (!stop && (usleep(20000), !stop));
	printf("pss_kb=%ld processes=%ld\n", peak, most);
	return 0;
}
