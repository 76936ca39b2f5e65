/* handover - where the set-gid group cannot be had (no_new_privs, a user
 * namespace, nosuid, a chroot, a read-only view of the spool), the agent's
 * submit role runs the same program on the other side of RUN_SUBMIT, with our
 * descriptors 0 to 2 and the uid that the kernel tells it (common/run.h). */
#ifndef SENDMAIL_HANDOVER_H
#define SENDMAIL_HANDOVER_H
#include <stdbool.h>

/* Would a file in the spool be refused?  For a process that has the group
 * parked (priv.h). */
bool handover_needed(void);
/* Hands everything over and waits for its end: 0 and the exit status; -1 with
 * errno when nobody takes it, and nothing was read.  An agent that has just
 * gone is waited for, and EX_TEMPFAIL when none comes. */
int handover(int argc, char **argv, const char *name, int *status);
#endif
