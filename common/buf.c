#include "common/buf.h"
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
buf_room(struct buf *b, size_t bytes)
{
	size_t cap = b->cap ? b->cap : 64;
	char *ptr;

	if (b->bad)
		return -1;
	if (bytes > SIZE_MAX / 4 - b->len)
		goto full;
	while (cap < b->len + bytes + 1) /* + 1: the NUL of buf_c */
		cap *= 2;
	if (cap == b->cap)
		return 0;
	ptr = realloc(b->ptr, cap);
	if (ptr == NULL)
		goto full;
	b->ptr = ptr;
	b->cap = cap;
	return 0;
full:
	b->bad = true;
	errno = ENOMEM;
	return -1;
}

void
buf_add(struct buf *b, const void *bytes, size_t len)
{
	if (len == 0 || buf_room(b, len) == -1)
		return;
	memcpy(b->ptr + b->len, bytes, len);
	b->len += len;
}

void
buf_span(struct buf *b, struct span s)
{
	buf_add(b, s.ptr, s.len);
}

void
buf_str(struct buf *b, const char *s)
{
	buf_span(b, span_of(s));
}

void
buf_chr(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_fmt(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->bad = true;
		return;
	}
	if (buf_room(b, (size_t)n) == -1)
		return;
	va_start(ap, fmt);
	vsnprintf(b->ptr + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

void
buf_drop(struct buf *b, size_t bytes)
{
	if (bytes > b->len)
		bytes = b->len;
	if (bytes == 0)
		return;
	memmove(b->ptr, b->ptr + bytes, b->len - bytes);
	b->len -= bytes;
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
}

void
buf_free(struct buf *b)
{
	free(b->ptr);
	*b = (struct buf){ 0 };
}

const char *
buf_c(struct buf *b)
{
	if (b->bad || buf_room(b, 0) == -1)
		return "";
	b->ptr[b->len] = '\0';
	return b->ptr;
}
