/* rcpts - the recipients of one message, each once, qualified. */
#ifndef SENDMAIL_RCPTS_H
#define SENDMAIL_RCPTS_H
#include "common/env.h"

#define RCPTS_MAX 50000

struct rcpts {
	struct env *env;
	const char *domain; /* behind a bare name */
	uint32_t *slot;	    /* open hash of index + 1 into env->rcpts */
	size_t nslots;
};

/* Appends text as an address that may stand in an envelope, qualified.
 * 0, or -1 with a sentence in why. */
int rcpts_qualify(
    struct span text, const char *domain, struct buf *out, struct buf *why);
/* One address, bare or whole: 0 also when it is there already; -1 with a
 * sentence in why. */
int rcpts_add(struct rcpts *, struct span text, struct buf *why);
void rcpts_free(struct rcpts *); /* not the envelope */
#endif
