#include "deliver/queue/select.h"
#include "common/printable.h"
#include "common/record.h"
#include <stdlib.h>
#include <string.h>

static int
set_text(char **to, const struct buf *value)
{
	free(*to);
	*to = span_dup(buf_view(value));
	return *to ? 0 : -1;
}

static int
set_id(struct selection *s, struct buf *value)
{
	if (s->nids == SELECT_IDS || value->len >= SPOOL_IDSIZE ||
	    !spool_id_valid(buf_c(value)))
		return -1;
	strlcpy(s->ids[s->nids++], buf_c(value), SPOOL_IDSIZE);
	return 0;
}

static int
set_part(struct selection *s, struct span key, const struct buf *value)
{
	s->others = key.ptr[0] == '!';
	s->by = key.ptr[key.len - 1];
	return set_text(&s->part, value);
}

static int
set(struct selection *s, struct span key, struct buf *value)
{
	static const struct {
		const char *key;
		size_t at;
	} flags[] = { { "held", offsetof(struct selection, held) },
		{ "all", offsetof(struct selection, all) },
		{ "body", offsetof(struct selection, body) },
		{ "full", offsetof(struct selection, full) } };

	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (span_eq(key, span_of(flags[i].key))) {
			*((bool *)((char *)s + flags[i].at)) =
			    span_eq(buf_view(value), SPAN("1"));
			return 0;
		}
	if (span_eq(key, SPAN("id")))
		return set_id(s, value);
	if (span_eq(key, SPAN("from")))
		return set_text(&s->from, value);
	if (span_eq(key, SPAN("to")))
		return set_text(&s->to, value);
	if (span_eq(key, SPAN("domain")))
		return set_text(&s->domain, value);
	if (span_eq(key, SPAN("older")))
		return span_num(buf_view(value), 1, INT32_MAX, &s->older);
	if (span_eq(key, SPAN("I")) || span_eq(key, SPAN("R")) ||
	    span_eq(key, SPAN("S")) || span_eq(key, SPAN("!I")) ||
	    span_eq(key, SPAN("!R")) || span_eq(key, SPAN("!S")))
		return set_part(s, key, value);
	return -1;
}

int
select_parse(struct span words, struct selection *s, struct buf *why)
{
	struct buf value = { 0 };
	struct span key;
	int more;

	*s = (struct selection){ 0 };
	while ((more = record_next(&words, &key, &value)) == 1)
		if (set(s, key, &value) == -1) {
			buf_str(why, "the agent does not know the selection ");
			printable_add(why, key, 40);
			more = -1;
			break;
		}
	if (more == -1 && why->len == 0)
		buf_str(why, "the request is malformed");
	buf_free(&value);
	return more;
}

bool
select_says(const struct selection *s)
{
	return s->nids || s->from || s->to || s->domain || s->part ||
	       s->older || s->held || s->all;
}

/* Of a domain case says nothing; local parts are told apart by most people by
 * it as little. */
bool
select_address(struct span word, struct span addr)
{
	struct span local = addr, host = { NULL, 0 };

	if (word.len >= 2 && word.ptr[0] == '<' &&
	    word.ptr[word.len - 1] == '>')
		word = (struct span){ word.ptr + 1, word.len - 2 };
	if (word.len == 0)
		return addr.len == 0;
	for (size_t i = addr.len; i-- > 0;)
		if (addr.ptr[i] == '@') {
			local.len = i;
			host = span_from(addr, i + 1);
			break;
		}
	if (word.ptr[0] == '@')
		return host.ptr && span_ieq(span_from(word, 1), host);
	if (!span_has(word, '@'))
		return span_ieq(word, local);
	return span_ieq(word, addr);
}

static bool
in_domain(struct span domain, struct span addr)
{
	struct span host = { NULL, 0 };

	for (size_t i = addr.len; i-- > 0;)
		if (addr.ptr[i] == '@') {
			host = span_from(addr, i + 1);
			break;
		}
	if (host.ptr == NULL || domain.len == 0)
		return false;
	if (domain.ptr[0] != '.')
		return span_ieq(domain, host);
	return span_ieq(span_from(domain, 1), host) ||
	       (host.len > domain.len &&
		   span_ieq(domain, span_from(host, host.len - domain.len)));
}

static bool
has_part(struct span s, struct span part)
{
	for (; s.len >= part.len; s = span_from(s, 1)) {
		if (span_starts(s, part))
			return true;
		if (s.len == 0)
			break;
	}
	return false;
}

enum test { ADDRESS, DOMAIN, PART };

/* One who waits, by the name in the envelope or by what aliases made of it. */
static bool
any_rcpt(const struct file *f, enum test test, struct span word)
{
	for (size_t i = 0; i < f->nrcpts; i++) {
		struct span names[2] = { span_of(rcpt_addr(f, i)),
			span_of(rcpt_env(f, i)->addr) };

		for (int k = 0; f->rcpts[i].state == R_WAITS && k < 2; k++)
			if (test == ADDRESS  ? select_address(word, names[k])
			    : test == DOMAIN ? in_domain(word, names[k])
					     : has_part(names[k], word))
				return true;
	}
	return false;
}

static bool
fits_part(const struct selection *s, const char *id, const struct file *f)
{
	struct span part = span_of(s->part);

	if (s->by == 'I')
		return has_part(span_of(id), part);
	if (s->by == 'S')
		return has_part(span_of(f->env.from), part);
	return any_rcpt(f, PART, part);
}

bool
select_fits(const struct selection *s, const char *id, const struct file *f,
    int64_t now)
{
	if (s->held && !f->held)
		return false;
	if (s->older && now - f->env.time_us / 1000000 < s->older)
		return false;
	if (s->from && !select_address(span_of(s->from), span_of(f->env.from)))
		return false;
	if (s->to && !any_rcpt(f, ADDRESS, span_of(s->to)))
		return false;
	if (s->domain && !any_rcpt(f, DOMAIN, span_of(s->domain)))
		return false;
	return s->part == NULL || fits_part(s, id, f) != s->others;
}

void
select_free(struct selection *s)
{
	free(s->from);
	free(s->to);
	free(s->domain);
	free(s->part);
	*s = (struct selection){ 0 };
}
