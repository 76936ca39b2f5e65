/* dotlock - MAILBOX.lock with our pid in it (Debian policy 11.6). */
#ifndef DELIVER_USER_DOTLOCK_H
#define DELIVER_USER_DOTLOCK_H

/* Takes it, within 30 s: 0; or -1 with errno, EAGAIN when another holds it.
 * The caller has the mailbox's fcntl lock already: no other process of ours is
 * at the same names.  One whose pid is dead on this host is broken at once; one
 * without a pid, or with a pid that began after it, when it is 5 minutes old;
 * one that lives, never. */
int dotlock_take(int folder, const char *name);
void dotlock_drop(int folder, const char *name); /* only of who has it */
#endif
