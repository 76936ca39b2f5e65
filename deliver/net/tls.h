/* tls - TLS 1.2 or later as a client, never blocking: what a server's
 * certificate must be, whether it is, and in plain words why not.
 *
 *     TLS_VERIFY         chain to a root of the system, or of relay->ca, and
 *                        the name (RFC 9525)
 *     TLS_PIN            the SHA-256 of its public key (SPKI) is one of
 *                        relay->pins; who signed it, for which name and until
 *                        when does not matter
 *     TLS_DANE           one of the TLSA records fits (RFC 7672): usages 2 and
 *                        3; with records of which none can be used any
 *                        certificate will do, but plain text will not; without
 *                        records as TLS_OPPORTUNISTIC
 *     TLS_OPPORTUNISTIC  any certificate
 *
 * Sessions are kept, so many and for an hour, and resumed with the same
 * destination under the same policy only. */
#ifndef DELIVER_NET_TLS_H
#define DELIVER_NET_TLS_H
#include "common/buf.h"
#include "common/conf.h"
#include <stdint.h>
#include <sys/types.h>

#ifndef TLS_ROOTS
#define TLS_ROOTS "/etc/ssl/certs" /* by hash: nothing is read in advance */
#endif
#define TLS_SESSIONS 64
#define TLS_SESSION_SECONDS 3600
#define TLS_RECORDS 64 /* TLSA records that are looked at */
#define TLS_KEY 72     /* "sha256:" and 64 hex digits */

struct tls_record { /* TLSA (RFC 6698 2.1) */
	uint8_t usage, selector, match;
	struct span data;
};

struct tls_want {
	enum conf_tls how;
	const char *name;		/* SNI, and whose it must be, */
	const char *as;			/* unless this is not NULL */
	const char *also;		/* DANE-TA: or this one's; NULL */
	const char *port;		/* part of the destination */
	const struct conf_relay *relay; /* pins, ca, cert, key; outlives all */
	const struct tls_record *tlsa;
	size_t ntlsa;
	bool verify; /* where none of these can be used: as TLS_VERIFY */
};

enum tls_by { TLS_BY_NOBODY, TLS_BY_ROOTS, TLS_BY_CA, TLS_BY_PIN, TLS_BY_DANE };
extern const char *const tls_by_text[]; /* "roots", for a log */

/* Printable, without quotes; what is not known is empty or 0. */
struct tls_facts {
	char protocol[16], cipher[64];
	enum tls_by by;
	bool resumed;
	char names[256]; /* of the certificate: "a.example, b.example" */
	char issuer[128];
	char key[TLS_KEY]; /* "sha256:...", as a pin is written */
	int64_t begins, expires;
};

struct tls_store;		       /* settings and sessions of a process */
struct tls_store *tls_store_new(void); /* NULL: ENOMEM */
void tls_store_free(struct tls_store *);

/* Must such a connection be encrypted, or nothing be sent? */
bool tls_must(const struct tls_want *);

struct tls;
/* want is read in this call only.  NULL with a sentence in why. */
struct tls *tls_new(
    struct tls_store *, const struct tls_want *, int fd, struct buf *why);
enum tls_step { TLS_DONE, TLS_READ, TLS_WRITE, TLS_FAILED };
/* The handshake goes on: it waits for the descriptor, or is over.  A sentence
 * in why when it has failed. */
enum tls_step tls_shake(struct tls *, struct buf *why);
/* As recv and send: 0 is an orderly end (close_notify); without it the end of
 * the stream is an error. */
ssize_t tls_recv(struct tls *, void *, size_t);
ssize_t tls_send(struct tls *, const void *, size_t);
bool tls_wants_write(const struct tls *); /* before it can go on */
const struct tls_facts *tls_facts(
    const struct tls *); /* also of a failed one */
/* Sentences for people: whose the certificate is, issuer, expiry, how it was
 * verified. */
void tls_tell(const struct tls_facts *, struct buf *);
/* Channel binding (RFC 5929, RFC 9266): 0, or -1 where there is none. */
int tls_exporter(struct tls *, unsigned char out[32]); /* TLS 1.3 */
int tls_unique(struct tls *, struct buf *out);	       /* TLS 1.2 */
/* Says close_notify when it can be said at once.  The descriptor stays. */
void tls_free(struct tls *);
#endif
