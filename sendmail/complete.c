#include "sendmail/complete.h"
#include "common/date.h"
#include "common/field.h"
#include "common/printable.h"

static const char *const plain[] = { "To", "Cc", "Bcc" };
static const char *const resent[] = { "Resent-To", "Resent-Cc", "Resent-Bcc" };
/* Bcc never leaves; Return-Path is added by the last hop (RFC 5321 4.4). */
static const char *const removed[] = { "Bcc", "Resent-Bcc", "Return-Path" };
#define COUNT(table) (sizeof(table) / sizeof *(table))

size_t
complete_header_end(struct span text)
{
	struct span rest = text;
	struct field f;

	while (field_next(&rest, &f))
		;
	return text.len - rest.len;
}

/* Exact case, and no colon behind the blanks: "From : bob" is a field. */
size_t
complete_from_line(struct span text)
{
	struct span line = span_cut(&text, '\n'), word = line;

	if (line.len && line.ptr[0] == '>')
		word = span_from(line, 1);
	if (!span_eq(span_cut(&word, ' '), SPAN("From")) || word.ptr == NULL ||
	    span_starts(span_trim(word), SPAN(":")))
		return 0;
	return line.len + (text.ptr ? 1 : 0);
}

static bool
one_of(const struct field *f, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (field_is(f, names[i]))
			return true;
	return false;
}

static bool
has(struct span header, const char *const *names, size_t n)
{
	struct field f;

	while (field_next(&header, &f))
		if (one_of(&f, names, n))
			return true;
	return false;
}

struct add {
	struct rcpts *rcpts;
	struct buf *why;
};

static int
add(struct span addr, void *arg)
{
	struct add *a = arg;

	return rcpts_add(a->rcpts, addr, a->why);
}

int
complete_recipients(struct span header, struct rcpts *r, struct buf *why)
{
	const char *const *names =
	    has(header, resent, COUNT(resent)) ? resent : plain;
	struct add a = { r, why };
	struct field f;

	while (field_next(&header, &f)) {
		if (!one_of(&f, names, COUNT(plain)))
			continue;
		if (field_addresses(f.body, add, &a) == 0)
			continue;
		if (why->len == 0) {
			buf_str(why, "the field \"");
			printable_add(why, f.name, 40);
			buf_str(why, "\" is no list of addresses: \"");
			printable_add(why, span_trim(f.body), 200);
			buf_chr(why, '"');
		}
		return -1;
	}
	return 0;
}

static void
add_from(const struct complete *c, struct buf *out)
{
	buf_str(out, "From: ");
	if (c->fullname[0]) {
		field_phrase(out, span_of(c->fullname));
		buf_fmt(out, " <%s>\n", c->from);
	} else {
		buf_fmt(out, "%s\n", c->from);
	}
}

void
complete_header(struct span header, const struct complete *c, struct buf *out)
{
	static const char *const date[] = { "Date" },
				 *const from[] = { "From" },
				 *const id[] = { "Message-ID" };
	char now[DATE_SIZE];
	struct span rest = header;
	struct field f;

	date_5322((time_t)(c->env->time_us / 1000000), now);
	buf_fmt(out, "Received: from %s (uid %lu)\n", c->login,
	    (unsigned long)c->env->uid);
	buf_fmt(out, "\tby %s (Bellman) with local id %s;\n\t%s\n", c->hostname,
	    c->id, now);
	while (field_next(&rest, &f))
		if (!one_of(&f, removed, COUNT(removed)))
			buf_span(out, f.whole);
	if (out->len && out->ptr[out->len - 1] != '\n')
		buf_chr(out, '\n');
	if (!has(header, date, 1))
		buf_fmt(out, "Date: %s\n", now);
	if (!has(header, id, 1))
		buf_fmt(out, "Message-ID: <%s@%s>\n", c->id, c->hostname);
	if (!has(header, from, 1))
		add_from(c, out);
}
