/* ask - what sendmail asks of the agent: its control socket, and whether it
 * runs at all. */
#ifndef SENDMAIL_ASK_H
#define SENDMAIL_ASK_H
#include "common/buf.h"

/* Sends one request ("run", "list") and prints the answer's lines on standard
 * output.  A sysexit; other than 0 with a sentence in why. */
int ask(const char *request, struct buf *why);
/* After a message was queued: where no agent runs, root's sendmail starts one
 * pass; for another user a sentence in why says that the message waits. */
void ask_for_agent(struct buf *why);
/* Starts one pass apart from the caller, over all that waits (deliver -q) or
 * what is due (deliver --due): 0, or -1 with errno. */
int ask_start_pass(bool all);
#endif
