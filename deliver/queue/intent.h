/* intent - what is about to be appended to which mailbox: one small file in
 * queue/.intents/ a batch, there before the first byte of the append.  The
 * process that appends syncs it first where a power cut could leave half a
 * message: many do that at once, and the queue waits for no disk.
 *
 *     bellman-intent 1
 *     user alice
 *     kind file                     for what is no mailbox: file or command,
 *     what /srv/log/mail            and its path or words
 *     box /var/mail/%u              the setting `local`; empty for the others
 *     ino 1234 size 5678
 *     item ID RECIPIENT             one for each
 *     sum 5a3f01c2                  CRC-32C of the lines above
 *     result ????                   when the batch is synced, before any of its
 *                                   messages is removed: 1 for each item that
 *                                   is there, 0 for the others
 */
#ifndef DELIVER_QUEUE_INTENT_H
#define DELIVER_QUEUE_INTENT_H
#include "common/buf.h"
#include "common/spool.h"
#include "deliver/queue/target.h"

#define INTENT_DIR ".intents" /* in queue/ */
#define INTENT_NAME 40

struct intent_item {
	char id[SPOOL_IDSIZE];
	uint32_t rcpt;
};

struct intent {
	char name[INTENT_NAME]; /* of the file */
	enum target_kind kind;
	char *user, *what, *box; /* what: NULL for T_BOX */
	uint64_t ino, size;
	struct intent_item *items;
	size_t n;
	char *result; /* n of '0' and '1', or NULL: not known */
};

bool intent_is_name(const char *);
/* Makes the file and fills in->name: 0, or -1 and no file. */
int intent_write(int dirfd, struct intent *);
/* Fills in the result, without a sync: 0, or -1. */
int intent_mark(int dirfd, const struct intent *, const char *result);
/* 0; -1: EBADMSG for a file that was never whole (nothing was appended). */
int intent_read(int dirfd, const char *name, struct intent *);
void intent_free(struct intent *);
#endif
