#include "deliver/mime/safe.h"
#include "common/field.h"
#include "common/legal.h"
#include "common/utf8.h"
#include "deliver/mime/encode.h"
#include "deliver/mime/head.h"
#include <errno.h>
#include <gmime/gmime.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH 40 /* what is nested deeper is encoded as a whole */

enum cte { CTE_NONE, CTE_7BIT, CTE_8BIT, CTE_QUOTED, CTE_BASE64, CTE_OTHER };

/* A message, or a part of one. */
struct entity {
	struct span fields; /* with their LFs */
	struct span gap; /* the empty line; or nothing, where it is missing */
	struct span body;
	enum cte cte;
	bool version, typed, charset; /* fields, and a parameter, that it has */
	bool text;		      /* LF is a line end in it */
	char type[64], subtype[64];
	char *boundary; /* NULL: none, or none that can be used */
};

static void put_entity(struct span, const char *, bool, int, struct buf *);

static enum cte
cte_of(struct span s)
{
	static const struct {
		const char *name;
		enum cte cte;
	} names[] = { { "7bit", CTE_7BIT }, { "8bit", CTE_8BIT },
		{ "binary", CTE_8BIT }, { "quoted-printable", CTE_QUOTED },
		{ "base64", CTE_BASE64 } };

	s = span_trim(s);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (span_ieq(s, span_of(names[i].name)))
			return names[i].cte;
	return CTE_OTHER;
}

static bool
identity(const struct entity *e)
{
	return e->cte == CTE_NONE || e->cte == CTE_7BIT || e->cte == CTE_8BIT;
}

/* RFC 2046 5.1.1, but nothing that a line of 7 bits cannot hold. */
static bool
usable(const char *boundary)
{
	return boundary && *boundary && strlen(boundary) <= 200 &&
	       legal_text(span_of(boundary)) && !strchr(boundary, '\n');
}

static void
read_type(struct entity *e, struct span body)
{
	char *text = span_dup(span_trim(body));
	GMimeContentType *t =
	    text ? g_mime_content_type_parse(NULL, text) : NULL;
	const char *charset, *boundary;

	free(text);
	if (t == NULL)
		return;
	e->typed = true;
	strlcpy(e->type, g_mime_content_type_get_media_type(t), sizeof e->type);
	strlcpy(e->subtype, g_mime_content_type_get_media_subtype(t),
	    sizeof e->subtype);
	charset = g_mime_content_type_get_parameter(t, "charset");
	boundary = g_mime_content_type_get_parameter(t, "boundary");
	e->charset = charset && *charset;
	/* In these a line end is not one octet. */
	e->text =
	    g_ascii_strcasecmp(e->type, "text") == 0 &&
	    !(charset && (g_ascii_strncasecmp(charset, "utf-16", 6) == 0 ||
			     g_ascii_strncasecmp(charset, "utf-32", 6) == 0 ||
			     g_ascii_strncasecmp(charset, "ucs-", 4) == 0));
	if (usable(boundary))
		e->boundary = strdup(boundary);
	g_object_unref(t);
}

static void
read_entity(struct span s, const char *type, struct entity *e)
{
	struct span rest = s;
	struct field f;

	*e = (struct entity){ .text = strcmp(type, "text") == 0 };
	strlcpy(e->type, type, sizeof e->type);
	strlcpy(e->subtype, e->text ? "plain" : "rfc822", sizeof e->subtype);
	while (field_next(&rest, &f)) {
		if (field_is(&f, "MIME-Version"))
			e->version = true;
		else if (field_is(&f, "Content-Type") && !e->typed)
			read_type(e, f.body);
		else if (field_is(&f, "Content-Transfer-Encoding") &&
			 e->cte == CTE_NONE)
			e->cte = cte_of(f.body);
	}
	e->fields = (struct span){ s.ptr, s.len - rest.len };
	e->gap = (struct span){ rest.ptr, rest.len && *rest.ptr == '\n' };
	e->body = span_from(rest, e->gap.len);
}

static bool
is(const struct entity *e, const char *type, const char *subtype)
{
	return g_ascii_strcasecmp(e->type, type) == 0 &&
	       (subtype == NULL ||
		   g_ascii_strcasecmp(e->subtype, subtype) == 0);
}

/* What a text without a word on it is in: octets that are no UTF-8 are left to
 * the reader's guess, as they were (RFC 1428 3). */
static const char *
charset_of(struct span body)
{
	struct legal l = { 0 };

	legal_feed(&l, body);
	if (!l.eight)
		return "us-ascii";
	return utf8_valid(body) ? "utf-8" : "unknown-8bit";
}

static void
put_type(const struct field *f, struct span body, struct buf *out)
{
	struct buf with = { 0 };
	struct span whole = span_trim(f->whole);
	struct span rest;
	struct field made;

	while (whole.len && whole.ptr[whole.len - 1] == ';')
		whole = span_trim((struct span){ whole.ptr, whole.len - 1 });
	buf_span(&with, whole);
	buf_fmt(&with, ";\n\tcharset=%s\n", charset_of(body));
	rest = buf_view(&with);
	if (field_next(&rest, &made))
		head_field(&made, out);
	buf_free(&with);
}

/* The header, with another encoding if cte names one, and what a reader needs
 * to undo it. */
static void
put_header(const struct entity *e, const char *cte, bool top, struct buf *out)
{
	static const char name[] = "Content-Transfer-Encoding";
	bool encoded = cte && strcmp(cte, "7bit") != 0, told = false;
	bool type = encoded && e->text && e->typed && !e->charset &&
		    !legal_text(e->body) && identity(e);
	struct span rest = e->fields;
	struct field f;

	while (field_next(&rest, &f)) {
		if (cte && field_is(&f, name)) {
			if (!told)
				buf_fmt(out, "%s: %s\n", name, cte);
			told = true;
		} else if (type && field_is(&f, "Content-Type")) {
			put_type(&f, e->body, out);
			type = false;
		} else {
			head_field(&f, out);
		}
	}
	if (encoded && !(told && e->typed && (e->version || !top)) &&
	    e->fields.len && e->fields.ptr[e->fields.len - 1] != '\n')
		buf_chr(out, '\n');
	if (encoded && top && !e->version)
		buf_str(out, "MIME-Version: 1.0\n");
	if (encoded && !e->typed)
		buf_fmt(out, "Content-Type: text/plain; charset=%s\n",
		    charset_of(e->body));
	if (encoded && !told)
		buf_fmt(out, "%s: %s\n", name, cte);
	if (e->gap.len || encoded)
		buf_chr(out, '\n');
}

/* Of an encoding that is 7 bits by itself, but not in lines: the same again. */
static void
put_again(const struct entity *e, bool top, struct buf *out)
{
	struct buf plain = { 0 };

	put_header(e, NULL, top, out);
	if (e->cte == CTE_BASE64) {
		decode_base64(e->body, &plain);
		encode_base64(buf_view(&plain), false, out);
	} else {
		decode_quoted(e->body, &plain);
		encode_quoted(buf_view(&plain), out);
	}
	out->bad |= plain.bad;
	buf_free(&plain);
}

static void
put_leaf(const struct entity *e, bool top, struct buf *out)
{
	bool quoted;

	if (legal_text(e->body)) {
		put_header(e, e->cte == CTE_8BIT ? "7bit" : NULL, top, out);
		buf_span(out, e->body);
		return;
	}
	if (e->cte == CTE_BASE64 || e->cte == CTE_QUOTED) {
		put_again(e, top, out);
		return;
	}
	quoted = e->text && encode_quoted_is_short(e->body);
	put_header(e, quoted ? "quoted-printable" : "base64", top, out);
	if (quoted)
		encode_quoted(e->body, out);
	else
		encode_base64(e->body, e->text, out);
}

/* Reports for machines: blocks of fields (RFC 3464 2.1), which may not be
 * encoded otherwise. */
static void
put_fields(const struct entity *e, bool top, struct buf *out)
{
	struct span rest = e->body;
	struct field f;

	put_header(e, e->cte == CTE_8BIT ? "7bit" : NULL, top, out);
	while (rest.ptr && rest.len) {
		if (field_next(&rest, &f)) {
			head_field(&f, out);
		} else {
			struct span line = span_cut(&rest, '\n');

			head_squash(line, out);
			if (rest.ptr)
				buf_chr(out, '\n');
		}
	}
}

/* Cuts the text before the next boundary line off *rest, with the line:
 * false when there is none. */
static bool
next_boundary(struct span *rest, const char *boundary, struct span *before,
    struct span *line, bool *last)
{
	struct span s = *rest, b = span_of(boundary);

	while (s.ptr && s.len) {
		const char *at = s.ptr;
		struct span l = span_cut(&s, '\n'), tail;

		if (l.len < b.len + 2 || memcmp(at, "--", 2) != 0 ||
		    memcmp(at + 2, b.ptr, b.len) != 0)
			continue;
		tail = span_from(l, b.len + 2);
		*last = tail.len >= 2 && memcmp(tail.ptr, "--", 2) == 0;
		if (*last)
			tail = span_from(tail, 2);
		if (span_trim(tail).len)
			continue;
		*before = (struct span){ rest->ptr, (size_t)(at - rest->ptr) };
		*line = (struct span){ at, l.len + (s.ptr != NULL) };
		*rest = s.ptr ? s : (struct span){ at + l.len, 0 };
		return true;
	}
	return false;
}

/* The line end before a boundary belongs to it (RFC 2046 5.1.1). */
static void
put_part(struct span s, const char *type, int depth, struct buf *out)
{
	bool lf = s.len && s.ptr[s.len - 1] == '\n';

	put_entity((struct span){ s.ptr, s.len - lf }, type, false, depth, out);
	if (lf)
		buf_chr(out, '\n');
}

static void
put_multipart(const struct entity *e, bool top, int depth, struct buf *out)
{
	const char *type = is(e, "multipart", "digest") ? "message" : "text";
	struct span rest = e->body, before, line;
	bool first = true, last = false;

	put_header(e, e->cte == CTE_8BIT ? "7bit" : NULL, top, out);
	while (
	    !last && next_boundary(&rest, e->boundary, &before, &line, &last)) {
		if (first)
			head_squash(before, out);
		else
			put_part(before, type, depth, out);
		first = false;
		if (out->len && out->ptr[out->len - 1] != '\n')
			buf_chr(out, '\n');
		head_squash(line, out);
	}
	if (first || last)
		head_squash(rest, out); /* shown by nobody */
	else
		put_part(rest, type, depth, out); /* never ended */
}

/* Nothing in it is 8-bit or too long, or says that it might be. */
static bool
sealed(const struct entity *e)
{
	return (is(e, "multipart", "signed") ||
		   is(e, "multipart", "encrypted")) &&
	       legal_text(e->body);
}

static bool
has_boundary(const struct entity *e)
{
	struct span rest = e->body, before, line;
	bool last;

	return e->boundary &&
	       next_boundary(&rest, e->boundary, &before, &line, &last);
}

static void
put_entity(
    struct span s, const char *type, bool top, int depth, struct buf *out)
{
	struct entity e;

	read_entity(s, type, &e);
	if (sealed(&e)) {
		put_header(&e, NULL, top, out);
		buf_span(out, e.body);
	} else if (depth >= DEPTH || !identity(&e)) {
		put_leaf(&e, top, out);
	} else if (is(&e, "multipart", NULL) && has_boundary(&e)) {
		put_multipart(&e, top, depth + 1, out);
	} else if (is(&e, "message", "rfc822") || is(&e, "message", "global")) {
		put_header(&e, e.cte == CTE_8BIT ? "7bit" : NULL, top, out);
		put_entity(e.body, "text", true, depth + 1, out);
	} else if (is(&e, "message", NULL)) {
		put_fields(&e, top, out);
	} else {
		put_leaf(&e, top, out);
	}
	free(e.boundary);
}

int
safe_message(struct span message, struct buf *out)
{
	if (legal_text(message))
		buf_span(out, message);
	else
		put_entity(message, "text", true, 0, out);
	/* base64 says where the text ends, not where its last line does. */
	if (message.len && message.ptr[message.len - 1] == '\n' && out->len &&
	    out->ptr[out->len - 1] != '\n')
		buf_chr(out, '\n');
	if (out->bad)
		errno = ENOMEM;
	return out->bad ? -1 : 0;
}
