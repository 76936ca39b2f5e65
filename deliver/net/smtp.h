/* smtp - the client's side of an SMTP session (RFC 5321), one message after
 * another.  No I/O and no clock: it takes replies and appends what is to be
 * sent.  With PIPELINING (RFC 2920) MAIL, all RCPT and DATA go out together,
 * and those of the next message behind the final dot; else one command waits
 * for the other's reply.
 *
 *     smtp_init; then, whenever bytes came: smtp_take; in any case:
 *     smtp_room      smtp_begin
 *     step AT_IDLE   smtp_quit, if nothing was begun
 *     step AT_TLS    start TLS, then smtp_secured
 *     step AT_LOGIN  find the password, then smtp_login
 *     step AT_END    close the connection
 *     else           smtp_more; then what smtp_body wants; and wait for
 *                    smtp_steps[step].seconds at most, counted anew when ticks
 *                    has changed
 *
 * Where the server offers CHUNKING (RFC 3030) the body goes in chunks, and a
 * message that is one chunk goes out as a whole behind MAIL and RCPT, and the
 * next behind it, up to SMTP_WINDOW of them without an answer.
 * With LMTP (RFC 2033) each recipient has an answer of its own for the text.
 *
 * A mail is over once every recipient has had its answer.  Recipients that are
 * too many for the server in one transaction follow in another. */
#ifndef DELIVER_NET_SMTP_H
#define DELIVER_NET_SMTP_H
#include "common/env.h"
#include "deliver/net/ehlo.h"
#include "deliver/net/judge.h"

#define SMTP_CHUNK 65536 /* octets of a chunk, about */
#define SMTP_AHEAD 32768 /* of a body with LF that is one chunk, surely */
#define SMTP_WINDOW 20	 /* messages without an answer, if by BDAT; and */
#define SMTP_FLIGHT (256u << 10) /* octets of them, but for one */
#define SMTP_REFUSED                                                           \
	6 /* messages: servers count them, and slow down or close */
#define SMTP_LINE 2050 /* octets of a reply line with its CRLF */

struct smtp_step {
	const char *name; /* "MAIL": what is answered at it */
	int seconds;	  /* RFC 5321 4.5.3.2 */
	enum stage next;  /* when all goes well */
};
extern const struct smtp_step smtp_steps[STAGES];

struct smtp_rcpt {
	char *addr;
	char *orcpt;	 /* "rfc822;xtext"; NULL or "": none */
	unsigned notify; /* ENV_NEVER and so on; 0: not asked */
	uint32_t index;	 /* the caller's */
	bool done;	 /* has had its answer */
	bool sent, taken;
};

/* Where a transaction stands: transact's own. */
struct smtp_state {
	struct smtp_mail *behind; /* begun after this one */
	bool rset, rset_sent; /* one comes before it, for what became of the one
				 ahead is not known yet */
	bool mail_sent, data_sent;
	bool chunking;	/* this transaction's text goes by BDAT */
	bool due;	/* the whole text goes now, ahead of replies */
	bool last;	/* the last chunk is written */
	bool written;	/* so is all of it, final dot or last chunk */
	size_t chunks;	/* written, and not answered */
	bool failed;	/* this transaction has, as a whole */
	bool repeat;	/* it begins anew after RSET */
	bool heard;	/* a reply in this transaction */
	bool good;	/* the text was taken, for somebody */
	size_t next;	/* recipient whose RCPT is written next */
	size_t oldest;	/* recipient whose reply comes next */
	size_t taken;	/* recipients the server accepted */
	size_t put_off; /* recipients left for a transaction after this one */
	size_t said;	/* RCPTs of this transaction */
	size_t lines;	/* LMTP: recipient whose line for the text is next */
};

/* One transaction; the caller's again when it is over. */
struct smtp_mail {
	const char *from; /* "" is the null path */
	struct smtp_rcpt *rcpts;
	size_t nrcpts;
	uint64_t size; /* octets of the body with LF: a lower bound */
	enum env_kind kind;
	enum env_ret ret;
	const char *envid; /* xtext; NULL or "": none */
	bool terminal;	   /* SEND, SOML and SAML may be passed on */
	bool requiretls;   /* RFC 8689: TLS all the way, or not at all */
	bool eightbit;
	bool again;   /* may be given back, see smtp_begin */
	bool probe;   /* no recipient is named: over with the answer to MAIL */
	bool careful; /* the session has been idle: nothing that would be lost
			 with it is sent ahead of a reply */
	/* Once for each recipient; text is printable, without line ends. */
	void (*answer)(struct smtp_mail *, struct smtp_rcpt *,
	    const struct verdict *, struct span text);
	void *arg;
	/* Set: the server understands what is asked for in RFC 3461; it is
	 * over; and so, but those without an answer may be tried on a new
	 * session, see smtp_begin. */
	bool dsn_passed, over, given_back;
	struct smtp_state is;
};

enum smtp_tls { SMTP_PLAIN, SMTP_MAY_TLS, SMTP_MUST_TLS };

struct auth;

struct smtp {
	const char *self; /* our name, the caller's */
	enum stage step;
	unsigned ticks;
	struct ehlo peer;
	struct smtp_mail *mail; /* whose replies come next, or NULL */
	struct smtp_mail *tail; /* which is being written */
	/* set after smtp_init */
	bool lmtp;
	enum smtp_tls tls; /* what STARTTLS is for */
	bool login;	   /* AT_LOGIN comes before AT_IDLE */
	bool secure;	   /* by TLS, to a server whose name was verified */
	unsigned rounds;   /* transactions so far: the body is sent in each */
	/* the last refusal or mishap */
	struct verdict why;
	struct buf text;
	const char *mechanism; /* by which we have logged in, or NULL */
	enum stage ended;      /* at which it came to AT_END */
	bool denied; /* it did not let us in: the same would come again */
	/* inside */
	bool encrypted, wrapped; /* now; from the first octet */
	struct auth *auth;
	struct buf line; /* of AUTH; wiped behind it */
	unsigned challenges;
	enum stage say;	  /* a command that is not written yet; AT_IDLE: none */
	bool reused;	  /* a transaction has ended here before */
	unsigned refused; /* transactions that came to nothing */
	size_t count;	  /* mails begun, and not over */
	uint64_t octets;  /* of their texts */
};

void smtp_init(struct smtp *, const char *self);
void smtp_free(struct smtp *);
/* Right after smtp_init: TLS comes before the banner (RFC 8314 3). */
void smtp_wrap(struct smtp *);
/* The handshake is done; verified: the server is who it should be. */
void smtp_secured(struct smtp *, bool verified);
/* Takes a over; NULL: nobody has to log in. */
void smtp_login(struct smtp *, struct auth *a);
/* May a transaction be begun? */
bool smtp_room(const struct smtp *);
/* Begins one, behind those that are under way.  What need not be sent to be
 * judged (size, addresses) is answered at once, and if nothing is left it is
 * over.  A server may close an idle session at any time; if it does so, or says
 * 421, before any reply to a transaction that is not the session's first, and
 * again is set, given_back is set and nothing is answered: try it on a new
 * session.  The same where the session ends and the whole text has not been
 * sent, and for recipients who are left over when there is no room for a
 * further transaction in the session, or others were begun meanwhile. */
void smtp_begin(struct smtp *, struct smtp_mail *);
/* Appends commands, at most until out holds full octets and a line. */
void smtp_more(struct smtp *, struct buf *out, size_t full);
/* What the caller appends now, piece by piece, of the mail begun last. */
enum smtp_body {
	SMTP_NO_BODY,
	SMTP_DOTS,   /* the body with its final dot, then smtp_dot */
	SMTP_CHUNKS, /* smtp_chunk, while that is what is wanted */
};
enum smtp_body smtp_body(const struct smtp *);
void smtp_dot(struct smtp *);
/* Appends BDAT with so many octets of the body, CRLF and all. */
void smtp_chunk(struct smtp *, struct buf *out, struct span octets, bool last);
/* It may begin no further transaction (LIMITS MAILMAX), or had better not: say
 * QUIT. */
bool smtp_spent(const struct smtp *);
void smtp_quit(struct smtp *);
/* Takes whole lines off the front of in, as replies.  r keeps one that is not
 * whole yet; begin with a zeroed one. */
void smtp_take(struct smtp *, struct reply *, struct buf *in);
void smtp_reply(struct smtp *, const struct reply *);
/* The text that smtp_body asks for cannot be had, damaged or unread: the mail
 * ends, and the session too unless nothing of it was sent.  detail is a
 * sentence, printable. */
void smtp_spoil(struct smtp *, enum mishap, const char *detail);
/* Ends the session.  detail is a sentence on what happened, printable. */
void smtp_mishap(struct smtp *, enum mishap, const char *detail);
#endif
