/* tls_cert - what a certificate says, in words. */
#ifndef DELIVER_NET_TLS_CERT_H
#define DELIVER_NET_TLS_CERT_H
#include "deliver/net/tls.h"
#include <openssl/ssl.h>

void tls_cert_facts(X509 *, struct tls_facts *);
bool tls_cert_pinned(const struct tls_facts *, const struct conf_relay *);
/* Why it was not accepted: error of X509_V_ERR_*, at depth (0: the server's
 * own), of the certificate at. */
void tls_cert_why(int error, int depth, X509 *at, const struct tls_facts *,
    const char *name, struct buf *why);
/* Of the error queue: why the handshake failed otherwise. */
void tls_error_why(struct buf *why);
/* A client's certificate and key: 0, or -1 with a sentence.  A key that others
 * can read is none. */
int tls_cert_own(SSL_CTX *, const char *cert, const char *key, struct buf *why);
#endif
