#include "common/field.h"
#include "common/utf8.h"
#include <string.h>

static bool
blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Octets of the first line of text with its LF. */
static size_t
line_len(struct span text)
{
	const char *lf = text.len ? memchr(text.ptr, '\n', text.len) : NULL;

	return lf ? (size_t)(lf - text.ptr) + 1 : text.len;
}

int
field_next(struct span *rest, struct field *f)
{
	size_t name = 0, colon, len = line_len(*rest);
	const char *p = rest->ptr;

	/* RFC 5322 3.6.8; a longer name fits in no line that can be sent */
	while (name < len && name < FIELD_LINE_MAX && p[name] > ' ' &&
	       p[name] <= '~' && p[name] != ':')
		name++;
	for (colon = name; colon < len && blank(p[colon]);)
		colon++; /* RFC 5322 4.5 */
	if (name == 0 || colon == len || p[colon] != ':')
		return 0;
	while (len < rest->len && blank(p[len]))
		len += line_len(span_from(*rest, len));
	f->whole = (struct span){ p, len };
	f->name = (struct span){ p, name };
	f->body = span_from(f->whole, colon + 1);
	if (p[len - 1] == '\n')
		f->body.len--;
	*rest = span_from(*rest, len);
	return 1;
}

bool
field_is(const struct field *f, const char *name)
{
	return span_ieq(f->name, span_of(name));
}

/* What a phrase holds unquoted: atext of RFC 5322 3.2.3, and blanks. */
static bool
plain(char c)
{
	return c == ' ' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') ||
	       (c && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* The words of RFC 2047 2: at most 75 octets each, in lines of at most 76 with
 * "Resent-From: " in front; characters never split.  33 octets of text make a
 * word of 61 octets in ISO-8859-1, which has the longer name.  PHRASE_MAX is
 * what may stand in one line as it is. */
enum { WORD_TEXT = 33, PHRASE_MAX = 256 };

static void
base64(struct buf *out, const unsigned char *p, size_t len)
{
	static const char code[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop"
				   "qrstuvwxyz0123456789+/";

	for (; len; p += 3, len -= len < 3 ? len : 3) {
		unsigned long n = (unsigned long)p[0] << 16;

		if (len > 1)
			n |= (unsigned long)p[1] << 8;
		if (len > 2)
			n |= p[2];
		buf_chr(out, code[n >> 18]);
		buf_chr(out, code[n >> 12 & 63]);
		buf_chr(out, len > 1 ? code[n >> 6 & 63] : '=');
		buf_chr(out, len > 2 ? code[n & 63] : '=');
	}
}

static void
encoded(struct buf *out, struct span text)
{
	bool utf8 = utf8_valid(text);

	while (text.len) {
		unsigned char word[WORD_TEXT];
		size_t len = 0, step;

		while (len < text.len) {
			step = utf8 ? utf8_char(span_from(text, len), NULL) : 1;
			if (len + step > sizeof word)
				break;
			for (; step; step--, len++) {
				unsigned char c = (unsigned char)text.ptr[len];

				word[len] = c < ' ' || c == 0x7f ? ' ' : c;
			}
		}
		buf_str(out, utf8 ? "=?UTF-8?B?" : "=?ISO-8859-1?B?");
		base64(out, word, len);
		buf_str(out, "?=");
		text = span_from(text, len);
		if (text.len) /* RFC 2047 2: the line must not grow over 76 */
			buf_str(out, "\n ");
	}
}

void
field_phrase(struct buf *out, struct span text)
{
	bool quote = false;

	while (text.len && (unsigned char)text.ptr[0] <= ' ')
		text = span_from(text, 1);
	while (text.len && (unsigned char)text.ptr[text.len - 1] <= ' ')
		text.len--;
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.ptr[i] >= 0x80 ||
		    text.len > PHRASE_MAX) {
			encoded(out, text);
			return;
		}
		/* "=?": or a reader would decode what was meant as it is */
		quote |= !plain(text.ptr[i]) ||
			 (i && text.ptr[i] == '?' && text.ptr[i - 1] == '=') ||
			 (i && text.ptr[i] == ' ' && text.ptr[i - 1] == ' ');
	}
	if (text.len && !quote) {
		buf_span(out, text);
		return;
	}
	buf_chr(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '"' || c == '\\')
			buf_chr(out, '\\');
		buf_chr(out, c < ' ' || c == 0x7f ? ' ' : c);
	}
	buf_chr(out, '"');
}
