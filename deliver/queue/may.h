/* may - who may write to whose terminals, and how often. */
#ifndef DELIVER_QUEUE_MAY_H
#define DELIVER_QUEUE_MAY_H
#include "deliver/queue/core.h"

/* By the setting terminal-senders.  The agent itself and root always may. */
bool may_write(const struct queue *, uid_t sender, const char *user);
/* One more message from sender to user: taken if both rates allow it.  RCPT and
 * the showing count apart, so that who was told yes is not refused for it. */
enum may { MAY_ASK, MAY_SHOW };
bool may_take(struct queue *, enum may, uid_t sender, const char *user);
/* It was not shown after all. */
void may_give(struct queue *, enum may, uid_t sender, const char *user);
#endif
