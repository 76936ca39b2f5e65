#include "common/reply.h"
#include "common/printable.h"
#include <errno.h>
#include <string.h>

enum { LINE_MAX_OCTETS = 2048, LINES_MAX = 100 };

static bool
digit(char c)
{
	return c >= '0' && c <= '9';
}

static int
wrong(int why)
{
	errno = why;
	return -1;
}

/* Length of "class.subject.detail" at the front of text, RFC 3463 2; 0 if
 * there is none.  Its class is that of the code (RFC 2034 4); anything else,
 * say an address that begins a sentence, is text. */
static size_t
enhanced(struct span text, int code)
{
	size_t at = 1;

	if (text.len == 0 || text.ptr[0] != '0' + code / 100 || code / 100 == 3)
		return 0;
	for (int part = 0; part < 2; part++) {
		size_t start;

		if (at >= text.len || text.ptr[at++] != '.')
			return 0;
		for (start = at; at < text.len && digit(text.ptr[at]);)
			at++;
		if (at == start || at - start > 3)
			return 0;
	}
	return at == text.len || text.ptr[at] == ' ' ? at : 0;
}

int
reply_line(struct reply *r, struct span line)
{
	struct span text = span_from(line, 4);
	int code;
	size_t len;

	if (line.len < 3 || line.len > LINE_MAX_OCTETS || !digit(line.ptr[0]) ||
	    !digit(line.ptr[1]) || !digit(line.ptr[2]))
		return wrong(EPROTO);
	if (line.len > 3 && line.ptr[3] != ' ' && line.ptr[3] != '-')
		return wrong(EPROTO);
	code = (line.ptr[0] - '0') * 100 + (line.ptr[1] - '0') * 10 +
	       (line.ptr[2] - '0');
	if (code < 200 || code > 599 || (r->lines && code != r->code) ||
	    r->lines == LINES_MAX)
		return wrong(EPROTO);
	r->code = code;
	len = enhanced(text, code);
	if (len) {
		if (r->enhanced[0] == '\0') {
			memcpy(r->enhanced, text.ptr, len);
			r->enhanced[len] = '\0';
		}
		text = span_from(text, len);
		if (text.len)
			text = span_from(text, 1);
	}
	if (r->lines++)
		buf_chr(&r->text, '\n');
	printable_add(&r->text, text, LINE_MAX_OCTETS);
	if (r->text.bad)
		return wrong(ENOMEM);
	return line.len == 3 || line.ptr[3] == ' ';
}

void
reply_reset(struct reply *r)
{
	r->code = 0;
	r->enhanced[0] = '\0';
	r->lines = 0;
	buf_reset(&r->text);
}
