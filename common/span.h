/* span - a view of bytes that someone else owns: pointer and length, never a
 * C string.  Nothing here allocates or writes. */
#ifndef COMMON_SPAN_H
#define COMMON_SPAN_H
#include <stdbool.h>
#include <stddef.h>

struct span {
	const char *ptr;
	size_t len;
};
#define SPAN(literal) ((struct span){ (literal), sizeof(literal) - 1 })

struct span span_of(const char *); /* of a C string; NULL is empty */
struct span span_from(struct span, size_t start); /* the rest, from start */
struct span span_trim(struct span); /* without SP, HTAB, CR, LF at both ends */
bool span_eq(struct span, struct span);
bool span_ieq(struct span, struct span);	 /* ASCII case ignored */
bool span_starts(struct span, struct span head); /* ASCII case ignored */
bool span_has(struct span, char);

/* Cuts *rest at the first sep: the part before it is returned, *rest becomes
 * what follows.  Without sep all is returned and rest->ptr becomes NULL. */
struct span span_cut(struct span *rest, char sep);
/* The next word of *rest, parted by blanks; empty when there is none. */
struct span span_word(struct span *rest);
/* A NUL-terminated copy for free(); NULL with ENOMEM, or EILSEQ on a NUL. */
char *span_dup(struct span);
/* A decimal number within limits: 0, or -1 and *out untouched. */
int span_num(struct span, long long min, long long max, long long *out);
#endif
