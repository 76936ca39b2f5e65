/* core - what the parts of the queue role share, and owe each other. */
#ifndef DELIVER_QUEUE_CORE_H
#define DELIVER_QUEUE_CORE_H
#include "deliver/queue/aliases.h"
#include "deliver/queue/message.h"
#include "deliver/queue/share.h"
#include "deliver/queue/target.h"
#include "deliver/queue/turn.h"
#include <sys/stat.h>

RB_HEAD(ids, message);
RB_PROTOTYPE(ids, message, by_id, );
RB_HEAD(dues, message);
struct box;
RB_HEAD(boxes, box);
TAILQ_HEAD(box_list, box);
struct reading;
RB_HEAD(readings, reading);
struct known_user;
RB_HEAD(users, known_user);
struct job;
TAILQ_HEAD(jobs, job);
struct flood;
RB_HEAD(floods, flood);
struct kept;
TAILQ_HEAD(kepts, kept);

struct queue {
	const struct role_start *start;
	const struct conf *conf;
	int drop, dir, quarantine; /* folders */
	int intents;		   /* queue/.intents */
	struct ipc parent, net;

	/* sched.c: every message is in ids; and in one of the others, unless
	 * it is open or held */
	struct ids ids;
	struct dues dues;
	struct turn turn;     /* those that are ready, or parked */
	struct messages late; /* bounces of an earlier run */
	struct loop_timer due;
	size_t open, patient, count;
	size_t held;	 /* by persons */
	bool only_looks; /* no agent: another process may be writing */
	size_t compared; /* of dues, for the tests */
	bool stopping, told, scanning;
	bool force_all; /* all that is still to be read, too */
	bool forcing;	/* somebody asked for all, and this far: */
	char forced[SPOOL_IDSIZE];

	struct aliases aliases;
	struct boxes boxes;
	struct box_list boxes_out; /* with a process, or waiting for its fork */
	struct box_list boxes_few; /* waiting for their turn: box.c */
	struct box_list boxes_many;
	size_t boxes_busy, boxes_unsure; /* the second: old intents in all */
	struct kepts kepts;		 /* box.h */
	struct floods floods;		 /* flood.c */
	size_t nfloods;
	struct jobs jobs;     /* at net, or waiting for it */
	struct jobs spare;    /* of messages that have many under way */
	struct shares shares; /* of each destination in them */
	size_t njobs, jobs_out;
	TAILQ_HEAD(, terminal) terminals;
	TAILQ_HEAD(, showing) showings;
	TAILQ_HEAD(, calm) calms; /* calm.c */
	size_t terminals_busy, notes, ncalms;
	struct state *state;			      /* state.h */
	struct alerts *alerts;			      /* alert.h */
	struct limits *limits;			      /* limits.h */
	int64_t pruned;				      /* may.c: ms since 1970 */
	TAILQ_HEAD(, looking) looks_out;	      /* look.c */
	struct readings readers;		      /* reader.c: by user */
	TAILQ_HEAD(, reading) readings, readings_out; /* to be forked; forked */
	size_t nreadings_out;
	struct users users; /* users.c */
	size_t nusers;
	int64_t users_since;
	uint32_t ref; /* the last one given out */
	struct loop_fd inotify, listener;
	TAILQ_HEAD(, client) clients; /* control.c */
	struct loop_timer stop, look, again, listen_again, idle;
	unsigned looks;
};

/* sched: which message next. */
/* old: an earlier process knew it. */
struct message *sched_add(struct queue *, const char *id, bool old);
/* The same with what is known of its file. */
struct message *sched_add_file(
    struct queue *, const char *id, bool old, const struct stat *);
/* It is of another submitter than the owner of its file. */
void sched_is_of(struct queue *, struct message *, uid_t);
struct message *sched_find(struct queue *, const char *id);
/* The next one in the order of their ids; behind "": the first. */
struct message *sched_behind(struct queue *, const char *id);
void sched_ready(struct queue *, struct message *);
/* Waits until seconds have passed; negative: until somebody asks. */
void sched_wait(struct queue *, struct message *, int64_t seconds);
void sched_remove(struct queue *, struct message *); /* and frees it */
void sched_force(struct queue *, struct message *);  /* it is due */
void sched_force_all(struct queue *);		     /* a piece in each round */
void sched_scanned(struct queue *);    /* all of queue/ was added */
void sched_pump(struct queue *);       /* opens what is ready, as room allows */
bool sched_more(const struct queue *); /* is there some that is ready? */
void sched_soon(void);		       /* pumps at the end of this round */
void sched_init(struct queue *);
bool drop_empty(const struct queue *);
/* A person holds it, or lets it go: for who counts. */
void sched_held(struct queue *, struct message *, bool held);
/* Has its destination too much to do already?  Waits without a descriptor
 * until other messages have ended. */
void sched_park(struct queue *, struct message *);
/* Waits, without a descriptor, in a list of the caller's. */
void sched_hold(struct queue *, struct message *, struct messages *);

/* attempt: one message, from its opening to what becomes of it. */
void attempt(struct queue *, struct message *);
/* An answer for one recipient.  The message may be gone afterwards. */
void attempt_answer(struct queue *, struct message *, uint32_t rcpt,
    enum outcome, struct span status, struct span text, struct span mta);
/* Something that was counted as busy has ended without an answer of its own;
 * the message may be gone afterwards. */
void attempt_release(struct queue *, struct message *);
/* Journal and state for a recipient whom a batch of an earlier process served,
 * and for whom nothing is under way: 0 also when it is gone, and so was
 * finished, or owes the line to its journal; -1: it cannot be said now. */
int attempt_found(
    struct queue *, const char *id, uint32_t rcpt, struct span text);

/* box: what is delivered on this machine.  Each call owes attempt_answer. */
void box_add(
    struct queue *, const struct target *, struct message *, uint32_t rcpt);
/* Is that recipient part of a batch whose end is unknown?  Then it goes where
 * the batch went, to be looked for. */
bool box_uncertain(
    struct queue *, const char *id, uint32_t rcpt, struct target *);
bool box_full(struct queue *, const struct target *);
/* Reads the intents of an earlier process, if there are any after all of drop/:
 * a take-over that a power cut has undone is made again before anybody looks
 * into a mailbox, or believes a mark, for what became of it.  0; or -1, and
 * nothing may be delivered, for it might be there already. */
int box_recover(struct queue *);
void box_forked(struct queue *, uint32_t ref, int fd);
void box_refused(struct queue *, uint32_t ref, bool permanent, struct span why);
bool box_owns(struct queue *, uint32_t ref);
/* A message owes its journal nothing any more, or is gone: then what the
 * intents said of it is not needed. */
void box_settled(struct queue *);

/* remote: SMTP.  One destination, several recipients: an answer for each.
 * domain is "" unless the relay's hosts are those of the recipients' domain. */
void remote_add(struct queue *, const char *relay, const char *domain,
    struct message *, const uint32_t *rcpts, size_t n);
void remote_connect(struct queue *, int fd); /* a new channel to net */
void remote_pump(struct queue *);
void remote_forget(struct queue *); /* net tries again what it has put off */
/* Has that destination its share of what may be under way, or the message's
 * submitter his? */
bool remote_full(struct queue *, const struct message *, const char *relay,
    const char *domain);

/* terminal: SEND, SOML, SAML.  Owes terminal_answer, a part of attempt. */
void terminal_add(
    struct queue *, const char *user, struct message *, uint32_t rcpt);
void terminal_forked(struct queue *, uint32_t ref, int fd);
void terminal_refused(struct queue *, uint32_t ref, struct span why);
bool terminal_owns(struct queue *, uint32_t ref);
void attempt_shown(struct queue *, struct message *, uint32_t rcpt, int result,
    struct span text);

/* follow: clients that want to know what becomes of an open message. */
void follow_say(struct queue *, const struct message *, uint32_t rcpt,
    const char *word, struct span status, struct span text);
/* It waits, or (NULL) is gone: that is all there is to be said now. */
void follow_end(struct queue *, const struct message *, const char *how);

/* look: see deliver/queue/look.h. */
void look_forked(struct queue *, uint32_t ref, int fd);
void look_refused(struct queue *, uint32_t ref);
bool look_owns(struct queue *, uint32_t ref);

/* bounce: reports to the sender.  Each call: 0 and the report's id ("" when
 * nobody is to be told), or -1 with errno: try again later.
 * bounce_make is for all failures that were not told yet; 1: there are too
 * many reports now, see deliver/queue/bounce.h. */
int bounce_make(struct queue *, struct message *, char id[SPOOL_IDSIZE]);
/* Those failures that the owner of a list is told, in place of the sender: 0,
 * or -1 with errno.  Each counts as one of f->rounds. */
int bounce_owners(struct queue *, struct message *);
/* A warning that it is late, to its sender and to the owners of lists; once in
 * a message's life.  id is that of the sender's. */
bool bounce_wants_warning(const struct queue *, const struct message *);
int bounce_warn(struct queue *, struct message *, char id[SPOOL_IDSIZE]);
/* Did an earlier process make it, and die before it could say so? */
bool bounce_warned(
    struct queue *, const struct message *, char id[SPOOL_IDSIZE]);
/* A report of success, where one was asked for (RFC 3461 4.1). */
bool bounce_wants_success(const struct message *);
int bounce_success(struct queue *, struct message *, char id[SPOOL_IDSIZE]);

/* drop: what sendmail wrote.  Looks at all of drop/, or at one name. */
int drop_watch(struct queue *);
void drop_scan(struct queue *);
/* The next piece of it; false: that was all, and it would begin anew. */
bool drop_scan_some(struct queue *);
/* Moves a file of queue/ out of the way, with a log line. */
void quarantine(struct queue *, int dirfd, const char *name, const char *why);

/* control: the socket that sendmail and mailq ask. */
int control_listen(struct queue *, int fd);
#endif
