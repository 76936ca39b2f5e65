/* report - the text of a delivery status notification (RFC 3464, RFC 3461 6): a
 * part for people, a part for machines, and the message or its header.  RFC
 * 6533's types where an address is not ASCII.  Pure: struct to text. */
#ifndef DELIVER_QUEUE_REPORT_H
#define DELIVER_QUEUE_REPORT_H
#include "common/buf.h"
#include <stdint.h>

enum report_kind {
	REPORT_FAILED,
	REPORT_DELAYED, /* a warning */
	REPORT_DONE,	/* what NOTIFY=SUCCESS asked for */
	REPORT_DOUBLE,	/* to postmaster: what cannot go back to its sender */
	REPORT_KINDS
};
enum report_action { /* RFC 3464 2.3.3 */
	ACTION_FAILED,
	ACTION_DELAYED,
	ACTION_DELIVERED,
	ACTION_RELAYED,
	ACTION_EXPANDED,
	ACTIONS
};

struct report_rcpt {
	enum report_action action;
	const char *addr;     /* final: where it went, or could not go */
	const char *original; /* what the sender wrote; NULL: the same */
	const char *orcpt;    /* "rfc822;xtext", or NULL */
	const char *status;   /* RFC 3463; "": by the action */
	const char *text;     /* the last answer, or NULL */
	const char *mta;      /* whose words they are; NULL: our own */
	bool terminal;	      /* SEND: no other copy exists */
	int64_t last;	      /* seconds; 0: not known */
};

struct report {
	enum report_kind kind;
	const char *id, *of; /* queue ids: the report's, the message's */
	const char *hostname, *domain;
	const char *to;		     /* whom it is for */
	const char *from;	     /* REPORT_DOUBLE: the message's sender */
	int64_t now, arrived, until; /* seconds; until: no attempt after */
	const char *envid;	     /* xtext, or NULL */
	const struct report_rcpt *rcpts;
	size_t nrcpts;
	struct span message; /* its header, or (whole) all of it */
	bool whole;
};

/* Adds the report, header and body, lines ended by LF.  out->bad says that
 * memory ran out. */
void report_compose(const struct report *, struct buf *out);
#endif
