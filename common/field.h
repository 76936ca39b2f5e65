/* field - header fields of a message (RFC 5322 2.2) and the address lists in
 * them (RFC 5322 3.4, with the obsolete forms).  No I/O, no allocation but
 * into the buffers given. */
#ifndef COMMON_FIELD_H
#define COMMON_FIELD_H
#include "common/addr.h"

#define FIELD_LINE_MAX 998 /* octets without the LF: RFC 5322 2.1.1 */

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

/* The same with the places in body, for who wants to change it. */
struct field_mailbox {
	struct span addr; /* as above */
	const char *bare; /* where its "@domain" belongs; NULL: it has one */
	const char *end;  /* behind the comma or semicolon that ends it */
};
int field_mailboxes(struct span body,
    int (*each)(const struct field_mailbox *, void *arg), void *arg);

/* Appends a field's body with @domain behind every bare address in it; no
 * other octet changes, but where a line would pass FIELD_LINE_MAX it is folded
 * between two addresses.  The field's name stands in out already.  0; or -1
 * with EILSEQ where body is no address list, and out as it was. */
int field_qualify(struct buf *out, struct span body, const char *domain);
/* Appends a field, whole lines; those over FIELD_LINE_MAX are folded at a
 * blank, if they hold one, so that unfolded it is the same. */
void field_fold(struct buf *, struct span whole);

/* Appends text as a phrase (RFC 5322 3.2.5): as it is, quoted, or, where it is
 * not ASCII or too long for a line, encoded (RFC 2047 B, UTF-8 or ISO-8859-1).
 * Control octets become blanks. */
void field_phrase(struct buf *, struct span text);
#endif
