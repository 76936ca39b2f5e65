/* libFuzzer: lines about the queue, and selections.  What comes of them is text
 * that a screen may have, and JSON in UTF-8, whatever came in. */
#include "common/utf8.h"
#include "deliver/queue/select.h"
#include "sendmail/json.h"
#include "sendmail/show.h"
#include "sendmail/table.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
plain(struct buf *b)
{
	if (!utf8_valid(buf_view(b)))
		abort();
	for (size_t i = 0; i < b->len; i++)
		if (((unsigned char)b->ptr[i] < ' ' && b->ptr[i] != '\n') ||
		    b->ptr[i] == 0x7f)
			abort();
	buf_reset(b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct span rest = { (const char *)bytes, len }, line;
	const struct view views[] = { { .width = 40, .utf8 = true },
		{ .verbose = true } };
	struct buf b = { 0 }, why = { 0 };
	struct waiting w = { 0 };
	struct selection s;

	line = span_cut(&rest, '\n');
	(void)select_parse(line, &s, &why);
	select_free(&s);
	if (waiting_message(line, &w) == 0) {
		while (rest.ptr && w.nrcpts < 50) {
			line = span_cut(&rest, '\n');
			(void)waiting_rcpt(line, &w);
			show_event(&b, &views[0], line);
			plain(&b);
		}
		for (int i = 0; i < 2; i++) {
			table_message(&b, &views[i], &w, 1000000);
			plain(&b);
		}
		json_message(&b, &w, 1000000);
		if (b.len < 2 || b.ptr[b.len - 1] != '\n' ||
		    memchr(b.ptr, '\n', b.len - 1))
			abort();
		plain(&b);
	}
	waiting_free(&w);
	buf_free(&b);
	buf_free(&why);
	return 0;
}
