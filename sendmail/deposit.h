/* deposit - one message on its way into a spool file: its header completed,
 * its body streamed, durable when deposit_commit says so.  Used for a message
 * on standard input and for each transaction of -bs.  The zero struct with
 * dir and fd at -1 holds nothing.
 * All calls that answer int: 0, or a sysexit with a sentence in why. */
#ifndef SENDMAIL_DEPOSIT_H
#define SENDMAIL_DEPOSIT_H
#include "common/conf.h"
#include "common/spool.h"
#include "sendmail/intake.h"
#include "sendmail/rcpts.h"
#include "sendmail/who.h"

struct deposit {
	/* set by the owner before the first octet */
	const struct conf *conf;
	struct buf *why;
	struct env env; /* of which time and uid come from deposit_stamp */
	struct rcpts rcpts;
	uid_t uid;		      /* the submitter */
	const char *login, *fullname; /* as complete.h wants them */
	enum who_account account;
	bool from_header; /* -t */
	const char *with; /* as complete.h wants it */
	unsigned notify;  /* for recipients that have no wish of their own */
	int dir, fd;	  /* as spool_create made them; owned from here on */
	char id[SPOOL_IDSIZE];
	struct intake intake; /* its dots are the owner's to set */
	/* deposit's own */
	struct buf text;    /* lines not yet written */
	struct buf top;	    /* envelope, completed header */
	struct legal legal; /* what was counted of the body */
	struct spool_head head;
	uint64_t at; /* in the file, where text is to begin; when whole */
	bool whole;  /* top is made: the header is over */
	bool begun;  /* top is written; text streams behind it */
};

/* Time and submitter. */
void deposit_stamp(struct deposit *);
/* What speaks against new messages of this user: nameless-uids, and what the
 * agent has said (run/refuse). */
int deposit_refused(struct deposit *);
/* A file in drop/, made with whatever group the process has: a descriptor and
 * that of the folder; or -1 with errno, ENOSPC when too little is free. */
int deposit_make(const struct conf *, int *dir, char id[SPOOL_IDSIZE]);
/* The sentence and the sysexit for such an errno. */
int deposit_no_spool(struct buf *why, int err, const char *what);
int deposit_feed(struct deposit *, struct span); /* octets as they came */
/* The same without a copy: where to read so many of them, or NULL (ENOMEM);
 * then, how many came. */
char *deposit_room(struct deposit *, size_t *most);
int deposit_came(struct deposit *, size_t n);
int deposit_commit(struct deposit *); /* no more text; durable on 0 */
/* Drops what was not committed and frees everything. */
void deposit_clear(struct deposit *);
#endif
