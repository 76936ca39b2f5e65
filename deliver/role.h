/* role - who is who: one row a role. */
#ifndef DELIVER_ROLE_H
#define DELIVER_ROLE_H
#include "common/conf.h"
#include <sys/types.h>

enum role { ROLE_PARENT, ROLE_QUEUE, ROLE_NET, ROLE_DNS, ROLE_USER, ROLE_TTY,
	ROLES };

/* What a role finds when it begins, already with its own identity. */
struct role_start {
	const struct conf *conf;
	int fd; /* parent for queue, net and dns; queue for user and tty */
	bool once; /* deliver -q: say IPC_DONE when nothing is due */
	/* user and tty: whom for, looked up by the parent */
	const char *user, *home;
	uid_t uid;
	gid_t gid;
	gid_t mail; /* the group mail */
	int drop, queue; /* queue: directories; else -1 */
	int control; /* queue: listening socket, or -1 */
};

struct role_row {
	const char *name; /* "queue": in logs and process titles */
	const char *user; /* NULL: root, or the recipient */
	void (*run)(const struct role_start *); /* returns when it has ended */
};
extern const struct role_row role_rows[ROLES];
#endif
