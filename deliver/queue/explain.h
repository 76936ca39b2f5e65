/* explain - a status and the words that came with it, told to a person: what
 * it means, and what can be done.  One table; pure. */
#ifndef DELIVER_QUEUE_EXPLAIN_H
#define DELIVER_QUEUE_EXPLAIN_H
#include "common/span.h"

struct explanation {
	const char *what; /* "There is no mailbox of that name." */
	const char *todo; /* "Check the address ..." */
};

/* status "5.1.1" (RFC 3463) or ""; words are those of the server, or our own.
 * Never NULL. */
const struct explanation *explain(struct span status, struct span words);
#endif
