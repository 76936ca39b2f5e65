/* judge - the one place of this role that says what an answer or a mishap
 * means: carry on, try again later, or never (RFC 5321 4.2.1, RFC 3463). */
#ifndef DELIVER_NET_JUDGE_H
#define DELIVER_NET_JUDGE_H
#include "common/reply.h"
#include "deliver/ipc.h"

/* What a session waits for. */
enum stage {
	AT_CONNECT,
	AT_BANNER,
	AT_EHLO,
	AT_HELO,
	AT_STARTTLS,
	AT_TLS,	  /* for the handshake */
	AT_LOGIN, /* for us to find the password */
	AT_AUTH,
	AT_IDLE, /* for a message of ours */
	AT_MAIL,
	AT_RCPT,
	AT_DATA,
	AT_BODY,  /* for us to send it */
	AT_CHUNK, /* the answer to one that is not the last */
	AT_DOT,	  /* the answer for the whole message */
	AT_RSET,
	AT_QUIT,
	AT_END, /* for nothing: the connection is to be closed */
	STAGES
};

/* What can go wrong without a reply.  Numbers below those of replies. */
enum mishap {
	MISHAP_LOST = 1, /* connection */
	MISHAP_TIMEOUT,
	MISHAP_GARBAGE, /* no reply, or one without end */
	MISHAP_UNASKED, /* a reply to nothing */
	MISHAP_CONNECT,
	MISHAP_LOOKUP,	/* DNS gave no answer */
	MISHAP_NO_HOST, /* DNS says that a relay of ours does not exist */
	/* of the recipient's domain: */
	MISHAP_NO_DOMAIN, /* it does not exist */
	MISHAP_NO_ROUTE,  /* it has neither MX nor address that is one */
	MISHAP_NULL_MX,	  /* it takes no mail (RFC 7505) */
	MISHAP_LOOP,	  /* its mail is for this machine, which has no such
			     domain */
	MISHAP_DAMAGED,
	MISHAP_READ,	   /* of the message file */
	MISHAP_SIZE,	   /* over the server's limit */
	MISHAP_UTF8,	   /* an address that the server does not take */
	MISHAP_REQUIRETLS, /* RFC 8689: it does not promise what is asked */
	MISHAP_TERMINAL,   /* SEND: it does not offer it */
	MISHAP_TLS,
	MISHAP_AUTH,  /* no password, or no way to say it */
	MISHAP_RELAY, /* of that name there is none */
	MISHAPS
};

enum judge_next {
	NEXT_ON,   /* it is what was hoped for */
	NEXT_HELO, /* EHLO is not known there: HELO, on this connection */
	NEXT_HOST, /* nothing was tried yet: another host may take it */
	NEXT_FAIL, /* outcome, for the recipients concerned: of RCPT that one,
		      else all that have no answer yet */
};

#define JUDGE_TEXT 512 /* octets of an answer's text */

struct verdict {
	enum judge_next next;
	enum outcome outcome;
	bool close; /* the session is of no use any more */
	bool mend;  /* nothing goes there until a person has mended a password,
		       a certificate or a setting */
	bool again; /* too many recipients: in another transaction it may do
		       (RFC 5321 4.5.3.1.10) */
	bool busy;  /* it has enough to do: fewer sessions with it */
	bool soon;  /* for the time being, as greylisting says it: a second try
		       may do, which need not wait for the usual interval */
	char status[12]; /* RFC 3463: the server's own, or derived */
};

/* some: a recipient of this message was accepted before. */
void judge_reply(enum stage, const struct reply *, bool some, struct verdict *);
void judge_mishap(enum stage, enum mishap, struct verdict *);
#endif
