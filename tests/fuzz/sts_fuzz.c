/* libFuzzer: a TXT record, and an answer to GET with its policy. */
#include "deliver/net/sts.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sts p;
	struct span in = { (const char *)data, size }, body = in;
	char id[STS_ID];

	if (sts_record(in, id) && (*id == '\0' || strlen(id) >= STS_ID))
		abort();
	if (sts_response(in, true, &body) == 0)
		abort();
	if (sts_response(in, false, &body) == 1 && body.len > size)
		abort();
	if (sts_parse(body, &p) == 0) {
		if (p.n > STS_HOSTS || p.max_age > STS_AGE)
			abort();
		for (size_t i = 0; i < p.n; i++)
			if (p.mx[i][0] == '\0' || strlen(p.mx[i]) >= DNS_NAME)
				abort();
		sts_fits(&p, "mx.example");
	}
	if (sts_load(in, id, &p) == 0) {
		struct buf b = { 0 };
		static struct sts again;
		char same[STS_ID];

		sts_save(&p, id, &b);
		if (sts_load(buf_view(&b), same, &again) == -1 ||
		    strcmp(id, same) != 0 || again.n != p.n ||
		    again.mode != p.mode || again.max_age != p.max_age)
			abort();
		for (size_t i = 0; i < p.n; i++)
			if (strcmp(again.mx[i], p.mx[i]) != 0)
				abort();
		buf_free(&b);
	}
	return 0;
}
