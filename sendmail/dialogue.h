/* dialogue - the server's side of SMTP as a machine: octets in, replies and
 * messages out.  RFC 5321, with all fourteen commands of RFC 821, CHUNKING
 * (RFC 3030), DSN's parameters (RFC 3461) and ETRN (RFC 1985).  Sockets, clocks
 * and the agent stay outside, behind struct dialogue_ops.
 *
 * Line ends: the first line decides for the whole session, CRLF always on a
 * socket.  Only that ends a line, and only it ends the data; every other CR or
 * LF in the data is text, and leaves as a line end.
 *
 * After HELO a client gets the texts of RFC 821; after EHLO, enhanced codes
 * (RFC 2034). */
#ifndef SENDMAIL_DIALOGUE_H
#define SENDMAIL_DIALOGUE_H
#include "sendmail/deposit.h"

#define DIALOGUE_LINE 2048   /* octets of a command, with its end */
#define DIALOGUE_BAD 20	     /* wrong commands end the dialogue */
#define DIALOGUE_PEERS 100   /* recipients of a message from a network */
#define DIALOGUE_SHOWN 16384 /* octets and lines that a terminal shows */
#define DIALOGUE_SHOWN_LINES 200

enum dialogue_state { /* a verb's row names those in which it is legal */
	AT_START = 1, /* nobody has said HELO */
	AT_READY = 2, /* greeted; no transaction is open */
	AT_MAIL = 4,  /* there is a sender */
	AT_RCPT = 8,  /* and a recipient */
	AT_BDAT = 16, /* the first chunk has come, not yet the last */
	AT_DATA = 32, /* lines are text */
	AT_END = 64,  /* nothing more is read */
};

/* The world outside.  verify, expand and rcpt are ask.h's; refused is
 * deposit_refused; run: 0 or -1. */
struct dialogue_ops {
	int (*verify)(struct span, struct buf *reply);
	int (*expand)(struct span, struct buf *reply);
	int (*rcpt)(enum env_kind, struct span, struct buf *reply);
	int (*refused)(struct deposit *);
	/* id, fd and dir of the deposit: 0, or -1 with errno */
	int (*make)(void *arg, struct deposit *);
	int (*run)(void *arg); /* starts a pass over what waits */
	void *arg;
};

struct dialogue {
	/* set by the owner, then dialogue_open */
	const struct conf *conf;
	const struct dialogue_ops *ops;
	uid_t uid; /* of the user who runs us */
	const char *login, *fullname;
	enum who_account account;
	const char *peer; /* "[192.0.2.1]" on a network, else NULL */
	bool may_relay;	  /* of relay-clients: its mail goes anywhere */
	bool socket;	  /* CRLF always */
	bool wait;	  /* -odq */
	/* read by the owner */
	struct buf out; /* replies to be sent; taken by the owner */
	enum dialogue_state at;
	unsigned queued; /* messages so far */
	unsigned lines;	 /* commands so far */
	/* the machine's own */
	bool extended; /* EHLO */
	char *client;  /* what it calls itself */
	unsigned bad;
	enum { ENDS_UNKNOWN, ENDS_LF, ENDS_CRLF } ends;
	struct buf line; /* of a command, as far as it came */
	bool swallow;	 /* it is too long: to its end */
	char before;	 /* the octet before the next */
	bool refused;	 /* a recipient was */
	enum { TEXT_START, TEXT_LINE, TEXT_CR, TEXT_DOT, TEXT_DOT_CR } text;
	uint64_t chunk; /* octets of it that are still to come */
	bool last;	/* it is the last */
	struct deposit mail;
	int failed; /* a sysexit: what still comes of this text is dropped */
	struct buf why;
	char *from; /* of Received, from a network */
	/* of the text behind the header */
	uint64_t octets, breaks;
	bool in_body, new_line;
};

void dialogue_open(struct dialogue *); /* 220 */
/* Takes all of it, until AT_END. */
void dialogue_feed(struct dialogue *, struct span);
void dialogue_timeout(struct dialogue *); /* 421 */
void dialogue_close(struct dialogue *);	  /* frees; drops what is open */
#endif
