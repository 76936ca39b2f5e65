/* aliases - the map of /etc/aliases, a tdb in /var/lib/bellman.  It is a
 * cache: built whole beside the old one and renamed into place whenever the
 * source is another than the one it was made of; moved aside when it is
 * damaged.  What cannot be written there is kept in memory. */
#ifndef DELIVER_QUEUE_ALIASES_H
#define DELIVER_QUEUE_ALIASES_H
#include "common/buf.h"
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#ifndef ALIASES_DIR
#define ALIASES_DIR "/var/lib/bellman"
#endif

struct tdb_context;
struct aliases {
	const char *source; /* /etc/aliases; a missing one is empty */
	const char *dir;
	struct tdb_context *db;
	char stamp[160]; /* of the source that db was made of */
	bool failed;	 /* the log knows that the source cannot be read */
};

/* Makes sure that it is the map of the source as it is now: 0, or -1 with
 * errno: the source cannot be read, nothing is known. */
int aliases_ready(struct aliases *);
/* The right side of a name in lower case: 1; 0: there is none; -1: as above.
 * Looks at the source each time. */
int aliases_find(struct aliases *, struct span name, struct buf *items);
/* For newaliases: builds it whatever there is; lines for people about it and
 * about what is wrong in the source. 0, or -1 with errno. */
int aliases_rebuild(struct aliases *, struct buf *report);
void aliases_close(struct aliases *);
/* Who overwrites the source in place has it half written for a moment: how many
 * ms until one of that time may be read?  Pure. */
int64_t aliases_settle(struct timespec modified, struct timespec now);
#endif
