/* shut - a destination that takes nothing for the time being: until when nobody
 * asks again, and the answer that its mail gets meanwhile.  Each time in a row
 * it is for longer, by chance a little more or less, so that many who failed
 * together do not come back together. */
#ifndef DELIVER_NET_SHUT_H
#define DELIVER_NET_SHUT_H
#include "deliver/net/judge.h"

enum shut_why {
	SHUT_AWAY,   /* it cannot be reached: 5 s, up to 5 min */
	SHUT_DENIED, /* it refuses our password: 1 min, up to 16, lest the
			account be locked; or until the secrets have changed */
	SHUT_WHYS
};

struct shut { /* zeroed: it is open */
	struct verdict why;
	struct buf text, mta;
	/* inside */
	enum shut_why by;
	int64_t until, known; /* loop_now(); until 0: it is open */
	unsigned times[SHUT_WHYS];
	uint64_t stamp;
};

struct shut_for {
	enum shut_why by;
	const struct verdict *why;
	struct span text, mta; /* may be those of the struct shut */
	uint64_t stamp;	       /* of the secrets */
};
/* second: so many ms of it. */
void shut(struct shut *, const struct shut_for *, int64_t now, int64_t second);
/* It has not been reached since it was shut, AWAY. */
bool shut_doubted(const struct shut *);
/* Of such a one: shut once more, without having been asked. */
void shut_again(struct shut *, int64_t now, int64_t second);
bool shut_is(struct shut *, enum shut_why, int64_t now, uint64_t stamp);
/* It is worth remembering until then, even if nothing waits for it. */
int64_t shut_known(const struct shut *);
void shut_forgive(struct shut *); /* a person asks: unless it is DENIED */
void shut_open(struct shut *);	  /* it was reached, and let us in */
void shut_free(struct shut *);
#endif
