/* advise - why a message waits, told to a person, and what he may do.  One
 * table; pure.  What explain says is for who has mail returned; here it is
 * tried again by itself. */
#ifndef DELIVER_QUEUE_ADVISE_H
#define DELIVER_QUEUE_ADVISE_H
#include "deliver/queue/explain.h"

enum waits {
	W_OPEN,	   /* it is being delivered */
	W_HELD,	   /* a person holds it */
	W_SETTING, /* "hold yes" */
	W_ASKED,   /* -odq: until somebody asks */
	W_LATER,   /* it was tried, and has a time */
	W_READY,   /* it was not tried, or is due */
	WAITS
};

extern const char *const advise_word[WAITS]; /* on the wire */
/* status and words of the last answer, both empty where there was none.  what
 * and todo may be "". */
struct explanation advise(enum waits, struct span status, struct span words);
#endif
