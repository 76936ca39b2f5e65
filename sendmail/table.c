#include "sendmail/table.h"
#include "common/printable.h"
#include "common/utf8.h"
#include "common/wrap.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BOLD "1"
#define RED "31"
#define GREEN "32"
#define YELLOW "33"

void
table_text(struct buf *out, const struct view *v, struct span s)
{
	while (s.len) {
		uint32_t c = 0;
		size_t n = utf8_char(s, &c);

		if (n == 1 && c >= ' ' && c <= '~')
			buf_chr(out, (char)c);
		else if (n > 1 && v->utf8 && utf8_shown(c))
			buf_add(out, s.ptr, n);
		else
			buf_chr(out, '?');
		s = span_from(s, n ? n : 1);
	}
}

static void
indent_by(struct buf *out, size_t n)
{
	while (n--)
		buf_chr(out, ' ');
}

void
table_wrap(struct buf *out, const struct view *v, struct span text,
    size_t column, size_t indent)
{
	wrap_words(out, v->width, text, column, indent);
}

static void
colour(struct buf *out, const struct view *v, const char *sgr)
{
	if (v->colour)
		buf_fmt(out, "\033[%sm", sgr);
}

void
table_size(struct buf *b, long long octets)
{
	static const char units[] = "KMGT";
	long long tenths;
	int unit = 0;

	if (octets < 1024 || octets > INT64_MAX / 16) {
		buf_fmt(b, "%lld", octets);
		return;
	}
	tenths = octets * 10 / 1024;
	while (tenths >= 10240 && unit < 3) {
		tenths /= 1024;
		unit++;
	}
	if (tenths < 100)
		buf_fmt(
		    b, "%lld.%lld%c", tenths / 10, tenths % 10, units[unit]);
	else
		buf_fmt(b, "%lld%c", tenths / 10, units[unit]);
}

static void
padded(struct buf *out, const struct buf *cell, size_t width, bool right)
{
	size_t pad = cell->len < width ? width - cell->len : 0;

	if (right)
		indent_by(out, pad);
	buf_span(out, buf_view(cell));
	if (!right)
		indent_by(out, pad);
}

void
table_head(struct buf *out, const struct view *v)
{
	colour(out, v, BOLD);
	buf_str(out, "ID                   AGE   SIZE  SENDER");
	colour(out, v, "0");
	buf_chr(out, '\n');
}

/* When next, in words; and how that looks. */
static const char *
state_words(const struct waiting *w, int64_t now, struct buf *b)
{
	if (strcmp(w->state, "open") == 0) {
		buf_str(b, ", being delivered");
		return GREEN;
	}
	if (strcmp(w->state, "held") == 0) {
		buf_fmt(
		    b, ", held by %s", w->held_by == 0 ? "root" : "its sender");
		return YELLOW;
	}
	if (strcmp(w->state, "setting") == 0) {
		buf_str(b, ", held (hold yes in bellman.conf)");
		return YELLOW;
	}
	if (strcmp(w->state, "asked") == 0) {
		buf_str(b, ", waits for sendmail -q");
		return YELLOW;
	}
	if (w->until > now) {
		buf_str(b, ", next try in ");
		printable_age(w->until - now, b);
	}
	return NULL;
}

/* Of several recipients in a row with one and the same reason it is explained
 * once, below the last. */
static bool
same_reason(const struct waiting_rcpt *a, const struct waiting_rcpt *b)
{
	const char *x = a->what ? a->what : "", *y = b->what ? b->what : "";
	const char *t = a->todo ? a->todo : "", *u = b->todo ? b->todo : "";

	return strcmp(x, y) == 0 && strcmp(t, u) == 0;
}

/* "mailq release ID" with the id in place of the word. */
static void
with_id(struct buf *out, const char *text, const char *id)
{
	const char *at = strstr(text, " ID");

	if (at && (at[3] == ' ' || at[3] == ',' || at[3] == '\0')) {
		buf_add(out, text, (size_t)(at - text) + 1);
		buf_str(out, id);
		buf_str(out, at + 3);
	} else {
		buf_str(out, text);
	}
}

static void
explain(struct buf *out, const struct view *v, const char *label,
    const char *text, const char *id)
{
	struct buf b = { 0 }, line = { 0 };

	if (text == NULL || *text == '\0')
		return;
	with_id(&b, text, id);
	table_text(&line, v, buf_view(&b));
	buf_fmt(out, "        %s ", label);
	table_wrap(out, v, buf_view(&line), 9 + strlen(label), 13);
	out->bad |= b.bad || line.bad;
	buf_free(&b);
	buf_free(&line);
}

static void
one_rcpt(struct buf *out, const struct view *v, const struct waiting *w,
    const struct waiting_rcpt *r, int64_t now)
{
	struct buf line = { 0 }, state = { 0 };
	const char *sgr = NULL;

	buf_str(&line, "to <");
	table_text(&line, v, span_of(r->to));
	buf_chr(&line, '>');
	if (r->of && v->verbose) {
		buf_str(&line, " (of ");
		table_text(&line, v, span_of(r->of));
		buf_chr(&line, ')');
	}
	if (strcmp(r->state, "waits") == 0) {
		sgr = state_words(w, now, &state);
	} else {
		buf_str(&state, ", ");
		table_text(&state, v, span_of(r->state));
	}
	if (sgr == NULL && r->status && r->status[0] == '5')
		sgr = RED;
	buf_span(&line, buf_view(&state));
	if (r->text) {
		buf_str(&line, ": ");
		table_text(&line, v, span_of(r->text));
		buf_str(&line, " (");
		table_text(&line, v, span_of(r->status));
		buf_chr(&line, ')');
	}
	indent_by(out, 4);
	if (sgr)
		colour(out, v, sgr);
	table_wrap(out, v, buf_view(&line), 4, 8);
	if (sgr && out->len && !out->bad) {
		out->len--; /* the colour ends with the line */
		colour(out, v, "0");
		buf_chr(out, '\n');
	}
	out->bad |= line.bad || state.bad;
	buf_free(&line);
	buf_free(&state);
}

static void
details(struct buf *out, const struct view *v, const struct waiting *w)
{
	char when[64] = "";
	time_t t = (time_t)w->time;
	struct buf b = { 0 };
	struct tm tm;

	if (localtime_r(&t, &tm))
		strftime(when, sizeof when, "%a %d %b %Y %H:%M:%S %z", &tm);
	buf_fmt(&b, "from uid %lld, ", w->uid);
	table_text(&b, v, span_of(w->kind ? w->kind : "MAIL"));
	buf_fmt(&b, ", arrived %s, %lld attempt%s so far", when, w->tries,
	    w->tries == 1 ? "" : "s");
	indent_by(out, 4);
	table_wrap(out, v, buf_view(&b), 4, 8);
	buf_free(&b);
}

void
table_message(
    struct buf *out, const struct view *v, const struct waiting *w, int64_t now)
{
	struct buf cell = { 0 }, from = { 0 };

	table_text(&cell, v, span_of(w->id));
	colour(out, v, BOLD);
	padded(out, &cell, 19, false);
	colour(out, v, "0");
	buf_reset(&cell);
	printable_age(now - w->time, &cell);
	padded(out, &cell, 5, true);
	buf_reset(&cell);
	table_size(&cell, w->size);
	padded(out, &cell, 7, true);
	buf_str(out, "  ");
	buf_chr(&from, '<');
	table_text(&from, v, span_of(w->from));
	buf_chr(&from, '>');
	table_wrap(out, v, buf_view(&from), 33, 4);
	if (v->verbose)
		details(out, v, w);
	for (size_t i = 0; i < w->nrcpts; i++) {
		const struct waiting_rcpt *r = &w->rcpts[i];

		one_rcpt(out, v, w, r, now);
		if (i + 1 < w->nrcpts && same_reason(r, r + 1))
			continue;
		explain(out, v, "why:", r->what, w->id);
		explain(out, v, "do: ", r->todo, w->id);
	}
	if (w->trouble) {
		struct buf text = { 0 };

		buf_str(&text, "waits for ");
		table_text(&text, v, span_of(w->trouble));
		indent_by(out, 4);
		table_wrap(out, v, buf_view(&text), 4, 8);
		buf_free(&text);
	}
	out->bad |= cell.bad || from.bad;
	buf_free(&cell);
	buf_free(&from);
}

void
table_sum(struct buf *b, long long messages, long long octets, long long oldest,
    int64_t now)
{
	if (messages == 0) {
		buf_str(b, "The queue is empty.\n");
		return;
	}
	buf_fmt(b, "%lld message%s, ", messages, messages == 1 ? "" : "s");
	table_size(b, octets);
	buf_str(b, octets < 1024 ? " octets; " : "; ");
	buf_str(b, messages == 1 ? "it waits for " : "the oldest waits for ");
	printable_age(now - oldest, b);
	buf_str(b, ".\n");
}
