/* complete - the header that leaves: what is missing is added, what must not
 * leave is removed, bare addresses get the mail domain, a line that is too long
 * is folded; everything else keeps its bytes. */
#ifndef SENDMAIL_COMPLETE_H
#define SENDMAIL_COMPLETE_H
#include "common/env.h"
#include "sendmail/rcpts.h"

struct complete {
	const char *hostname, *id;
	const char *login;    /* the submitter: a name, or "uid-1000" */
	const char *fullname; /* -F or the name in the user database; or "" */
	const char *from;     /* what a missing From says: an address */
	const char *with;     /* RFC 5321 4.4: "ESMTP"; NULL: local */
	const struct env *env;
	const char *domain; /* behind bare addresses; NULL: they stay bare */
	bool mime;	    /* complete_wants_mime */
};

/* The length of the header at the front of text: whole fields, without the
 * empty line.  A line that is no field ends it. */
size_t complete_header_end(struct span text);
/* Is that the end whatever comes behind text? */
bool complete_header_whole(struct span text);
/* Drops a first line "From " or ">From " (mbox, UUCP): its length, or 0. */
size_t complete_from_line(struct span text);
/* Adds the recipients of To, Cc and Bcc; where there are Resent- fields, those
 * of the first block of them instead (RFC 5322 3.6.6).  0, or -1 with a
 * sentence in why. */
int complete_recipients(struct span header, struct rcpts *, struct buf *why);
/* Is text, the body or the front of it, UTF-8 that no field of the header
 * tells how to read?  Then MIME fields say so. */
bool complete_wants_mime(struct span header, struct span text);
/* Does it say "TLS-Required: No" (RFC 8689 3)? */
bool complete_tls_optional(struct span header);
/* Appends the completed header, without the empty line. */
void complete_header(struct span header, const struct complete *, struct buf *);
#endif
