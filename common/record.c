#include "common/record.h"

void
record_begin(struct buf *b, const char *word)
{
	buf_str(b, word);
}

static void
put_key(struct buf *b, const char *key)
{
	if (b->len && b->ptr[b->len - 1] != '\n')
		buf_chr(b, ' ');
	buf_str(b, key);
	buf_chr(b, '=');
}

void
record_str(struct buf *b, const char *key, struct span value)
{
	put_key(b, key);
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];

		if (c > ' ' && c < 0x7f && c != '%')
			buf_chr(b, (char)c);
		else if (c) /* there is none in what we know */
			buf_fmt(b, "%%%02x", c);
	}
}

void
record_num(struct buf *b, const char *key, long long value)
{
	put_key(b, key);
	buf_fmt(b, "%lld", value);
}

void
record_end(struct buf *b)
{
	buf_chr(b, '\n');
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int
record_next(struct span *rest, struct span *key, struct buf *value)
{
	struct span word = span_word(rest);

	buf_reset(value);
	if (word.len == 0)
		return 0;
	*key = span_cut(&word, '=');
	if (word.ptr == NULL || key->len == 0)
		return -1;
	for (size_t i = 0; i < word.len; i++) {
		char c = word.ptr[i];

		if (c == '%') {
			int high = i + 2 < word.len ? hex(word.ptr[i + 1]) : -1,
			    low = i + 2 < word.len ? hex(word.ptr[i + 2]) : -1;

			if (high < 0 || low < 0 || (high | low) == 0)
				return -1;
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c <= ' ' || c > '~') { /* char may be signed */
			return -1;
		}
		buf_chr(value, c);
	}
	return value->bad ? -1 : 1;
}
