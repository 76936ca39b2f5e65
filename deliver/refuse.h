/* refuse - the parent's side of /run/bellman/refuse (common/run.h): what the
 * queue has to say to those who submit. */
#ifndef DELIVER_REFUSE_H
#define DELIVER_REFUSE_H
#include "common/span.h"

/* The whole file; of no octets: there is none.  The log says what fails. */
void refuse_write(struct span text);
#endif
