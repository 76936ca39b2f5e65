/* ipc - typed, bounded messages between roles: one SOCK_SEQPACKET packet each,
 * with at most one descriptor.  A table says for every type who may send it to
 * whom and how long it is; a packet that breaks it ends the channel (EPROTO),
 * and the parent ends the process. */
#ifndef DELIVER_IPC_H
#define DELIVER_IPC_H
#include "common/buf.h"
#include "deliver/forward.h"
#include "deliver/loop.h"
#include "deliver/role.h"
#include <stdint.h>
#include <sys/queue.h>

#define IPC_MAX 32768 /* octets of a packet */
#define IPC_KEEP 4096 /* octets of IPC_NET_KEEP, without name and time */

enum ipc_type {
	/* parent to a role: a descriptor is the channel to another role */
	IPC_PEER, /* u8 role; fd */
	IPC_STOP, /* finish what is under way, then exit */
	/* queue to parent: start a short-lived role.  ref names the answer */
	IPC_FORK_USER, /* u8 enum user_purpose; str user name */
	IPC_FORK_TTY,  /* str user name */
	IPC_FORK_MIME, /* u64 offset; u64 octets; u8 wanted (IPC_7BIT, ...); fd:
			  the message file */
	IPC_REFUSE,    /* the text of /run/bellman/refuse; empty: there is none
			*/
	IPC_DONE,      /* a pass is finished (deliver -q), or nothing waits */
	/* parent to queue */
	IPC_FORKED,  /* fd: the channel */
	IPC_NOFORK,  /* u8 permanent; str why */
	IPC_NOTHING, /* FOR_FORWARD: he has none, and no process was needed */
	IPC_MIMED, /* fd: the message as it was wanted, nobody's but ours now */
	/* queue to user: one batch for one mailbox */
	IPC_BOX_ITEM,  /* see deliver/user/user.h; fd: the message file */
	IPC_BOX_AT,    /* str: the file, or the command; before all else */
	IPC_BOX_OPEN,  /* lock the mailbox */
	IPC_BOX_CHECK, /* u64 ino; u64 size: the items since then may be there
			*/
	IPC_BOX_GO,    /* append the items since then; fd: the intent, which
			  may be read and synced */
	/* user to queue */
	IPC_BOX_LOCKED,	 /* u64 ino; u64 size */
	IPC_BOX_RESULT,	 /* ref: item that is not there; u8 outcome; str status;
			    str text */
	IPC_BOX_END,	 /* the items so far are settled and synced: '1' in the
			    octet of each that is there, by its ref */
	IPC_BOX_UNNAMED, /* str text: nothing that the user goes by names that
			    file or command; all of them stay */
	IPC_BOX_FAIL,	 /* u8 outcome; str status; str text: all of them */
	/* queue to a user process FOR_READ, and back; see deliver/user/user.h
	 */
	IPC_READ_ASK,  /* str path; empty: ~/.forward */
	IPC_READ_TEXT, /* ref: the question; a part of the text, as it is */
	IPC_READ_END,  /* u8 enum read_status; str why */
	/* queue to net; ref names the transaction */
	IPC_NET_MAIL,	/* see deliver/net/net.h; fd: the message file */
	IPC_NET_RCPT,	/* u32 first index; u16 count; for each: str address; u8
			   notify; str orcpt */
	IPC_NET_FORGET, /* a person wants it tried now: no back-off holds */
	IPC_NET_KEPT,	/* as IPC_NET_KEEP, before the first message */
	/* net to queue */
	IPC_NET_ANSWER,	 /* u32 index; u8 outcome; str status; str text; str
			    mta; u8 flags (IPC_DSN_PASSED, ...) */
	IPC_NET_END,	 /* every recipient has had its answer */
	IPC_NET_CONVERT, /* nothing was sent: the server does not take the text
			    as it is.  It comes again, made legal */
	IPC_NET_KEEP,	 /* str name; u64 seconds since 1970 until which; span
			    octets, which only net understands: across a restart
			    (deliver/queue/kept.h) */
	/* net to dns, dns to net */
	IPC_DNS_ASK,	/* u8 dns_what; str name; str port */
	IPC_DNS_ANSWER, /* see deliver/dns/dns.h */
	/* queue to tty, tty to queue */
	IPC_TTY_JOB,  /* see deliver/tty/tty.h; fd: the message file */
	IPC_TTY_DONE, /* u8 tty_result; str text */
	IPC_TTY_LOOK, /* queue to tty: only look; TTY_SHOWN is "could be" */
	IPC_TTY_NOTE, /* queue to tty: str text, one sentence of the system's */
	/* net to parent: run a command of the relay's */
	IPC_FORK_TOKEN, /* u8 enum token_which; str relay name */
	IPC_TOKEN,	/* parent to net, fd: what it has printed */
	IPC_NOTOKEN,	/* parent to net: str why */
	IPC_TYPES
};

enum { IPC_7BIT, IPC_TEXT, IPC_WANTS }; /* what a conversion may aim at */

enum {			      /* of IPC_NET_MAIL */
	IPC_REQUIRETLS = 1,   /* RFC 8689 2 */
	IPC_TLS_OPTIONAL = 2, /* "TLS-Required: No", RFC 8689 3 */
};
enum {			    /* of IPC_NET_ANSWER */
	IPC_DSN_PASSED = 1, /* what was asked for in RFC 3461 is the server's
			       duty from now on */
	IPC_SOON = 2, /* it sounds like greylisting: a second try soon may do */
	IPC_MEND = 4, /* nothing goes there until a person has mended what a
			 login or TLS needs */
};

/* What became of a recipient at one attempt. */
enum outcome {
	OUT_DELIVERED,
	OUT_LATER,
	OUT_NEVER,
	OUT_DAMAGED, /* the message file does not match its own sums */
	OUT_COUNT
};

struct ipc_msg {
	enum ipc_type type;
	uint32_t ref;
	struct span body; /* valid in the handler */
	int fd;		  /* -1, or one that the handler owns from now on */
};

struct ipc {
	struct loop_fd io;
	enum role self, peer;
	void (*got)(struct ipc *, struct ipc_msg *);
	void (*gone)(struct ipc *, const char *why); /* peer ended, or broke the
	    table; the handler calls ipc_close.  Called once */
	void *arg;
	bool lost;
	TAILQ_HEAD(, ipc_out) out; /* waits for room in the socket */
};

/* Both ends of a new channel, non-blocking and close-on-exec: 0, or -1. */
int ipc_pair(int fds[2]);
/* The parent's: gives each of the two roles its end of a new channel to the
 * other (IPC_PEER): 0, or -1, and they are still apart. */
int ipc_join(struct ipc *a, struct ipc *b);
/* Takes fd over; fields got, gone, arg are set by the caller before. */
int ipc_open(struct ipc *, int fd, enum role self, enum role peer);
/* A gone() for a channel without which a process has no purpose: closes it and
 * ends the loop. */
void ipc_end_with(struct ipc *, const char *why);
void ipc_close(struct ipc *); /* also of a zeroed or closed one */
bool ipc_is_open(const struct ipc *);
/* body may be NULL for an empty one.  fd, if not -1, is duplicated: the caller
 * keeps its own.  Waits for room in memory when the socket is full.  -1 only
 * when the channel is lost or memory ran out (gone follows). */
int ipc_send(
    struct ipc *, enum ipc_type, uint32_t ref, const struct buf *body, int fd);

/* Fields of a body.  Reading is sticky: after the first misfit bad is set and
 * all later fields are zero or empty.  ipc_end: all is read and nothing bad. */
void ipc_u8(struct buf *, uint8_t);
void ipc_u16(struct buf *, uint16_t);
void ipc_u32(struct buf *, uint32_t);
void ipc_u64(struct buf *, uint64_t);
void ipc_span(struct buf *, struct span); /* up to 65535 octets */
void ipc_str(struct buf *, const char *);
struct ipc_in {
	struct span rest;
	bool bad;
};
uint8_t ipc_get8(struct ipc_in *);
uint16_t ipc_get16(struct ipc_in *);
uint32_t ipc_get32(struct ipc_in *);
uint64_t ipc_get64(struct ipc_in *);
struct span ipc_get(struct ipc_in *);
bool ipc_end(const struct ipc_in *);
#endif
