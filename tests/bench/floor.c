/* floor - the least that a mail system has to do, and nothing else:
 *
 *     floor submit FOLDER               standard input into a new file, synced
 *     floor fill FOLDER N BYTES         N messages, each a file
 *     floor each FOLDER MBOX...         every file appended, and synced
 *     floor batch FOLDER MBOX...        all appended, then a sync of each
 * mailbox floor maildir FOLDER MAILDIR...   written, synced, renamed into new/
 *     floor empty SECONDS PATTERN FOLDER...   waits until no file is left in
 *                         them whose name fits PATTERN, and says when that was
 *
 * The three between take the mailboxes in turn, and unlink each file when it is
 * safe in its mailbox. */
#include "tests/bench/bench.h"
#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>

#define BOXES 1000

static int
open_or_die(int dir, const char *path, int flags)
{
	int fd = openat(dir, path, flags | O_CLOEXEC, 0600);

	if (fd == -1)
		err(71, "%s", path);
	return fd;
}

static void
sync_or_die(int fd)
{
	if (fsync(fd) == -1)
		err(71, "fsync");
}

static int
submit(char **arg)
{
	static char text[1 << 16];
	char path[4096];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%lld.%d", arg[0], (long long)now_us(),
	    getpid());
	fd = open_or_die(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL);
	while ((n = read(STDIN_FILENO, text, sizeof(text))) > 0)
		write_all(fd, text, (size_t)n);
	if (n == -1)
		err(71, "read");
	sync_or_die(fd);
	return 0;
}

static int
fill(char **arg)
{
	int dir = open_or_die(AT_FDCWD, arg[0], O_RDONLY | O_DIRECTORY);
	long i, n = number(arg[1], 10000000), bytes = number(arg[2], 1 << 24);
	char *text = malloc((size_t)bytes + 256), name[32];
	size_t head, k;

	if (text == NULL)
		err(71, "memory");
	for (i = 1; i <= n; i++) {
		int fd;

		head = (size_t)snprintf(text, 256,
		    "From: alice@mail.example\nSubject: bench\n" MARK "%ld\n\n",
		    i);
		for (k = head; k < (size_t)bytes; k++)
			text[k] =
			    (k - head) % 71 == 70 || k + 1 == (size_t)bytes
				? '\n'
				: (char)('a' + k % 26);
		snprintf(name, sizeof(name), "m%ld", i);
		fd = open_or_die(dir, name, O_WRONLY | O_CREAT | O_EXCL);
		write_all(fd, text, k);
		close(fd);
	}
	free(text);
	close(dir);
	return 0;
}

/* --- mailboxes --- */

static int boxes[BOXES], into[BOXES], folder;
static int many;

static int
append(const char *name, int fd, int each)
{
	static char text[1 << 20];
	int file = open_or_die(folder, name, O_RDONLY);
	ssize_t n = read(file, text, sizeof(text));

	if (n == -1)
		err(71, "%s", name);
	close(file);
	write_all(fd, text, (size_t)n);
	if (each)
		sync_or_die(fd);
	return 0;
}

static void
unlink_or_die(const char *name)
{
	if (unlinkat(folder, name, 0) == -1)
		err(71, "%s", name);
}

static void
one_maildir(const char *name, int box)
{
	int fd = open_or_die(boxes[box], name, O_WRONLY | O_CREAT | O_EXCL);

	append(name, fd, 1);
	close(fd);
	if (renameat(boxes[box], name, into[box], name) == -1)
		err(71, "%s", name);
}

/* The names are read first: a folder that changes is read again and again. */
static long
list(const char *path, char ***names)
{
	DIR *dir = opendir(path);
	struct dirent *de;
	long n = 0, room = 0;

	*names = NULL;
	if (dir == NULL)
		err(71, "%s", path);
	while ((de = readdir(dir)) != NULL) {
		if (de->d_name[0] == '.')
			continue;
		if (n == room) {
			room = room * 2 + 64;
			*names =
			    reallocarray(*names, (size_t)room, sizeof(**names));
		}
		if (*names == NULL ||
		    ((*names)[n++] = strdup(de->d_name)) == NULL)
			err(71, "memory");
	}
	closedir(dir);
	return n;
}

static void
open_boxes(char **path, int maildir)
{
	char name[4096];

	for (; *path != NULL && many < BOXES; path++, many++) {
		if (!maildir) {
			boxes[many] = open_or_die(
			    AT_FDCWD, *path, O_WRONLY | O_CREAT | O_APPEND);
			continue;
		}
		snprintf(name, sizeof(name), "%s/tmp", *path);
		mkdir(*path, 0700);
		mkdir(name, 0700);
		boxes[many] =
		    open_or_die(AT_FDCWD, name, O_RDONLY | O_DIRECTORY);
		snprintf(name, sizeof(name), "%s/new", *path);
		mkdir(name, 0700);
		into[many] =
		    open_or_die(AT_FDCWD, name, O_RDONLY | O_DIRECTORY);
	}
}

static int
store(char **arg, int each, int maildir)
{
	int64_t start;
	char **names;
	long i, n;

	open_boxes(arg + 1, maildir);
	start = now_us();
	folder = open_or_die(AT_FDCWD, arg[0], O_RDONLY | O_DIRECTORY);
	n = list(arg[0], &names);
	for (i = 0; i < n; i++) {
		if (maildir)
			one_maildir(names[i], (int)(i % many));
		else
			append(names[i], boxes[i % many], each);
		if (maildir || each)
			unlink_or_die(names[i]);
	}
	if (!maildir && !each) {
		for (i = 0; i < many; i++)
			sync_or_die(boxes[i]);
		for (i = 0; i < n; i++)
			unlink_or_die(names[i]);
	}
	printf("done=%ld rate=%.1f\n", n,
	    (double)n * 1e6 / (double)(now_us() - start));
	return 0;
}

static int
each(char **arg)
{
	return store(arg, 1, 0);
}

static int
batch(char **arg)
{
	return store(arg, 0, 0);
}

static int
maildir(char **arg)
{
	return store(arg, 1, 1);
}

/* --- an empty queue --- */

static int
holds_file(int at, const char *path, const char *pattern)
{
	int found = 0,
	    fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *de;

	while (dir != NULL && !found && (de = readdir(dir)) != NULL) {
		if (de->d_name[0] == '.')
			continue;
		if (de->d_type == DT_DIR)
			found = holds_file(fd, de->d_name, pattern);
		else
			found = fnmatch(pattern, de->d_name, 0) == 0;
	}
	if (dir != NULL)
		closedir(dir);
	return found;
}

static int
empty(char **arg)
{
	int64_t limit = now_us() + number(arg[0], 3600) * 1000000;
	char **path;

	for (;;) {
		for (path = arg + 2; *path != NULL; path++)
			if (holds_file(AT_FDCWD, *path, arg[1]))
				break;
		if (*path == NULL || now_us() > limit)
			break;
		usleep(5000);
	}
	printf("last=%lld end=%s\n", (long long)now_us(),
	    *path == NULL ? "all" : "late");
	return 0;
}

static const struct {
	const char *name;
	int (*run)(char **);
	int args;
} modes[] = {
	{ "submit", submit, 1 },
	{ "fill", fill, 3 },
	{ "each", each, 2 },
	{ "batch", batch, 2 },
	{ "maildir", maildir, 2 },
	{ "empty", empty, 3 },
};

int
main(int argc, char **argv)
{
	size_t i;

	for (i = 0; argc > 1 && i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(argv[1], modes[i].name) == 0 &&
		    argc >= 2 + modes[i].args)
			return modes[i].run(argv + 2);
	errx(64, "usage: floor submit|fill|each|batch|maildir|empty ...");
}
