/* bench_submit - what one submission costs against its floor: a program that
 * makes, writes and syncs one file, started the same way.  Both in turn, so
 * that a busy machine disturbs both alike; medians, and their ratio.
 *
 *     bench_submit ROUNDS FOLDER FLOOR SENDMAIL [ARGUMENTS...]
 *
 * `bench_submit floor FILE` is the floor. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE "Subject: bench\n\nhello\n"

extern char **environ;

static int
floor_main(const char *path)
{
	char text[4096];
	ssize_t n = read(STDIN_FILENO, text, sizeof(text));
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return n <= 0 || fd == -1 || write(fd, text, (size_t)n) != n ||
	       fsync(fd) == -1;
}

/* Milliseconds from the start to the exit of a program that gets MESSAGE. */
static double
run(char **argv)
{
	posix_spawn_file_actions_t files;
	struct timespec a, b;
	int p[2], status;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) == -1 ||
	    write(p[1], MESSAGE, sizeof(MESSAGE) - 1) == -1)
		err(71, "pipe");
	close(p[1]);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, p[0], STDIN_FILENO);
	clock_gettime(CLOCK_MONOTONIC, &a);
	errno = posix_spawn(&pid, argv[0], &files, NULL, argv, environ);
	if (errno != 0)
		err(71, "%s", argv[0]);
	if (waitpid(pid, &status, 0) == -1 || status != 0)
		errx(1, "%s failed", argv[0]);
	clock_gettime(CLOCK_MONOTONIC, &b);
	posix_spawn_file_actions_destroy(&files);
	close(p[0]);
	return (double)(b.tv_sec - a.tv_sec) * 1e3 +
	       (double)(b.tv_nsec - a.tv_nsec) / 1e6;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int
main(int argc, char **argv)
{
	double *ours, *least;
	char path[4096];
	char word[] = "floor", *bottom[] = { NULL, word, path, NULL };
	int i, n;

	if (argc == 3 && strcmp(argv[1], "floor") == 0)
		return floor_main(argv[2]);
	n = argc < 5 ? 0 : atoi(argv[1]);
	if (n <= 0 || n > 1000000)
		errx(64, "usage: bench_submit ROUNDS FOLDER FLOOR SENDMAIL...");
	ours = calloc((size_t)n, sizeof(*ours));
	least = calloc((size_t)n, sizeof(*least));
	if (ours == NULL || least == NULL)
		err(71, "memory");
	bottom[0] = argv[3];
	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%d", argv[2], i);
		least[i] = run(bottom);
		ours[i] = run(argv + 4);
	}
	qsort(ours, (size_t)n, sizeof(*ours), by_size);
	qsort(least, (size_t)n, sizeof(*least), by_size);
	printf("floor: %.3f ms, sendmail: %.3f ms, ratio %.2f "
	       "(medians of %d)\n",
	    least[n / 2], ours[n / 2], ours[n / 2] / least[n / 2], n);
	free(ours);
	free(least);
	return 0;
}
