/* mailq - what waits, shown, and changed by whom it belongs to. */
#ifndef SENDMAIL_MAILQ_H
#define SENDMAIL_MAILQ_H
#include "sendmail/mailq_opt.h"
#include "sendmail/table.h"

/* What the environment says of how things are shown; before it is cleared. */
void mailq_view(struct view *);
/* MODE_LIST and MODE_QUEUE: an exit status, with a sentence in why unless it is
 * 0 or 1 (nothing fits). */
int mailq(const struct mailq *, struct view, struct buf *why);
#endif
