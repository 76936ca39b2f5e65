#include "deliver/net/rewrite.h"
#include "common/field.h"
#include <errno.h>
#include <string.h>

#define GROWTH (1 << 20)  /* then what follows stays as it is */
#define MAILBOXES_MAX 100 /* in one field; with more it becomes one */
#define ORIGINAL "X-Original-"

static const struct conf_sender *
find(const struct conf *c, struct span addr)
{
	struct buf whole = { 0 };
	const struct conf_sender *s = NULL;

	if (c->nsenders_as == 0 || addr.len == 0)
		return NULL;
	buf_span(&whole, addr);
	if (!span_has(addr, '@') && c->domain)
		buf_fmt(&whole, "@%s", c->domain);
	for (size_t i = 0; i < c->nsenders_as && s == NULL && !whole.bad; i++)
		if (conf_sender_fits(
			c->senders_as[i].pattern, buf_view(&whole)))
			s = &c->senders_as[i];
	buf_free(&whole);
	return s;
}

const char *
rewrite_sender(const struct conf *c, struct span addr)
{
	const struct conf_sender *s = find(c, addr);

	return s ? s->addr : NULL;
}

struct pass {
	const struct conf *c;
	const struct conf_sender *by; /* the first one that fitted */
	const char *at;		      /* what is not in out yet */
	struct buf out;
	unsigned mailboxes;
	bool odd; /* a group, or too much: it becomes one mailbox */
};

/* Where the first c outside of quotes and comments is, or NULL. */
static const char *
outside(struct span s, char c)
{
	unsigned depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < s.len; i++) {
		char here = s.ptr[i];

		if (here == c && !quoted && depth == 0)
			return s.ptr + i;
		if (here == '\\')
			i++;
		else if (here == '"' && depth == 0)
			quoted = !quoted;
		else if (here == '(' && !quoted)
			depth++;
		else if (here == ')' && !quoted && depth)
			depth--;
	}
	return NULL;
}

/* The name of a mailbox: in front of <, or a comment behind the address. */
static void
own_name(struct span box, struct buf *out)
{
	const char *angle = outside(box, '<'), *open = outside(box, '(');
	struct span name = box;
	struct buf text = { 0 };

	if (angle) {
		name.len = (size_t)(angle - box.ptr);
		name = span_trim(name);
		if (name.len == 0)
			return;
		buf_span(out, name); /* as it is, with its folds and quotes */
		buf_chr(out, ' ');
		return;
	}
	if (open == NULL)
		return;
	name = span_from(box, (size_t)(open - box.ptr) + 1);
	for (size_t i = 0; i < name.len && name.ptr[i] != ')'; i++) {
		if (name.ptr[i] == '\\' && i + 1 < name.len)
			i++;
		buf_chr(&text, name.ptr[i]);
	}
	if (span_trim(buf_view(&text)).len) {
		field_phrase(out, span_trim(buf_view(&text)));
		buf_chr(out, ' ');
	}
	out->bad |= text.bad;
	buf_free(&text);
}

static void
put_mailbox(const struct conf_sender *s, struct span box, struct buf *out)
{
	buf_chr(out, ' ');
	if (s->phrase && s->phrase[0]) {
		field_phrase(out, span_of(s->phrase));
		buf_chr(out, ' ');
	} else {
		own_name(box, out);
	}
	buf_fmt(out, "<%s>", s->addr);
}

static int
each(const struct field_mailbox *box, void *arg)
{
	struct pass *p = arg;
	struct span part = { p->at, (size_t)(box->end - p->at) };
	const struct conf_sender *s = find(p->c, box->addr);
	struct span before = part;
	const char *angle = outside(part, '<');

	p->at = box->end;
	if (s && p->by == NULL)
		p->by = s;
	if (angle)
		before.len = (size_t)(angle - part.ptr);
	p->odd |= ++p->mailboxes > MAILBOXES_MAX || outside(before, ':') ||
		  (part.len && part.ptr[part.len - 1] == ';');
	if (p->odd)
		return p->by ? -1 : 0;
	if (s == NULL) {
		buf_span(&p->out, part);
		return 0;
	}
	put_mailbox(s, part, &p->out);
	if (part.len && part.ptr[part.len - 1] == ',')
		buf_chr(&p->out, ',');
	return 0;
}

/* One field: true, and its new body, where it changes. */
static bool
change(const struct conf *c, const struct conf_sender *envelope,
    struct span body, struct buf *out)
{
	struct pass p = { .c = c, .at = body.ptr };
	bool bad = field_mailboxes(body, each, &p) == -1 && !p.odd;

	if (bad && p.by == NULL) /* no list of addresses */
		p.by = envelope;
	if (p.by && !bad && !p.odd) {
		buf_span(out, buf_view(&p.out));
		if (p.at < body.ptr + body.len)
			buf_add(
			    out, p.at, (size_t)(body.ptr + body.len - p.at));
	} else if (p.by) {
		put_mailbox(p.by, SPAN(""), out);
	}
	out->bad |= p.out.bad;
	buf_free(&p.out);
	return p.by != NULL;
}

static bool
has_sender(const struct field *f)
{
	return field_is(f, "From") || field_is(f, "Sender") ||
	       field_is(f, "Resent-From") || field_is(f, "Resent-Sender");
}

static void
put_field(struct buf *out, const char *lead, struct span name, struct span body)
{
	struct buf whole = { 0 };

	buf_str(&whole, lead);
	buf_span(&whole, name);
	buf_chr(&whole, ':');
	buf_span(&whole, body);
	if (body.len == 0 || body.ptr[body.len - 1] != '\n')
		buf_chr(&whole, '\n');
	field_fold(out, buf_view(&whole));
	out->bad |= whole.bad;
	buf_free(&whole);
}

int
rewrite_header(const struct conf *c, struct span sender, struct span text,
    struct buf *out, size_t *used)
{
	const struct conf_sender *envelope = find(c, sender);
	struct span rest = text;
	struct buf body = { 0 };
	size_t start = out->len;
	bool changed = false;
	struct field f;

	if (c->nsenders_as == 0)
		return 0;
	while (field_next(&rest, &f)) {
		/* Perhaps cut off: its end is not in sight. */
		if (rest.len == 0 && text.len >= REWRITE_HEAD) {
			rest = f.whole;
			break;
		}
		buf_reset(&body);
		if (!has_sender(&f) ||
		    out->len - start + f.whole.len >
			REWRITE_HEAD + GROWTH / 2 ||
		    !change(c, envelope, f.body, &body)) {
			buf_span(out, f.whole);
			continue;
		}
		changed = true;
		put_field(out, "", f.name, buf_view(&body));
		put_field(out, ORIGINAL, f.name, f.body);
	}
	out->bad |= body.bad;
	buf_free(&body);
	*used = text.len - rest.len;
	errno = ENOMEM;
	return out->bad ? -1 : changed;
}
