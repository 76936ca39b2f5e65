/* box - a kind of mailbox: one row of calls.  Adding a kind adds a row. */
#ifndef DELIVER_USER_BOX_H
#define DELIVER_USER_BOX_H
#include "deliver/role.h"
#include "deliver/user/item.h"

#define BOX_TEXT 5000 /* with what a command has said */

struct verdict {
	enum outcome outcome;
	char status[12]; /* RFC 3463 */
	char text[BOX_TEXT];
};

struct box;
struct box_kind {
	/* Opens and locks.  0 and where it ends; -1 and why not. */
	int (*open)(
	    struct box *, uint64_t *ino, uint64_t *size, struct verdict *);
	/* Which of the items were written since size?  Sets settled; undoes
	 * what was torn.  -1 when that cannot be told now. */
	int (*check)(struct box *, uint64_t ino, uint64_t size, struct item *,
	    size_t n, struct verdict *);
	/* Writes one; undone on failure.  The item stays where it is until the
	 * sync. */
	void (*append)(struct box *, struct item *, struct verdict *);
	/* What was appended since the last sync is on disk: 0.  Or undone: -1,
	 * but for items that are settled now. */
	int (*sync)(struct box *, struct verdict *);
	void (*close)(struct box *);
	/* A power cut may leave what only the intent can undo: that is on disk
	 * before the first append. */
	bool torn_by_power_cut;
};

struct box {
	const struct box_kind *kind;
	const struct role_start *start;
	struct buf path;
	int at;			 /* its folder, or -1: place.h */
	const char *name;	 /* what it is called there */
	int fd;			 /* mbox: the file; maildir: its folder */
	int tmp, new;		 /* maildir */
	struct written *written; /* maildir: not yet synced */
	size_t nwritten;
	off_t begun, end; /* mbox: at the last sync, and now */
	bool locked;	  /* mbox: the dot-lock is ours */
	bool was_open;
	bool file; /* mbox: a /file, anywhere */
	bool torn; /* mbox: what failed could not be undone */
};

extern const struct box_kind box_mbox, box_maildir, box_pipe;

/* The verdict for an errno met on a path: later, with a sentence. */
void box_verdict(struct verdict *, int err, const char *what, const char *path);
/* The verdict for an item that could not be written. */
void box_item_verdict(
    struct verdict *, enum item_error, int err, const char *path);
#endif
