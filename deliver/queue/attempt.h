/* attempt - what attempt.c and settle.c share: an open message. */
#ifndef DELIVER_QUEUE_ATTEMPT_H
#define DELIVER_QUEUE_ATTEMPT_H
#include "deliver/queue/core.h"

#define TROUBLE 60  /* seconds until our own disk is tried again */
#define PATIENCE 60 /* seconds for which a SEND is tried */

/* May it not be shown any more? */
bool attempt_late(const struct file *);
/* Closes it; it is due again in that time (negative: when somebody asks). */
void attempt_put_back(struct queue *, struct message *, int64_t seconds);
/* The same, for a fault (an errno) of our own disk: tried again in a minute;
 * mailq says why. */
void attempt_trouble(struct queue *, struct message *, int err);
/* Lines for its journal: 0; or -1 with errno, and they are owed: nothing is
 * done with the message before they are written. */
int attempt_write(struct message *, const struct buf *lines);
/* Closes it and forgets it. */
void attempt_drop(struct queue *, struct message *);
/* What its recipients come to now, into the journal; then attempt_send, or
 * attempt_put_back. */
void attempt_split(struct queue *, struct message *);
/* Sends off all that waits. */
void attempt_send(struct queue *, struct message *);
/* A user's mail, when his terminal did not take it.  Owes the answer. */
void attempt_to_mailbox(struct queue *, struct message *, uint32_t rcpt);
/* One line for the journal. */
void attempt_note(struct message *, const struct journal_line *);
/* One line for the log. */
void attempt_log(struct queue *, const struct message *, uint32_t rcpt,
    const char *word, struct span status, struct span text, struct span mta);
/* Makes the reports for what was not told yet: 0; -1: not now; 1: there are too
 * many, and failures are still to be told. */
int attempt_tell(struct queue *, struct message *);
/* Every answer is in.  The message is gone or closed afterwards. */
void attempt_settle(struct queue *, struct message *);
#endif
