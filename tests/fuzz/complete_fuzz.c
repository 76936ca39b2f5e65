/* libFuzzer: any text as a message; the first octets choose the full name's
 * length.  The header that leaves is a header: every line is a field, none of
 * them Bcc, and Date, From, Message-ID and a To or Cc stand in it; completed
 * once more it gets no other field than Received. */
#include "common/field.h"
#include "sendmail/complete.h"
#include "tests/fuzz/must.h"
#include <stdlib.h>

static unsigned
count(struct span header, const char *name)
{
	struct field f;
	unsigned n = 0;

	while (field_next(&header, &f))
		n += field_is(&f, name) && span_trim(f.body).len;
	return n;
}

/* A field that was there is not doubled, one that was missing is there once. */
static void
check_once(struct span in, struct span out, const char *name)
{
	unsigned before = count(in, name);

	must(count(out, name) == (before ? before : 1));
}

static void
check_again(struct span all, struct complete *c)
{
	struct buf again = { 0 };
	struct span rest;
	struct field f;

	complete_header(all, c, &again);
	rest = buf_view(&again);
	must(field_next(&rest, &f) && span_eq(rest, all));
	buf_free(&again);
}

static void
check_header(struct span all)
{
	unsigned date = 0, from = 0, id = 0;
	struct span rest = all;
	struct field f;

	must(count(all, "To") || count(all, "Cc"));
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
		.env = &e,
		.domain = "d.example" };
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
	complete_wants_mime(text, text);
	text = span_from(text, complete_from_line(text));
	header = (struct span){ text.ptr, complete_header_end(text) };
	must(header.len <= text.len);
	must(complete_header_end(header) == header.len);
	if (complete_header_whole((struct span){ text.ptr, text.len / 2 }))
		must(complete_header_end((struct span){
			 text.ptr, text.len / 2 }) == header.len);
	check_recipients(header);
	complete_header(header, &c, &out);
	check_header(buf_view(&out));
	check_once(header, buf_view(&out), "Date");
	check_once(header, buf_view(&out), "From");
	check_once(header, buf_view(&out), "Message-ID");
	check_again(buf_view(&out), &c);
	buf_free(&out);
	buf_free(&name);
	return 0;
}
