/* run - the fixed names under /run/bellman, and who holds which lock.
 *
 * deliver.pid holds the parent's pid; five of its octets are locks:
 *     0  held by every process of the agent (an open-file-description lock,
 *        inherited): free only when the last of them is gone
 *     1  held by the parent while it lives
 *     2  held by the one `deliver -q` that waits for another pass to end
 *     3  held by the parent while it will look at every new message
 *     4  held by the parent of a pass that SIGTERM ends for an agent that is
 *        to stay, and that goes on with its work
 *
 * control is a stream socket: one request line of at most 1100 octets, none of
 * them a control octet, then the answer: a first line "ok" or "error SENTENCE",
 * and the lines asked for.
 *     mailq VERB WORDS what waits, shown or changed: his own messages, or all
 *                      for root; below
 *     watch ID         for mailq --follow: as follow, of what is in the queue,
 *                      and until it has left it or an hour is over
 *     check [SECONDS]  for mailq --check, of anybody: a line "N LEVEL: what",
 *                      N being its exit status, and a line "stats" of numbers;
 *                      how old a message may be, in place of the setting
 *     run              everything is tried now; for -qI, -qR and -qS:
 *     run [!]I PART    only what has that part in its id, or (R) a recipient
 *                      that waits, or (S) its sender; ! for all others.  A
 *                      user's own messages, or all for root
 *     newaliases       for root: the alias map is built anew; a line for each
 *                      that is wrong in /etc/aliases, and how many there are
 *     verify ADDR      as VRFY answers: lines "CODE ENHANCED text"
 *     expand ADDR      as EXPN answers
 *     rcpt KIND ADDR   as RCPT answers; KIND is MAIL, SEND, SOML or SAML
 *     explain ADDR     for -bv: an exit status, then a line for each thing
 *     follow ID        for -v: lines as they come, until the message of his is
 *                      gone, waits, or a minute is over; ID may come later
 *
 * mailq's words are those of common/record.h, as are the lines of its answer.
 * VERB is list, show, retry, hold, release, remove or bounce; WORDS select:
 *     id (several), from, to, domain, older (seconds), held=1, all=1; and I, R,
 *     S, !I, !R, !S as run has them.  full=1: also who has it; body=1: of show
 * All must fit.  All verbs but list need at least one.  The answer:
 *     message ...      a line, then a line "rcpt" for each recipient
 *     event ...        of show: what happened; then
 *     header size=N    and body size=N: as many octets follow, as they are
 *     progress ...     now and then
 *     missing id=...   is none of his, or not there
 *     sum ...          how many; always the last
 *
 * submit takes a message from whoever cannot have the set-gid group: one packet
 * of one octet, RUN_SUBMIT_VERSION, with four descriptors: a memfd that holds
 * the name for people (NAME) and sendmail's arguments, each with a NUL behind
 * it, then the caller's descriptors 0, 1 and 2.  The answer is one octet, the
 * exit status of the sendmail that was run; or, where none was, for too many
 * submit at once, 75 and RUN_SUBMIT_MANY, of which older ones read the first.
 * Who closes before it is taken for killed.
 *
 * refuse is there while the agent lets somebody submit nothing: lines of "all",
 * "uid N" or "uid N-M", then a sentence for who is meant.  At most 32 KiB.
 *
 * installing is there while a package of this program is unpacked and not yet
 * set up: sendmail, which cannot have the group then, waits for the agent.
 *
 * For the sendmail that runs behind it as bellman on behalf of another, the
 * variable RUN_SUBMIT_UID names whom; it is believed of nobody else. */
#ifndef COMMON_RUN_H
#define COMMON_RUN_H
#include <stdbool.h>

#ifndef RUN_DIR
#define RUN_DIR "/run/bellman"
#endif
#define RUN_PID RUN_DIR "/deliver.pid"
#define RUN_CONTROL RUN_DIR "/control"
#define RUN_REFUSE RUN_DIR "/refuse"
#define RUN_SUBMIT RUN_DIR "/submit"
#define RUN_SUBMIT_VERSION '1'
#define RUN_SUBMIT_MANY 'm'
#define RUN_SUBMIT_FDS 4
#define RUN_SUBMIT_UID "BELLMAN_SUBMITTER"

#define RUN_INSTALLING RUN_DIR "/installing"

/* The error that answers "watch ID". */
#define RUN_GONE "no such message of yours waits"
#define RUN_REQUEST 1100 /* octets of a request, with its LF */

enum run_lock { RUN_AGENT, RUN_PARENT, RUN_WAITER, RUN_RESIDENT, RUN_PASS };

/* There while systemd listens on control and submit for the agent, and starts
 * it when drop/ is not empty (service/bellman-control.socket): then it need not
 * run. Its name is not to be unlinked, and nobody is told that no agent runs.
 */
#define RUN_ACTIVATED RUN_DIR "/activated"
bool run_activated(void);

/* Is that lock held by a process?  Takes nothing. */
bool run_held(enum run_lock);
#endif
