/* bounce - what bounce.c, its parts and flood.c share: reports as files.
 *
 * Ids, so that after a crash a report is found and not made again (N is the
 * round, or that of the report concerned; see common/spool.h):
 *
 *     ID-N     failures        ID-NW   a warning of delay: 1 to the sender,
 *                                      others to owners of lists
 *     ID-NS    success         ID-ND   to postmaster, for a report or another
 *     ID-NM    many failures           message without a sender
 *     ID-1A    an alert of the agent's own: no message has that ID */
#ifndef DELIVER_QUEUE_BOUNCE_H
#define DELIVER_QUEUE_BOUNCE_H
#include "deliver/queue/core.h"

#define POSTMASTER "postmaster" /* as an envelope has it: never an alias */

/* letter '\0': failures. */
void bounce_id(
    const struct message *, unsigned round, char letter, char id[SPOOL_IDSIZE]);
/* What kind of report a message is itself; '\0' for failures and for all that
 * is no report. */
char bounce_letter(const char *id);
bool bounce_is_report(const char *id);
/* Is it for the mailbox of postmaster itself, whatever aliases say? */
bool bounce_is_local(const struct message *, struct span rcpt);
/* Whom reports on it go to: its sender, or POSTMASTER. */
const char *bounce_to(const struct file *);
/* Is the failure of that recipient still to be told? */
bool bounce_untold(const struct file *, uint32_t rcpt);
/* As much of its text as may be returned: 0, or -1 with errno. */
int bounce_text(const struct file *, bool whole, struct buf *);
/* A file of queue/ with the null sender, complete and on disk: 0, or -1. */
int bounce_write(struct queue *, const char *id, const char *to, enum env_kind,
    const struct buf *text);
/* Is it there whole?  A torn one is removed. */
bool bounce_exists(struct queue *, const char *id);

/* flood: at most FLOOD_MAX reports go to one address within FLOOD_SPAN; then
 * failed messages stay as they are until it is over, and one report lists
 * them. */
#define FLOOD_MAX 20
#define FLOOD_SPAN 60000 /* ms */
/* May one more go there now? */
bool flood_take(struct queue *, const char *to);
/* Closes it, until its failures are told in a list. */
void flood_hold(struct queue *, struct message *);
/* Lists are made now: true when there was anything to tell. */
bool flood_flush(struct queue *);
#endif
