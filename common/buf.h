/* buf - bytes that grow.  The error is sticky: after a failed growth all adds
 * are ignored and bad is set, so that a caller checks once, at the end.
 * The zero struct is an empty buffer.  The owner calls buf_free. */
#ifndef COMMON_BUF_H
#define COMMON_BUF_H
#include "common/span.h"
#include <stdarg.h>

struct buf {
	char *ptr;
	size_t len, cap;
	bool bad; /* memory ran out: what is here is incomplete */
};

void buf_add(struct buf *, const void *, size_t len);
void buf_span(struct buf *, struct span);
void buf_str(struct buf *, const char *);
void buf_chr(struct buf *, char);
void buf_fmt(struct buf *, const char *, ...)
    __attribute__((format(printf, 2, 3)));
/* Room for bytes more, to be filled from ptr + len by the caller, who adds to
 * len: 0, or -1 (ENOMEM). */
int buf_room(struct buf *, size_t bytes);
void buf_drop(struct buf *, size_t bytes); /* forget bytes at the front */
void buf_reset(struct buf *); /* empty again; memory and bad are kept */
void buf_free(struct buf *);
/* A C string of the contents (a NUL is kept behind them); "" when bad. */
const char *buf_c(struct buf *);
static inline struct span
buf_view(const struct buf *b)
{
	return (struct span){ b->ptr, b->len };
}
#endif
