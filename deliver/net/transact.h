/* transact - the transactions of a session: MAIL, RCPT, DATA and what the
 * server says to them.  Private to smtp.c (the session), window.c (what goes
 * out) and transact.c (what comes in), which share struct smtp. */
#ifndef DELIVER_NET_TRANSACT_H
#define DELIVER_NET_TRANSACT_H
#include "deliver/net/smtp.h"

/* Of the session. */
void smtp_go(struct smtp *, enum stage);
/* A command that is written at the next smtp_more, and answered. */
void smtp_ask(struct smtp *, enum stage command);
bool smtp_offers(const struct smtp *, unsigned what);

/* Of the transaction, in its stages AT_MAIL to AT_DOT. */
/* The state of a mail that begins, or begins anew; what need not be sent is
 * answered.  false: there is nobody left. */
bool transact_start(struct smtp *, struct smtp_mail *);
void transact_answer(struct smtp *, struct smtp_mail *, struct smtp_rcpt *,
    const struct verdict *);
/* All recipients that are open; taken: or of those only the accepted ones. */
void transact_answer_all(
    struct smtp *, struct smtp_mail *, const struct verdict *, bool taken);
/* The first recipient from next on whose RCPT is still to be said in this
 * transaction: RFC 9422 says how many it may have. */
size_t transact_unsaid(const struct smtp *, const struct smtp_mail *);
/* Somebody has been neither answered nor asked for. */
bool transact_left(const struct smtp_mail *);
void transact_chunk(struct smtp *); /* the last chunk is written */
void transact_write(struct smtp *, struct buf *out, size_t full);
/* A command of the transaction has no reply yet. */
bool transact_waits(const struct smtp *);
void transact_reply(struct smtp *, const struct verdict *, int code);
/* RSET is answered: begins anew what is to be repeated, or goes on with what
 * stands behind it. */
void transact_again(struct smtp *);
/* How a session has ended, for what was on its way. */
enum transact_how {
	TRANSACT_ENDED,
	TRANSACT_LOST, /* it may be that nobody read our commands */
	TRANSACT_QUIT, /* by 421: the server has read no more of them */
};
void transact_end(struct smtp *, const struct verdict *, enum transact_how);
#endif
