/* libFuzzer: any answer to EHLO.  What is not offered has no value, and a
 * limit is one. */
#include "deliver/net/ehlo.h"
#include "tests/fuzz/must.h"
#include <stdlib.h>
#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { (const char *)data, size };
	char host[400], name[EHLO_NAME];
	struct ehlo e;

	ehlo_parse(text, &e);
	must((e.offers & EHLO_SIZE) || e.size == 0);
	must((e.offers & EHLO_LIMITS) || (e.mailmax == 0 && e.rcptmax == 0));
	must(e.size <= INT64_MAX && e.mailmax <= INT64_MAX);
	if (size >= sizeof host)
		size = sizeof host - 1;
	memcpy(host, data, size);
	host[size] = '\0';
	ehlo_name(host, NULL, name);
	must(strlen(name) < EHLO_NAME);
	return 0;
}
