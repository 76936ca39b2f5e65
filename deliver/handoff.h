/* handoff - deliver --handoff: all that waits goes to another host, as it is:
 * one pass of an agent with settings of its own.  No domain is local and no
 * alias is looked up, no sender is rewritten, nothing expires, nobody is
 * warned; and what the other host refuses for good stays here, rather than
 * being returned for something that the other host lacks. */
#ifndef DELIVER_HANDOFF_H
#define DELIVER_HANDOFF_H
#include "common/conf.h"
#include <sys/types.h>

/* Makes those settings of the usual ones.  to: the name of a relay, HOST or
 * HOST:PORT.  0, or -1 with a sentence in why. */
int handoff_settings(struct conf *, const char *to, struct buf *why);
/* Forks: 0 in the child, who is the agent and ends with its parent; the parent
 * tells how far it is until the child ends, and answers -1 with a sysexit in
 * *status. */
int handoff_apart(const char *to, int *status);
#endif
