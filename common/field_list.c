#include "common/field.h"
#include <errno.h>
#include <string.h>

/* RFC 5322 3.2.3 */
static bool
atext(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') ||
	       (c && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* An encoded word at the front of text (RFC 2047 2), 0 if there is none.
 * Some programs leave commas, dots and at signs in it. */
static size_t
encoded_word(struct span text)
{
	int marks = 0;

	if (!span_starts(text, SPAN("=?")))
		return 0;
	for (size_t i = 2; i < text.len; i++) {
		if (text.ptr[i] <= ' ' || strchr("\"<>", text.ptr[i]) != NULL)
			return 0;
		if (text.ptr[i] == '?' && ++marks == 3)
			return i + 1 < text.len && text.ptr[i + 1] == '='
				   ? i + 2
				   : 0;
	}
	return 0;
}

/* What an address list is made of; blanks and comments are gone. */
enum kind { T_END, T_ATOM, T_QUOTED, T_LITERAL, T_SPECIAL, T_BAD };

struct token {
	enum kind kind;
	char special;
	struct span text; /* with quotes or brackets */
};

/* Past nested comments at the front of *in: RFC 5322 3.2.2.  Depth is only
 * counted, so that ten thousand parentheses cost no stack. */
static bool
skip_comment(struct span *in)
{
	size_t depth = 0;

	for (size_t i = 0; i < in->len; i++) {
		if (in->ptr[i] == '\\') {
			i++;
		} else if (in->ptr[i] == '(') {
			depth++;
		} else if (in->ptr[i] == ')' && --depth == 0) {
			*in = span_from(*in, i + 1);
			return true;
		}
	}
	return false;
}

/* Up to the closing mark, quoted pairs respected; 0: it never comes. */
static size_t
closed(struct span in, char mark)
{
	for (size_t i = 1; i < in.len; i++) {
		if (in.ptr[i] == '\\')
			i++;
		else if (in.ptr[i] == mark)
			return i + 1;
	}
	return 0;
}

static struct token
next(struct span *in)
{
	struct token t = { T_END, '\0', { NULL, 0 } };
	size_t len = 0;

	for (;;) {
		*in = span_trim(*in);
		if (in->len == 0)
			return t;
		if (in->ptr[0] != '(')
			break;
		t.kind = T_BAD;
		if (!skip_comment(in))
			return t;
		t.kind = T_END;
	}
	if (in->ptr[0] == '"') {
		t.kind = T_QUOTED;
		len = closed(*in, '"');
	} else if (in->ptr[0] == '[') {
		t.kind = T_LITERAL;
		len = closed(*in, ']');
	} else if (strchr("<>@,;:.", in->ptr[0]) != NULL && in->ptr[0]) {
		t.kind = T_SPECIAL;
		t.special = in->ptr[0];
		len = 1;
	} else {
		t.kind = T_ATOM;
		len = encoded_word(*in);
		while (
		    len < in->len && (atext(in->ptr[len]) ||
					 (unsigned char)in->ptr[len] >= 0x80))
			len++;
	}
	if (len == 0)
		t.kind = T_BAD;
	t.text = (struct span){ in->ptr, len };
	*in = span_from(*in, len);
	return t;
}

static bool
is(struct token t, char special)
{
	return t.kind == T_SPECIAL && t.special == special;
}

/* Room for what addr_parse allows. */
struct text {
	size_t len;
	const char *bare; /* see struct field_mailbox */
	char at[512];
};

static bool
put(struct text *out, const char *from, size_t len)
{
	if (len > sizeof out->at - out->len)
		return false;
	memcpy(out->at + out->len, from, len);
	out->len += len;
	return true;
}

/* The contents of a quoted string, unfolded, escaped again where that is
 * needed; or an atom or dot, as part of a quoted local part. */
static bool
put_quoted(struct text *out, struct token t)
{
	struct span s = t.text;

	if (t.kind == T_QUOTED)
		s = (struct span){ s.ptr + 1, s.len - 2 };
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '\n' && t.kind == T_QUOTED)
			continue;
		if (s.ptr[i] == '\\' && i + 1 < s.len)
			i++;
		if ((s.ptr[i] == '"' || s.ptr[i] == '\\') && !put(out, "\\", 1))
			return false;
		if (!put(out, &s.ptr[i], 1))
			return false;
	}
	return true;
}

/* An addr-spec with the obsolete blanks and comments between its words, and
 * words of either kind mixed (RFC 5322 4.4).  Stops behind it: *end is the
 * token found there. */
static bool
addr_spec(struct span *in, struct text *out, struct token *end)
{
	struct span start = *in;
	bool quoted = false, word = false, encoded = false;
	struct addr a;
	struct token t;

	for (t = next(in); t.kind == T_ATOM || t.kind == T_QUOTED || is(t, '.');
	     t = next(in)) {
		if (word && t.kind != T_SPECIAL)
			return false; /* two names without a comma */
		word = t.kind != T_SPECIAL;
		quoted |= t.kind == T_QUOTED;
	}
	out->len = 0;
	if (quoted && !put(out, "\"", 1))
		return false;
	for (t = next(&start);
	     t.kind == T_ATOM || t.kind == T_QUOTED || is(t, '.');
	     t = next(&start)) {
		if (!(quoted ? put_quoted(out, t)
			     : put(out, t.text.ptr, t.text.len)))
			return false;
		out->bare = t.text.ptr + t.text.len;
		encoded |= encoded_word(t.text) != 0;
	}
	if (quoted && !put(out, "\"", 1))
		return false;
	*in = start;
	if (encoded) /* a name for people: it is nobody's mailbox here */
		out->bare = NULL;
	if (is(t, '@')) {
		out->bare = NULL;
		if (!put(out, "@", 1))
			return false;
		word = false;
		for (t = next(in);
		     t.kind == T_ATOM || t.kind == T_LITERAL || is(t, '.');
		     t = next(in)) {
			if (word && t.kind != T_SPECIAL)
				return false;
			word = t.kind != T_SPECIAL;
			if (!put(out, t.text.ptr, t.text.len))
				return false;
		}
	}
	*end = t;
	return addr_parse((struct span){ out->at, out->len }, &a) == ADDR_OK;
}

/* The route in front of an address, "@a,@b:" (RFC 5322 4.4), dropped. */
static bool
skip_route(struct span *in)
{
	struct span ahead = *in;
	struct token t = next(&ahead);

	if (!is(t, '@') && !is(t, ','))
		return true;
	while (t.kind == T_ATOM || t.kind == T_LITERAL || is(t, '@') ||
	       is(t, ',') || is(t, '.'))
		t = next(&ahead);
	*in = ahead;
	return is(t, ':');
}

/* How the tokens up to the next comma, or whatever ends them, look. */
struct shape {
	size_t tokens;
	bool phrase; /* nothing but words and dots */
	struct token end;
};

static struct shape
look_ahead(struct span in)
{
	struct shape s = { 0, true, { T_END, '\0', { NULL, 0 } } };
	struct token t;

	for (t = next(&in); t.kind != T_END && t.kind != T_BAD; t = next(&in)) {
		if (t.kind == T_SPECIAL && strchr(",;<>:", t.special) != NULL)
			break;
		if (t.kind == T_LITERAL || is(t, '@'))
			s.phrase = false;
		s.tokens++;
	}
	s.end = t;
	return s;
}

struct list {
	struct span in;
	bool group;
	int (*each)(const struct field_mailbox *, void *);
	void *arg;
};

static int
no_list(void)
{
	errno = EILSEQ;
	return -1;
}

/* "name" <route:addr-spec>.  People write the address itself for a name,
 * without quotes.  Any other address there was meant as a recipient, and
 * only a comma is missing: who would lose the mail must hear of it. */
static int
angle(struct list *l, const struct shape *s, struct text *addr)
{
	struct text name;
	struct token t = { 0 };

	name.len = 0;
	if (s->phrase) {
		for (size_t i = 0; i < s->tokens; i++)
			next(&l->in);
		next(&l->in);
	} else if (!addr_spec(&l->in, &name, &t) || !is(t, '<')) {
		return no_list();
	}
	if (!skip_route(&l->in) || !addr_spec(&l->in, addr, &t) || !is(t, '>'))
		return no_list();
	if (!s->phrase && !span_ieq((struct span){ name.at, name.len },
			      (struct span){ addr->at, addr->len }))
		return no_list();
	return 0;
}

/* One element of the list, with the mark behind it.  1: more may follow; 0:
 * that was the end. */
static int
element(struct list *l)
{
	struct shape s = look_ahead(l->in);
	struct field_mailbox box;
	struct text addr;
	struct token t = s.end;

	if (is(s.end, ':')) { /* a group begins */
		if (l->group || !s.phrase || s.tokens == 0)
			return no_list();
		for (size_t i = 0; i <= s.tokens; i++)
			next(&l->in);
		l->group = true;
		return 1;
	}
	if (is(s.end, '<')) {
		if (angle(l, &s, &addr) == -1)
			return -1;
		t = next(&l->in);
	} else if (s.tokens) {
		if (!addr_spec(&l->in, &addr, &t))
			return no_list();
	} else {
		next(&l->in); /* an empty element: RFC 5322 4.4 */
		addr.len = 0;
		addr.bare = NULL;
	}
	if (!is(t, ',') && !is(t, ';') && t.kind != T_END)
		return no_list();
	if (is(t, ';') && !l->group)
		return no_list();
	box.addr = (struct span){ addr.at, addr.len };
	box.bare = addr.bare;
	box.end = t.kind == T_END ? l->in.ptr : t.text.ptr + 1;
	if (addr.len && l->each(&box, l->arg) == -1)
		return -1;
	if (is(t, ';')) {
		l->group = false;
		t = next(&l->in);
		if (!is(t, ',') && t.kind != T_END)
			return no_list();
	}
	if (t.kind == T_END)
		return l->group ? no_list() : 0;
	return 1;
}

int
field_mailboxes(struct span body,
    int (*each)(const struct field_mailbox *, void *arg), void *arg)
{
	/* Trimmed once here: next() would walk over the blanks at the end
	 * again for every token. */
	struct list l = { span_trim(body), false, each, arg };
	int more;

	do
		more = element(&l);
	while (more == 1);
	return more;
}

struct addresses {
	int (*each)(struct span, void *);
	void *arg;
};

static int
only_address(const struct field_mailbox *box, void *arg)
{
	const struct addresses *a = arg;

	return a->each(box->addr, a->arg);
}

int
field_addresses(
    struct span body, int (*each)(struct span addr, void *arg), void *arg)
{
	struct addresses a = { each, arg };

	return field_mailboxes(body, only_address, &a);
}
