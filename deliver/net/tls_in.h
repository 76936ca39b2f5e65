/* tls_in - what the files of tls share. */
#ifndef DELIVER_NET_TLS_IN_H
#define DELIVER_NET_TLS_IN_H
#include "deliver/net/tls.h"
#include <openssl/ssl.h>
#include <sys/queue.h>

enum check { CHECK_NONE, CHECK_CHAIN, CHECK_PIN, CHECK_DANE };

struct setting { /* of a relay, made when it is first needed */
	TAILQ_ENTRY(setting) link;
	const struct conf_relay *relay;
	SSL_CTX *ctx;
};

struct kept { /* a session */
	TAILQ_ENTRY(kept) link;
	SSL_SESSION *session;
	enum tls_by by;
	char key[];
};

struct tls_store {
	TAILQ_HEAD(, setting) settings;
	TAILQ_HEAD(kept_list, kept) kept; /* the newest first */
	size_t nkept;
};

struct tls {
	struct tls_store *store;
	const struct conf_relay *relay;
	SSL *ssl;
	enum check check;
	struct tls_facts facts;
	char *name, *key;
	struct buf why; /* the certificate's fault */
	bool writes, up, dead;
};

/* For SSL_CTX_sess_set_new_cb. */
int tls_keep_session(SSL *, SSL_SESSION *);
/* Uses the session of an earlier connection, if there is one. */
void tls_resume(struct tls *);
char *tls_session_key(const struct tls_want *);
#endif
