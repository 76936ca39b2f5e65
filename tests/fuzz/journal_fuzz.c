/* libFuzzer: the octets as they are, and as lines whose sums fit, which no
 * mutation finds.  What was read and is written again reads the same, and a
 * reader always comes to an end. */
#include "common/crc.h"
#include "deliver/queue/journal.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
again(const struct journal_line *l)
{
	struct buf one = { 0 }, two = { 0 };
	struct journal_line back;
	struct span rest;

	journal_put(&one, l);
	if (one.len > JOURNAL_LINE)
		abort();
	rest = buf_view(&one);
	if (journal_get(&rest, &back) != 1 || rest.len ||
	    back.event != l->event || back.when != l->when ||
	    back.rcpt != l->rcpt || back.until != l->until)
		abort();
	journal_put(&two, &back);
	if (!span_eq(buf_view(&one), buf_view(&two)))
		abort();
	buf_free(&one);
	buf_free(&two);
}

static size_t
read_all(struct span rest)
{
	struct journal_line l;
	size_t n = 0, before = rest.len;

	while (journal_get(&rest, &l) == 1) {
		if (rest.len >= before)
			abort();
		before = rest.len;
		again(&l);
		n++;
	}
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct span text = { (const char *)bytes, len };
	struct buf summed = { 0 };

	read_all(text);
	while (text.len) {
		struct span line = span_cut(&text, '\n');

		buf_fmt(&summed, "@ %08x ", crc32c(0, line.ptr, line.len));
		buf_span(&summed, line);
		buf_chr(&summed, '\n');
	}
	read_all(buf_view(&summed));
	buf_free(&summed);
	return 0;
}
