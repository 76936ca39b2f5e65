/* expand - an address to where its mail goes: aliases, lists, .forward.  Pure:
 * what the machine knows comes through struct world, so that a test can be the
 * machine.  Done anew at each attempt.
 *
 * Bounded: EXPAND_DEPTH names deep, EXPAND_MEMBERS members, EXPAND_OCTETS of
 * lists; each name is followed once, however many lists name it.  A .forward
 * has limits of its own, and one that passes them is not used: otherwise each
 * member of a list could have its mail to all the others refused. */
#ifndef DELIVER_QUEUE_EXPAND_H
#define DELIVER_QUEUE_EXPAND_H
#include "common/conf.h"
#include "deliver/queue/message.h"

#define EXPAND_DEPTH 20
#define EXPAND_MEMBERS 10000
#define EXPAND_OCTETS (4 << 20)
#define EXPAND_FORWARD 1000		  /* members of one .forward */
#define EXPAND_FORWARD_OCTETS (256 << 10) /* with its lists */
#define EXPAND_ALL 100000 /* members for all recipients of a message */
#define EXPAND_NAME 256	  /* octets of a local name, with its end */

struct goal {
	enum rcpt_what what;
	enum verdict verdict;
	char *addr; /* as rcpt_addr is to say it */
	char *user; /* TO_BOX: whose; TO_COMMAND, TO_FILE: as whom */
	char *from; /* the owner of the list that named it, or NULL */
	const char *status;
	char *text; /* of all but V_GO, a sentence */
	char *way;  /* "root -> admins -> alice"; NULL unless asked for */
};

struct expansion {
	struct goal *goals;
	size_t n, space;
	bool plain; /* no alias and no .forward had a say: one goal, itself */
	bool asks;  /* not all is known yet: once more, when it is */
	bool later; /* nothing at all can be said now; one goal says why */
};

enum text_status {
	TEXT_OK,
	TEXT_NONE, /* there is none */
	TEXT_BAD,  /* it must not be used; why says so */
	TEXT_LATER,
	TEXT_ASKED, /* it is being read */
};

struct text {
	enum text_status status;
	struct span text;
	const char *why;   /* a sentence; valid as long as the world */
	const char *owner; /* of a list: as whom it may command; NULL: nobody */
};

enum text_user {
	USER_IS,
	USER_NOT,
	USER_LATER, /* that cannot be told now */
	USER_ASKED, /* he is being looked up */
};

struct world {
	const struct conf *conf;
	void *arg;
	bool bare;     /* neither aliases nor .forward */
	bool ways;     /* fills in goal.way */
	size_t others; /* members that its message has by other recipients */
	/* The right side of a name in lower case: 1; 0: none; -1: cannot be
	 * told now. */
	int (*alias)(void *, struct span name, struct buf *items);
	/* out is his name as the machine spells it. */
	enum text_user (*user)(void *, const char *name, char out[EXPAND_NAME]);
	/* path NULL: his .forward; user NULL: a list that aliases name. */
	struct text (*read)(void *, const char *user, const char *path);
	/* Who owns a file: true, unless nobody but root does. */
	bool (*owner)(void *, const char *path, char out[EXPAND_NAME]);
	/* An item of such a text is wrong, and was left out. */
	void (*wrong)(void *, const char *user, const char *path, unsigned line,
	    const char *what);
};

/* 0, or -1 with ENOMEM.  The owner calls expansion_free in either case. */
int expand(const struct world *, struct span addr, struct expansion *);
void expansion_free(struct expansion *);
/* What makes two recipients one: appended to the buf. */
void goal_key(enum rcpt_what, const char *user, const char *addr, struct buf *);
#endif
