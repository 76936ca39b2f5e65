/* addr - envelope addresses (RFC 5321 4.1.2, with the local-only forms of RFC
 * 821): a path with or without <>, a bare local part, a source route (dropped),
 * a quoted local part, a domain literal, UTF-8 (RFC 6531). */
#ifndef COMMON_ADDR_H
#define COMMON_ADDR_H
#include "common/buf.h"

enum addr_error {
	ADDR_OK,
	ADDR_EMPTY, /* nothing there, or <> where that is not allowed */
	ADDR_SYNTAX,
	ADDR_CONTROL, /* CR, LF, NUL or another control octet */
	ADDR_LONG,    /* local part or domain over 255 octets */
};

/* Both spans point into the parsed text.  local keeps its quotes. */
struct addr {
	struct span local;
	struct span
	    domain; /* empty: a user of this machine, not yet qualified */
};

enum addr_error addr_parse(struct span, struct addr *);
const char *addr_error_text(enum addr_error); /* "not a valid address" */
/* A domain or a domain literal, as it may stand behind an @. */
bool addr_domain(struct span);
/* The local part as the name it stands for: quotes and backslashes gone. */
void addr_local(struct span local, struct buf *name);
#endif
