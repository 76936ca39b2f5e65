/* journal - what happened to a message: lines behind its body, each with the
 * CRC-32C of what follows the sum.
 *
 *     @ 5a3f01c2 1795497640 done 0 2.0.0 /var/mail/alice
 *       sum      when       event, recipient's index, status, words
 *
 *     done   R STATUS TEXT   delivered
 *     fail   R STATUS TEXT   failed for good
 *     later  R STATUS TEXT   why not yet; R is * for all that wait
 *     try    R               a terminal attempt begins (SEND, SOML)
 *     defer  UNTIL           no attempt before that second
 *     child  PARENT WHAT USER FROM TARGET
 *            an alias, a list or .forward made a recipient of it; its index is
 *            the next one behind all others.  WHAT is box, address, command or
 *            file; USER whose box, or as whom; FROM an envelope sender of its
 *            own; - is none, and %20 an octet that is no part of a word
 *     split  R               all children of that recipient are written
 *     drop   R               that child is in no alias any more; a done
 *                            behind it: it had been served before
 *     bounce ROUND ID        all failures so far are in that bounce; ID is -
 *                            when none was made (null sender, NOTIFY=NEVER)
 *     relayed, passed  R ...      as done, where success is to be reported: by
 *                                 a server that makes no such reports, or does
 *     told   ROUND ID             all successes so far are in that report
 *     warn   1 ID                 the sender was told that it is late
 *     list   ID                   its failures are in that list, if it is there
 *     hold   UID                  a person holds it: whose uid that is
 *     release UID                 and lets it go, at once
 *     retry  UID                  it is due now, while no agent runs
 *     return UID                  all that waits goes back to the sender
 *
 * A torn last line is as if it had not been written.  No I/O here. */
#ifndef DELIVER_QUEUE_JOURNAL_H
#define DELIVER_QUEUE_JOURNAL_H
#include "common/buf.h"
#include <stdint.h>

#define JOURNAL_ALL UINT32_MAX /* the recipient * */
#define JOURNAL_LINE 4096      /* octets of the longest line */
#define JOURNAL_WORDS 3900     /* of USER FROM TARGET */

enum journal_event {
	J_DONE,
	J_FAIL,
	J_LATER,
	J_TRY,
	J_DEFER,
	J_BOUNCE,
	J_CHILD,
	J_SPLIT,
	J_DROP,
	J_RELAYED,
	J_PASSED,
	J_TOLD,
	J_WARN,
	J_LIST,
	J_HOLD,
	J_RELEASE,
	J_RETRY,
	J_RETURN,
	J_EVENTS
};

struct journal_line {
	enum journal_event event;
	int64_t when;  /* seconds */
	uint32_t rcpt; /* whose; child: the parent */
	int64_t until; /* defer: seconds; bounce, told: the round */
	struct span status,
	    text; /* of reports: text is the id; hold and its kin:
		     the uid; child: WHAT,
		     and the three words behind it */
};

/* As the line has it: "done". */
struct span journal_name(enum journal_event);
void journal_put(struct buf *, const struct journal_line *);
/* Takes the next line off *rest: 1; 0 at the end, at a torn last line or at one
 * with zeros in it, with *rest where the next line is to be written; -1 EBADMSG
 * for anything that is none of ours. */
int journal_get(struct span *rest, struct journal_line *);
/* One of the words of a child, of any octets, behind a blank if it is not the
 * first.  journal_word takes the next one off *rest into a string of its own:
 * 0; or -1 with EBADMSG, or ENOMEM.  "-" makes it NULL. */
void journal_add_word(struct buf *, const char *);
int journal_word(struct span *rest, char **word);
#endif
