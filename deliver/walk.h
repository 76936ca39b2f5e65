/* walk - deliver --check, as root: has the role net walk the way to each relay,
 * with a role dns beside it, and passes on what it says.  Neither has anything
 * to do with an agent that may run. */
#ifndef DELIVER_WALK_H
#define DELIVER_WALK_H
#include "deliver/role.h"

struct walk_how {
	const char *to; /* only the way of mail to that address, or domain; or
			   NULL */
	int secrets;	/* as for parent_run */
	bool trial;	/* they are the only ones: /etc/bellman/secrets is not
			   looked at (deliver --setup) */
	bool find;	/* no walk: where SRV leads, see probe.h */
};
/* Prints lines.  A sysexit. */
int walk(const struct conf *, const struct role_ids *, const struct walk_how *);
#endif
