#include "sendmail/show.h"
#include "common/utf8.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* %t: whom; %x: the words with them; %s: the status; %u: until when. */
static const struct {
	const char *what, *words;
} events[] = {
	{ "done", "delivered to %t: %x" },
	{ "relayed", "delivered to %t: %x" },
	{ "passed", "delivered to %t: %x" },
	{ "fail", "failed for %t: %x (%s)" },
	{ "later", "not delivered to %t yet: %x (%s)" },
	{ "try", "about to be shown to %t" },
	{ "defer", "next attempt at %u" },
	{ "bounce", "its failures were told in %x" },
	{ "told", "its success was told in %x" },
	{ "warn", "the sender was told that it is late, in %x" },
	{ "list", "its failures are told in the list %x" },
	{ "child", "%t leads to: %x" },
	{ "split", "all that %t leads to is known" },
	{ "drop", "no alias leads to %t any more" },
	{ "hold", "held by uid %x" },
	{ "release", "let go by uid %x" },
	{ "retry", "made due by uid %x" },
	{ "return", "sent back by uid %x" },
	{ "more", "more happened than is told here" },
};

static void
put_time(struct buf *b, long long seconds)
{
	time_t t = (time_t)seconds;
	char text[64] = "?";
	struct tm tm;

	if (localtime_r(&t, &tm))
		strftime(text, sizeof text, "%d %b %H:%M:%S", &tm);
	buf_str(b, text);
}

static void
put_value(
    struct buf *b, const struct view *v, struct span line, const char *key)
{
	struct buf value = { 0 };
	struct span text = waiting_get(line, key, &value);

	if (strcmp(key, "to") == 0 && span_eq(text, SPAN("*")))
		buf_str(b, "all who wait");
	else
		table_text(b, v, text);
	buf_free(&value);
}

void
show_event(struct buf *out, const struct view *v, struct span line)
{
	struct buf b = { 0 }, what = { 0 };
	struct span name = waiting_get(line, "what", &what);
	const char *p = "%x";

	for (size_t i = 0; i < sizeof events / sizeof *events; i++)
		if (span_eq(name, span_of(events[i].what)))
			p = events[i].words;
	put_time(&b, waiting_num(line, "when"));
	buf_str(&b, "  ");
	for (; *p; p++) {
		if (*p != '%') {
			buf_chr(&b, *p);
			continue;
		}
		p++;
		if (*p == 'u')
			put_time(&b, waiting_num(line, "until"));
		else
			put_value(&b, v, line,
			    *p == 't'	? "to"
			    : *p == 's' ? "status"
					: "text");
	}
	buf_str(out, "    ");
	table_wrap(out, v, buf_view(&b), 4, 22);
	out->bad |= b.bad || what.bad;
	buf_free(&b);
	buf_free(&what);
}

void
show_bytes(struct buf *out, const struct view *v, struct span bytes)
{
	if (v->width == 0) {
		buf_span(out, bytes);
		return;
	}
	while (bytes.len) {
		struct span line = span_cut(&bytes, '\n'), piece;

		for (;;) { /* tabs stay */
			bool tab = span_has(line, '\t');

			piece = span_cut(&line, '\t');
			table_text(out, v, piece);
			if (!tab)
				break;
			buf_chr(out, '\t');
		}
		if (bytes.ptr)
			buf_chr(out, '\n');
	}
}
