#include "sendmail/json.h"
#include "common/utf8.h"
#include <string.h>
#include <time.h>

void
json_str(struct buf *b, struct span s)
{
	buf_chr(b, '"');
	while (s.len) {
		uint32_t c = 0;
		size_t n = utf8_char(s, &c);

		if (n == 0)
			buf_str(b, "\\ufffd");
		else if (c == '"' || c == '\\')
			buf_fmt(b, "\\%c", (char)c);
		/* Also what a terminal would obey, were it shown there. */
		else if (c < ' ' || (c >= 0x7f && c < 0xa0) || c == 0x2028 ||
			 c == 0x2029)
			buf_fmt(b, "\\u%04x", (unsigned)c);
		else
			buf_add(b, s.ptr, n);
		s = span_from(s, n ? n : 1);
	}
	buf_chr(b, '"');
}

static void
text(struct buf *b, const char *key, const char *value)
{
	buf_fmt(b, ",\"%s\":", key);
	if (value)
		json_str(b, span_of(value));
	else
		buf_str(b, "null");
}

/* RFC 3339, in UTC. */
static void
when(struct buf *b, const char *key, long long seconds)
{
	char out[40];
	time_t t = (time_t)seconds;
	struct tm tm;

	if (seconds > 0 && gmtime_r(&t, &tm) &&
	    strftime(out, sizeof out, "%Y-%m-%dT%H:%M:%SZ", &tm))
		text(b, key, out);
	else
		text(b, key, NULL);
}

static void
rcpt(struct buf *b, const struct waiting_rcpt *r)
{
	buf_str(b, "{\"address\":");
	json_str(b, span_of(r->to));
	text(b, "alias", r->of);
	text(b, "state", r->state);
	text(b, "status", r->status);
	text(b, "reason", r->what);
	text(b, "said", r->text);
	text(b, "host", r->mta);
	when(b, "last", r->last);
	text(b, "advice", r->todo);
	buf_chr(b, '}');
}

void
json_message(struct buf *b, const struct waiting *w, int64_t now)
{
	long long age = now > w->time ? now - w->time : 0;
	bool held = strcmp(w->state, "held") == 0;

	buf_str(b, "{\"id\":");
	json_str(b, span_of(w->id));
	when(b, "arrived", w->time);
	buf_fmt(b, ",\"age\":%lld,\"size\":%lld", age, w->size);
	text(b, "sender", w->from);
	buf_fmt(b, ",\"uid\":%lld", w->uid);
	text(b, "kind", w->kind ? w->kind : "MAIL");
	text(b, "state", w->state);
	buf_fmt(b, ",\"held\":%s,\"held_by\":", held ? "true" : "false");
	if (held)
		buf_fmt(b, "%lld", w->held_by);
	else
		buf_str(b, "null");
	buf_fmt(b, ",\"tries\":%lld", w->tries);
	when(b, "next", w->until);
	when(b, "expires", w->expires);
	text(b, "trouble", w->trouble);
	buf_str(b, ",\"recipients\":[");
	for (size_t i = 0; i < w->nrcpts; i++) {
		if (i)
			buf_chr(b, ',');
		rcpt(b, &w->rcpts[i]);
	}
	buf_str(b, "]}\n");
}
