/* libFuzzer: any body as an mbox entry.  Its text is parted from the next by a
 * From_ line and by nothing else, and unquoted it is the body again. */
#include "common/crc.h"
#include "deliver/user/item.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static int
keep(void *arg, const char *bytes, size_t n)
{
	buf_add(arg, bytes, n);
	return 0;
}

/* Beyond the lines that we add ourselves. */
static struct span
behind(struct span text, int lines)
{
	while (lines--) {
		const char *lf = memchr(text.ptr, '\n', text.len);

		if (lf == NULL)
			abort();
		text = span_from(text, (size_t)(lf + 1 - text.ptr));
	}
	return text;
}

static void
unquote(struct span text, struct buf *out)
{
	while (text.len) {
		const char *lf = memchr(text.ptr, '\n', text.len);
		size_t n = lf ? (size_t)(lf + 1 - text.ptr) : text.len;
		struct span line = { text.ptr, n }, s = line;

		while (s.len && *s.ptr == '>')
			s = span_from(s, 1);
		if (s.len >= 5 && memcmp(s.ptr, "From ", 5) == 0) {
			if (s.len == line.len)
				abort(); /* a reader would part it here */
			line = span_from(line, 1);
		}
		buf_span(out, line);
		text = span_from(text, n);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static char id[] = "0123456789ABCDEF", rcpt[] = "r@y";
	struct buf mbox = { 0 }, plain = { 0 }, back = { 0 };
	char sender[64] = "";
	struct item it = { .id = id,
		.rcpt = rcpt,
		.sender = sender,
		.fd = memfd_create("message", MFD_CLOEXEC) };
	struct span text;
	size_t n = len ? bytes[0] % 32 : 0;

	/* What an envelope lets through: no line ends, no NUL. */
	if (len)
		bytes++, len--;
	for (size_t i = 0; i < n && i < len; i++)
		sender[i] =
		    bytes[i] < ' ' || bytes[i] == 0x7f ? ' ' : (char)bytes[i];
	it.len = len;
	it.sum = crc32c(0, bytes, len);
	if (it.fd == -1 || write(it.fd, bytes, len) != (ssize_t)len ||
	    item_mbox(&it, keep, &mbox) != ITEM_OK ||
	    item_plain(&it, keep, &plain) != ITEM_OK || mbox.bad || plain.bad)
		abort();
	text = behind(buf_view(&plain), 2);
	if (text.len != len || (len && memcmp(text.ptr, bytes, len) != 0))
		abort();
	text = buf_view(&mbox);
	if (text.len < 6 || memcmp(text.ptr, "From ", 5) != 0 ||
	    text.ptr[text.len - 1] != '\n')
		abort();
	text = behind(text, 3);
	text.len--; /* the empty line */
	unquote(text, &back);
	if (back.len != len || (len && memcmp(back.ptr, bytes, len) != 0))
		abort();
	item_loop(&it);
	close(it.fd);
	buf_free(&mbox);
	buf_free(&plain);
	buf_free(&back);
	return 0;
}
