#include "sendmail/complete.h"
#include "common/date.h"
#include "common/field.h"
#include "common/printable.h"
#include "common/utf8.h"
#include "sendmail/resent.h"
#include <string.h>

static const char *const plain[] = { "To", "Cc", "Bcc" };
static const char *const resent[] = { "Resent-To", "Resent-Cc", "Resent-Bcc" };
/* Bcc never leaves; Return-Path is added by the last hop (RFC 5321 4.4). */
static const char *const removed[] = { "Bcc", "Resent-Bcc", "Return-Path" };
/* Without a value they are as good as missing, and illegal (RFC 5322 3.6). */
static const char *const hollow[] = { "Date", "From", "Sender", "Reply-To",
	"To", "Cc", "Message-ID", "Resent-Date", "Resent-From", "Resent-To",
	"Resent-Cc", "Resent-Message-ID" };
static const char *const qualified[] = { "From", "Sender", "Reply-To", "To",
	"Cc", "Resent-From", "Resent-Sender", "Resent-Reply-To", "Resent-To",
	"Resent-Cc" };
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

bool
complete_header_whole(struct span text)
{
	struct span rest = span_from(text, complete_header_end(text));
	size_t i = 0;

	if (rest.len && rest.ptr[0] == '\n')
		return true;
	/* where it stops to look like a field, no colon mends it */
	while (i < rest.len && i < FIELD_LINE_MAX && rest.ptr[i] > ' ' &&
	       rest.ptr[i] <= '~')
		i++;
	while (i && i < rest.len && (rest.ptr[i] == ' ' || rest.ptr[i] == '\t'))
		i++;
	return i < rest.len;
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
leaves(const struct field *f)
{
	if (one_of(f, removed, COUNT(removed)))
		return false;
	return span_trim(f->body).len || !one_of(f, hollow, COUNT(hollow));
}

/* Does a field of that name leave? */
static bool
has(struct span header, const char *name)
{
	struct field f;

	while (field_next(&header, &f))
		if (field_is(&f, name) && leaves(&f))
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
	struct span block = resent_block(header);
	const char *const *names = block.len ? resent : plain;
	struct add a = { r, why };
	struct field f;

	if (block.len)
		header = block;
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

/* Without the character that the end of text cuts in two.  A text that is
 * whole ends in LF. */
static struct span
whole_characters(struct span text)
{
	for (size_t back = 1; back <= 3 && back <= text.len; back++) {
		unsigned char c = (unsigned char)text.ptr[text.len - back];
		size_t want = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

		if (want > back)
			return (struct span){ text.ptr, text.len - back };
		if ((c & 0xc0) != 0x80)
			break;
	}
	return text;
}

bool
complete_wants_mime(struct span header, struct span text)
{
	bool eight = false;
	struct field f;

	for (size_t i = 0; i < text.len && !eight; i++)
		eight = (unsigned char)text.ptr[i] >= 0x80;
	if (!eight)
		return false;
	while (field_next(&header, &f))
		if (field_is(&f, "MIME-Version") ||
		    span_starts(f.name, SPAN("Content-")))
			return false;
	/* a NUL is no text in any encoding but binary (RFC 2045 2.8) */
	return memchr(text.ptr, '\0', text.len) == NULL &&
	       utf8_valid(whole_characters(text));
}

/* Once, and nothing else: what is not understood asks for nothing. */
bool
complete_tls_optional(struct span header)
{
	bool no = false;
	struct field f;

	while (field_next(&header, &f)) {
		if (!field_is(&f, "TLS-Required"))
			continue;
		if (no || !span_ieq(span_trim(f.body), SPAN("No")))
			return false;
		no = true;
	}
	return no;
}

/* Is there anything of it that a person would see? */
static bool
visible(const char *name)
{
	for (; name && *name; name++)
		if ((unsigned char)*name > ' ' && *name != 0x7f)
			return true;
	return false;
}

/* RFC 2047 2: a line with an encoded word has at most 76 octets. */
static bool
passes_76(const struct buf *field, const char *from)
{
	struct span all = buf_view(field);
	const char *lf = all.len ? memrchr(all.ptr, '\n', all.len) : NULL;
	size_t line = lf ? (size_t)(all.ptr + all.len - lf) - 1 : all.len;

	return all.len > 2 && memcmp(all.ptr + all.len - 2, "?=", 2) == 0 &&
	       line + strlen(" <>") + strlen(from) > 76;
}

static void
put_from(const char *name, const struct complete *c, struct buf *out)
{
	struct buf field = { 0 };

	buf_fmt(&field, "%s: ", name);
	if (visible(c->fullname)) {
		field_phrase(&field, span_of(c->fullname));
		if (passes_76(&field, c->from))
			buf_chr(&field, '\n');
		buf_fmt(&field, " <%s>\n", c->from);
	} else {
		buf_fmt(&field, "%s\n", c->from);
	}
	out->bad |= field.bad;
	field_fold(out, buf_view(&field));
	buf_free(&field);
}

static void
put(const struct field *f, const struct complete *c, struct buf *out)
{
	struct buf one = { 0 };
	struct span whole = f->whole;

	if (c->domain && one_of(f, qualified, COUNT(qualified))) {
		buf_add(&one, whole.ptr, (size_t)(f->body.ptr - whole.ptr));
		if (field_qualify(&one, f->body, c->domain) == 0)
			whole = buf_view(&one);
	}
	out->bad |= one.bad;
	field_fold(out, whole);
	if (out->len && out->ptr[out->len - 1] != '\n')
		buf_chr(out, '\n');
	buf_free(&one);
}

/* RFC 5322 3.6.6: these two there must be, and an identifier should be, which
 * is not that of the message. */
static void
put_resent(struct span block, const struct complete *c, const char *now,
    struct buf *out)
{
	if (!has(block, "Resent-Date"))
		buf_fmt(out, "Resent-Date: %s\n", now);
	if (!has(block, "Resent-Message-ID"))
		buf_fmt(
		    out, "Resent-Message-ID: <R.%s@%s>\n", c->id, c->hostname);
	if (!has(block, "Resent-From"))
		put_from("Resent-From", c, out);
}

static void
put_missing(struct span header, const struct complete *c, const char *now,
    struct buf *out)
{
	if (!has(header, "Date"))
		buf_fmt(out, "Date: %s\n", now);
	if (!has(header, "Message-ID"))
		buf_fmt(out, "Message-ID: <%s@%s>\n", c->id, c->hostname);
	if (!has(header, "From"))
		put_from("From", c, out);
	/* The Bcc that RFC 822 4.1 would do with never leaves; an empty group
	 * (RFC 5322 3.4, appendix A.1.3) tells of nobody. */
	if (!has(header, "To") && !has(header, "Cc"))
		buf_str(out, "To: undisclosed-recipients:;\n");
	if (c->mime)
		buf_str(out, "MIME-Version: 1.0\n"
			     "Content-Type: text/plain; charset=utf-8\n"
			     "Content-Transfer-Encoding: 8bit\n");
}

void
complete_header(struct span header, const struct complete *c, struct buf *out)
{
	struct span rest = header, block = resent_block(header);
	char now[DATE_SIZE];
	struct field f;

	date_5322((time_t)(c->env->time_us / 1000000), now);
	buf_fmt(out, "Received: from %s (uid %lu)\n", c->login,
	    (unsigned long)c->env->uid);
	buf_fmt(out, "\tby %s (Bellman) with %s id %s;\n\t%s\n", c->hostname,
	    c->with ? c->with : "local", c->id, now);
	while (field_next(&rest, &f)) {
		if (f.whole.ptr == block.ptr)
			put_resent(block, c, now, out);
		if (leaves(&f))
			put(&f, c, out);
	}
	put_missing(header, c, now, out);
}
