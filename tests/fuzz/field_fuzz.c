#include "common/field.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static int
valid(struct span text, void *arg)
{
	struct addr a;

	(void)arg;
	if (addr_parse(text, &a) != ADDR_OK)
		abort();
	return 0;
}

/* A phrase stays one mailbox's display name, in lines that are no field and no
 * end of the header. */
static int
count(struct span text, void *arg)
{
	if (!span_eq(text, SPAN("a@b")))
		abort();
	++*(int *)arg;
	return 0;
}

static void
phrase(struct span text)
{
	struct buf out = { 0 };
	int mailboxes = 0;

	field_phrase(&out, text);
	for (size_t i = 0; i < out.len; i++) {
		unsigned char c = (unsigned char)out.ptr[i];

		if (c == '\n' && i + 1 < out.len && out.ptr[i + 1] == ' ')
			continue;
		if (c < ' ' || c > '~')
			abort();
	}
	buf_str(&out, " <a@b>");
	if (field_addresses(buf_view(&out), count, &mailboxes) == -1 ||
	    mailboxes != 1)
		abort();
	buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct span text = { (const char *)bytes, len }, rest = text;
	struct field f;

	while (field_next(&rest, &f) == 1) {
		if (f.whole.len == 0 || f.whole.ptr + f.whole.len != rest.ptr ||
		    f.body.ptr + f.body.len > rest.ptr)
			abort();
		field_addresses(f.body, valid, NULL);
		phrase(f.body);
	}
	field_addresses(text, valid, NULL);
	phrase(text);
	return 0;
}
