#include "deliver/queue/words.h"
#include "common/utf8.h"
#include <string.h>

#define LINE 72

bool
words_eight(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] >= 0x80)
			return true;
	return false;
}

void
words_add(struct buf *out, struct span s, size_t max)
{
	size_t end = out->len + max;
	bool blank = false;

	while (s.len && out->len < end) {
		uint32_t c = 0;
		size_t n = utf8_char(s, &c);

		if (n && (c == ' ' || (c >= '\t' && c <= '\r'))) {
			if (!blank)
				buf_chr(out, ' ');
			blank = true;
			s = span_from(s, n);
			continue;
		}
		blank = false;
		if (n && out->len + n > end)
			return;
		if (n && ((c > ' ' && c <= '~') || utf8_shown(c)))
			buf_add(out, s.ptr, n);
		else
			buf_chr(out, '?');
		s = span_from(s, n ? n : 1);
	}
}

void
words_wrap(struct buf *out, struct span s, size_t max, const char *lead)
{
	struct buf line = { 0 };
	struct span rest;
	size_t column = 0;

	words_add(&line, s, max);
	rest = span_trim(buf_view(&line));
	while (rest.len) {
		struct span word = span_word(&rest);

		if (column && column + 1 + word.len > LINE) {
			buf_chr(out, '\n');
			column = 0;
		}
		buf_str(out, column ? " " : lead);
		column += column ? 1 : strlen(lead);
		buf_span(out, word);
		column += word.len;
		rest = span_trim(rest);
	}
	if (column)
		buf_chr(out, '\n');
	out->bad |= line.bad;
	buf_free(&line);
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Takes MARK HEX HEX at i: the octet, or -1. */
static int
escaped(struct span s, size_t i, char mark)
{
	int high, low;

	if (s.ptr[i] != mark || s.len - i < 3)
		return -1;
	high = hex(s.ptr[i + 1]);
	low = hex(s.ptr[i + 2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

void
words_xtext(struct buf *out, struct span x)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < x.len; i++) {
		int c = escaped(x, i, '+');

		buf_chr(&b, c < 0 ? x.ptr[i] : (char)c);
		i += c < 0 ? 0 : 2;
	}
	words_add(out, buf_view(&b), 900);
	out->bad |= b.bad;
	buf_free(&b);
}

static void
put_octet(struct buf *out, unsigned char c, bool latin)
{
	if (latin && c >= 0x80) {
		buf_chr(out, (char)(0xc0 | c >> 6));
		c = (unsigned char)(0x80 | (c & 0x3f));
	}
	buf_chr(out, (char)c);
}

static void
from_q(struct buf *out, struct span s, bool latin)
{
	for (size_t i = 0; i < s.len; i++) {
		int c = escaped(s, i, '=');

		put_octet(out,
		    c >= 0	      ? (unsigned char)c
		    : s.ptr[i] == '_' ? ' '
				      : (unsigned char)s.ptr[i],
		    latin);
		i += c < 0 ? 0 : 2;
	}
}

static void
from_b(struct buf *out, struct span s, bool latin)
{
	static const char code[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop"
				   "qrstuvwxyz0123456789+/";
	unsigned long bits = 0;
	int have = 0;

	for (size_t i = 0; i < s.len; i++) {
		const char *at = memchr(code, s.ptr[i], sizeof code - 1);

		if (at == NULL)
			continue;
		bits = (bits << 6 | (unsigned long)(at - code)) & 0xffffff;
		have += 6;
		if (have >= 8) {
			have -= 8;
			put_octet(out, (unsigned char)(bits >> have), latin);
		}
	}
}

/* An encoded word at the front of s: its length, or 0. */
static size_t
encoded_word(struct span s, struct buf *out)
{
	struct span rest, charset, how, text;
	bool latin;

	if (s.len < 8 || s.ptr[0] != '=' || s.ptr[1] != '?')
		return 0;
	rest = span_from(s, 2);
	charset = span_cut(&rest, '?');
	charset = span_cut(&charset, '*'); /* RFC 2231 5: a language */
	if (rest.ptr == NULL)
		return 0;
	how = span_cut(&rest, '?');
	if (rest.ptr == NULL || how.len != 1)
		return 0;
	text = span_cut(&rest, '?');
	if (rest.ptr == NULL || rest.len == 0 || *rest.ptr != '=' ||
	    text.len > 256 || span_has(text, ' '))
		return 0;
	latin = span_ieq(charset, SPAN("ISO-8859-1"));
	if (!latin && !span_ieq(charset, SPAN("UTF-8")) &&
	    !span_ieq(charset, SPAN("US-ASCII")))
		return 0;
	if (span_ieq(how, SPAN("Q")))
		from_q(out, text, latin);
	else if (span_ieq(how, SPAN("B")))
		from_b(out, text, latin);
	else
		return 0;
	return (size_t)(rest.ptr + 1 - s.ptr);
}

void
words_field(struct buf *out, struct span body, size_t max)
{
	struct buf b = { 0 };
	size_t blanks = 0; /* at the end of b, behind an encoded word */
	bool word = false;

	body = span_trim(body);
	while (body.len) {
		size_t at = b.len, n = encoded_word(body, &b);

		if (n && word && blanks && !b.bad) {
			/* RFC 2047 6.2: what parts two of them is not shown */
			memmove(b.ptr + at - blanks, b.ptr + at, b.len - at);
			b.len -= blanks;
		}
		if (n) {
			word = true;
			blanks = 0;
		} else {
			n = 1;
			buf_chr(&b, *body.ptr);
			if (strchr(" \t\r\n", *body.ptr) && *body.ptr) {
				blanks++;
			} else {
				word = false;
				blanks = 0;
			}
		}
		body = span_from(body, n);
	}
	words_add(out, buf_view(&b), max);
	out->bad |= b.bad;
	buf_free(&b);
}
