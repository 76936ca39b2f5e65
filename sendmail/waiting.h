/* waiting - the agent's lines about the queue (common/record.h), read back. */
#ifndef SENDMAIL_WAITING_H
#define SENDMAIL_WAITING_H
#include "common/buf.h"
#include <stdint.h>

/* One KEY=VALUE after the other of a line; the first of a key counts. */
struct span waiting_get(struct span line, const char *key, struct buf *value);
long long waiting_num(struct span line, const char *key);

struct waiting_rcpt {
	char *to, *of, *state, *status, *text, *mta, *what, *todo; /* or NULL */
	long long last;
};

/* A message: a line "message" and the lines "rcpt" behind it. */
struct waiting {
	char *id, *from, *kind, *state, *trouble; /* or NULL */
	long long size, time, uid, tries, until, held_by, expires;
	struct waiting_rcpt *rcpts;
	size_t nrcpts, space;
};

/* Takes a line without its LF: 0; -1: it is malformed, or memory ran out. */
int waiting_message(struct span line, struct waiting *);
int waiting_rcpt(struct span line, struct waiting *);
void waiting_free(struct waiting *);
#endif
