/* transact - one transaction of a session: MAIL, RCPT, DATA and what the
 * server says to them.  Private to smtp.c and transact.c, which share struct
 * smtp: the session asks, the transaction knows. */
#ifndef DELIVER_NET_TRANSACT_H
#define DELIVER_NET_TRANSACT_H
#include "deliver/net/smtp.h"

/* Of the session. */
void smtp_go(struct smtp *, enum stage);
/* A command that is written at the next smtp_more, and answered. */
void smtp_ask(struct smtp *, enum stage command);
bool smtp_offers(const struct smtp *, unsigned what);

/* Of the transaction, in its stages AT_MAIL to AT_DOT. */
void transact_write(struct smtp *, struct buf *out, size_t full);
/* A command of the transaction has no reply yet. */
bool transact_waits(const struct smtp *);
void transact_reply(struct smtp *, const struct verdict *, int code);
/* RSET is answered: begins anew what is to be repeated. */
void transact_again(struct smtp *);
/* The session has ended.  unread: it may be that nobody read our commands. */
void transact_end(struct smtp *, const struct verdict *, bool unread);
#endif
