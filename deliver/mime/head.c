#include "deliver/mime/head.h"
#include "common/legal.h"
#include "deliver/mime/encode.h"
#include <gmime/gmime.h>
#include <stdlib.h>
#include <string.h>

#define NICE 76	 /* octets of a line that we fold */
#define WIDE 900 /* a word over this is broken, or encoded */
#define PARAM 40 /* octets of a parameter's name; none has so many */

static bool
blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
ascii(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] >= 0x80)
			return false;
	return true;
}

static bool
listed(const struct field *f, const char *const *names)
{
	for (; *names; names++)
		if (field_is(f, *names))
			return true;
	return false;
}

/* RFC 5322 3.6.2, 3.6.3, 3.6.6: where a comma parts addresses. */
static bool
has_addresses(const struct field *f)
{
	static const char *const names[] = { "From", "To", "Cc", "Bcc",
		"Sender", "Reply-To", "Resent-From", "Resent-To", "Resent-Cc",
		"Resent-Bcc", "Resent-Sender", "Resent-Reply-To",
		"Mail-Followup-To", "Disposition-Notification-To", NULL };

	return listed(f, names);
}

/* Where an encoded word would not be understood. */
static bool
is_structured(const struct field *f)
{
	static const char *const names[] = { "Received", "Return-Path",
		"Message-ID", "Resent-Message-ID", "References", "In-Reply-To",
		"Date", "Resent-Date", "MIME-Version", "Content-ID",
		"DKIM-Signature", "ARC-Seal", "ARC-Message-Signature",
		"ARC-Authentication-Results", "Authentication-Results",
		"List-Unsubscribe", "List-Post", "List-Archive", "Autocrypt",
		NULL };

	return listed(f, names) || has_addresses(f);
}

/* The end of the piece that makes the next line: before a blank, and neither
 * it nor the rest is blanks only (RFC 5322 3.2.2). */
static size_t
fold_at(struct span s, bool commas)
{
	size_t at = 0, end = s.len;
	bool text = false;

	while (end && blank(s.ptr[end - 1]))
		end--;
	for (size_t i = 0; i < end && i <= WIDE; i++) {
		if (blank(s.ptr[i]) && text)
			at = i;
		else if (!blank(s.ptr[i]))
			text = true;
		if (at && i >= NICE)
			return at;
	}
	for (size_t i = commas && s.len > WIDE ? WIDE : 0; i; i--)
		if (s.ptr[i - 1] == ',')
			return i;
	return at ? at : WIDE;
}

/* One line, without its LF, as several. */
static void
fold(struct span s, bool commas, struct buf *out)
{
	while (s.len > LEGAL_LINE || (s.len > NICE && blank(*s.ptr))) {
		size_t at = fold_at(s, commas);

		if (at >= s.len)
			break;
		buf_add(out, s.ptr, at);
		buf_chr(out, '\n');
		s = span_from(s, at);
		if (!blank(*s.ptr)) /* a word that had to be broken */
			buf_chr(out, ' ');
	}
	buf_span(out, s);
}

static void
fold_lines(struct span text, bool commas, struct buf *out)
{
	while (text.ptr) {
		struct span line = span_cut(&text, '\n');

		if (line.len > LEGAL_LINE)
			fold(line, commas, out);
		else
			buf_span(out, line);
		if (text.ptr)
			buf_chr(out, '\n');
	}
}

/* The body on one line (RFC 5322 2.2.3). */
static void
unfold(struct span body, struct buf *out)
{
	for (size_t i = 0; i < body.len; i++)
		if (body.ptr[i] != '\n')
			buf_chr(out, body.ptr[i]);
}

static bool
needs_word(struct span w)
{
	return w.len > WIDE || !ascii(w);
}

static bool
is_word(struct span w)
{
	return w.len > 4 && w.ptr[0] == '=' && w.ptr[1] == '?' &&
	       w.ptr[w.len - 2] == '?' && w.ptr[w.len - 1] == '=';
}

/* The word that ends at at, or begins there. */
static struct span
word_before(struct span s, size_t at)
{
	size_t end = at;

	while (end && blank(s.ptr[end - 1]))
		end--;
	at = end;
	while (at && !blank(s.ptr[at - 1]))
		at--;
	return (struct span){ s.ptr + at, end - at };
}

static struct span
word_behind(struct span s, size_t at)
{
	size_t end;

	while (at < s.len && blank(s.ptr[at]))
		at++;
	for (end = at; end < s.len && !blank(s.ptr[end]);)
		end++;
	return (struct span){ s.ptr + at, end - at };
}

/* From the first word that must be encoded to the last one.  A blank between
 * two encoded words is not shown (RFC 2047 6.2): beside one that was there
 * before, ours takes it in. */
static void
put_words(struct span s, struct buf *out)
{
	size_t from = s.len, to = 0;

	for (size_t i = 0; i < s.len;) {
		struct span w = word_behind(s, i);
		size_t at = (size_t)(w.ptr - s.ptr);

		i = at + w.len;
		if (w.len == 0 || !needs_word(w))
			continue;
		if (at < from)
			from = at;
		to = i;
	}
	if (to == 0) {
		buf_span(out, s);
		return;
	}
	if (is_word(word_before(s, from)))
		while (from > 1 && blank(s.ptr[from - 1]) &&
		       blank(s.ptr[from - 2]))
			from--;
	if (is_word(word_before(s, from)) && from)
		from--;
	buf_add(out, s.ptr, from);
	if (from == 0 || !blank(s.ptr[from - 1]))
		buf_chr(out, ' ');
	if (is_word(word_behind(s, to)))
		while (to < s.len && blank(s.ptr[to]))
			to++;
	encode_words((struct span){ s.ptr + from, to - from }, out);
	if (to < s.len && !blank(s.ptr[to]))
		buf_chr(out, ' ');
	buf_span(out, span_from(s, to));
}

/* GMime 3 writes on without end when a name leaves no room on its line for the
 * value. */
static void
drop_long_names(GMimeParamList *params)
{
	for (int i = g_mime_param_list_length(params); i-- > 0;) {
		GMimeParam *p = g_mime_param_list_get_parameter_at(params, i);

		if (strlen(g_mime_param_get_name(p)) > PARAM)
			g_mime_param_list_remove_at(params, i);
	}
}

/* What GMime makes of the body; NULL where it makes nothing of it. */
static char *
rendered(const struct field *f, const char *body)
{
	GMimeParserOptions *p = g_mime_parser_options_get_default();
	GMimeFormatOptions *o = g_mime_format_options_get_default();
	char *text = NULL;

	if (field_is(f, "Content-Type")) {
		GMimeContentType *t = g_mime_content_type_parse(p, body);

		if (t)
			drop_long_names(g_mime_content_type_get_parameters(t));
		text = t ? g_mime_content_type_encode(t, o) : NULL;
		if (t)
			g_object_unref(t);
	} else if (field_is(f, "Content-Disposition")) {
		GMimeContentDisposition *d =
		    g_mime_content_disposition_parse(p, body);

		if (d)
			drop_long_names(
			    g_mime_content_disposition_get_parameters(d));
		text = d ? g_mime_content_disposition_encode(d, o) : NULL;
		if (d)
			g_object_unref(d);
	} else if (has_addresses(f)) {
		InternetAddressList *l = internet_address_list_parse(p, body);

		if (l && internet_address_list_length(l) > 0)
			text = internet_address_list_to_string(l, o, TRUE);
		if (l)
			g_object_unref(l);
	}
	if (text && !*g_strstrip(text)) {
		g_free(text);
		text = NULL;
	}
	return text;
}

/* True if it could be said in GMime's words. */
static bool
put_rendered(const struct field *f, struct buf *one, struct buf *out)
{
	char *body = span_dup(span_trim(buf_view(one)));
	char *text = body ? rendered(f, body) : NULL;
	bool fits = text && ascii(span_of(text));

	free(body);
	if (fits) {
		buf_chr(out, ' ');
		buf_str(out, text);
	}
	g_free(text);
	return fits;
}

static void
put_encoded(const struct field *f, struct buf *one, struct buf *out)
{
	if (put_rendered(f, one, out))
		return;
	put_words(buf_view(one), out);
	/* Not an address that 7 bits can say: a group without members, for
	 * people to read (RFC 6857 3.1.8). */
	if (has_addresses(f) && !ascii(buf_view(one)))
		buf_str(out, " :;");
}

void
head_field(const struct field *f, struct buf *out)
{
	struct buf one = { 0 }, made = { 0 };
	struct span name = f->name;
	bool words =
	    !ascii(f->body) || (!is_structured(f) && !legal_text(f->whole));

	if (legal_text(f->whole)) {
		buf_span(out, f->whole);
		return;
	}
	if (name.len > NICE)
		name.len = NICE;
	buf_span(&made, name);
	buf_chr(&made, ':');
	unfold(f->body, &one);
	if (words)
		put_encoded(f, &one, &made);
	else
		buf_span(&made, f->body);
	fold_lines(buf_view(&made), has_addresses(f), out);
	if (f->whole.ptr[f->whole.len - 1] == '\n')
		buf_chr(out, '\n');
	out->bad |= one.bad || made.bad;
	buf_free(&one);
	buf_free(&made);
}

void
head_squash(struct span text, struct buf *out)
{
	size_t line = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '\n') {
			line = 0;
		} else if (line++ == WIDE) {
			buf_chr(out, '\n');
			line = 1;
		}
		buf_chr(out, (unsigned char)c < 0x80 ? c : '?');
	}
}
