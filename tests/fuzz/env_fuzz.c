/* libFuzzer: what decode takes, encode writes again, octet for octet. */
#include "common/env.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct span text = { (const char *)bytes, len };
	struct buf again = { 0 };
	struct env e;

	if (env_decode(text, &e) == 0) {
		if (e.nrcpts == 0 || e.from == NULL || e.kind >= ENV_KINDS ||
		    env_encode(&e, &again) == -1 ||
		    !span_eq(buf_view(&again), text))
			abort();
	}
	env_free(&e);
	buf_free(&again);
	return 0;
}
