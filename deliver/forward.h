/* forward - a file that says where a user's mail goes: ~/.forward, or a list
 * that is his.  It is opened only when nobody else could have written it, and
 * never through a link that leads out of his home. */
#ifndef DELIVER_FORWARD_H
#define DELIVER_FORWARD_H
#include "common/buf.h"
#include <sys/types.h>

enum read_status {
	READ_OK,
	READ_NONE,  /* there is no such file */
	READ_BAD,   /* there is one, and it is not to be used */
	READ_LATER, /* that cannot be told now */
	READ_STATUSES
};
#define FORWARD_MAX (64 << 10)	/* octets of a .forward */
#define READ_LIST_MAX (1 << 20) /* of an included list */

struct forward_owner {
	const char *home;
	uid_t uid;
	gid_t gid;
};

/* path: "" is ~/.forward; one without / at its front, or with the home's name
 * there, is beneath the home: no component of it may be a link, "..", or
 * writable by others.  Another is reached as forward_reach has it, and has no
 * second name.  In each case it is a regular file of the user or root that no
 * one else may write.  READ_OK and *fd; else a sentence in why. */
enum read_status forward_open(
    const struct forward_owner *, const char *path, int *fd, struct buf *why);
/* A path from the root, its last component no link and the others links of root
 * or of uid only: one of another would lead to whatever he likes. */
enum read_status forward_reach(
    const char *path, uid_t uid, int *fd, struct buf *why);
/* What lies beneath the home, if path does: else NULL. */
const char *forward_inside(const char *home, const char *path);
/* All of it, up to max octets. */
enum read_status forward_read(
    int fd, size_t max, struct buf *text, struct buf *why);
#endif
