/* libFuzzer: the first octet chooses the kind of session, the rest is what the
 * client says; whole or in pieces it hears the same, and every file that was
 * committed holds lines. */
#include "sendmail/dialogue.h"
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define FILES 64
static int files[FILES];
static size_t nfiles;

static int
say(struct span who, struct buf *reply)
{
	if (who.len % 3 == 0)
		return -1;
	buf_str(reply, who.len % 3 == 1 ? "250 2.1.5 <a@here.example>\n"
					  "250 2.1.5 <b@here.example>"
					: "550 5.1.1 User unknown");
	return 0;
}

static int
rcpt(enum env_kind kind, struct span who, struct buf *reply)
{
	(void)kind;
	return say(who, reply);
}

static int
refused(struct deposit *m)
{
	(void)m;
	return 0;
}

static int
make(void *arg, struct deposit *m)
{
	(void)arg;
	if (nfiles == FILES) {
		errno = ENOSPC;
		return -1;
	}
	m->fd = memfd_create("bs", MFD_CLOEXEC);
	files[nfiles++] = dup(m->fd);
	strlcpy(m->id, "0DGWTEST00000001", sizeof m->id);
	return m->fd == -1 ? -1 : 0;
}

static int
run(void *arg)
{
	(void)arg;
	return 0;
}

static void
look(struct buf *all)
{
	for (size_t i = 0; i < nfiles; i++) {
		static char text[1 << 20];
		ssize_t n = pread(files[i], text, sizeof text, 0);
		struct spool_head h;

		close(files[i]);
		if (n <= 0)
			continue;
		if (spool_head_get((struct span){ text, (size_t)n }, &h) ==
			-1 ||
		    (uint64_t)n != SPOOL_HEAD + h.env_len + h.body_len ||
		    memchr(text, '\r', (size_t)n) || text[n - 1] != '\n')
			abort();
		buf_fmt(all, "%zd ", n);
	}
	nfiles = 0;
}

static void
talk(struct span in, unsigned kind, size_t piece, struct buf *heard,
    struct buf *all)
{
	static char here[] = "here.example", *locals[] = { here };
	static const struct conf conf = { .hostname = here,
		.domain = here,
		.local_domains = locals,
		.nlocal_domains = 1,
		.terminal = true,
		.max_size = 100000 };
	static const struct dialogue_ops ops = { say, say, rcpt, refused, make,
		run, NULL };
	struct dialogue d = { .conf = &conf,
		.ops = &ops,
		.login = "x",
		.fullname = "",
		.peer = kind & 1 ? "[192.0.2.1]" : NULL,
		.socket = kind & 2 };

	dialogue_open(&d);
	while (in.len) {
		size_t n = in.len < piece ? in.len : piece;
		char *exact = malloc(n);

		memcpy(exact, in.ptr, n);
		dialogue_feed(&d, (struct span){ exact, n });
		free(exact);
		in = span_from(in, n);
	}
	for (size_t i = 0; i < d.out.len; i++)
		if ((d.out.ptr[i] == '\n') !=
		    (i > 0 && d.out.ptr[i - 1] == '\r'))
			abort();
	buf_span(heard, buf_view(&d.out));
	dialogue_close(&d);
	look(all);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct buf whole = { 0 }, parts = { 0 }, one = { 0 }, two = { 0 };
	struct span text = { (const char *)bytes, len };

	if (len < 2)
		return 0;
	text = span_from(text, 1);
	talk(text, bytes[0], text.len, &whole, &one);
	talk(text, bytes[0], (bytes[0] >> 2) % 16 + 1, &parts, &two);
	if (!span_eq(buf_view(&whole), buf_view(&parts)) ||
	    !span_eq(buf_view(&one), buf_view(&two)))
		abort();
	buf_free(&whole);
	buf_free(&parts);
	buf_free(&one);
	buf_free(&two);
	return 0;
}
