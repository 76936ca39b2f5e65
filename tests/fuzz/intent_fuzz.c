/* libFuzzer: any file under an intent's name; its first part once more with a
 * sum that fits.  What is taken has names that are queue ids. */
#include "common/crc.h"
#include "deliver/queue/intent.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME "intent-fuzz"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static char scratch[] = "/dev/shm/bellman-fuzz-XXXXXX";

static void
leave(void)
{
	char path[sizeof scratch + sizeof NAME];

	snprintf(path, sizeof path, "%s/" NAME, scratch);
	unlink(path);
	rmdir(scratch);
}

static void
put(int dirfd, const char *name, struct span text)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd == -1 || write(fd, text.ptr, text.len) != (ssize_t)text.len)
		abort();
	close(fd);
}

static void
look(int dirfd)
{
	struct intent in, back;

	if (intent_read(dirfd, NAME, &in) == -1)
		return;
	for (size_t i = 0; i < in.n; i++)
		if (!spool_id_valid(in.items[i].id))
			abort();
	if (in.result &&
	    (strlen(in.result) != in.n || strspn(in.result, "01") != in.n))
		abort();
	/* and written, it reads the same */
	if (intent_write(dirfd, &in) == -1 ||
	    intent_read(dirfd, in.name, &back) == -1 || back.n != in.n ||
	    strcmp(back.user, in.user) != 0 || strcmp(back.box, in.box) != 0 ||
	    back.kind != in.kind || !back.what != !in.what ||
	    (in.what && strcmp(back.what, in.what) != 0) ||
	    back.ino != in.ino || back.size != in.size || back.result)
		abort();
	for (size_t i = 0; i < in.n; i++)
		if (strcmp(back.items[i].id, in.items[i].id) != 0 ||
		    back.items[i].rcpt != in.items[i].rcpt)
			abort();
	unlinkat(dirfd, in.name, 0);
	intent_free(&back);
	intent_free(&in);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static int dirfd = -1; /* a folder that goes at the exit */
	struct span text = { (const char *)bytes, len }, lines = text;
	struct buf b = { 0 };
	const char *end;

	if (dirfd == -1) {
		if (mkdtemp(scratch) == NULL ||
		    (dirfd = open(scratch, O_RDONLY | O_DIRECTORY)) == -1)
			abort();
		atexit(leave);
	}
	put(dirfd, NAME, text);
	look(dirfd);
	end = len > 4 ? memmem(bytes, len, "\nsum ", 5) : NULL;
	if (end)
		lines.len = (size_t)(end + 1 - text.ptr);
	buf_span(&b, lines);
	buf_fmt(&b, "sum %08x\n", crc32c(0, lines.ptr, lines.len));
	if (end && lines.len + 13 < len) /* "sum 5a3f01c2\n" */
		buf_span(&b, span_from(text, lines.len + 13));
	put(dirfd, NAME, buf_view(&b));
	look(dirfd);
	buf_free(&b);
	return 0;
}
