/* tty - role bellman-tty: one message to the terminals of one user (RFC 821
 * 3.4).  Group tty and nothing else, so that the kernel enforces mesg n.
 *
 *     IPC_TTY_JOB  u8 kind (enum env_kind); str id; str submitter ("alice (uid
 *                  1001)"); u64 arrival (us); str recipient; u8 flags
 *                  (TTY_EXCERPT, ...); u64 offset and u64 length of the message
 *                  text in the file: fields that end with an empty line, then
 *                  text, as it came or as deliver-mime has made it readable
 *
 *     IPC_TTY_NOTE str text: a sentence of the system's own, shown in brackets
 *
 *     IPC_TTY_LOOK nothing: is there a terminal that would take a message now?
 *                  TTY_SHOWN, TTY_ABSENT or TTY_REFUSES; nothing is written
 *
 * The recipient's uid and name come from the parent (struct role_start). */
#ifndef DELIVER_TTY_TTY_H
#define DELIVER_TTY_TTY_H
#include "deliver/role.h"

enum tty_result {
	TTY_SHOWN,
	TTY_ABSENT,  /* not logged in on any terminal */
	TTY_REFUSES, /* mesg n on all of them */
	TTY_FAILED,  /* written to, but all failed or stalled */
	TTY_LONG,    /* does not fit a terminal, and must not be cut */
	/* these say the queue, without asking a writer: */
	TTY_RATED,     /* too many within a minute */
	TTY_FORBIDDEN, /* the sender may not, by the settings */
	TTY_RESULTS
};

enum {
	TTY_EXCERPT = 1, /* a long text may be cut: a copy is in the mailbox */
	TTY_CUT = 2,	 /* the message is longer than this text of it */
};

/* What a terminal shows whole. */
#define TTY_MAX_BYTES 16384
#define TTY_MAX_LINES 200

void tty_run(const struct role_start *);
#endif
