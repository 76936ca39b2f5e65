/* route - an address to where its mail goes.  Done anew at each attempt. */
#ifndef DELIVER_QUEUE_ROUTE_H
#define DELIVER_QUEUE_ROUTE_H
#include "common/conf.h"

enum route_kind {
	ROUTE_BOX,   /* name: a user of this machine */
	ROUTE_RELAY, /* name: a relay of the configuration */
	ROUTE_LATER, /* status and text say why */
	ROUTE_NEVER,
};

struct route {
	enum route_kind kind;
	char name[128];
	const char *status; /* RFC 3463 */
	const char *text;
};

void route(const struct conf *, struct span address, struct route *);
#endif
