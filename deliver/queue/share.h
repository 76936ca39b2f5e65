/* share - how much of the room for jobs a destination may take: a part of what
 * the others have left, so that one that stalls, or many, leave room to the
 * next. */
#ifndef DELIVER_QUEUE_SHARE_H
#define DELIVER_QUEUE_SHARE_H
#include <stdbool.h>
#include <stddef.h>
#include <sys/tree.h>

#define SHARE_ROOM 900 /* jobs of all destinations */
#define SHARE_PART 4   /* of the room that is left, one in so many */

struct share;
RB_HEAD(shares, share);

/* One more for that destination, or one less: it has been counted before.  0,
 * or -1 with ENOMEM. */
int share_add(struct shares *, const char *relay, const char *domain);
void share_drop(struct shares *, const char *relay, const char *domain);
/* all: jobs of all destinations. */
bool share_full(
    struct shares *, const char *relay, const char *domain, size_t all);
/* One message for very many destinations: it has so many under way already, and
 * the others of it have to wait for them. */
bool share_message(size_t its, size_t all);
#endif
