/* libFuzzer: whatever a message is, its text for a terminal is made, is not
 * endless, and has a header of From and Subject and nothing else. */
#include "deliver/mime/html.h"
#include "deliver/mime/text.h"
#include <gmime/gmime.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 8192

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static bool ready;
	struct span text = { (const char *)bytes, len }, rest;
	struct buf out = { 0 }, page = { 0 };

	if (!ready)
		g_mime_init();
	ready = true;
	if (len > LONGEST)
		return 0;
	if (text_message(text, &out) == 0) {
		if (out.len > (1u << 20))
			abort();
		rest = buf_view(&out);
		for (;;) {
			struct span line = span_cut(&rest, '\n');

			if (line.len == 0)
				break;
			if (!span_starts(line, SPAN("From: ")) &&
			    !span_starts(line, SPAN("Subject: ")))
				abort();
		}
	}
	html_text(text, &page);
	if (page.len > 4 * len + 64)
		abort();
	buf_free(&page);
	buf_free(&out);
	return 0;
}
