#include "common/addr.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* What is accepted has no control octet and means the same when it is written
 * as a path again. */
int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct span text = { (const char *)bytes, len };
	struct buf path = { 0 }, name = { 0 };
	struct addr a, again;

	if (addr_parse(text, &a) == ADDR_OK) {
		buf_chr(&path, '<');
		buf_span(&path, a.local);
		if (a.domain.len) {
			buf_chr(&path, '@');
			buf_span(&path, a.domain);
		}
		buf_chr(&path, '>');
		for (size_t i = 0; i < path.len; i++)
			if ((unsigned char)path.ptr[i] < ' ' ||
			    path.ptr[i] == 0x7f)
				abort();
		if (addr_parse(buf_view(&path), &again) != ADDR_OK ||
		    !span_eq(a.local, again.local) ||
		    !span_eq(a.domain, again.domain))
			abort();
		addr_local(a.local, &name);
		if (name.len > a.local.len)
			abort();
	}
	buf_free(&path);
	buf_free(&name);
	return 0;
}
