#include "common/span.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct span
span_of(const char *s)
{
	return (struct span){ s, s ? strlen(s) : 0 };
}

struct span
span_from(struct span s, size_t start)
{
	if (start > s.len)
		start = s.len;
	if (start == 0) /* no sum with a null pointer (C17 6.5.6) */
		return s;
	return (struct span){ s.ptr + start, s.len - start };
}

struct span
span_trim(struct span s)
{
	while (s.len && blank(*s.ptr))
		s.ptr++, s.len--;
	while (s.len && blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

bool
span_eq(struct span a, struct span b)
{
	return a.len == b.len &&
	       (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool
span_ieq(struct span a, struct span b)
{
	return a.len == b.len &&
	       (a.len == 0 || strncasecmp(a.ptr, b.ptr, a.len) == 0);
}

bool
span_starts(struct span s, struct span head)
{
	return s.len >= head.len &&
	       span_ieq((struct span){ s.ptr, head.len }, head);
}

bool
span_has(struct span s, char c)
{
	return s.len && memchr(s.ptr, c, s.len) != NULL;
}

struct span
span_cut(struct span *rest, char sep)
{
	struct span head = *rest;
	const char *at = rest->len ? memchr(rest->ptr, sep, rest->len) : NULL;

	if (at == NULL) {
		*rest = (struct span){ NULL, 0 };
		return head;
	}
	head.len = (size_t)(at - head.ptr);
	*rest = span_from(*rest, head.len + 1);
	return head;
}

struct span
span_word(struct span *rest)
{
	struct span word;

	while (rest->len && blank(*rest->ptr))
		rest->ptr++, rest->len--;
	word = (struct span){ rest->ptr, 0 };
	while (word.len < rest->len && !blank(rest->ptr[word.len]))
		word.len++;
	*rest = span_from(*rest, word.len);
	return word;
}

char *
span_dup(struct span s)
{
	char *copy;

	if (span_has(s, '\0')) {
		errno = EILSEQ;
		return NULL;
	}
	copy = malloc(s.len + 1);
	if (copy == NULL)
		return NULL;
	if (s.len)
		memcpy(copy, s.ptr, s.len);
	copy[s.len] = '\0';
	return copy;
}

int
span_num(struct span s, long long min, long long max, long long *out)
{
	char digits[24];
	const char *wrong;
	long long n;

	if (s.len == 0 || s.len >= sizeof digits)
		return -1;
	for (size_t i = 0; i < s.len; i++) /* strtonum takes blanks and signs */
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return -1;
	memcpy(digits, s.ptr, s.len);
	digits[s.len] = '\0';
	n = strtonum(digits, min, max, &wrong);
	if (wrong)
		return -1;
	*out = n;
	return 0;
}
