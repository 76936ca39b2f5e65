#include "sendmail/param.h"

int
param_path(struct span *args, struct span keyword, struct span *path)
{
	struct span s = span_trim(*args);
	bool quoted = false, angle;
	size_t i;

	if (!span_starts(s, keyword))
		return -1;
	s = span_trim(span_from(s, keyword.len));
	if (s.len == 0 || s.ptr[0] != ':')
		return -1;
	s = span_trim(span_from(s, 1));
	angle = s.len && s.ptr[0] == '<';
	for (i = 0; i < s.len; i++) {
		if (quoted && s.ptr[i] == '\\' && i + 1 < s.len)
			i++;
		else if (s.ptr[i] == '"')
			quoted = !quoted;
		else if (!quoted && (angle ? s.ptr[i] == '>' : s.ptr[i] == ' '))
			break;
	}
	if (angle) {
		if (i == s.len || (i + 1 < s.len && s.ptr[i + 1] != ' '))
			return -1;
		i++;
	}
	*path = (struct span){ s.ptr, i };
	*args = span_trim(span_from(s, i));
	return path->len && !quoted ? 0 : -1;
}

/* RFC 3461 4: "+" leads two hex digits, "=" cannot stand. */
static bool
xtext(struct span s, size_t max)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] <= ' ' || s.ptr[i] > '~' || s.ptr[i] == '=')
			return false;
		if (s.ptr[i] != '+')
			continue;
		for (int n = 0; n < 2; n++)
			if (++i >= s.len ||
			    !span_has(SPAN("0123456789ABCDEF"), s.ptr[i]))
				return false;
	}
	return s.len > 0 && s.len <= max;
}

static int
size(struct span v, void *to)
{
	struct param_mail *p = to;
	long long n;

	/* RFC 1870: up to twenty digits; more than we can count is too much */
	for (size_t i = 0; i < v.len; i++)
		if (v.ptr[i] < '0' || v.ptr[i] > '9')
			return 501;
	if (v.len == 0 || v.len > 20)
		return 501;
	p->size = span_num(v, 0, INT64_MAX, &n) == 0 ? (uint64_t)n : UINT64_MAX;
	return 0;
}

static int
body(struct span v, void *to)
{
	struct param_mail *p = to;

	if (span_ieq(v, SPAN("8BITMIME")))
		p->body = ENV_8BIT;
	else if (!span_ieq(v, SPAN("7BIT")))
		return 501;
	return 0;
}

static int
ret(struct span v, void *to)
{
	struct param_mail *p = to;

	p->ret = span_ieq(v, SPAN("FULL")) ? ENV_FULL : ENV_HDRS;
	return p->ret == ENV_FULL || span_ieq(v, SPAN("HDRS")) ? 0 : 501;
}

static int
envid(struct span v, void *to)
{
	struct param_mail *p = to;

	p->envid = v;
	return xtext(v, 100) ? 0 : 501;
}

static int
utf8(struct span v, void *to)
{
	(void)to;
	return v.ptr ? 501 : 0;
}

/* RFC 8689 2 */
static int
requiretls(struct span v, void *to)
{
	struct param_mail *p = to;

	p->requiretls = true;
	return v.ptr ? 501 : 0;
}

static int
notify(struct span list, void *to)
{
	static const struct {
		struct span name;
		unsigned bit;
	} bits[] = { { SPAN("NEVER"), ENV_NEVER },
		{ SPAN("SUCCESS"), ENV_SUCCESS },
		{ SPAN("FAILURE"), ENV_FAILURE },
		{ SPAN("DELAY"), ENV_DELAY } };
	struct param_rcpt *p = to;

	if (list.len == 0)
		return 501;
	while (list.ptr) {
		struct span word = span_cut(&list, ',');
		size_t i;

		for (i = 0; i < 4 && !span_ieq(word, bits[i].name); i++)
			;
		if (i == 4 || (p->notify & bits[i].bit))
			return 501;
		p->notify |= bits[i].bit;
	}
	/* NEVER stands alone (RFC 3461 4.1) */
	return (p->notify & ENV_NEVER) && p->notify != ENV_NEVER ? 501 : 0;
}

static int
orcpt(struct span v, void *to)
{
	struct param_rcpt *p = to;
	struct span rest = v, kind = span_cut(&rest, ';');

	p->orcpt = v;
	if (v.len > 500 || rest.ptr == NULL || !xtext(kind, 100))
		return 501;
	return xtext(rest, 500) ? 0 : 501;
}

struct row {
	const char *name;
	int (*take)(struct span value, void *to);
};

static int
take_all(struct span params, const struct row *rows, size_t n, void *to)
{
	unsigned seen = 0;
	int code;

	for (;;) {
		struct span value = span_word(&params), name;
		size_t i;

		if (value.len == 0)
			return 0;
		name = span_cut(&value, '=');
		for (i = 0; i < n && !span_ieq(name, span_of(rows[i].name));
		     i++)
			;
		if (i == n)
			return 555;
		if (seen & 1u << i) /* RFC 5321 4.1.1.11: once */
			return 501;
		seen |= 1u << i;
		if ((code = rows[i].take(value, to)) != 0)
			return code;
	}
}

int
param_mail(struct span params, struct param_mail *p)
{
	static const struct row rows[] = { { "SIZE", size }, { "BODY", body },
		{ "RET", ret }, { "ENVID", envid }, { "SMTPUTF8", utf8 },
		{ "REQUIRETLS", requiretls } };

	*p = (struct param_mail){ 0 };
	return take_all(params, rows, sizeof rows / sizeof *rows, p);
}

int
param_rcpt(struct span params, struct param_rcpt *p)
{
	static const struct row rows[] = { { "NOTIFY", notify },
		{ "ORCPT", orcpt } };

	*p = (struct param_rcpt){ 0 };
	return take_all(params, rows, sizeof rows / sizeof *rows, p);
}
