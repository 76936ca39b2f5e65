/* libFuzzer: a file of the spool that somebody has forged.  The first octet: as
 * it is; or 0xff parts an envelope, a body and the lines of a journal, whose
 * lengths and sums fit then.  What is opened has the recipients of its envelope
 * and theirs, reads the same once more, and says whether its body is whole. */
#include "common/crc.h"
#include "common/spool.h"
#include "deliver/queue/message.h"
#include "tests/fuzz/must.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ID "3AMPZZZZZZZZZZZ1"

static char scratch[] = "/dev/shm/bellman-fuzz-XXXXXX";

static void
leave(void)
{
	char path[sizeof scratch + sizeof ID];

	snprintf(path, sizeof path, "%s/" ID, scratch);
	unlink(path);
	rmdir(scratch);
}

static void
fitting(struct span in, struct buf *out)
{
	struct span env = span_cut(&in, '\xff'), body = span_cut(&in, '\xff');
	struct spool_head h = { .env_len = (uint32_t)env.len,
		.env_sum = crc32c(0, env.ptr, env.len),
		.body_len = body.len,
		.body_sum = crc32c(0, body.ptr, body.len) };
	char head[SPOOL_HEAD];

	spool_head_put(&h, head);
	buf_add(out, head, sizeof head);
	buf_span(out, env);
	buf_span(out, body);
	while (in.len) {
		struct span line = span_cut(&in, '\n');

		buf_fmt(out, "@ %08x ", crc32c(0, line.ptr, line.len));
		buf_span(out, line);
		buf_chr(out, '\n');
	}
}

static void
look(const struct file *f, bool fits)
{
	must(f->nrcpts >= f->env.nrcpts && f->env.nrcpts > 0);
	must(file_waiting(f) <= f->nrcpts);
	for (size_t i = 0; i < f->nrcpts; i++) {
		must(rcpt_addr(f, i) != NULL && rcpt_from(f, i) != NULL);
		must(i < f->env.nrcpts || f->rcpts[i].parent < f->env.nrcpts);
		must(rcpt_kind(f, i) < ENV_KINDS);
		must(memchr(f->rcpts[i].status, '\0',
			 sizeof f->rcpts[i].status) != NULL);
	}
	must(!fits || file_verify(f) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static int dir = -1;
	struct span text = { (const char *)bytes + 1, len - 1 };
	struct buf b = { 0 };
	struct file *f, *g;
	int fd;

	if (len == 0)
		return 0;
	if (dir == -1) {
		if (mkdtemp(scratch) == NULL || atexit(leave) != 0)
			abort();
		dir = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (bytes[0] & 1)
		fitting(text, &b);
	else
		buf_span(&b, text);
	fd = openat(dir, ID, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0660);
	must(
	    fd != -1 && write(fd, b.ptr ? b.ptr : "", b.len) == (ssize_t)b.len);
	close(fd);
	f = file_open(dir, ID, geteuid());
	if (f) {
		look(f, bytes[0] & 1);
		g = file_look(dir, ID, geteuid());
		must(g && g->nrcpts == f->nrcpts &&
		     g->env.nrcpts == f->env.nrcpts &&
		     file_waiting(g) == file_waiting(f) &&
		     g->until == f->until);
		file_close(g);
		file_close(f);
	}
	buf_free(&b);
	return 0;
}
