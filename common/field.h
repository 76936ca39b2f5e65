/* field - header fields of a message (RFC 5322 2.2) and the address lists in
 * them (RFC 5322 3.4, with the obsolete forms).  No I/O, no allocation but
 * into the buffers given. */
#ifndef COMMON_FIELD_H
#define COMMON_FIELD_H
#include "common/addr.h"

struct field {
	struct span whole; /* all its lines with their LFs */
	struct span name; /* without blanks before the colon ("Bcc :" is Bcc) */
	struct span body; /* after the colon, still folded, without last LF */
};

/* Takes the next field off *rest (lines end in LF).  1 and the field; 0 at the
 * end of the header: an empty line, a line that is no field, or no more.  A
 * last line without LF counts as a line. */
int field_next(struct span *rest, struct field *);
bool field_is(const struct field *, const char *name); /* case ignored */

/* Calls each() for every mailbox in an address list: groups, comments, quoted
 * strings, folding, routes and display names are understood and left behind.
 * addr is the bare address ("bob", "\"a b\"@c.example"), valid in the call.
 * 0, or -1 at once when each() answers -1, or with EILSEQ where the text is no
 * address list (what came before has been given to each()). */
int field_addresses(
    struct span body, int (*each)(struct span addr, void *arg), void *arg);

/* Appends text as a phrase (RFC 5322 3.2.5): as it is, quoted, or, where it is
 * not ASCII, encoded (RFC 2047 B, UTF-8 or ISO-8859-1).  Control octets become
 * blanks. */
void field_phrase(struct buf *, struct span text);
#endif
