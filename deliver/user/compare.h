/* compare - what a mailbox has of messages that may have been written. */
#ifndef DELIVER_USER_COMPARE_H
#define DELIVER_USER_COMPARE_H
#include "deliver/user/item.h"
#include <sys/types.h>

/* Compares what would be written with what stands there. */
struct compare {
	int fd;
	off_t at, size;
	bool differs, ends; /* another text; the file ends within ours */
	bool holes; /* zeros in place of some of ours: a power cut may keep a
		       file's new size and not all of its octets */
};

/* As pread, through signals. */
ssize_t compare_read(int fd, void *to, size_t n, off_t at);
/* Does the item stand at c->at, with what goes before it?  ITEM_READ also when
 * the mailbox cannot be read (before is NULL then): nothing is known, and what
 * is written again might be there twice. */
enum item_error compare_item(
    struct compare *, const char *before, const struct item *);
/* Some of the item is there, and nothing behind it but what else is ours: none
 * of that was synced, and all of it is written again.  1, 0, or -1 for a
 * message that cannot be read. */
int compare_torn(struct compare, const struct item *, size_t n);
#endif
