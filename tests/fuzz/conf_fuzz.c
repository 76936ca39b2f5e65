#include "common/conf.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Either everything is in range, or there is a sentence, printable, in one
 * line. */
int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct span text = { (const char *)bytes, len };
	struct buf err = { 0 };
	struct conf c;
	int result = conf_parse(text, "F", &c, &err);

	if ((result == 0) != (err.len == 0))
		abort();
	for (size_t i = 0; i < err.len; i++)
		if (err.ptr[i] < ' ' || err.ptr[i] > '~')
			abort();
	if (result == 0) {
		if (c.nretry < 1 || c.nretry > 32 || c.warn < 1 ||
		    c.give_up < 1 || c.max_size == 0 || c.max_queue == 0 ||
		    c.local_path == NULL || c.local_path[0] == '\0')
			abort();
		for (size_t i = 0; i < c.nrelays; i++)
			if (c.relays[i].nhosts == 0 ||
			    c.relays[i].hosts[0].port[0] == '\0' ||
			    conf_relay(&c, c.relays[i].name) != &c.relays[i])
				abort();
	}
	conf_free(&c);
	buf_free(&err);
	return 0;
}
