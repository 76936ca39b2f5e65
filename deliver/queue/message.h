/* message - one message of the queue: its place in memory while it waits, and
 * its file while it is being worked on. */
#ifndef DELIVER_QUEUE_MESSAGE_H
#define DELIVER_QUEUE_MESSAGE_H
#include "common/conf.h"
#include "common/env.h"
#include "common/spool.h"
#include "deliver/ipc.h"
#include "deliver/queue/journal.h"
#include <sys/queue.h>
#include <sys/tree.h>
#include <sys/types.h>

/* What a recipient comes to.  Those of the envelope are addresses; aliases,
 * lists and .forward name the other kinds. */
enum rcpt_what { TO_ADDRESS, TO_BOX, TO_COMMAND, TO_FILE, TO_KINDS };

/* What is known of a recipient before anything was sent. */
enum verdict {
	V_GO,	/* it may be sent off */
	V_DONE, /* there is nothing to do */
	V_LATER,
	V_NEVER,
};

/* The first env.nrcpts of a file are the envelope's; behind them are their
 * children, which know their parent, a recipient of the envelope. */
struct rcpt {
	enum {
		R_WAITS,
		R_DONE,
		R_FAILED,
		R_SPLIT,   /* its children stand for it */
		R_DROPPED, /* a child that no alias names any more */
	} state;
	/* Of children: what the journal says.  For those of the envelope what
	 * and user say how the present attempt sees them. */
	enum rcpt_what what;
	uint32_t parent;
	char *addr; /* an address, or "|command", or "/file" */
	char *user; /* whose box, or as whom; NULL: no user's */
	char *from; /* the envelope sender, if it is not the message's */
	/* Of the envelope's: how many stand for it, and whether an owner is
	 * told of them (rcpt_handed_on) */
	uint32_t children;
	bool owned;
	bool bounced;	 /* failed, and told */
	bool logged;	 /* its failure stands in the journal */
	bool tried;	 /* a terminal attempt was begun (the journal's word) */
	const char *via; /* of the envelope's: who stands in for it (rule.h) */
	bool via_shown;	 /* they have had it, through one of its children */
	bool excerpt;	 /* SOML, too long for a screen: it is mail, and a
			    part of it is shown */
	bool fresh;	 /* this attempt had an answer for it */
	bool relayed;	 /* done: by a server that is not the last one */
	bool dsn_passed; /* done: that server reports what becomes of it */
	bool reported;	 /* done or split, and that was told, if asked for */
	int64_t last;	 /* seconds: when the last answer came; 0: never */
	/* Of the present attempt: */
	enum verdict verdict;
	const char *why_status;
	char *why; /* of all verdicts but V_GO */
	char *as;  /* how the next server is to call it, if not by its name */
	/* The last answer: */
	char status[12];
	char *text; /* the last answer; NULL: none yet */
	char *mta;  /* who said so, or NULL */
};

struct file { /* an open message */
	int fd;
	struct spool_head head;
	struct env env;
	uid_t uid; /* who submitted, by the kernel's word */
	off_t end; /* where the next journal line goes */
	struct rcpt *rcpts;
	size_t nrcpts;		 /* with the children */
	size_t space;		 /* of rcpts */
	unsigned tries;		 /* deferrals so far */
	unsigned rounds;	 /* bounces so far */
	unsigned successes;	 /* reports of success so far */
	bool warned;		 /* of its delay */
	char list[SPOOL_IDSIZE]; /* that tells its failures, if it is there */
	int64_t until;		 /* seconds: no attempt before; 0: none said */
	bool held;		 /* by a person, and by whom */
	bool asked;		 /* -odq does not hold it: a person asked */
	bool back;		 /* to the sender, untried */
	uid_t held_by;
	size_t busy;   /* answers still to come */
	size_t jobs;   /* at net, or waiting for it */
	bool unsynced; /* journal lines that are not on disk */
	bool damaged;
	bool park; /* a destination has no room now */
	bool soon; /* somebody was greylisted: a second try need not wait */
};

TAILQ_HEAD(messages, message);
struct message { /* a million may wait: what few of them have is a pointer */
	RB_ENTRY(message) by_id;
	union {
		RB_ENTRY(message) by_due;  /* M_WAITS */
		TAILQ_ENTRY(message) link; /* in a list */
	};
	char id[SPOOL_IDSIZE];
	struct messages *in; /* M_READY, M_PARKED, M_HELD: where */
	enum { M_IDLE, M_READY, M_WAITS, M_PARKED, M_HELD, M_OPEN } state;
	uid_t uid;	 /* who submitted it (subid.h): whose turn it is */
	uint32_t kib;	 /* of its file, when it came */
	uint16_t dest;	 /* turn.h: where it goes, as the last attempt saw it */
	bool known;	 /* its arrival stands in the log */
	bool force;	 /* a person asked: schedule and -odq do not hold it */
	bool held;	 /* counted in queue.held */
	bool in_drop;	 /* not taken over: nobody but who looks sees it */
	bool tried_here; /* this process made its terminal attempts */
	bool patient;	 /* SEND, tried again within its minute */
	unsigned char unconverted; /* conversions that failed, in this process
				    */
	int64_t since;		   /* seconds: its arrival; 0: not known yet */
	int64_t due;		   /* loop_now() for M_WAITS */
	struct buf *owed;  /* lines that its journal had no room for: written
			      before anything else is done with it; or NULL */
	char *trouble;	   /* of our own disk, for which it waits; or NULL */
	struct file *file; /* M_OPEN */
};

/* All of [offset, offset + len), in memory that the caller frees; or NULL, with
 * EBADMSG where there is less. */
char *file_slice(int fd, off_t offset, size_t len);

/* Seconds, at the second now; what counts is said in retry.h.  0 where the file
 * cannot be read, which ends nothing.  waited: the same, pure. */
int64_t file_waited(
    const struct file *, const struct conf *, int64_t limit, int64_t now);
/* When it is given up, if it is tried until then; by the clock as it is. */
int64_t file_expires(const struct file *, const struct conf *);
int64_t waited(struct span journal, int64_t arrived, int64_t now, int64_t gap);

/* More that it owes its journal; without memory for it nothing more is written
 * until the next process.  And: all of it was written, or does not matter. */
void message_owe(struct message *, struct span lines);
void message_owes_nothing(struct message *);

/* Opens and reads id in dirfd: NULL with errno; faults
 * of the file itself are told by file_is_bad(errno). */
struct file *file_open(int dirfd, const char *id, uid_t own);
bool file_is_bad(int err);
/* The same for who only looks, while another process may be writing: nothing of
 * it is changed, and it can be read only. */
struct file *file_look(int dirfd, const char *id, uid_t own);
/* A descriptor for another role, which may read and nothing else: or -1. */
int file_reader(int dirfd, const char *id);
void file_close(struct file *);
size_t file_waiting(const struct file *); /* recipients still to be served */
/* Room for what an attempt may have to say about each waiting recipient:
 * 0, or -1 (ENOSPC, EDQUOT): then no attempt is made. */
int file_reserve(struct file *);
/* Appends whole journal lines at once: 0, or -1 with errno. */
int file_note(struct file *, const struct buf *lines);
int file_sync(struct file *);
/* Streams the body against its sum: 0; 1: damaged; -1: cannot be read. */
int file_verify(const struct file *);
/* Adds a child in memory, and the line for it: its index; or -1 with errno:
 * ENOMEM, or E2BIG for what the journal cannot hold. */
int64_t file_child(struct file *, const struct rcpt *child, struct buf *lines);
/* What it is called in logs and reports; the recipient of the envelope that it
 * came from; its kind; its envelope sender ("" is the null path). */
const char *rcpt_addr(const struct file *, size_t i);
const struct env_rcpt *rcpt_env(const struct file *, size_t i);
/* What its sender wants to hear of it.  Of several who stand for one recipient
 * he hears that it was handed on to them, and of no success of theirs (RFC 3461
 * 5.2.7). */
unsigned rcpt_notify(const struct file *, size_t i);
bool rcpt_handed_on(const struct file *, size_t i);
enum env_kind rcpt_kind(const struct file *, size_t i);
const char *rcpt_from(const struct file *, size_t i);
/* Are both the same mailbox, command, file or address? */
bool rcpt_alike(const struct rcpt *, const struct rcpt *);
/* Remembers an answer for a recipient. */
void rcpt_say(
    struct rcpt *, struct span status, struct span text, struct span mta);
#endif
