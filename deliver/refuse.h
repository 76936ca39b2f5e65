/* refuse - the parent's side of /run/bellman/refuse (common/run.h): what the
 * queue has to say to those who submit. */
#ifndef DELIVER_REFUSE_H
#define DELIVER_REFUSE_H
#include "common/span.h"

/* The whole file; of no octets: there is none.  0, or -1 with errno. */
int refuse_write(struct span text);
#endif
