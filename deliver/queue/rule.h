/* rule - the administrator's rules: mail to one recipient, from one side, as
 * another kind, shown to him or to those who stand in for him. */
#ifndef DELIVER_QUEUE_RULE_H
#define DELIVER_QUEUE_RULE_H
#include "deliver/queue/message.h"

/* The first that fits an address (without <>); NULL: none.  Pure. */
const struct conf_rule *rule_find(
    const struct conf *, struct span addr, bool network);
/* Gives the recipients of an open message the kinds of their rules.  own: the
 * agent's uid, whose own alerts go to those whom `alert via` names. */
void rule_apply(const struct conf *, struct file *, uid_t own);
/* Who stands in for a recipient: a user, @group; NULL: nobody. */
const char *rule_via(const struct file *, uint32_t rcpt);
/* The names of a via: calls each for one after the other, at most 32. */
void rule_members(
    const char *via, void (*each)(const char *user, void *arg), void *arg);
#endif
