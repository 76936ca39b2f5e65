/* libFuzzer: any message, any facts, any window: what reaches the terminal
 * obeys tests/screen_check.h, and does no harm to the model of one in
 * tests/emulator.h.  The first octets choose the window. */
#include "deliver/tty/screen.h"
#include "tests/emulator.h"
#include "tests/screen_check.h"
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct screen_facts f = { .submitter = SPAN("alice (uid 1001)"),
		.host = SPAN("hestia"),
		.time = SPAN("14:03:07"),
		.id = SPAN("4A2F"),
		.bell = true };
	struct span in = { (const char *)data, size };
	struct buf out = { 0 };
	struct screen_text t;
	const char *wrong;
	unsigned columns;
	size_t width;
	bool utf8;

	setlocale(LC_CTYPE, "C.UTF-8"); /* for the check's wcwidth */
	if (size < 4)
		return 0;
	columns = data[0];
	utf8 = data[1] & 1;
	f.excerpt = data[1] & 2;
	f.kind = data[1] >> 2 & 3;
	f.alias = (struct span){ in.ptr + 2, data[2] < size ? data[2] % 8 : 0 };
	if (f.alias.len > size - 2)
		f.alias.len = 0;
	width = columns < 8 ? 80 : columns;
	width = width > 132 ? 132 : width;
	screen_part(span_from(in, 3), data[1] & 128, &t);
	screen_compose(&out, &t, &f, columns, utf8);
	wrong = check_screen(out.ptr, out.len, width, utf8);
	if (wrong == NULL)
		wrong = emu_check(out.ptr, out.len, (unsigned)width, utf8);
	if (wrong) {
		fprintf(stderr, "%s:\n%.*s\n", wrong, (int)out.len, out.ptr);
		abort();
	}
	buf_free(&out);
	return 0;
}
