#include "deliver/mime/encode.h"
#include "common/utf8.h"
#include <gmime/gmime.h>
#include <string.h>

#define PIECE 49152
#define WORD 75 /* octets of an encoded word (RFC 2047 2) */

/* All of s through one of GMime's machines, a piece at a time. */
static void
through(GMimeEncoding *e, struct span s, struct buf *out)
{
	for (bool last = false; !last;) {
		size_t n = s.len < PIECE ? s.len : PIECE;

		last = n == s.len;
		if (buf_room(out, g_mime_encoding_outlen(e, n)) == -1)
			return;
		out->len += last ? g_mime_encoding_flush(e, s.ptr ? s.ptr : "",
				       n, out->ptr + out->len)
				 : g_mime_encoding_step(
				       e, s.ptr, n, out->ptr + out->len);
		s = span_from(s, n);
	}
}

void
encode_quoted(struct span s, struct buf *out)
{
	GMimeEncoding e;

	g_mime_encoding_init_encode(&e, GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
	through(&e, s, out);
	/* Without a line end there is none to hide. */
	if (s.len && s.ptr[s.len - 1] != '\n' && out->len >= 2 &&
	    memcmp(out->ptr + out->len - 2, "=\n", 2) == 0)
		out->len -= 2;
}

void
encode_base64(struct span s, bool text, struct buf *out)
{
	GMimeEncoding e;
	struct buf crlf = { 0 };

	for (struct span rest = s; text && rest.ptr && rest.len;) {
		struct span line = span_cut(&rest, '\n');

		buf_span(&crlf, line);
		if (rest.ptr)
			buf_add(&crlf, "\r\n", 2);
	}
	if (crlf.bad)
		out->bad = true;
	g_mime_encoding_init_encode(&e, GMIME_CONTENT_ENCODING_BASE64);
	through(&e, text ? buf_view(&crlf) : s, out);
	if (out->len && out->ptr[out->len - 1] == '\n')
		out->len--;
	buf_free(&crlf);
}

bool
encode_quoted_is_short(struct span s)
{
	size_t three = 0, lines = 0;

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		three += c >= 0x7f || c == '=' ||
			 (c < ' ' && c != '\n' && c != '\t');
		lines += c == '\n';
	}
	return s.len + 2 * three <= (s.len + lines) / 3 * 4;
}

static void
decode(GMimeContentEncoding how, struct span s, struct buf *out)
{
	GMimeEncoding e;

	g_mime_encoding_init_decode(&e, how);
	through(&e, s, out);
}

void
decode_quoted(struct span s, struct buf *out)
{
	decode(GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE, s, out);
}

void
decode_base64(struct span s, struct buf *out)
{
	decode(GMIME_CONTENT_ENCODING_BASE64, s, out);
}

/* How a character stands in a word; of RFC 2047 5 (3) the narrowest set. */
static void
put_q(struct span c, struct buf *out)
{
	for (size_t i = 0; i < c.len; i++) {
		unsigned char o = (unsigned char)c.ptr[i];

		if (g_ascii_isalnum(o))
			buf_chr(out, (char)o);
		else if (o == ' ')
			buf_chr(out, '_');
		else
			buf_fmt(out, "=%02X", o);
	}
}

static size_t
width_q(struct span c)
{
	size_t n = 0;

	for (size_t i = 0; i < c.len; i++)
		n += g_ascii_isalnum(c.ptr[i]) || c.ptr[i] == ' ' ? 1 : 3;
	return n;
}

void
encode_words(struct span s, struct buf *out)
{
	bool utf8 = utf8_valid(s);
	const char *head = utf8 ? "=?utf-8?Q?" : "=?unknown-8bit?Q?";
	size_t room = WORD - strlen(head) - 2, used = 0;

	buf_str(out, head);
	while (s.len) {
		size_t n = utf8 ? utf8_char(s, NULL) : 1;
		struct span c = { s.ptr, n ? n : 1 };

		/* A character is never parted (RFC 2047 5). */
		if (used + width_q(c) > room) {
			buf_fmt(out, "?=\n %s", head);
			used = 0;
		}
		put_q(c, out);
		used += width_q(c);
		s = span_from(s, c.len);
	}
	buf_str(out, "?=");
}
