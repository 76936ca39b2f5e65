/* resent - the fields of a message that is sent once more (RFC 5322 3.6.6).
 * Who resends puts a block of them on top; blocks below are history. */
#ifndef SENDMAIL_RESENT_H
#define SENDMAIL_RESENT_H
#include "common/field.h"

/* From the first Resent- field to the end of the first block: other fields may
 * stand between, a trace field ends it, and so does a name that comes again.
 * Empty when there is no such field. */
struct span resent_block(struct span header);
#endif
