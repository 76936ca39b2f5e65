/* auth - SASL as SMTP speaks it (RFC 4954), in steps and without I/O: the
 * server's challenge in, our line out.  Mechanisms that prove a password
 * without saying it come first; what says it, or a token, is for verified TLS
 * alone, unless the route allows otherwise.  A server may be wrong about one:
 * then the next is tried, but a password that two have refused is wrong.
 *
 *     auth_new; auth_begin
 *     334   auth_step
 *     else  auth_ended; AUTH_NEXT: auth_begin again */
#ifndef DELIVER_NET_AUTH_H
#define DELIVER_NET_AUTH_H
#include "common/buf.h"

#define AUTH_LINE 12288 /* octets of a challenge or an answer (RFC 4954 4) */
#define AUTH_REFUSED 2	/* refusals of the same password that are enough */

enum auth_mech {
	AUTH_SCRAM_SHA_256_PLUS, /* with channel binding */
	AUTH_SCRAM_SHA_1_PLUS,
	AUTH_SCRAM_SHA_256,
	AUTH_SCRAM_SHA_1,
	AUTH_CRAM_MD5,
	AUTH_OAUTHBEARER, /* RFC 7628 */
	AUTH_XOAUTH2,
	AUTH_PLAIN,
	AUTH_LOGIN,
	AUTH_EXTERNAL, /* our certificate is enough */
	AUTH_MECHS
};
extern const char *const auth_names[AUTH_MECHS];

/* "PLAIN LOGIN": bits of 1 << enum auth_mech; what is not known is left out. */
unsigned auth_offered(struct span words);

/* Copied, but for what is said. */
struct auth_want {
	unsigned offered;
	char *const *allowed; /* names, in any case; none: all */
	size_t nallowed;
	const char *user, *password, *token; /* NULL: none */
	const char *host, *port;
	bool clear; /* a password may be said, protected or not */
	bool cert;  /* the server has our certificate */
	/* channel binding: of TLS 1.3 (exporter) or 1.2 (unique) */
	struct span exporter, unique;
};

struct auth;
struct auth *auth_new(const struct auth_want *); /* NULL: ENOMEM */
void auth_free(struct auth *);			 /* wipes */
/* Appends "AUTH MECHANISM [RESPONSE]" and CRLF: 0; -1: none is left. */
int auth_begin(struct auth *, struct buf *line);
/* Of a 334, its text.  Appends the answer's line, or "*": what came makes no
 * sense, and the mechanism is given up. */
void auth_step(struct auth *, struct span challenge, struct buf *line);
enum auth_end {
	AUTH_IN,
	AUTH_NEXT,
	AUTH_OVER, /* refused, or no mechanism is left */
	AUTH_FALSE /* it let us in without knowing the password itself */
};
enum auth_end auth_ended(struct auth *, int code);
const char *auth_name(const struct auth *); /* the mechanism at hand, or "" */
void auth_wipe(struct buf *);		    /* overwrites and empties it */
#endif
