/* ask - what sendmail asks of the agent: its control socket, and whether it
 * runs at all. */
#ifndef SENDMAIL_ASK_H
#define SENDMAIL_ASK_H
#include "common/env.h"

/* The agent's control socket, on which a word is awaited for so many seconds: a
 * descriptor, or -1 with errno. */
int ask_connect(int seconds);
/* Sends a line; a descriptor on which the answer has begun, or -1 with errno,
 * ETIMEDOUT when the agent is there and says nothing. */
int ask_request(const char *request);
/* The sysexit and the sentence for who finds none (errno). */
int ask_nobody(struct buf *why);
/* Sends one request ("run", "list") and prints the answer's lines on standard
 * output.  A sysexit; other than 0 with a sentence in why. */
int ask(const char *request, struct buf *why);
/* What the agent's router says about an address, as VRFY, EXPN and RCPT are to
 * answer it: lines "CODE ENHANCED text" joined by LF, e.g.
 *     250 2.1.5 Alice Example <alice@example.org>
 *     251 2.1.5 User not local; will forward to <eve@far.example>
 *     553 5.1.4 Ambiguous; the possibilities are      (a line each follows)
 * All lines of a reply have one code.  0; or -1 (EAGAIN, ENOENT, ECONNREFUSED
 * and their kin) when no agent answers within 5 s: then reply is empty. */
int ask_verify(struct span addr, struct buf *reply);
int ask_expand(struct span addr, struct buf *reply);
int ask_rcpt(enum env_kind, struct span addr, struct buf *reply);
/* The same in words for -bv: an exit status (0, 67, 75), then a line each. */
int ask_explain(struct span addr, struct buf *reply);
/* For mailq --check: "N LEVEL: what".  age: seconds, or 0. */
int ask_check(long age, struct buf *reply);
/* What becomes of a message (-v): asked before it is complete, so that nothing
 * is missed.  A descriptor for ask_watch, or -1 when no agent answers. */
int ask_follow(const char *id);
/* Closes fd; first, if show is set, prints what the agent says until the
 * message is gone or waits, for at most 65 s. */
void ask_watch(int fd, bool show);
/* The same, collected. */
void ask_collect(int fd, struct buf *said);
/* After a message was queued: where no agent runs, root's sendmail starts one
 * pass; for another user a sentence in why says that the message waits.  The id
 * is of one that somebody wants to follow, and nobody can; or "". */
void ask_for_agent(const char *id, struct buf *why);
/* Starts one pass apart from the caller, over all that waits (deliver -q) or
 * what is due (deliver --due): 0, or -1 with errno. */
int ask_start_pass(bool all);
#endif
