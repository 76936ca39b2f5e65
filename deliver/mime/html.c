#include "deliver/mime/html.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LINK 200 /* octets; what is longer is of no use on a screen */

enum act {
	ACT_NONE,
	ACT_CELL,   /* two blanks, or it runs into the next */
	ACT_BREAK,  /* a line ends here */
	ACT_PARA,   /* and an empty one follows */
	ACT_ITEM,   /* a line that begins with a star */
	ACT_PRE,    /* blanks and line ends count */
	ACT_IMAGE,  /* shown as its alt text */
	ACT_LINK,   /* where it leads is said behind its text */
	ACT_RULE,   /* a line across */
	ACT_HIDDEN, /* all up to its end tag is no text */
};

static const struct tag {
	const char *name;
	enum act act;
} tags[] = {
	{ "a", ACT_LINK },
	{ "address", ACT_BREAK },
	{ "blockquote", ACT_PARA },
	{ "body", ACT_BREAK },
	{ "br", ACT_BREAK },
	{ "center", ACT_BREAK },
	{ "dd", ACT_BREAK },
	{ "div", ACT_BREAK },
	{ "dl", ACT_PARA },
	{ "dt", ACT_BREAK },
	{ "h1", ACT_PARA },
	{ "h2", ACT_PARA },
	{ "h3", ACT_PARA },
	{ "h4", ACT_PARA },
	{ "h5", ACT_PARA },
	{ "h6", ACT_PARA },
	{ "head", ACT_HIDDEN },
	{ "hr", ACT_RULE },
	{ "img", ACT_IMAGE },
	{ "li", ACT_ITEM },
	{ "ol", ACT_PARA },
	{ "p", ACT_PARA },
	{ "pre", ACT_PRE },
	{ "script", ACT_HIDDEN },
	{ "style", ACT_HIDDEN },
	{ "table", ACT_PARA },
	{ "td", ACT_CELL },
	{ "th", ACT_CELL },
	{ "title", ACT_HIDDEN },
	{ "tr", ACT_BREAK },
	{ "ul", ACT_PARA },
};

static const struct {
	const char *name;
	uint32_t c;
} entities[] = {
	{ "amp", '&' },
	{ "lt", '<' },
	{ "gt", '>' },
	{ "quot", '"' },
	{ "apos", '\'' },
	{ "nbsp", ' ' },
	{ "copy", 0xa9 },
	{ "reg", 0xae },
	{ "trade", 0x2122 },
	{ "euro", 0x20ac },
	{ "pound", 0xa3 },
	{ "sect", 0xa7 },
	{ "deg", 0xb0 },
	{ "middot", 0xb7 },
	{ "bull", 0x2022 },
	{ "hellip", 0x2026 },
	{ "ndash", 0x2013 },
	{ "mdash", 0x2014 },
	{ "lsquo", 0x2018 },
	{ "rsquo", 0x2019 },
	{ "sbquo", 0x201a },
	{ "ldquo", 0x201c },
	{ "rdquo", 0x201d },
	{ "bdquo", 0x201e },
	{ "laquo", 0xab },
	{ "raquo", 0xbb },
	{ "times", 0xd7 },
	{ "larr", 0x2190 },
	{ "rarr", 0x2192 },
	{ "szlig", 0xdf },
	{ "auml", 0xe4 },
	{ "ouml", 0xf6 },
	{ "uuml", 0xfc },
	{ "Auml", 0xc4 },
	{ "Ouml", 0xd6 },
	{ "Uuml", 0xdc },
	{ "eacute", 0xe9 },
	{ "egrave", 0xe8 },
	{ "agrave", 0xe0 },
	{ "ccedil", 0xe7 },
	{ "ntilde", 0xf1 },
};

struct page {
	struct buf *out;
	int pre;	  /* depth of <pre> */
	unsigned breaks;  /* line ends that are owed */
	unsigned blanks;  /* that are owed, at most 2 */
	bool begun;	  /* this line has something */
	struct span link; /* where the <a> leads that we are in */
	size_t said;	  /* where in out its text begins */
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void
owe_breaks(struct page *p, unsigned n)
{
	p->blanks = 0;
	if (!p->begun && p->breaks == 0)
		return; /* nothing before the first text */
	if (p->breaks < n)
		p->breaks = n;
}

/* What is owed comes with the text that follows, so that nothing ends in empty
 * lines. */
static void
begin(struct page *p)
{
	for (; p->breaks; p->breaks--)
		buf_chr(p->out, '\n'), p->begun = false;
	for (; p->blanks && p->begun; p->blanks--)
		buf_chr(p->out, ' ');
	p->blanks = 0;
	p->begun = true;
}

static void
put(struct page *p, struct span s)
{
	begin(p);
	buf_span(p->out, s);
}

static void
put_char(struct page *p, uint32_t c)
{
	char u[4];
	size_t n;

	if (c < 0x80) {
		u[0] = (char)c;
		n = 1;
	} else if (c < 0x800) {
		u[0] = (char)(0xc0 | c >> 6);
		n = 2;
	} else if (c < 0x10000) {
		u[0] = (char)(0xe0 | c >> 12);
		n = 3;
	} else {
		u[0] = (char)(0xf0 | c >> 18);
		n = 4;
	}
	for (size_t i = 1; i < n; i++)
		u[i] = (char)(0x80 | (c >> 6 * (n - 1 - i) & 0x3f));
	put(p, (struct span){ u, n });
}

/* The character of &name; or &#number;, and how many octets that takes; 0: it
 * is none, and the & stands for itself. */
static size_t
entity(struct span s, uint32_t *c)
{
	size_t n = 1;
	char number[12];
	unsigned long value;

	while (n < s.len && n < 12 && s.ptr[n] != ';')
		n++;
	if (n == 1 || n >= s.len || s.ptr[n] != ';')
		return 0;
	if (s.ptr[1] != '#') {
		struct span name = { s.ptr + 1, n - 1 };

		for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
			if (span_eq(name, span_of(entities[i].name))) {
				*c = entities[i].c;
				return n + 1;
			}
		return 0;
	}
	memcpy(number, s.ptr + 2, n - 2);
	number[n - 2] = '\0';
	value = number[0] == 'x' || number[0] == 'X'
		    ? strtoul(number + 1, NULL, 16)
		    : strtoul(number, NULL, 10);
	if (value < ' ' || value > 0x10ffff ||
	    (value >= 0xd800 && value <= 0xdfff))
		value = 0xfffd;
	*c = value == 0xa0 ? ' ' : (uint32_t)value;
	return n + 1;
}

static void
text(struct page *p, struct span s)
{
	while (s.len) {
		uint32_t c = 0;
		size_t n = 1;

		if (*s.ptr == '\n' && p->pre) {
			p->breaks++;
			p->blanks = 0;
		} else if (is_blank(*s.ptr) && !p->pre) {
			if (p->begun && p->blanks == 0)
				p->blanks = 1;
		} else if (*s.ptr == '&' && (n = entity(s, &c)) != 0) {
			put_char(p, c);
		} else {
			n = 1;
			while (
			    n < s.len && s.ptr[n] != '&' &&
			    (p->pre ? s.ptr[n] != '\n' : !is_blank(s.ptr[n])))
				n++;
			put(p, (struct span){ s.ptr, n });
		}
		s = span_from(s, n);
	}
}

/* From < to >, quoted values passed over: its length; the rest, where it does
 * not end. */
static size_t
tag_length(struct span s)
{
	char quote = '\0';

	for (size_t i = 1; i < s.len; i++) {
		char c = s.ptr[i];

		if (quote)
			quote = c == quote ? '\0' : quote;
		else if (c == '>')
			return i + 1;
		else if ((c == '"' || c == '\'') && s.ptr[i - 1] == '=')
			quote = c;
	}
	return s.len;
}

/* Octets up to and with the end tag of name; the rest, where there is none. */
static size_t
hidden_length(struct span s, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i + len + 2 <= s.len; i++)
		if (s.ptr[i] == '<' && s.ptr[i + 1] == '/' &&
		    strncasecmp(s.ptr + i + 2, name, len) == 0)
			return i + tag_length(span_from(s, i));
	return s.len;
}

/* The value of name="..." in a tag. */
static struct span
attribute(struct span tag, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i + len + 2 < tag.len; i++)
		if (is_blank(tag.ptr[i]) &&
		    strncasecmp(tag.ptr + i + 1, name, len) == 0 &&
		    tag.ptr[i + 1 + len] == '=' &&
		    (tag.ptr[i + 2 + len] == '"' ||
			tag.ptr[i + 2 + len] == '\'')) {
			struct span v = span_from(tag, i + len + 3);

			return span_cut(&v, tag.ptr[i + len + 2]);
		}
	return (struct span){ tag.ptr, 0 };
}

/* The end of a link says where it leads, unless its text was that. */
static void
link_at(struct page *p, bool ends, struct span tag)
{
	struct span to = p->link, said;

	p->link.len = 0;
	if (!ends) {
		to = attribute(tag, "href");
		if (to.len <= MAX_LINK &&
		    (span_starts(to, SPAN("http://")) ||
			span_starts(to, SPAN("https://"))))
			p->link = to;
		p->said = p->out->len;
	} else if (to.len) {
		said = span_from(buf_view(p->out), p->said);
		if (span_eq(span_trim(said), to))
			return;
		p->blanks = 1;
		put(p, SPAN("<"));
		text(p, to);
		put(p, SPAN(">"));
	}
}

static const struct tag *
find(struct span name)
{
	for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
		if (span_ieq(name, span_of(tags[i].name)))
			return &tags[i];
	return NULL;
}

static void
obey(struct page *p, enum act act, bool ends, struct span tag)
{
	switch (act) {
	case ACT_CELL:
		if (p->begun && p->breaks == 0)
			p->blanks = 2;
		break;
	case ACT_LINK:
		link_at(p, ends, tag);
		break;
	case ACT_ITEM:
		owe_breaks(p, 1);
		if (!ends) {
			put(p, SPAN("*"));
			p->blanks = 1;
		}
		break;
	case ACT_PRE:
		owe_breaks(p, 2);
		p->pre += ends ? -(p->pre > 0) : 1;
		break;
	case ACT_PARA:
		owe_breaks(p, 2);
		break;
	case ACT_RULE:
		owe_breaks(p, 1);
		put(p, SPAN("--------"));
		owe_breaks(p, 1);
		break;
	case ACT_IMAGE:
		text(p, attribute(tag, "alt"));
		break;
	case ACT_BREAK:
		owe_breaks(p, 1);
		break;
	default:
		break;
	}
}

/* What begins with <: how much of it was dealt with. */
static size_t
markup(struct page *p, struct span s)
{
	size_t n = tag_length(s), at = 1;
	const struct tag *t;
	bool ends;

	if (span_starts(s, SPAN("<!--"))) {
		for (n = 4; n < s.len; n++)
			if (s.ptr[n] == '>' && s.ptr[n - 1] == '-' &&
			    s.ptr[n - 2] == '-')
				return n + 1;
		return s.len;
	}
	ends = s.len > 1 && s.ptr[1] == '/';
	at += ends;
	if (at >= s.len || !(is_letter(s.ptr[at]) || strchr("!?", s.ptr[at]))) {
		put(p, SPAN("<"));
		return 1;
	}
	s.len = n;
	for (n = at; n < s.len && (is_letter(s.ptr[n]) ||
				      (s.ptr[n] >= '0' && s.ptr[n] <= '9'));)
		n++;
	t = find((struct span){ s.ptr + at, n - at });
	if (t && t->act == ACT_HIDDEN && !ends)
		return 0; /* the caller knows how much follows */
	if (t)
		obey(p, t->act, ends, s);
	return s.len;
}

static size_t
hidden(struct span s)
{
	static const char *const names[] = { "script", "style", "head",
		"title" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (s.len > strlen(names[i]) &&
		    strncasecmp(s.ptr + 1, names[i], strlen(names[i])) == 0)
			return hidden_length(s, names[i]);
	return s.len;
}

void
html_text(struct span s, struct buf *out)
{
	struct page p = { .out = out };

	while (s.len) {
		size_t n = 0;

		if (*s.ptr == '<') {
			n = markup(&p, s);
			if (n == 0)
				n = hidden(s);
		} else {
			while (n < s.len && s.ptr[n] != '<')
				n++;
			text(&p, (struct span){ s.ptr, n });
		}
		s = span_from(s, n);
	}
	if (p.begun)
		buf_chr(out, '\n');
}
