/* printable - any bytes made safe for a log line, an answer or a terminal:
 * printable ASCII stays, everything else becomes '?', at most max octets.
 * Well-formed UTF-8 text has its own filter in deliver/tty. */
#ifndef COMMON_PRINTABLE_H
#define COMMON_PRINTABLE_H
#include "common/buf.h"
#include <stdint.h>

void printable_add(struct buf *, struct span, size_t max);
/* The same as one "quoted value" of a log line: '"' within becomes '\''. */
void printable_quoted(struct buf *, struct span, size_t max);
/* The same in place, for a C string that may be written to. */
char *printable_str(char *);
/* A time that is over, as "3h": in the largest unit that makes at least two. */
void printable_age(int64_t seconds, struct buf *);
#endif
