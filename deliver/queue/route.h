/* route - what an address comes to, for those who ask: VRFY, EXPN, RCPT and
 * sendmail -bv.  The same expansion as that of mail, but that no .forward is
 * looked at. */
#ifndef DELIVER_QUEUE_ROUTE_H
#define DELIVER_QUEUE_ROUTE_H
#include "deliver/queue/texts.h"

enum route_kind {
	ROUTE_BOX,   /* name: a user of this machine */
	ROUTE_RELAY, /* name: a relay of the configuration */
	ROUTE_LIST,  /* an alias: all its members are in e */
	ROUTE_LATER, /* status and text say why */
	ROUTE_NEVER,
};

/* `relay none`, where no route leads elsewhere. */
#define ROUTE_NONE_STATUS "5.4.4"
#define ROUTE_NONE_TEXT                                                        \
	"this machine sends no mail to others (relay none in bellman.conf)"

struct route {
	enum route_kind kind;
	const char *name;
	const char *status; /* RFC 3463 */
	const char *text;
	struct expansion e;
	struct texts texts;
};

void route(struct queue *, struct span address, struct route *);
void route_free(struct route *);
#endif
