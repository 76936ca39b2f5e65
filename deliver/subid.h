/* subid - whose a uid is: the subordinate ones of subuid(5), as containers of a
 * user have them, are his, so that sixty thousand of them are no more than he.
 */
#ifndef DELIVER_SUBID_H
#define DELIVER_SUBID_H
#include "common/span.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#ifndef SUBID_PATH
#define SUBID_PATH "/etc/subuid"
#endif
/* Below are the uids of the machine's own users, whatever the file says. */
#define SUBID_FIRST 65536

struct subid {
	uid_t owner, first, last;
};
struct subids {
	struct subid *all;
	size_t n;
};

/* Lines "name:first:count", the name being a user's or a uid; what is none is
 * left out.  0, or -1 with ENOMEM.  The caller frees all. */
int subid_parse(struct span text, struct subids *);
uid_t subid_of(const struct subids *, uid_t);

/* The same by the machine's file, which is read again when it is another. */
uid_t subid_owner(uid_t);
const struct subids *subid_known(void);
#endif
