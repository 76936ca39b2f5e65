/* place - the files that --import and --setup write: whole or not at all, with
 * their owners and modes, and over nothing that somebody has written. */
#ifndef DELIVER_SETUP_PLACE_H
#define DELIVER_SETUP_PLACE_H
#include "common/buf.h"
#include <sys/types.h>

#define PLACE_DIR "/etc/bellman"
#define PLACE_SECRETS PLACE_DIR "/secrets" /* deliver/net/secrets.h */
#define PLACE_ALIASES "/etc/aliases"

struct place {
	struct span conf, secrets; /* secrets empty: that file is left alone */
	struct span root;	   /* who gets root's mail; empty: left alone */
	gid_t net;		   /* the group that reads the secrets */
	bool force; /* over what is there, which is kept as .old */
};

/* What would keep us from it, before anything is done: 0, or -1 with a sentence
 * in why. */
int place_may(const struct place *, struct buf *why);
/* Writes; a sentence a line in said for each thing that was done.  0; -1 with a
 * sentence in why: each file is as it was, or as it should be. */
int place_write(const struct place *, struct buf *said, struct buf *why);
/* A running agent reads its settings anew. */
void place_tell_agent(struct buf *said);
#endif
