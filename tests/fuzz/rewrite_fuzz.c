/* A header, rewritten: all other fields are as they were, in their order; the
 * originals are there; no address that fits is left where all can be read. */
#include "common/field.h"
#include "deliver/net/rewrite.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static int
left(struct span addr, void *arg)
{
	if (rewrite_sender(arg, addr))
		abort();
	return 0;
}

static bool
of_sender(const struct field *f)
{
	return field_is(f, "From") || field_is(f, "Sender") ||
	       field_is(f, "Resent-From") || field_is(f, "Resent-Sender");
}

/* The next field that may not change. */
static int
other(struct span *rest, struct field *f, bool made)
{
	while (field_next(rest, f))
		if (!of_sender(f) &&
		    !(made && span_starts(f->name, SPAN("X-Original-"))))
			return 1;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char root[] = "root@*", phrase[] = "a \"b\"",
		    to[] = "a@b.example", all[] = "*@lan", domain[] = "lan";
	static struct conf_sender lines[] = { { root, phrase, to, 1 },
		{ all, NULL, to, 2 } };
	static struct conf conf = {
		.domain = domain, .senders_as = lines, .nsenders_as = 2
	};
	struct span text = { (const char *)data, size }, was, is;
	struct field f, g;
	struct buf out = { 0 };
	size_t used = 0;
	int changed;

	if (size > REWRITE_HEAD)
		return 0;
	changed = rewrite_header(&conf, SPAN("root@x"), text, &out, &used);
	if (changed != 1) {
		buf_free(&out);
		return 0;
	}
	if (used > size || out.len > size + (2 << 20))
		abort();
	was = (struct span){ text.ptr, used };
	is = buf_view(&out);
	for (;;) {
		int a;

		while ((a = other(&was, &f, false)) == 1 &&
		       span_starts(f.name, SPAN("X-Original-")))
			; /* ours cannot be told from those that were there */
		if (a != other(&is, &g, true))
			abort();
		if (a == 0)
			break;
		if (!span_eq(f.whole, g.whole))
			abort();
	}
	if (is.len)
		abort(); /* what is no field in the midst of the header */
	is = buf_view(&out);
	while (size < 4096 && field_next(&is, &f))
		if (of_sender(&f))
			field_addresses(f.body, left, &conf);
	buf_free(&out);
	return 0;
}
