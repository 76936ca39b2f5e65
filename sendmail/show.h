/* show - what happened to a message, from the journal's lines; and what it is.
 */
#ifndef SENDMAIL_SHOW_H
#define SENDMAIL_SHOW_H
#include "sendmail/table.h"

/* "event when=... what=later to=... status=... text=..." in plain words. */
void show_event(struct buf *, const struct view *, struct span line);
/* Header and body: to a window as text that it can show, else as they are. */
void show_bytes(struct buf *, const struct view *, struct span bytes);
#endif
