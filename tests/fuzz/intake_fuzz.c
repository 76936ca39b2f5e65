/* libFuzzer: the first octet chooses; whatever arrives, in whatever pieces,
 * becomes the same whole lines. */
#include "sendmail/intake.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static bool
take(struct span text, size_t piece, bool dots, struct buf *out)
{
	struct intake in = { .dots = dots };

	for (bool read = piece % 2; text.len; text = span_from(text, piece)) {
		struct span s = { text.ptr,
			text.len < piece ? text.len : piece };

		if (read && !in.ended) {
			buf_span(out, s);
			intake_came(&in, out, s.len);
		} else {
			intake_feed(&in, s, out);
		}
	}
	intake_end(&in, out);
	return in.ended;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct span text = { (const char *)bytes, len };
	struct buf whole = { 0 }, parts = { 0 }, again = { 0 };
	bool dots, ended;
	size_t piece;

	if (len == 0)
		return 0;
	dots = bytes[0] & 1;
	piece = (bytes[0] >> 1) % 16 + 1;
	text = span_from(text, 1);
	ended = take(text, text.len ? text.len : 1, dots, &whole);
	if (take(text, piece, dots, &parts) != ended ||
	    !span_eq(buf_view(&whole), buf_view(&parts)))
		abort();
	if (whole.len > text.len + 1 || span_has(buf_view(&whole), '\r') ||
	    (whole.len && whole.ptr[whole.len - 1] != '\n') || (dots && ended))
		abort();
	/* lines are lines already */
	if (take(buf_view(&whole), piece, true, &again) ||
	    !span_eq(buf_view(&whole), buf_view(&again)))
		abort();
	buf_free(&whole);
	buf_free(&parts);
	buf_free(&again);
	return 0;
}
