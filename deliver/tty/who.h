/* who - the terminals of a user who is logged in (RFC 821 3.4): what logind and
 * utmp know, each of which misses some, and what the devices say.  Graphical
 * sessions are no terminals. */
#ifndef DELIVER_TTY_WHO_H
#define DELIVER_TTY_WHO_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define WHO_NAME 32 /* with its NUL, as ut_line */
#define WHO_MAX 64  /* terminals of one user that are looked at */

struct who_terminal {
	char name[WHO_NAME]; /* beneath /dev: "pts/3" */
	int64_t used;	     /* last input, nanoseconds since 1970 */
	bool accepts;	     /* mesg y: the group may write */
};

/* Fills terminals with those of uid, the one used last first, and returns how
 * many there are; 0 also where nothing keeps a register.  user is one name of
 * uid; other names are looked up.  devfd is /dev.  With pts_owner whatever he
 * owns in /dev/pts counts, registered or not.  What is said of a terminal
 * is true at that moment only. */
size_t who_terminals(int devfd, uid_t uid, const char *user, bool pts_owner,
    struct who_terminal terminals[WHO_MAX]);
/* Is it the name of a device that can be someone's terminal?  Never
 * /dev/console, /dev/tty, /dev/ptmx, never a path with dots. */
bool who_name_ok(const char *);
/* Copies a field of utmp, which has no NUL when it is full, without "/dev/" in
 * front.  out holds size + 1 octets. */
void who_field(char *out, const char *field, size_t size);
#endif
