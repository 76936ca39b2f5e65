/* who - the submitter, as the user database names him. */
#ifndef SENDMAIL_WHO_H
#define SENDMAIL_WHO_H
#include "common/span.h"
#include <stdbool.h>
#include <sys/types.h>

#define WHO_UNMAPPED 65534 /* the kernel's for a uid that has none here */

enum who_account { WHO_HAS_ONE, WHO_HAS_NONE, WHO_CANNOT_TELL };

struct who {
	char login[64];	    /* a name, or "uid-1000" */
	char fullname[256]; /* or "" */
	enum who_account account;
};

/* /etc/passwd is read here; who is not in it is looked up by getent(1), since
 * a program without the dynamic linker cannot load what nsswitch.conf(5) names.
 * The names are for people to read: his number is the kernel's word. */
void who_is(uid_t, struct who *);
/* The text of nsswitch.conf(5): does nothing but this machine know its users?
 * Of what a directory does not know getent tells the same as of one that is
 * away. */
bool who_all_here(struct span);
/* One line of passwd(5): is it his?  Then his names, or nothing is changed. */
bool who_line(struct span, uid_t, struct who *);
/* The user who runs us; or, where the agent runs us as bellman on behalf of
 * another (common/run.h), whom the variable's value names.  behind: it is so,
 * or is the user himself; nobody is to be asked to run us once more. */
uid_t who_submits(const char *value, bool *behind);
#endif
