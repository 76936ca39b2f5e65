/* libFuzzer: any text as a message; the first octets choose the full name's
 * length.  The header that leaves is a header: every line is a field, none of
 * them Bcc, and Date, From and Message-ID stand in it. */
#include "common/field.h"
#include "sendmail/complete.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
check_header(struct span all)
{
	unsigned date = 0, from = 0, id = 0;
	struct span rest = all;
	struct field f;

	while (field_next(&rest, &f)) {
		must(!field_is(&f, "Bcc") && !field_is(&f, "Resent-Bcc") &&
		     !field_is(&f, "Return-Path"));
		date += field_is(&f, "Date");
		from += field_is(&f, "From");
		id += field_is(&f, "Message-ID");
	}
	must(rest.len == 0 && date && from && id);
	must(span_starts(all, SPAN("Received: from alice (uid 7)\n\tby h")));
	must(all.ptr[all.len - 1] == '\n');
}

static void
check_recipients(struct span header)
{
	struct env e = { .from = (char[]){ "a@d" } };
	struct rcpts r = { .env = &e, .domain = "d.example" };
	struct buf why = { 0 }, out = { 0 };

	if (complete_recipients(header, &r, &why) == -1)
		must(why.len > 0);
	else
		must(why.len == 0);
	for (size_t i = 0; i < why.len; i++)
		must(why.ptr[i] >= ' ' && why.ptr[i] <= '~');
	if (e.nrcpts)
		must(env_encode(&e, &out) == 0);
	e.from = NULL;
	env_free(&e);
	rcpts_free(&r);
	buf_free(&why);
	buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct span text = { (const char *)bytes, len }, header;
	struct env e = { .time_us = 1, .uid = 7 };
	struct complete c = { .hostname = "h",
		.id = "ID",
		.login = "alice",
		.from = "alice@d",
		.env = &e };
	struct buf out = { 0 }, name = { 0 };
	size_t n;

	if (len == 0)
		return 0;
	n = bytes[0] % 32;
	text = span_from(text, 1);
	n = n < text.len ? n : text.len;
	for (size_t i = 0; i < n && text.ptr[i]; i++)
		buf_chr(&name, text.ptr[i]);
	c.fullname = buf_c(&name);
	text = span_from(text, n);
	text = span_from(text, complete_from_line(text));
	header = (struct span){ text.ptr, complete_header_end(text) };
	must(header.len <= text.len);
	must(complete_header_end(header) == header.len);
	check_recipients(header);
	complete_header(header, &c, &out);
	check_header(buf_view(&out));
	buf_free(&out);
	buf_free(&name);
	return 0;
}
