#include "common/addr.h"
#include "common/utf8.h"
#include <arpa/inet.h>
#include <string.h>

/* RFC 5321 4.5.3.1.1 asks for 64 octets of local part at least; the senders
 * that mailing lists make (VERP) are longer. */
enum { LOCAL_MAX = 255, DOMAIN_MAX = 255, LABEL_MAX = 63 };

static const char *const texts[] = {
	[ADDR_OK] = "valid",
	[ADDR_EMPTY] = "empty address",
	[ADDR_SYNTAX] = "not a valid address",
	[ADDR_CONTROL] = "control character in address",
	[ADDR_LONG] = "local part or domain over 255 octets",
};

const char *
addr_error_text(enum addr_error e)
{
	return (size_t)e < sizeof texts / sizeof *texts ? texts[e] : "?";
}

static bool
letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

/* C0, DEL, and C1 as UTF-8 writes it, which some terminals obey. */
static bool
has_control(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c < ' ' || c == 0x7f)
			return true;
		if (c == 0xc2 && i + 1 < s.len &&
		    (unsigned char)s.ptr[i + 1] < 0xa0)
			return true;
	}
	return false;
}

/* RFC 5321 4.1.3.  Literals of other kinds than these two are registered
 * nowhere. */
static bool
literal(struct span s)
{
	char text[INET6_ADDRSTRLEN];
	unsigned char number[16];
	int family = AF_INET;

	s = (struct span){ s.ptr + 1, s.len - 2 };
	if (span_starts(s, SPAN("IPv6:"))) {
		family = AF_INET6;
		s = span_from(s, 5);
	}
	if (s.len == 0 || s.len >= sizeof text)
		return false;
	memcpy(text, s.ptr, s.len);
	text[s.len] = '\0';
	return inet_pton(family, text, number) == 1;
}

/* An underscore is in no host name, but in some that people use. */
static bool
label(struct span s)
{
	if (s.len == 0 || s.len > LABEL_MAX || s.ptr[0] == '-' ||
	    s.ptr[s.len - 1] == '-')
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!letter_or_digit(s.ptr[i]) && s.ptr[i] != '-' &&
		    s.ptr[i] != '_' && (unsigned char)s.ptr[i] < 0x80)
			return false;
	return true;
}

bool
addr_domain(struct span s)
{
	struct span rest = s;

	if (s.len == 0 || s.len > DOMAIN_MAX || has_control(s))
		return false;
	if (s.len > 2 && s.ptr[0] == '[' && s.ptr[s.len - 1] == ']')
		return literal(s);
	while (rest.ptr)
		if (!label(span_cut(&rest, '.')))
			return false;
	return utf8_valid(s);
}

/* The end of the local part that begins s; 0 if none begins there.  Dots may
 * stand anywhere: names like "a..b" exist, and other mailers take them. */
static size_t
local_end(struct span s)
{
	size_t i;

	if (s.len && s.ptr[0] == '"') {
		for (i = 1; i < s.len && s.ptr[i] != '"'; i++)
			if (s.ptr[i] == '\\' &&
			    (++i == s.len || (unsigned char)s.ptr[i] >= 0x80))
				return 0;
		return i < s.len ? i + 1 : 0;
	}
	for (i = 0; i < s.len && s.ptr[i] != '@'; i++)
		if (strchr(" ()<>[]:;\\,\"", s.ptr[i]) != NULL)
			return 0;
	return i;
}

/* Source routes are obsolete and dropped (RFC 5321 4.1.1.3, appendix C). */
static bool
drop_route(struct span *s)
{
	struct span route, hop;

	if (s->len == 0 || s->ptr[0] != '@')
		return true;
	/* a colon within a literal does not end the route */
	for (size_t i = 0, depth = 0; i < s->len; i++) {
		if (s->ptr[i] == '[' || s->ptr[i] == ']')
			depth = s->ptr[i] == '[';
		if (s->ptr[i] != ':' || depth)
			continue;
		route = (struct span){ s->ptr, i };
		*s = span_from(*s, i + 1);
		while (route.ptr) {
			hop = span_cut(&route, ',');
			if (hop.len == 0 || hop.ptr[0] != '@' ||
			    !addr_domain(span_from(hop, 1)))
				return false;
		}
		return true;
	}
	return false;
}

enum addr_error
addr_parse(struct span s, struct addr *a)
{
	size_t end;

	*a = (struct addr){ 0 };
	if (has_control(s))
		return ADDR_CONTROL;
	s = span_trim(s);
	if (s.len && s.ptr[0] == '<') {
		if (s.len < 2 || s.ptr[s.len - 1] != '>')
			return ADDR_SYNTAX;
		s = (struct span){ s.ptr + 1, s.len - 2 };
	}
	if (s.len == 0)
		return ADDR_EMPTY;
	if (!drop_route(&s))
		return ADDR_SYNTAX;
	end = local_end(s);
	if (end == 0 || (end < s.len && s.ptr[end] != '@'))
		return ADDR_SYNTAX;
	if (end > LOCAL_MAX || (end < s.len && s.len - end - 1 > DOMAIN_MAX))
		return ADDR_LONG;
	if (end < s.len && !addr_domain(span_from(s, end + 1)))
		return ADDR_SYNTAX;
	if (!utf8_valid((struct span){ s.ptr, end }))
		return ADDR_SYNTAX;
	a->local = (struct span){ s.ptr, end };
	if (end < s.len)
		a->domain = span_from(s, end + 1);
	return ADDR_OK;
}

void
addr_local(struct span local, struct buf *name)
{
	if (local.len < 2 || local.ptr[0] != '"') {
		buf_span(name, local);
		return;
	}
	for (size_t i = 1; i + 1 < local.len; i++) {
		if (local.ptr[i] == '\\' && i + 2 < local.len)
			i++;
		buf_chr(name, local.ptr[i]);
	}
}
