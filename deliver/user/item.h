/* item - one message as it is written into a mailbox.  A pure function of the
 * item: the same bytes at each try. */
#ifndef DELIVER_USER_ITEM_H
#define DELIVER_USER_ITEM_H
#include "deliver/ipc.h"
#include <sys/types.h>

struct item {
	uint32_t ref;
	char *id, *sender, *rcpt;
	int64_t arrived_us;
	off_t offset;
	uint64_t len;
	uint32_t sum;
	int fd;
	bool settled;
};

/* Takes a piece of the text: 0, or -1 with errno to stop. */
typedef int item_sink(void *arg, const char *bytes, size_t n);

enum item_error {
	ITEM_OK,
	ITEM_SINK,    /* the sink said so; errno is its own */
	ITEM_READ,    /* the message file cannot be read; errno */
	ITEM_DAMAGED, /* its length or sum is not what the envelope says */
};

/* Reads the fields of IPC_BOX_ITEM; takes the descriptor.  0, or -1. */
int item_get(struct ipc_msg *, struct item *);
void item_free(struct item *);
#define ITEM_HOPS 100 /* Received fields (RFC 5321 6.3) */
/* Has it been here before: a Delivered-To of the same recipient, or more hops
 * than any way takes?  A sentence, or NULL. */
const char *item_loop(const struct item *);
/* As an mbox entry (RFC 4155 "mboxrd": ^>*From_ lines get one more >), with
 * the empty line behind it. */
enum item_error item_mbox(const struct item *, item_sink *, void *arg);
/* As a Maildir file. */
enum item_error item_plain(const struct item *, item_sink *, void *arg);
#endif
