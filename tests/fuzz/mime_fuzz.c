/* libFuzzer: whatever a message is, what comes out is legal, a legal one is
 * not touched, and a second time changes nothing.  GMime is slow: what is long
 * finds nothing that the short does not. */
#include "common/legal.h"
#include "deliver/mime/safe.h"
#include <gmime/gmime.h>
#include <stdint.h>
#include <stdlib.h>

#define LONGEST 8192
#define TIMES                                                                  \
	24 /* the text repeated: lines over 998 octets from short seeds        \
	    */

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check(struct span text)
{
	struct buf once = { 0 }, twice = { 0 };

	if (safe_message(text, &once) == -1 || !legal_text(buf_view(&once)))
		abort();
	if (legal_text(text) && !span_eq(text, buf_view(&once)))
		abort();
	if (safe_message(buf_view(&once), &twice) == -1 ||
	    !span_eq(buf_view(&once), buf_view(&twice)))
		abort();
	buf_free(&once);
	buf_free(&twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static bool ready;
	struct span text = { (const char *)bytes, len };
	struct buf longer = { 0 };

	if (!ready)
		g_mime_init();
	ready = true;
	if (len > LONGEST)
		return 0;
	check(text);
	if (len && len * TIMES <= LONGEST) {
		for (int i = 0; i < TIMES; i++)
			buf_span(&longer, text);
		check(buf_view(&longer));
	}
	buf_free(&longer);
	return 0;
}
