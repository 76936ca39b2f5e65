#include "deliver/net/tls_cert.h"
#include "deliver/net/tls_in.h"
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool
tls_must(const struct tls_want *w)
{
	return w->how == TLS_VERIFY || w->how == TLS_PIN ||
	       (w->how == TLS_DANE && w->ntlsa > 0);
}

static int
judge_chain(X509_STORE_CTX *x, void *arg)
{
	SSL *ssl =
	    X509_STORE_CTX_get_ex_data(x, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls *t = SSL_get_app_data(ssl);
	X509 *leaf = X509_STORE_CTX_get0_cert(x);
	int error = X509_V_OK;

	(void)arg;
	t->facts.by = TLS_BY_NOBODY;
	if (leaf)
		tls_cert_facts(leaf, &t->facts);
	if (t->check == CHECK_PIN)
		error = tls_cert_pinned(&t->facts, t->relay)
			    ? X509_V_OK
			    : X509_V_ERR_APPLICATION_VERIFICATION;
	else if (t->check != CHECK_NONE && X509_verify_cert(x) != 1)
		error = X509_STORE_CTX_get_error(x);
	X509_STORE_CTX_set_error(x, error);
	if (error != X509_V_OK) {
		buf_reset(&t->why);
		tls_cert_why(error, X509_STORE_CTX_get_error_depth(x),
		    X509_STORE_CTX_get_current_cert(x), &t->facts, t->name,
		    &t->why);
		return 0;
	}
	if (t->check == CHECK_PIN)
		t->facts.by = TLS_BY_PIN;
	else if (t->check == CHECK_DANE)
		t->facts.by = TLS_BY_DANE;
	else if (t->check == CHECK_CHAIN)
		t->facts.by =
		    t->relay && t->relay->ca ? TLS_BY_CA : TLS_BY_ROOTS;
	return 1;
}

static int
load_roots(SSL_CTX *ctx, const struct conf_relay *relay, struct buf *why)
{
	const char *ca = relay && relay->ca ? relay->ca : TLS_ROOTS;
	struct stat st;
	int ok;

	if (stat(ca, &st) == -1 && relay && relay->ca) {
		buf_fmt(
		    why, "cannot read the CA file %s: %s", ca, strerror(errno));
		return -1;
	}
	if (relay == NULL || relay->ca == NULL || S_ISDIR(st.st_mode))
		ok = SSL_CTX_load_verify_dir(ctx, ca);
	else
		ok = SSL_CTX_load_verify_file(ctx, ca);
	if (ok == 1)
		return 0;
	buf_fmt(why, "cannot use the CA file %s: %s", ca,
	    ERR_reason_error_string(ERR_peek_last_error()));
	return -1;
}

static int
prepare(SSL_CTX *ctx, const struct conf_relay *relay, struct buf *why)
{
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_dane_enable(ctx) != 1) {
		buf_str(why, "this OpenSSL cannot do TLS 1.2 and DANE");
		return -1;
	}
	/* A root of the machine that is weak (MD5, 1024 bits) is refused by the
	 * security level of the library. */
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
				  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				  SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_options(
	    ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_session_cache_mode(
	    ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, tls_keep_session);
	SSL_CTX_set_cert_verify_callback(ctx, judge_chain, NULL);
	if (load_roots(ctx, relay, why) == -1)
		return -1;
	return relay && relay->cert
		   ? tls_cert_own(ctx, relay->cert, relay->key, why)
		   : 0;
}

static SSL_CTX *
context(struct tls_store *s, const struct conf_relay *relay, struct buf *why)
{
	struct setting *set;

	TAILQ_FOREACH (set, &s->settings, link)
		if (set->relay == relay)
			return set->ctx;
	set = calloc(1, sizeof *set);
	if (set == NULL ||
	    (set->ctx = SSL_CTX_new(TLS_client_method())) == NULL)
		buf_str(why, "out of memory");
	else if (prepare(set->ctx, relay, why) == 0) {
		set->relay = relay;
		TAILQ_INSERT_TAIL(&s->settings, set, link);
		return set->ctx;
	}
	if (set)
		SSL_CTX_free(set->ctx);
	free(set);
	return NULL;
}

static bool
is_address(const char *name)
{
	unsigned char octets[16];

	return inet_pton(AF_INET, name, octets) == 1 ||
	       inet_pton(AF_INET6, name, octets) == 1;
}

/* RFC 7672 3.1.3: the PKIX usages are not for SMTP.  How many can be used. */
static int
add_records(struct tls *t, const struct tls_want *w)
{
	int usable = 0;

	if (SSL_dane_enable(t->ssl, w->name) != 1)
		return -1;
	/* RFC 7672 3.1.1: with 3 x x the key is bound to the name by DNS. */
	SSL_dane_set_flags(t->ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
	for (size_t i = 0; i < w->ntlsa && i < TLS_RECORDS; i++) {
		const struct tls_record *r = &w->tlsa[i];

		if (r->usage != 2 && r->usage != 3)
			continue;
		if (SSL_dane_tlsa_add(t->ssl, r->usage, r->selector, r->match,
			(const unsigned char *)r->data.ptr, r->data.len) == 1)
			usable++;
	}
	return usable;
}

/* What is looked at, and for which name: 0, or -1. */
static int
demand(struct tls *t, const struct tls_want *w)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(t->ssl);
	const char *whose = w->as ? w->as : w->name;
	int usable = 0;

	if (w->how == TLS_DANE && w->ntlsa &&
	    (usable = add_records(t, w)) == -1)
		return -1;
	t->check = w->how == TLS_VERIFY ? CHECK_CHAIN
		   : w->how == TLS_PIN	? CHECK_PIN
		   : usable		? CHECK_DANE
		   : w->verify		? CHECK_CHAIN
					: CHECK_NONE;
	SSL_set_verify(t->ssl,
	    t->check == CHECK_NONE ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
	SSL_set_hostflags(t->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (w->as == NULL && is_address(w->name)) /* no SNI: RFC 6066 3 */
		return X509_VERIFY_PARAM_set1_ip_asc(param, w->name) == 1 ? 0
									  : -1;
	if ((!is_address(w->name) &&
		SSL_set_tlsext_host_name(t->ssl, w->name) != 1) ||
	    SSL_set1_host(t->ssl, whose) != 1)
		return -1;
	if (t->check == CHECK_DANE && w->also)
		return SSL_add1_host(t->ssl, w->also) == 1 ? 0 : -1;
	return 0;
}

struct tls *
tls_new(struct tls_store *s, const struct tls_want *w, int fd, struct buf *why)
{
	SSL_CTX *ctx;
	struct tls *t;

	ERR_clear_error();
	ctx = context(s, w->relay, why);
	if (ctx == NULL)
		return NULL;
	t = calloc(1, sizeof *t);
	if (t) {
		t->store = s;
		t->relay = w->relay;
		t->name = strdup(w->as ? w->as : w->name);
		t->key = tls_session_key(w);
		t->ssl = SSL_new(ctx);
	}
	if (t && t->name && t->key && t->ssl && SSL_set_fd(t->ssl, fd) == 1 &&
	    SSL_set_app_data(t->ssl, t) == 1 && demand(t, w) == 0) {
		tls_resume(t);
		SSL_set_connect_state(t->ssl);
		return t;
	}
	buf_fmt(why, "cannot prepare TLS for %s", w->name);
	tls_free(t);
	return NULL;
}

static void
done(struct tls *t)
{
	X509 *cert = SSL_get0_peer_certificate(t->ssl);

	t->up = true;
	t->facts.resumed = SSL_session_reused(t->ssl) == 1;
	if (cert && t->facts.resumed)
		tls_cert_facts(cert, &t->facts);
	strlcpy(t->facts.protocol, SSL_get_version(t->ssl),
	    sizeof t->facts.protocol);
	strlcpy(t->facts.cipher, SSL_get_cipher_name(t->ssl),
	    sizeof t->facts.cipher);
}

enum tls_step
tls_shake(struct tls *t, struct buf *why)
{
	int rc;

	ERR_clear_error();
	errno = 0;
	rc = SSL_do_handshake(t->ssl);
	if (rc == 1) {
		done(t);
		return TLS_DONE;
	}
	switch (SSL_get_error(t->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		return TLS_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WRITE;
	case SSL_ERROR_SYSCALL:
		if (errno && ERR_peek_last_error() == 0) {
			buf_fmt(why, "the TLS handshake failed: %s",
			    strerror(errno));
			break;
		}
		/* fallthrough */
	default:
		if (t->why.len)
			buf_span(why, buf_view(&t->why));
		else
			tls_error_why(why);
		break;
	}
	t->dead = true;
	return TLS_FAILED;
}

/* What a call that did nothing means. */
static ssize_t
nothing(struct tls *t)
{
	int error = errno;

	switch (SSL_get_error(t->ssl, 0)) {
	case SSL_ERROR_WANT_READ:
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_WANT_WRITE:
		t->writes = true;
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		t->dead = true;
		errno = error ? error : ECONNRESET;
		return -1;
	default:
		t->dead = true;
		/* Cut off: anybody on the way could have done it. */
		errno = ERR_GET_REASON(ERR_peek_last_error()) ==
				SSL_R_UNEXPECTED_EOF_WHILE_READING
			    ? ECONNRESET
			    : EPROTO;
		return -1;
	}
}

ssize_t
tls_recv(struct tls *t, void *to, size_t bytes)
{
	size_t n;

	ERR_clear_error();
	errno = 0;
	t->writes = false;
	if (SSL_read_ex(t->ssl, to, bytes, &n) == 1)
		return (ssize_t)n;
	return nothing(t);
}

ssize_t
tls_send(struct tls *t, const void *from, size_t bytes)
{
	ssize_t rc;
	size_t n;

	ERR_clear_error();
	errno = 0;
	t->writes = false;
	if (SSL_write_ex(t->ssl, from, bytes, &n) == 1)
		return (ssize_t)n;
	rc = nothing(t);
	if (rc == 0) {
		errno = EPIPE;
		return -1;
	}
	return rc;
}

bool
tls_wants_write(const struct tls *t)
{
	return t->writes;
}

const struct tls_facts *
tls_facts(const struct tls *t)
{
	return &t->facts;
}

int
tls_exporter(struct tls *t, unsigned char out[32])
{
	static const char label[] = "EXPORTER-Channel-Binding";

	if (!t->up || SSL_version(t->ssl) < TLS1_3_VERSION)
		return -1;
	return SSL_export_keying_material(t->ssl, out, 32, label,
		   sizeof label - 1, (const unsigned char *)"", 0, 1) == 1
		   ? 0
		   : -1;
}

/* The first Finished of the handshake.  Without the extended master secret it
 * binds to nothing (RFC 7627). */
int
tls_unique(struct tls *t, struct buf *out)
{
	char text[128];
	size_t n;

	if (!t->up || SSL_version(t->ssl) != TLS1_2_VERSION ||
	    SSL_get_extms_support(t->ssl) != 1)
		return -1;
	n = t->facts.resumed ? SSL_get_peer_finished(t->ssl, text, sizeof text)
			     : SSL_get_finished(t->ssl, text, sizeof text);
	if (n == 0 || n > sizeof text)
		return -1;
	buf_add(out, text, n);
	return 0;
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	if (t->ssl && t->up && !t->dead) {
		ERR_clear_error();
		SSL_shutdown(t->ssl);
		/* Or the library takes the session for broken. */
		SSL_set_shutdown(
		    t->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	}
	SSL_free(t->ssl);
	free(t->name);
	free(t->key);
	buf_free(&t->why);
	free(t);
}
