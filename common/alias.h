/* alias - the syntax of aliases(5), of .forward and of :include: files.  No
 * I/O, and no opinion: what an address, a file or a command is allowed to be
 * is the caller's business.
 *
 *     # a comment                      an empty line says nothing, too
 *     root:  alice, bob@example.org,   a line that begins with a blank
 *            "|/usr/bin/pager -u root" goes on with the one before
 *     list:  :include:/etc/mail/list
 *     bob:   \bob, /srv/archive/bob    \bob: his mailbox, whatever else is
 *                                      said of him
 *
 * The other two have the right sides only, parted by commas or line ends. */
#ifndef COMMON_ALIAS_H
#define COMMON_ALIAS_H
#include "common/buf.h"

enum {
	ALIAS_NAME_MAX = 255,  /* octets of a name */
	ALIAS_ITEM_MAX = 4096, /* octets of an item, as it is written */
};

struct alias_entry {
	struct buf name;   /* without its quotes, in the case it was written */
	struct span items; /* for alias_items */
	unsigned line;	   /* where it begins, from 1 */
	const char *wrong; /* NULL, or what is: "no colon behind the name" */
};

/* The next entry of a file, at first with all of it in rest, 0 in *line and a
 * zero entry: 1, or 0 at the end, or -1 with ENOMEM.  An entry that is wrong
 * loses only itself: the next call goes on behind it.  The spans point into
 * the text; alias_entry_free when done. */
int alias_next(struct span *rest, unsigned *line, struct alias_entry *);
void alias_entry_free(struct alias_entry *);

enum alias_kind {
	ALIAS_ADDRESS, /* alice, alice@example.org: for addr_parse */
	ALIAS_INCLUDE, /* the path of a file of more items */
	ALIAS_COMMAND, /* for /bin/sh */
	ALIAS_FILE,    /* a path from the root, without ".." */
	ALIAS_BROKEN,  /* wrong says why; the items behind it are not lost */
};

struct alias_list {
	struct span rest;
	unsigned line; /* of the text at hand, from 1 */
	bool lines;    /* a line's end ends an item */
};

struct alias_item {
	enum alias_kind kind;
	bool last;	 /* \alice: look up no alias and no .forward of hers */
	struct buf text; /* without quotes, |, :include: and display name; of a
			    broken one: what is left of it, to be shown */
	unsigned line;	 /* where it begins */
	const char *wrong;
};

struct alias_list alias_items(const struct alias_entry *);
/* Of a .forward or an :include: file. */
struct alias_list alias_lines(struct span text);
/* The next item, at first with a zero item: 1, or 0 at the end, or -1 with
 * ENOMEM.  alias_item_free when done. */
int alias_item(struct alias_list *, struct alias_item *);
void alias_item_free(struct alias_item *);
#endif
