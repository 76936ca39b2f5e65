/* bench_append - the floor of local delivery: a loop that opens, reads, appends
 * and unlinks every file of a folder, with one sync at its end.
 *
 *     bench_append FOLDER MBOX
 *
 * prints how many milliseconds that took, and how many files there were. */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void
append(int dirfd, const char *name, int mbox)
{
	static char text[1 << 20];
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd == -1 ? -1 : read(fd, text, sizeof(text));

	if (n == -1 || write(mbox, text, (size_t)n) != n ||
	    unlinkat(dirfd, name, 0) == -1)
		err(71, "%s", name);
	close(fd);
}

int
main(int argc, char **argv)
{
	struct timespec a, b;
	struct dirent *de;
	int mbox, files = 0;
	DIR *dir;

	if (argc != 3)
		errx(64, "usage: bench_append FOLDER MBOX");
	clock_gettime(CLOCK_MONOTONIC, &a);
	dir = opendir(argv[1]);
	mbox = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (dir == NULL || mbox == -1)
		err(71, "%s", dir ? argv[2] : argv[1]);
	while ((de = readdir(dir)) != NULL)
		if (de->d_name[0] != '.') {
			append(dirfd(dir), de->d_name, mbox);
			files++;
		}
	if (fsync(mbox) == -1)
		err(71, "%s", argv[2]);
	clock_gettime(CLOCK_MONOTONIC, &b);
	closedir(dir);
	printf("%.1f %d\n",
	    (double)(b.tv_sec - a.tv_sec) * 1e3 +
		(double)(b.tv_nsec - a.tv_nsec) / 1e6,
	    files);
	return 0;
}
