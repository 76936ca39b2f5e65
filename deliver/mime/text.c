#include "deliver/mime/text.h"
#include "common/field.h"
#include "common/utf8.h"
#include "deliver/mime/html.h"
#include <errno.h>
#include <gmime/gmime.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH 5
#define PARTS 50
#define OUT_MAX (512u << 10)
#define ASIDE 20 /* lines about what is not shown */

struct reading {
	struct buf *out;
	int parts, asides;
};

static const struct {
	const char *seen; /* in any letters, anywhere in the message */
	const char *name;
} sets[] = {
	{ "8859-1", "ISO-8859-1" },
	{ "latin1", "ISO-8859-1" },
	{ "8859-15", "ISO-8859-15" },
	{ "8859-2", "ISO-8859-2" },
	{ "8859-5", "ISO-8859-5" },
	{ "8859-7", "ISO-8859-7" },
	{ "8859-9", "ISO-8859-9" },
	{ "1250", "CP1250" },
	{ "1251", "CP1251" },
	{ "1252", "CP1252" },
	{ "1253", "CP1253" },
	{ "1254", "CP1254" },
	{ "1257", "CP1257" },
	{ "koi8-r", "KOI8-R" },
	{ "koi8-u", "KOI8-U" },
	{ "utf-7", "UTF-7" },
	{ "utf-16", "UTF-16" },
	{ "2022-jp", "ISO-2022-JP" },
	{ "shift_jis", "SHIFT_JIS" },
	{ "euc-jp", "EUC-JP" },
	{ "euc-kr", "EUC-KR" },
	{ "big5", "BIG5" },
	{ "gb2312", "GB2312" },
	{ "gbk", "GBK" },
	{ "gb18030", "GB18030" },
};

static bool
speaks_of(struct span s, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i + len <= s.len; i++)
		if (strncasecmp(s.ptr + i, word, len) == 0)
			return true;
	return false;
}

void
text_prepare(struct span message)
{
	/* glibc keeps a set in memory while a descriptor for it is open: these
	 * are never closed. */
	for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
		if (speaks_of(message, sets[i].seen))
			(void)iconv_open("UTF-8", sets[i].name);
}

/* What cannot be told becomes U+FFFD, an octet each. */
static void
add_converted(struct buf *out, struct span s, iconv_t cd)
{
	char *in = (char *)s.ptr;
	size_t left = s.len;

	while (left && out->len < OUT_MAX) {
		char chunk[4096], *to = chunk;
		size_t room = sizeof chunk;
		size_t n = iconv(cd, &in, &left, &to, &room);

		buf_add(out, chunk, sizeof chunk - room);
		if (n == (size_t)-1 && errno != E2BIG) {
			buf_str(out, "\xef\xbf\xbd");
			iconv(cd, NULL, NULL, NULL, NULL);
			in++, left--;
		}
	}
}

static void
to_utf8(struct span s, const char *charset, struct buf *out)
{
	const char *name = charset ? g_mime_charset_iconv_name(charset) : NULL;
	iconv_t cd = (iconv_t)-1;

	/* What says that it is UTF-8, or says nothing, is left to the filter
	 * of the terminal. */
	if (name && g_ascii_strcasecmp(name, "utf-8") != 0 &&
	    g_ascii_strcasecmp(name, "us-ascii") != 0)
		cd = iconv_open("UTF-8", name);
	if (cd == (iconv_t)-1) {
		buf_span(out, s);
		return;
	}
	add_converted(out, s, cd);
	iconv_close(cd);
}

/* CRLF becomes LF; the end of a text is the end of a line. */
static void
add_lines(struct buf *out, struct span s)
{
	for (size_t i = 0; i < s.len && out->len < OUT_MAX; i++)
		if (s.ptr[i] != '\r' || i + 1 == s.len || s.ptr[i + 1] != '\n')
			buf_chr(out, s.ptr[i]);
	if (s.len && out->len && out->ptr[out->len - 1] != '\n')
		buf_chr(out, '\n');
}

static void
add_aside(struct reading *r, GMimeObject *o, const char *what, size_t octets)
{
	GMimeContentType *t = g_mime_object_get_content_type(o);
	const char *name =
	    GMIME_IS_PART(o) ? g_mime_part_get_filename(GMIME_PART(o)) : NULL;
	size_t from;

	if (r->asides++ >= ASIDE)
		return;
	buf_fmt(r->out, "[%s", what);
	from = r->out->len;
	if (name)
		buf_fmt(r->out, " %.100s", name);
	if (t)
		buf_fmt(r->out, ", %.40s/%.60s",
		    g_mime_content_type_get_media_type(t),
		    g_mime_content_type_get_media_subtype(t));
	if (octets)
		buf_fmt(r->out, ", %zu KB", (octets + 1023) / 1024);
	for (; from < r->out->len; from++)
		if ((unsigned char)r->out->ptr[from] < ' ' ||
		    strchr("[]", r->out->ptr[from]))
			r->out->ptr[from] = '?';
	buf_str(r->out, "]\n");
}

static void
content(GMimePart *part, struct buf *out)
{
	GMimeDataWrapper *w = g_mime_part_get_content(part);
	GMimeStream *mem = g_mime_stream_mem_new();
	GByteArray *got;

	if (w && g_mime_data_wrapper_write_to_stream(w, mem) != -1) {
		got = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(mem));
		if (got)
			buf_add(out, (const char *)got->data, got->len);
	}
	g_object_unref(mem);
}

static bool
is_attached(GMimeObject *o)
{
	const char *d = g_mime_object_get_disposition(o);

	return d && g_ascii_strcasecmp(d, "attachment") == 0;
}

static bool
is(GMimeObject *o, const char *type, const char *subtype)
{
	GMimeContentType *t = g_mime_object_get_content_type(o);

	return t && g_mime_content_type_is_type(t, type, subtype);
}

static void
leaf(struct reading *r, GMimeObject *o)
{
	struct buf raw = { 0 }, text = { 0 }, page = { 0 };

	content(GMIME_PART(o), &raw);
	if (is_attached(o) || !is(o, "text", "*")) {
		bool secret = is(o, "application", "pkcs7-mime") ||
			      is(o, "application", "x-pkcs7-mime");

		add_aside(r, o, secret ? "encrypted:" : "attachment:", raw.len);
	} else {
		to_utf8(buf_view(&raw),
		    g_mime_object_get_content_type_parameter(o, "charset"),
		    &text);
		if (is(o, "text", "html")) {
			html_text(buf_view(&text), &page);
			if (page.len == 0 && text.len)
				add_aside(r, o, "no text in it:", raw.len);
			add_lines(r->out, buf_view(&page));
		} else {
			add_lines(r->out, buf_view(&text));
		}
	}
	r->out->bad |= raw.bad || text.bad || page.bad;
	buf_free(&raw);
	buf_free(&text);
	buf_free(&page);
}

/* How gladly a person at a terminal reads it. */
static int
rank(GMimeObject *o, int depth)
{
	int best = 0;

	if (depth >= DEPTH || is_attached(o))
		return 0;
	if (GMIME_IS_MULTIPART(o)) {
		int n = g_mime_multipart_get_count(GMIME_MULTIPART(o));

		for (int i = 0; i < n && i < PARTS; i++) {
			int one = rank(
			    g_mime_multipart_get_part(GMIME_MULTIPART(o), i),
			    depth + 1);

			if (one > best)
				best = one;
		}
		return best;
	}
	if (is(o, "text", "plain"))
		return 4;
	if (is(o, "text", "html"))
		return 3;
	return is(o, "text", "*") ? 2 : GMIME_IS_MESSAGE_PART(o);
}

static void
add_field(struct buf *out, const char *name, struct span body)
{
	char *raw = span_dup(span_trim(body)), *text;

	for (char *p = raw; p && *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
	text = raw ? g_mime_utils_header_decode_text(NULL, raw) : NULL;
	if (text && *text) {
		buf_fmt(out, "%s: ", name);
		for (const char *p = text; *p; p++)
			buf_chr(out, (unsigned char)*p < ' ' ? ' ' : *p);
		buf_chr(out, '\n');
	}
	out->bad |= raw == NULL;
	g_free(text);
	free(raw);
}

static void walk(struct reading *, GMimeObject *, int);

static void
several(struct reading *r, GMimeMultipart *m, int depth)
{
	GMimeObject *o = GMIME_OBJECT(m), *best = NULL;
	int n = g_mime_multipart_get_count(m), high = 0;

	if (is(o, "multipart", "encrypted")) {
		add_aside(r, o, "encrypted:", 0);
		return;
	}
	if (!is(o, "multipart", "alternative") &&
	    !is(o, "multipart", "related")) {
		for (int i = 0; i < n; i++)
			walk(r, g_mime_multipart_get_part(m, i), depth + 1);
		return;
	}
	for (int i = 0; i < n && i < PARTS; i++) {
		GMimeObject *one = g_mime_multipart_get_part(m, i);
		int here = rank(one, depth + 1);

		if (here > high)
			high = here, best = one;
	}
	if (best)
		walk(r, best, depth + 1);
	else
		add_aside(r, o, "nothing to read:", 0);
}

static void
within(struct reading *r, GMimeMessagePart *part, int depth)
{
	GMimeMessage *m = g_mime_message_part_get_message(part);
	const char *subject = m ? g_mime_message_get_subject(m) : NULL;
	GMimeObject *o = m ? g_mime_message_get_mime_part(m) : NULL;

	buf_str(r->out, "[a message within it]\n");
	if (subject)
		add_field(r->out, "Subject", span_of(subject));
	if (o)
		walk(r, o, depth + 1);
}

static void
walk(struct reading *r, GMimeObject *o, int depth)
{
	if (o == NULL || r->parts++ >= PARTS || r->out->len >= OUT_MAX)
		return;
	if (depth >= DEPTH)
		add_aside(r, o, "too deep:", 0);
	else if (GMIME_IS_MULTIPART(o))
		several(r, GMIME_MULTIPART(o), depth);
	else if (GMIME_IS_MESSAGE_PART(o))
		within(r, GMIME_MESSAGE_PART(o), depth);
	else if (GMIME_IS_PART(o))
		leaf(r, o);
	else
		add_aside(r, o, "not shown:", 0);
}

static void
head(struct span text, struct buf *out)
{
	static const char *const names[] = { "From", "Subject" };
	bool seen[2] = { false, false };
	struct field f;

	while (field_next(&text, &f))
		for (size_t i = 0; i < 2; i++)
			if (!seen[i] && field_is(&f, names[i])) {
				seen[i] = true;
				add_field(out, names[i], f.body);
			}
	buf_chr(out, '\n');
}

int
text_message(struct span message, struct buf *out)
{
	struct reading r = { .out = out };
	GMimeStream *mem =
	    g_mime_stream_mem_new_with_buffer(message.ptr, message.len);
	GMimeParser *parser = g_mime_parser_new_with_stream(mem);
	GMimeMessage *m;

	head(message, out);
	g_mime_parser_set_format(parser, GMIME_FORMAT_MESSAGE);
	m = g_mime_parser_construct_message(parser, NULL);
	if (m) {
		walk(&r, g_mime_message_get_mime_part(m), 0);
		g_object_unref(m);
	}
	g_object_unref(parser);
	g_object_unref(mem);
	errno = m ? ENOMEM : EILSEQ;
	return m == NULL || out->bad ? -1 : 0;
}
