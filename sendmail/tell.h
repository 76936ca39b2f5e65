/* tell - a text on standard input for the terminals of users, at once: the
 * agent is asked before anything is read, and its word is waited for. */
#ifndef SENDMAIL_TELL_H
#define SENDMAIL_TELL_H
#include "common/conf.h"
#include "sendmail/opt.h"

/* 0: shown to all of them.  75: one cannot be reached now, 67: there is no such
 * user, 77: the settings do not allow it; with a sentence in why. */
int tell(const struct opt *, const struct conf *, struct buf *why);
/* The agent's reply to RCPT: 0, or a sysexit with a sentence in why.  Pure. */
int tell_refused(struct span addr, struct span reply, struct buf *why);
/* What the agent said of a message (ask_follow), as a sysexit.  Pure. */
int tell_result(struct span said, size_t nrcpts, struct buf *why);
#endif
