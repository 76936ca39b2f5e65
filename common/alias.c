#include "common/alias.h"
#include "common/addr.h"
#include <errno.h>
#include <string.h>

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool
control(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] < ' ' || s.ptr[i] == 0x7f)
			return true;
	return false;
}

/* Is there nothing in a line, or only a comment? */
static bool
says_nothing(struct span line)
{
	line = span_trim(line);
	return line.len == 0 || line.ptr[0] == '#';
}

/* Entries. */

/* Takes the lines that go on with the one before, and what says nothing
 * between them: how much of rest that is, and *lines of them. */
static size_t
continued(struct span rest, unsigned *lines)
{
	struct span at = rest, line;
	size_t taken = 0;
	unsigned n = 0;

	*lines = 0;
	while (at.len) {
		line = span_cut(&at, '\n');
		n++;
		if (says_nothing(line))
			continue;
		if (!blank(line.ptr[0]))
			break;
		taken = rest.len - at.len;
		*lines = n;
	}
	return taken;
}

/* In place: "a \"b\"" without its quotes and what they need.  The quote at
 * the beginning is closed at the end. */
static struct span
unquoted(char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 1; i + 1 < len; i++) {
		if (text[i] == '\\' && i + 2 < len)
			i++;
		text[n++] = text[i];
	}
	return (struct span){ text, n };
}

/* The name up to the colon, and what is behind it. */
static const char *
entry(struct span text, struct alias_entry *e)
{
	struct span name = text;
	bool quote = false, quoted;
	size_t i;

	for (i = 0; i < text.len && text.ptr[i] != '\n'; i++) {
		if (text.ptr[i] == '\\' && quote && i + 1 < text.len)
			i++;
		else if (text.ptr[i] == '"')
			quote = !quote;
		else if (text.ptr[i] == ':' && !quote)
			break;
	}
	if (i >= text.len || text.ptr[i] != ':')
		return quote ? "the closing quote of the name is missing"
			     : "no colon behind the name";
	name.len = i;
	name = span_trim(name);
	e->items = span_from(text, i + 1);
	if (name.len > ALIAS_NAME_MAX)
		return "the name is longer than 255 octets";
	quoted =
	    name.len > 1 && name.ptr[0] == '"' && name.ptr[name.len - 1] == '"';
	if (!quoted)
		for (i = 0; i < name.len; i++)
			if (blank(name.ptr[i]))
				return "a blank in a name that is not quoted, "
				       "or a colon is missing";
	if (control(name))
		return "a control octet in the name";
	buf_span(&e->name, name);
	if (quoted)
		e->name.len = unquoted(e->name.ptr, e->name.len).len;
	return e->name.len ? NULL : "no name before the colon";
}

int
alias_next(struct span *rest, unsigned *line, struct alias_entry *e)
{
	struct alias_list list;
	struct span first, at;
	unsigned more;
	size_t taken;

	buf_reset(&e->name);
	e->wrong = NULL;
	do {
		if (rest->len == 0)
			return 0;
		at = *rest;
		first = span_cut(rest, '\n');
		++*line;
	} while (says_nothing(first));
	e->line = *line;
	taken = continued(*rest, &more);
	at.len -= rest->len - taken;
	*rest = span_from(*rest, taken);
	*line += more;
	e->items = (struct span){ at.ptr, 0 };
	if (blank(first.ptr[0]))
		e->wrong = "a line that begins with a blank goes on with "
			   "none";
	else
		e->wrong = entry(at, e);
	if (e->name.bad) {
		errno = ENOMEM;
		return -1;
	}
	if (e->wrong == NULL) { /* something must be behind the colon */
		struct alias_item item = { 0 };
		int got;

		list = alias_items(e);
		got = alias_item(&list, &item);
		alias_item_free(&item);
		if (got == -1)
			return -1;
		if (got == 0)
			e->wrong = "nothing behind the colon";
	}
	return 1;
}

void
alias_entry_free(struct alias_entry *e)
{
	buf_free(&e->name);
}

/* Items. */

struct alias_list
alias_items(const struct alias_entry *e)
{
	return (struct alias_list){ .rest = e->items, .line = e->line };
}

struct alias_list
alias_lines(struct span text)
{
	return (struct alias_list){ .rest = text, .line = 1, .lines = true };
}

static void
skip_comment(struct alias_list *l)
{
	while (l->rest.len && l->rest.ptr[0] != '\n')
		l->rest = span_from(l->rest, 1);
}

/* To the first octet of an item: false when there is none. */
static bool
find_item(struct alias_list *l)
{
	while (l->rest.len) {
		char c = l->rest.ptr[0];

		if (c == '#') {
			skip_comment(l);
			continue;
		}
		if (c != ',' && c != '\n' && !blank(c))
			return true;
		l->line += c == '\n';
		l->rest = span_from(l->rest, 1);
	}
	return false;
}

/* The end of a line within an item: it and what begins the next one are a
 * blank, and lines of comments are nothing. */
static void
next_line(struct alias_list *l)
{
	do {
		l->rest = span_from(l->rest, 1);
		l->line++;
		while (l->rest.len && blank(l->rest.ptr[0]))
			l->rest = span_from(l->rest, 1);
		if (l->rest.len && l->rest.ptr[0] == '#')
			skip_comment(l);
	} while (l->rest.len && l->rest.ptr[0] == '\n');
}

/* Where in an item we are. */
struct scan {
	bool shell;   /* a command, in which # is the shell's */
	bool address; /* where ( and < mean something */
	bool quote, escaped, angle;
	unsigned parens;
	char before; /* the octet before */
};

/* Does it end before c? */
static bool
ends(struct scan *s, char c, bool lines)
{
	if (c == '\n' && lines)
		return true;
	if (s->escaped) {
		s->escaped = false;
		return false;
	}
	if (c == '\\')
		s->escaped = true;
	else if (c == '"')
		s->quote = !s->quote;
	else if (s->quote)
		return false;
	else if (s->address && c == '(')
		s->parens++;
	else if (s->address && c == ')' && s->parens)
		s->parens--;
	else if (s->address && !s->parens && (c == '<' || c == '>'))
		s->angle = c == '<';
	else
		return c == ',' && !s->parens && !s->angle;
	return false;
}

/* Its octets into b, as they are written but for line ends; NULL, or why they
 * are no item. */
static const char *
gather(struct alias_list *l, struct buf *b)
{
	struct span head = l->rest;
	struct scan s = { .before = ',' };
	bool large = false;

	if (head.ptr[0] == '"')
		head = span_from(head, 1);
	s.shell = head.len && head.ptr[0] == '|';
	s.address = head.len && strchr("|/:", head.ptr[0]) == NULL;
	while (l->rest.len) {
		char c = l->rest.ptr[0];

		if (c == '#' && !s.shell && !s.quote && !s.parens &&
		    blank(s.before)) {
			skip_comment(l);
			continue;
		}
		if (ends(&s, c, l->lines))
			break;
		if (c == '\n') {
			next_line(l);
			c = ' ';
		} else {
			l->rest = span_from(l->rest, 1);
			if (c == '\t' ||
			    (c == '\r' &&
				(l->rest.len == 0 || l->rest.ptr[0] == '\n')))
				c = ' ';
		}
		s.before = c;
		if (b->len < ALIAS_ITEM_MAX)
			buf_chr(b, c);
		else
			large = true;
	}
	while (b->len && blank(b->ptr[b->len - 1]))
		b->len--;
	return large		      ? "longer than 4096 octets"
	       : s.quote	      ? "the closing quote is missing"
	       : s.parens	      ? "the closing parenthesis is missing"
	       : s.angle	      ? "the closing angle bracket is missing"
	       : control(buf_view(b)) ? "a control octet"
				      : NULL;
}

/* Comments in parentheses go, and what stands before <...> or behind it. */
static struct span
bare(char *text, size_t len)
{
	size_t n = 0, open = 0, close = 0;
	unsigned parens = 0;
	bool quote = false, angle = false;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		bool escape = c == '\\' && i + 1 < len;

		if (c == '"' && !parens)
			quote = !quote;
		else if (c == '(' && !quote)
			parens++;
		if (!parens) {
			if (c == '<' && !quote && !angle) {
				open = n;
				angle = true;
			} else if (c == '>' && !quote) {
				close = n;
			}
			text[n++] = c;
			if (escape)
				text[n++] = text[i + 1];
		} else if (c == ')') {
			parens--;
		}
		i += escape;
	}
	if (angle && close > open)
		return (struct span){ text + open, close - open + 1 };
	return (struct span){ text, n };
}

static const char *
address(struct span s, struct alias_item *item)
{
	struct addr a;

	s = span_trim(bare(item->text.ptr + (s.ptr - item->text.ptr), s.len));
	item->kind = ALIAS_ADDRESS;
	if (s.len > 1 && s.ptr[0] == '\\') {
		item->last = true;
		s = span_from(s, 1);
	}
	if (s.len && s.ptr[0] == '~')
		return "a file is named from the root, by a path that begins "
		       "with /";
	switch (addr_parse(s, &a)) {
	case ADDR_OK:
		break;
	case ADDR_LONG:
		return addr_error_text(ADDR_LONG);
	default:
		return "not a valid address; is a comma or a quote missing?";
	}
	/* Without brackets and source route; the domain follows directly. */
	s = a.local;
	if (a.domain.len)
		s.len = (size_t)(a.domain.ptr + a.domain.len - s.ptr);
	memmove(item->text.ptr, s.ptr, s.len);
	item->text.len = s.len;
	return NULL;
}

static const char *
path(struct span s, enum alias_kind kind, struct alias_item *item)
{
	struct span rest = s;

	item->kind = kind;
	if (s.len < 2 || s.ptr[0] != '/')
		return "no path; it must begin with /";
	while (rest.ptr)
		if (span_eq(span_cut(&rest, '/'), SPAN("..")))
			return "\"..\" is not allowed in a path";
	memmove(item->text.ptr, s.ptr, s.len);
	item->text.len = s.len;
	return NULL;
}

/* |"..." and :include:"...", where the quotes are all of it. */
static struct span
inner(struct span s, struct alias_item *item)
{
	s = span_trim(s);
	for (size_t i = 1; s.len > 1 && s.ptr[0] == '"' && i < s.len; i++) {
		if (s.ptr[i] == '\\')
			i++;
		else if (s.ptr[i] == '"')
			return i + 1 < s.len
				   ? s
				   : unquoted(item->text.ptr +
						  (s.ptr - item->text.ptr),
					 s.len);
	}
	return s;
}

/* What it is, and what remains of it in text. */
static const char *
classify(struct alias_item *item)
{
	struct span s = buf_view(&item->text), whole;

	/* Quotes around all of it belong to an address if it is one: "a b". */
	if (s.ptr[0] == '"' && s.len > 2 && strchr("|/:", s.ptr[1])) {
		whole = inner(s, item);
		if (whole.len == s.len)
			return "junk behind a closing quote";
		s = whole;
	}
	switch (s.ptr[0]) {
	case '|':
		item->kind = ALIAS_COMMAND;
		s = inner(span_from(s, 1), item);
		if (s.len == 0)
			return "no command behind |";
		memmove(item->text.ptr, s.ptr, s.len);
		item->text.len = s.len;
		return NULL;
	case '/':
		return path(s, ALIAS_FILE, item);
	case ':':
		if (!span_starts(s, SPAN(":include:")))
			return "of the words between colons only :include: is "
			       "known";
		return path(inner(span_from(s, 9), item), ALIAS_INCLUDE, item);
	default:
		return address(s, item);
	}
}

int
alias_item(struct alias_list *l, struct alias_item *item)
{
	struct buf text = item->text;

	buf_reset(&text);
	*item = (struct alias_item){ .text = text };
	if (!find_item(l))
		return 0;
	item->line = l->line;
	item->wrong = gather(l, &item->text);
	if (item->text.bad) {
		errno = ENOMEM;
		return -1;
	}
	if (item->wrong == NULL)
		item->wrong = classify(item);
	if (item->wrong) {
		item->kind = ALIAS_BROKEN;
		item->last = false;
	}
	return 1;
}

void
alias_item_free(struct alias_item *item)
{
	buf_free(&item->text);
}
