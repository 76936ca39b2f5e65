#include "deliver/tty/screen.h"
#include "common/field.h"
#include "common/utf8.h"
#include "deliver/tty/tty.h"
#include "deliver/tty/uni.h"
#include <string.h>

#define MAX_FACT 80 /* octets of one fact in the banner */
#define MAX_NOTE 400
#define NARROW 8      /* columns: a gutter, a wide letter, two wide marks */
#define MAX_FIELD 400 /* octets of From or Subject that are shown */

static const struct span gutter = { "| ", 2 };
static const struct span no_gutter = { "", 0 };

static size_t
count_lines(struct span s)
{
	size_t lines = 0;

	for (size_t i = 0; i < s.len; i++)
		lines += s.ptr[i] == '\n';
	return lines + (s.len && s.ptr[s.len - 1] != '\n');
}

void
screen_part(struct span text, bool cut, struct screen_text *t)
{
	struct field f;

	*t = (struct screen_text){ .cut = cut };
	while (field_next(&text, &f)) {
		if (field_is(&f, "From") && t->from.len == 0)
			t->from = span_trim(f.body);
		else if (field_is(&f, "Subject") && t->subject.len == 0)
			t->subject = span_trim(f.body);
	}
	if (text.len && *text.ptr == '\n')
		text = span_from(text, 1);
	t->body = text;
	t->lines = count_lines(text);
}

bool
screen_long(const struct screen_text *t)
{
	return t->cut || t->body.len > TTY_MAX_BYTES ||
	       t->lines > TTY_MAX_LINES;
}

static void
put_line(struct buf *out, struct span head, const char *text, size_t bytes)
{
	while (bytes && text[bytes - 1] == ' ')
		bytes--;
	buf_span(out, head);
	buf_add(out, text, bytes);
	buf_str(out, "\r\n");
}

/* A character with its marks: its octets, and the columns it may take.  Marks
 * count for one each, since the Linux console and others draw them so, and two
 * where it takes all of the block for wide: a line that came out wider than we
 * think would go on beyond the gutter. */
static size_t
cluster(struct span s, size_t *columns)
{
	uint32_t c = '?';
	size_t bytes = utf8_char(s, &c), n;

	*columns = (size_t)uni_width(c);
	while ((n = utf8_char(span_from(s, bytes), &c)) && uni_width(c) == 0) {
		bytes += n;
		*columns += c >= 0x302a && c <= 0x309a ? 2 : 1;
	}
	return bytes;
}

/* clean comes from uni_clean: all its characters are valid and have a width.
 * The break is after the last blanks that fit, else wherever the line is full,
 * but not between a letter and its marks. */
static void
wrap(struct buf *out, struct span clean, struct span head, size_t columns)
{
	size_t room = columns - head.len;
	size_t start = 0, end = 0, next = 0; /* this line; break, rest */
	size_t col = 0, next_col = 0, i = 0;
	bool words = false; /* seen in this line: before them blanks indent */

	if (clean.len == 0)
		clean = no_gutter; /* a pointer that may be added to */
	while (i < clean.len) {
		size_t width, n = cluster(span_from(clean, i), &width);

		if (clean.ptr[i] == ' ') {
			if (words && clean.ptr[i - 1] != ' ')
				end = i;
			next = ++i;
			next_col = ++col;
			continue; /* blanks at the end take no room */
		}
		/* Twice, where what is behind the break and this one, with its
		 * marks, are together too wide again. */
		while (col + width > room) {
			if (end > start) {
				put_line(
				    out, head, clean.ptr + start, end - start);
				start = next;
				col -= next_col;
			} else { /* before the first word: an indent only */
				if (words)
					put_line(out, head, clean.ptr + start,
					    i - start);
				start = i;
				col = 0;
			}
			end = start;
		}
		words = true;
		col += width;
		i += n;
	}
	put_line(out, head, clean.ptr + start, clean.len - start);
}

static void
put_text(struct buf *out, struct span body, struct buf *clean, size_t columns,
    bool utf8)
{
	while (body.len) {
		buf_reset(clean);
		uni_clean(clean, span_cut(&body, '\n'), utf8);
		wrap(out, buf_view(clean), gutter, columns);
	}
}

/* A header field, unfolded (RFC 5322 2.2.3). */
static void
put_field(struct buf *out, const char *name, struct span body,
    struct buf *clean, size_t columns, bool utf8)
{
	struct buf line = { 0 };
	bool cut = body.len > MAX_FIELD;

	if (body.len == 0)
		return;
	if (cut)
		body.len = MAX_FIELD;
	while (body.len && cut && (body.ptr[body.len] & 0xc0) == 0x80)
		body.len--; /* not within a character */
	buf_str(&line, name);
	for (size_t i = 0; i < body.len; i++)
		if (body.ptr[i] != '\n')
			buf_chr(&line, body.ptr[i]);
	if (cut)
		buf_str(&line, " ...");
	buf_reset(clean);
	uni_clean(clean, buf_view(&line), utf8);
	wrap(out, buf_view(clean), gutter, columns);
	clean->bad |= line.bad;
	buf_free(&line);
}

/* Printable ASCII, and no bracket that would seem to end the banner. */
static void
add_some(struct buf *out, const char *before, struct span fact, size_t most)
{
	if (fact.len == 0)
		return;
	buf_str(out, before);
	for (size_t i = 0; i < fact.len && i < most; i++) {
		char c = fact.ptr[i];

		buf_chr(out, c < ' ' || c > '~' || strchr("[]", c) ? '?' : c);
	}
}

static void
add_fact(struct buf *out, const char *before, struct span fact)
{
	add_some(out, before, fact, MAX_FACT);
}

static void
put_banner(struct buf *out, const struct screen_facts *f, size_t columns)
{
	struct buf b = { 0 };
	/* Without a name the banner would have no beginning. */
	struct span by = f->submitter.len ? f->submitter : SPAN("somebody");

	if (f->kind == ENV_SEND) {
		add_fact(&b, "[message from ", by);
		add_fact(&b, " on ", f->host);
	} else {
		add_fact(&b, "[mail from ", by);
	}
	add_fact(&b, " for ", f->alias);
	add_fact(&b, ", ", f->time);
	if (f->kind != ENV_SEND)
		add_fact(&b, ", queue id ", f->id);
	buf_chr(&b, ']');
	wrap(out, buf_view(&b), no_gutter, columns);
	out->bad |= b.bad;
	buf_free(&b);
}

/* The first of a text's rows that an excerpt has room for: how many, and where
 * they end.  A line that goes on says so in a row of its own. */
static size_t
some_rows(struct span rows, size_t most, size_t *octets, bool *whole)
{
	size_t n = 0;

	*octets = 0;
	for (size_t i = 0; i < rows.len && n < most; i++)
		if (rows.ptr[i] == '\n') {
			n++;
			*octets = i + 1;
		}
	*whole = *octets == rows.len;
	return n;
}

/* How many lines there was room for; whether each of them is whole. */
static size_t
put_excerpt(struct buf *out, struct span body, struct buf *clean,
    size_t columns, bool utf8, bool *whole)
{
	size_t lines = 0, rows = 0;
	struct buf one = { 0 };

	*whole = true;
	while (body.len && lines < SCREEN_LINES && rows < SCREEN_ROWS) {
		size_t room = SCREEN_ROWS - rows, octets;
		bool all;

		buf_reset(&one);
		put_text(&one, span_cut(&body, '\n'), clean, columns, utf8);
		if (one.len == 0)
			put_line(&one, gutter, "", 0);
		rows += some_rows(buf_view(&one),
		    room < SCREEN_LINE_ROWS ? room : SCREEN_LINE_ROWS, &octets,
		    &all);
		buf_add(out, one.ptr, octets);
		lines++;
		if (!all) {
			put_line(out, gutter, "...", 3);
			rows++;
			*whole = false;
		}
	}
	out->bad |= one.bad;
	buf_free(&one);
	return lines;
}

static void
put_footer(struct buf *out, const struct screen_text *t,
    const struct screen_facts *f, size_t lines, bool whole, size_t columns)
{
	const char *more = t->cut ? "more than " : "";
	struct buf b = { 0 };

	if (t->cut || lines < t->lines)
		buf_fmt(&b, "[%zu of %s%zu lines%s; the rest is in the mailbox",
		    lines, more, t->lines, whole ? "" : ", long ones cut");
	else
		buf_str(&b, "[long lines are cut; the whole text is in the "
			    "mailbox");
	add_fact(&b, ", queue id ", f->id);
	buf_chr(&b, ']');
	wrap(out, buf_view(&b), no_gutter, columns);
	out->bad |= b.bad;
	buf_free(&b);
}

static size_t
width_of(unsigned columns)
{
	/* A narrow window is taken at its word, or it would wrap our lines. */
	size_t width = columns < NARROW ? 80 : columns;

	return width > 132 ? 132 : width;
}

void
screen_note(struct buf *out, struct span text, bool bell, unsigned columns)
{
	struct buf b = { 0 };

	add_some(&b, "[", text, MAX_NOTE);
	buf_chr(&b, ']');
	buf_str(out, bell ? "\a\r\n" : "\r\n");
	wrap(out, buf_view(&b), no_gutter, width_of(columns));
	out->bad |= b.bad;
	buf_free(&b);
}

void
screen_compose(struct buf *out, const struct screen_text *t,
    const struct screen_facts *f, unsigned columns, bool utf8)
{
	size_t width = width_of(columns);
	struct buf clean = { 0 };

	buf_str(out, f->bell
			 ? "\a\r\n"
			 : "\r\n"); /* away from what is being typed there */
	put_banner(out, f, width);
	put_field(out, "From: ", t->from, &clean, width, utf8);
	put_field(out, "Subject: ", t->subject, &clean, width, utf8);
	put_line(out, gutter, "", 0);
	if (f->excerpt && screen_long(t)) {
		bool whole;
		size_t lines =
		    put_excerpt(out, t->body, &clean, width, utf8, &whole);

		put_footer(out, t, f, lines, whole, width);
	} else {
		put_text(out, t->body, &clean, width, utf8);
	}
	out->bad |= clean.bad;
	buf_free(&clean);
}
