/* libFuzzer: what the agent answers tell, of a recipient and of a message: what
 * is no success has a sentence, which a terminal may have. */
#include "sendmail/tell.h"
#include "tests/fuzz/must.h"
#include <stdlib.h>

static void
told(int status, struct buf *why)
{
	must((status == 0) == (why->len == 0));
	for (size_t i = 0; i < why->len; i++)
		must(why->ptr[i] >= ' ' && why->ptr[i] <= '~');
	buf_reset(why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct span text = { (const char *)bytes, len };
	struct buf why = { 0 };

	told(tell_refused(SPAN("bob"), text, &why), &why);
	told(tell_result(text, 2, &why), &why);
	buf_free(&why);
	return 0;
}
