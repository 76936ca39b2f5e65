/* select - which messages a person means: by id, sender, recipient, domain and
 * age; several of them narrow it.  No I/O. */
#ifndef DELIVER_QUEUE_SELECT_H
#define DELIVER_QUEUE_SELECT_H
#include "deliver/queue/message.h"

#define SELECT_IDS 40 /* more do not fit into a request */

struct selection {
	char ids[SELECT_IDS][SPOOL_IDSIZE];
	size_t nids;
	char *from;   /* an address; a local part; "@host"; "" or "<>" */
	char *to;     /* the same, of a recipient who waits */
	char *domain; /* of such a recipient; ".domain": and all beneath it */
	char *part;   /* -qI, -qR, -qS: what the id, recipient or sender has */
	char by;      /* I, R or S */
	bool others;  /* ... has not */
	long long older; /* seconds; 0: any */
	bool held;	 /* only what a person holds */
	bool all;	 /* it was said that all are meant */
	bool body, full; /* of show and list: more of each */
};

/* The words of a request, see common/run.h: 0; or -1 with a sentence in why.
 * select_free in either case. */
int select_parse(struct span words, struct selection *, struct buf *why);
/* Does it narrow anything, or say all? */
bool select_says(const struct selection *);
/* Ids are left to the caller, who need not look at others. */
bool select_fits(
    const struct selection *, const char *id, const struct file *, int64_t now);
/* Does an address fit a word of --sender or --recipient? */
bool select_address(struct span word, struct span addr);
void select_free(struct selection *);
#endif
