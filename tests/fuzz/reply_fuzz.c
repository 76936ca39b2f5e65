#include "common/reply.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct span rest = { (const char *)bytes, len };
	struct reply r = { 0 };

	while (rest.ptr) {
		int got = reply_line(&r, span_cut(&rest, '\n'));

		for (size_t i = 0; i < r.text.len; i++)
			if (r.text.ptr[i] != '\n' &&
			    (r.text.ptr[i] < ' ' || r.text.ptr[i] > '~'))
				abort();
		if (r.lines > 100 || r.text.len > 100 * 2049)
			abort();
		if (got == 1 && (r.code < 200 || r.code > 599))
			abort();
		if (got)
			reply_reset(&r);
	}
	buf_free(&r.text);
	return 0;
}
