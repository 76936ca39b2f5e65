/* env - the envelope of a message as it stands in a spool file: text lines,
 * ended by an empty line.
 *
 *     time 1795497633.123456      arrival, seconds and microseconds
 *     uid 1000                    who submitted; believed only in a file that
 *                                 the user bellman owns (else st_uid counts)
 *     kind MAIL                   or SEND, SOML, SAML (RFC 821 3.4)
 *     wait                        only the next -q delivers it (-odq)
 *     net                         it came over a network (-bs on a socket)
 *     from <alice@example.org>    <> is the null path
 *     body 8BITMIME               or 7BIT (RFC 6152)
 *     text 7.                     what the message holds (common/legal.h): 8
 *                                 for 7 if any octet has its high bit, L for
 *                                 the dot if any line is too long
 *     ret FULL                    or HDRS (RFC 3461 4.3); absent when not asked
 *     envid xtext                 RFC 3461 4.4
 *     requiretls                  TLS all the way, or not at all (RFC 8689 2)
 *     tls-optional                the sender would rather have it arrive than
 *                                 hidden (RFC 8689 3, "TLS-Required: No")
 *     to <bob@example.net> notify=FAILURE,DELAY orcpt=rfc822;xtext
 *                                 and kind=SEND where it is not the message's
 *
 * An address never holds CR, LF, NUL or another control octet: neither side
 * writes or accepts one.  Each line but "to", at least one, stands once.
 *
 * The line "text" has one width, so that it can be overwritten in place once
 * all of a message is known that was written as it came.  A file without it is
 * an older one: whether such a text is legal must be looked at. */
#ifndef COMMON_ENV_H
#define COMMON_ENV_H
#include "common/buf.h"
#include "common/legal.h"
#include <stdint.h>
#include <sys/types.h>

enum env_kind { ENV_MAIL, ENV_SEND, ENV_SOML, ENV_SAML, ENV_KINDS };
enum env_body { ENV_7BIT, ENV_8BIT };
enum {
	ENV_TEXT = 1,  /* the line is there */
	ENV_EIGHT = 2, /* "8" */
	ENV_LONG = 4,  /* "L" */
};
enum env_ret { ENV_RET_NONE, ENV_FULL, ENV_HDRS };
enum { /* RFC 3461 4.1; 0: not asked, so FAILURE (and DELAY) */
	ENV_NEVER = 1,
	ENV_SUCCESS = 2,
	ENV_FAILURE = 4,
	ENV_DELAY = 8,
};

struct env_rcpt {
	char *addr;  /* without <> */
	char *orcpt; /* "rfc822;xtext" or NULL */
	unsigned notify;
	enum env_kind kind; /* env_add gives it the message's */
};

struct env {
	int64_t time_us; /* arrival, microseconds since 1970 */
	uid_t uid;
	enum env_kind kind;
	bool wait;
	bool net;
	char *from; /* without <>; "" is the null path */
	enum env_body body;
	unsigned text; /* ENV_TEXT and the others; 0: not known */
	enum env_ret ret;
	char *envid;	 /* xtext, or NULL */
	bool requiretls; /* tls_optional is not looked at then */
	bool tls_optional;
	struct env_rcpt *rcpts;
	size_t nrcpts;
};

extern const char *const env_kind_name[ENV_KINDS];
int env_kind_of(struct span name); /* -1: no such kind; case ignored */
/* Adds a recipient; finding duplicates is the caller's. 0, or -1 with
 * ENOMEM, or EINVAL for an address that could not be written. */
int env_add(struct env *, struct span addr);
/* 0, or -1 (ENOMEM; EINVAL: something decode would refuse). */
int env_encode(const struct env *, struct buf *);
/* 0, or -1: ENOMEM, or EBADMSG for any text that encode would not write.
 * The owner calls env_free in either case. */
int env_decode(struct span text, struct env *);
/* The bits for a text that was fed to l: all of it. */
unsigned env_text(const struct legal *l);
/* What may be in a text whose bits are these: ENV_EIGHT, ENV_LONG. */
unsigned env_suspects(unsigned text);
/* Overwrites the line "text" in an encoded envelope: 0, or -1 with EINVAL if
 * there is none. */
int env_retext(char *encoded, size_t len, unsigned text);
/* The same with the line "time"; -1 also where it is not as long as it was. */
int env_retime(char *encoded, size_t len, int64_t time_us);
void env_free(struct env *);
#endif
