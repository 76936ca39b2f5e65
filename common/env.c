#include "common/env.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const env_kind_name[ENV_KINDS] = {
	[ENV_MAIL] = "MAIL",
	[ENV_SEND] = "SEND",
	[ENV_SOML] = "SOML",
	[ENV_SAML] = "SAML",
};

static const struct {
	const char *name;
	unsigned bit;
} notify_name[] = {
	{ "NEVER", ENV_NEVER },
	{ "SUCCESS", ENV_SUCCESS },
	{ "FAILURE", ENV_FAILURE },
	{ "DELAY", ENV_DELAY },
};
#define NOTIFIES (sizeof notify_name / sizeof *notify_name)

int
env_kind_of(struct span name)
{
	for (int k = 0; k < ENV_KINDS; k++)
		if (span_ieq(name, span_of(env_kind_name[k])))
			return k;
	return -1;
}

/* What may stand between < and >: no control octet, no bracket that would end
 * it early.  A quoted local part may hold < and >: the last > of the line's
 * first part ends the address, so only "> " is forbidden. */
static bool
writable(struct span a)
{
	for (size_t i = 0; i < a.len; i++) {
		unsigned char c = (unsigned char)a.ptr[i];

		if (c < ' ' || c == 0x7f)
			return false;
		if (c == '>' && i + 1 < a.len && a.ptr[i + 1] == ' ')
			return false;
	}
	return a.len <= 1024;
}

/* One word of printable ASCII (RFC 3461 4: xtext, and "rfc822;xtext"). */
static bool
word(struct span w)
{
	for (size_t i = 0; i < w.len; i++)
		if (w.ptr[i] <= ' ' || w.ptr[i] > '~')
			return false;
	return w.len > 0 && w.len <= 1024;
}

int
env_add(struct env *e, struct span addr)
{
	struct env_rcpt *more;

	if (addr.len == 0 || !writable(addr)) {
		errno = EINVAL;
		return -1;
	}
	if ((e->nrcpts & (e->nrcpts - 1)) ==
	    0) { /* full at each power of two */
		size_t n = e->nrcpts ? e->nrcpts * 2 : 1;

		more = reallocarray(e->rcpts, n, sizeof *more);
		if (more == NULL)
			return -1;
		e->rcpts = more;
	}
	e->rcpts[e->nrcpts] =
	    (struct env_rcpt){ .addr = span_dup(addr), .kind = e->kind };
	if (e->rcpts[e->nrcpts].addr == NULL)
		return -1;
	e->nrcpts++;
	return 0;
}

static int
put_rcpt(const struct env_rcpt *r, enum env_kind kind, struct buf *b)
{
	const char *sep = " notify=";

	if (r->addr[0] == '\0' || !writable(span_of(r->addr)))
		return -1;
	buf_fmt(b, "to <%s>", r->addr);
	for (size_t i = 0; i < NOTIFIES; i++)
		if (r->notify & notify_name[i].bit) {
			buf_str(b, sep);
			buf_str(b, notify_name[i].name);
			sep = ",";
		}
	if (r->orcpt) {
		if (!word(span_of(r->orcpt)))
			return -1;
		buf_fmt(b, " orcpt=%s", r->orcpt);
	}
	if (r->kind != kind)
		buf_fmt(b, " kind=%s", env_kind_name[r->kind]);
	buf_chr(b, '\n');
	return 0;
}

unsigned
env_text(const struct legal *l)
{
	return ENV_TEXT | (l->eight ? ENV_EIGHT : 0u) |
	       (l->longline ? ENV_LONG : 0u);
}

unsigned
env_suspects(unsigned text)
{
	return text & ENV_TEXT ? text & (ENV_EIGHT | ENV_LONG)
			       : ENV_EIGHT | ENV_LONG;
}

int
env_retext(char *encoded, size_t len, unsigned text)
{
	static const char key[] = "\ntext ";
	/* The first one: what stands before it holds no LF but at line ends. */
	char *at = memmem(encoded, len, key, sizeof key - 1);

	if (at == NULL || len - (size_t)(at - encoded) < sizeof key + 2) {
		errno = EINVAL;
		return -1;
	}
	at += sizeof key - 1;
	at[0] = text & ENV_EIGHT ? '8' : '7';
	at[1] = text & ENV_LONG ? 'L' : '.';
	return 0;
}

int
env_retime(char *encoded, size_t len, int64_t time_us)
{
	char line[64];
	int n = snprintf(line, sizeof line, "time %lld.%06lld\n",
	    (long long)(time_us / 1000000), (long long)(time_us % 1000000));
	const char *end = memchr(encoded, '\n', len);

	if (time_us < 0 || end == NULL || end + 1 - encoded != n ||
	    memcmp(encoded, "time ", 5) != 0) {
		errno = EINVAL;
		return -1;
	}
	memcpy(encoded, line, (size_t)n);
	return 0;
}

int
env_encode(const struct env *e, struct buf *b)
{
	if (e->nrcpts == 0 || !writable(span_of(e->from)) || e->time_us < 0 ||
	    (e->envid && !word(span_of(e->envid))))
		goto invalid;
	buf_fmt(b, "time %lld.%06lld\n", (long long)(e->time_us / 1000000),
	    (long long)(e->time_us % 1000000));
	buf_fmt(b, "uid %lu\n", (unsigned long)e->uid);
	buf_fmt(b, "kind %s\n", env_kind_name[e->kind]);
	if (e->wait)
		buf_str(b, "wait\n");
	if (e->net)
		buf_str(b, "net\n");
	buf_fmt(b, "from <%s>\n", e->from);
	buf_fmt(b, "body %s\n", e->body == ENV_8BIT ? "8BITMIME" : "7BIT");
	if (e->text & ENV_TEXT)
		buf_fmt(b, "text %c%c\n", e->text & ENV_EIGHT ? '8' : '7',
		    e->text & ENV_LONG ? 'L' : '.');
	if (e->ret != ENV_RET_NONE)
		buf_fmt(b, "ret %s\n", e->ret == ENV_FULL ? "FULL" : "HDRS");
	if (e->envid)
		buf_fmt(b, "envid %s\n", e->envid);
	if (e->requiretls)
		buf_str(b, "requiretls\n");
	if (e->tls_optional)
		buf_str(b, "tls-optional\n");
	for (size_t i = 0; i < e->nrcpts; i++)
		if (put_rcpt(&e->rcpts[i], e->kind, b) == -1)
			goto invalid;
	buf_chr(b, '\n');
	if (b->bad) {
		errno = ENOMEM;
		return -1;
	}
	return 0;
invalid:
	errno = EINVAL;
	return -1;
}

/* Cuts "<address>" off the front of *s. */
static int
get_path(struct span *s, struct span *addr)
{
	size_t i;

	if (s->len < 2 || s->ptr[0] != '<')
		return -1;
	for (i = 1; i < s->len; i++)
		if (s->ptr[i] == '>' &&
		    (i + 1 == s->len || s->ptr[i + 1] == ' '))
			break;
	if (i == s->len)
		return -1;
	*addr = (struct span){ s->ptr + 1, i - 1 };
	*s = span_from(*s, i + 1);
	return writable(*addr) ? 0 : -1;
}

static int
get_notify(struct span list, unsigned *bits)
{
	while (list.ptr) {
		struct span name = span_cut(&list, ',');
		size_t i;

		for (i = 0; i < NOTIFIES; i++)
			if (span_eq(name, span_of(notify_name[i].name)))
				break;
		if (i == NOTIFIES)
			return -1;
		*bits |= notify_name[i].bit;
	}
	return 0;
}

static int
get_to(struct span value, struct env *e)
{
	struct span addr;
	struct env_rcpt *r;

	if (get_path(&value, &addr) == -1 || addr.len == 0)
		return -1;
	if (env_add(e, addr) == -1)
		return -1;
	r = &e->rcpts[e->nrcpts - 1];
	while (value.len) {
		struct span key, param = span_from(value, 1); /* one blank */

		value = param;
		param = span_cut(&value, ' ');
		if (value.ptr) /* give the blank back: it leads the next one */
			value.ptr--, value.len++;
		key = span_cut(&param, '=');
		if (param.ptr == NULL)
			return -1;
		if (span_eq(key, SPAN("notify")) && !r->notify) {
			if (get_notify(param, &r->notify) == -1)
				return -1;
		} else if (span_eq(key, SPAN("kind"))) {
			int kind = env_kind_of(param);

			if (kind == -1)
				return -1;
			r->kind = (enum env_kind)kind;
		} else if (span_eq(key, SPAN("orcpt")) && !r->orcpt) {
			if (!word(param) ||
			    (r->orcpt = span_dup(param)) == NULL)
				return -1;
		} else {
			return -1;
		}
	}
	return 0;
}

static int
get_time(struct span v, struct env *e)
{
	struct span sec = span_cut(&v, '.');
	long long s, us;

	if (span_num(sec, 0, INT64_MAX / 2000000, &s) == -1 || v.len != 6 ||
	    span_num(v, 0, 999999, &us) == -1)
		return -1;
	e->time_us = s * 1000000 + us;
	return 0;
}

static int
get_uid(struct span v, struct env *e)
{
	long long n;

	if (span_num(v, 0, UINT32_MAX - 1LL, &n) == -1)
		return -1;
	e->uid = (uid_t)n;
	return 0;
}

static int
get_kind(struct span v, struct env *e)
{
	int k = env_kind_of(v);

	if (k == -1)
		return -1;
	e->kind = (enum env_kind)k;
	return 0;
}

static int
get_wait(struct span v, struct env *e)
{
	e->wait = true;
	return v.ptr ? -1 : 0;
}

static int
get_net(struct span v, struct env *e)
{
	e->net = true;
	return v.ptr ? -1 : 0;
}

static int
get_from(struct span v, struct env *e)
{
	struct span addr;

	if (get_path(&v, &addr) == -1 || v.len)
		return -1;
	e->from = span_dup(addr);
	return e->from ? 0 : -1;
}

static int
get_body(struct span v, struct env *e)
{
	e->body = span_eq(v, SPAN("8BITMIME")) ? ENV_8BIT : ENV_7BIT;
	return e->body == ENV_8BIT || span_eq(v, SPAN("7BIT")) ? 0 : -1;
}

static int
get_text(struct span v, struct env *e)
{
	if (v.len != 2 || (v.ptr[0] != '7' && v.ptr[0] != '8') ||
	    (v.ptr[1] != '.' && v.ptr[1] != 'L'))
		return -1;
	e->text = ENV_TEXT | (v.ptr[0] == '8' ? ENV_EIGHT : 0u) |
		  (v.ptr[1] == 'L' ? ENV_LONG : 0u);
	return 0;
}

static int
get_ret(struct span v, struct env *e)
{
	e->ret = span_eq(v, SPAN("FULL")) ? ENV_FULL : ENV_HDRS;
	return e->ret == ENV_FULL || span_eq(v, SPAN("HDRS")) ? 0 : -1;
}

static int
get_envid(struct span v, struct env *e)
{
	e->envid = word(v) ? span_dup(v) : NULL;
	return e->envid ? 0 : -1;
}

static int
get_requiretls(struct span v, struct env *e)
{
	e->requiretls = true;
	return v.ptr ? -1 : 0;
}

static int
get_tls_optional(struct span v, struct env *e)
{
	e->tls_optional = true;
	return v.ptr ? -1 : 0;
}

static const struct line {
	const char *key;
	int (*get)(struct span value, struct env *);
	bool must, many;
} lines[] = {
	{ "time", get_time, true, false },
	{ "uid", get_uid, true, false },
	{ "kind", get_kind, true, false },
	{ "wait", get_wait, false, false },
	{ "net", get_net, false, false },
	{ "from", get_from, true, false },
	{ "body", get_body, true, false },
	{ "text", get_text, false, false },
	{ "ret", get_ret, false, false },
	{ "envid", get_envid, false, false },
	{ "requiretls", get_requiretls, false, false },
	{ "tls-optional", get_tls_optional, false, false },
	{ "to", get_to, true, true },
};
#define LINES (sizeof lines / sizeof *lines)

/* Lines in another order, a bit named twice, a number with zeros in front:
 * what encode does not write was not written by us. */
static int
written_so(const struct env *e, struct span text)
{
	struct buf again = { 0 };
	int done = env_encode(e, &again);

	if (done == 0 && !span_eq(buf_view(&again), text)) {
		errno = EBADMSG;
		done = -1;
	}
	buf_free(&again);
	return done;
}

int
env_decode(struct span text, struct env *e)
{
	const struct span all = text;
	unsigned seen = 0;
	size_t i;

	*e = (struct env){ 0 };
	for (;;) {
		struct span line = span_cut(&text, '\n');
		struct span key;

		if (text.ptr == NULL) /* a line without its LF */
			goto broken;
		if (line.len == 0)
			break;
		key = span_cut(&line, ' ');
		for (i = 0; i < LINES; i++)
			if (span_eq(key, span_of(lines[i].key)))
				break;
		if (i == LINES || (!lines[i].many && (seen & 1u << i)))
			goto broken;
		seen |= 1u << i;
		errno = 0;
		if (lines[i].get(line, e) == -1) {
			if (errno == ENOMEM)
				return -1;
			goto broken;
		}
	}
	for (i = 0; i < LINES; i++)
		if (lines[i].must && !(seen & 1u << i))
			goto broken;
	if (text.len == 0) {
		if (written_so(e, all) == 0)
			return 0;
		if (errno == ENOMEM)
			return -1;
	}
broken:
	errno = EBADMSG;
	return -1;
}

void
env_free(struct env *e)
{
	for (size_t i = 0; i < e->nrcpts; i++) {
		free(e->rcpts[i].addr);
		free(e->rcpts[i].orcpt);
	}
	free(e->rcpts);
	free(e->from);
	free(e->envid);
	*e = (struct env){ 0 };
}
