#include "deliver/net/sts.h"
#include <string.h>

/* "key: value" or "key=value", blanks around both allowed. */
static struct span
key_of(struct span *line, char sep)
{
	struct span key = span_cut(line, sep);

	if (line->ptr == NULL)
		*line = SPAN("");
	*line = span_trim(*line);
	return span_trim(key);
}

static bool
is_id(struct span s)
{
	if (s.len == 0 || s.len >= STS_ID)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!((s.ptr[i] >= '0' && s.ptr[i] <= '9') ||
			(s.ptr[i] >= 'a' && s.ptr[i] <= 'z') ||
			(s.ptr[i] >= 'A' && s.ptr[i] <= 'Z')))
			return false;
	return true;
}

bool
sts_record(struct span txt, char id[STS_ID])
{
	bool first = true, found = false;

	while (txt.ptr) {
		struct span value = span_cut(&txt, ';');
		struct span key = key_of(&value, '=');

		if (first &&
		    !(span_eq(key, SPAN("v")) && span_eq(value, SPAN("STSv1"))))
			return false;
		if (!first && !found && span_eq(key, SPAN("id"))) {
			if (!is_id(value))
				return false;
			memcpy(id, value.ptr, value.len);
			id[value.len] = '\0';
			found = true;
		}
		first = false;
	}
	return found;
}

/* The value of a field of the head; an empty span with NULL: there is none. */
static struct span
field(struct span head, struct span name)
{
	span_cut(&head, '\n'); /* the status line */
	while (head.ptr) {
		struct span value = span_cut(&head, '\n');

		if (span_ieq(key_of(&value, ':'), name))
			return value;
	}
	return (struct span){ NULL, 0 };
}

/* Where the head ends: octets of it with the empty line; 0: not yet. */
static size_t
head_end(struct span in)
{
	for (size_t i = 0; i + 1 < in.len; i++) {
		if (in.ptr[i] != '\n')
			continue;
		if (in.ptr[i + 1] == '\n')
			return i + 2;
		if (in.ptr[i + 1] == '\r' && i + 2 < in.len &&
		    in.ptr[i + 2] == '\n')
			return i + 3;
	}
	return 0;
}

int
sts_response(struct span in, bool ended, struct span *body)
{
	size_t end = head_end(in);
	struct span head = { in.ptr, end }, type, length;
	long long n;

	if (in.len > STS_OCTETS)
		return -1;
	if (end == 0)
		return ended ? -1 : 0;
	if (!span_starts(head, SPAN("HTTP/1.")) || head.len < 13 ||
	    memcmp(head.ptr + 8, " 200", 4) != 0)
		return -1;
	type = field(head, SPAN("Content-Type"));
	type = span_trim(span_cut(&type, ';'));
	length = field(head, SPAN("Content-Length"));
	if (!span_ieq(type, SPAN("text/plain")) ||
	    field(head, SPAN("Transfer-Encoding")).ptr)
		return -1;
	*body = span_from(in, end);
	if (length.ptr == NULL)
		return ended;
	if (span_num(length, 0, STS_OCTETS, &n) == -1)
		return -1;
	if (body->len < (size_t)n)
		return ended ? -1 : 0; /* cut off */
	body->len = (size_t)n;
	return 1;
}

static bool
add_mx(struct sts *p, struct span name)
{
	if (name.len == 0 || name.len >= DNS_NAME || span_has(name, '\0'))
		return false;
	if (p->n < STS_HOSTS) {
		memcpy(p->mx[p->n], name.ptr, name.len);
		p->mx[p->n][name.len] = '\0';
		p->n++;
	}
	return true;
}

static const char *const modes[] = {
	[STS_NONE] = "none",
	[STS_TESTING] = "testing",
	[STS_ENFORCE] = "enforce",
};

static bool
set_mode(struct sts *p, struct span value)
{
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (span_eq(value, span_of(modes[i]))) {
			p->mode = (enum sts_mode)i;
			return true;
		}
	return false;
}

int
sts_parse(struct span body, struct sts *p)
{
	enum { VERSION = 1, MODE = 2, AGE = 4, ALL = 7 };
	unsigned seen = 0;
	long long n;

	p->mode = STS_NONE;
	p->n = 0;
	p->max_age = 0;
	while (body.ptr) {
		struct span value = span_cut(&body, '\n');
		struct span key = key_of(&value, ':');
		bool good = true;

		/* RFC 8461 3.2: of fields that stand twice the first counts */
		if (span_eq(key, SPAN("version")) && !(seen & VERSION)) {
			good = span_eq(value, SPAN("STSv1"));
			seen |= VERSION;
		} else if (span_eq(key, SPAN("mode")) && !(seen & MODE)) {
			good = set_mode(p, value);
			seen |= MODE;
		} else if (span_eq(key, SPAN("max_age")) && !(seen & AGE)) {
			good = span_num(value, 0, STS_AGE, &n) == 0;
			if (good)
				p->max_age = (uint32_t)n;
			seen |= AGE;
		} else if (span_eq(key, SPAN("mx"))) {
			good = add_mx(p, value);
		}
		if (!good)
			return -1;
	}
	return seen == ALL && (p->n > 0 || p->mode == STS_NONE) ? 0 : -1;
}

/* Its record, then the policy, each as it would come from the domain. */
void
sts_save(const struct sts *p, const char *id, struct buf *out)
{
	buf_fmt(out, "v=STSv1; id=%s;\nversion: STSv1\nmode: %s\nmax_age: %u\n",
	    id, modes[p->mode], (unsigned)p->max_age);
	for (size_t i = 0; i < p->n; i++)
		buf_fmt(out, "mx: %s\n", p->mx[i]);
}

int
sts_load(struct span kept, char id[STS_ID], struct sts *p)
{
	struct span record = span_cut(&kept, '\n');

	return sts_record(record, id) ? sts_parse(kept, p) : -1;
}

bool
sts_fits(const struct sts *p, const char *host)
{
	const char *dot = strchr(host, '.');

	for (size_t i = 0; i < p->n; i++) {
		const char *mx = p->mx[i];

		/* one label stands for the star, never more */
		if (mx[0] == '*' && mx[1] == '.'
			? dot && dot != host &&
			      span_ieq(span_of(dot), span_of(mx + 1))
			: span_ieq(span_of(host), span_of(mx)))
			return true;
	}
	return false;
}
