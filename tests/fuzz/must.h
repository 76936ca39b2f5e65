/* must - what a fuzz target looks for: a fault ends it. */
#ifndef TESTS_FUZZ_MUST_H
#define TESTS_FUZZ_MUST_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static inline void
must(bool ok)
{
	if (!ok)
		abort();
}
#endif
