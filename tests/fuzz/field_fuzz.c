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

/* Without "@d.example" and folds it is the same text, and no address in it is
 * bare. */
static int
whole(const struct field_mailbox *box, void *arg)
{
	struct span *body = arg;

	if (box->bare || box->end < body->ptr ||
	    box->end > body->ptr + body->len)
		abort();
	return 0;
}

static int
gather(struct span text, void *arg)
{
	buf_span(arg, text);
	buf_chr(arg, '\0');
	return 0;
}

static int
gather_whole(struct span text, void *arg)
{
	struct addr a;

	if (addr_parse(text, &a) != ADDR_OK)
		abort();
	gather(text, arg);
	if (a.domain.len == 0 && ((struct buf *)arg)->len) {
		((struct buf *)arg)->len--;
		buf_str(arg, "@d.example");
		buf_chr(arg, '\0');
	}
	return 0;
}

static bool
has_encoded_word(struct span text)
{
	for (size_t i = 0; i + 1 < text.len; i++)
		if (text.ptr[i] == '=' && text.ptr[i + 1] == '?')
			return true;
	return false;
}

static void
qualify(struct span text)
{
	struct buf out = { 0 }, before = { 0 }, after = { 0 };
	struct span body;

	if (field_qualify(&out, text, "d.example") == -1) {
		if (out.len || field_addresses(text, valid, NULL) != -1)
			abort();
		buf_free(&out);
		return;
	}
	body = buf_view(&out);
	if (!has_encoded_word(text)) {
		field_addresses(text, gather_whole, &before);
		if (field_addresses(body, gather, &after) == -1 ||
		    !span_eq(buf_view(&before), buf_view(&after)) ||
		    field_mailboxes(body, whole, &body) == -1)
			abort();
	}
	buf_free(&out);
	buf_free(&before);
	buf_free(&after);
}

/* Folded lines without their folds are what came in. */
static void
fold(struct span field)
{
	struct buf out = { 0 };
	size_t in = 0;

	field_fold(&out, field);
	for (size_t i = 0; i < out.len; i++) {
		if (in < field.len && out.ptr[i] == field.ptr[in])
			in++;
		else if (out.ptr[i] != '\n')
			abort();
	}
	if (in != field.len)
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
		qualify(f.body);
		fold(f.whole);
	}
	field_addresses(text, valid, NULL);
	phrase(text);
	qualify(text);
	return 0;
}
