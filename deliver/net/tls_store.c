#include "deliver/net/tls_in.h"
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void
forget(struct tls_store *s, struct kept *k)
{
	TAILQ_REMOVE(&s->kept, k, link);
	s->nkept--;
	SSL_SESSION_free(k->session);
	free(k);
}

struct tls_store *
tls_store_new(void)
{
	struct tls_store *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	TAILQ_INIT(&s->settings);
	TAILQ_INIT(&s->kept);
	return s;
}

void
tls_store_free(struct tls_store *s)
{
	struct setting *set;
	struct kept *k;

	if (s == NULL)
		return;
	while ((k = TAILQ_FIRST(&s->kept)) != NULL)
		forget(s, k);
	while ((set = TAILQ_FIRST(&s->settings)) != NULL) {
		TAILQ_REMOVE(&s->settings, set, link);
		SSL_CTX_free(set->ctx);
		free(set);
	}
	free(s);
}

static struct kept *
look(struct tls_store *s, const char *key)
{
	struct kept *k;

	TAILQ_FOREACH (k, &s->kept, link)
		if (strcmp(k->key, key) == 0)
			return k;
	return NULL;
}

/* Only what was verified as it should be comes here: a handshake that was not
 * has failed. */
int
tls_keep_session(SSL *ssl, SSL_SESSION *session)
{
	struct tls *t = SSL_get_app_data(ssl);
	size_t len = strlen(t->key) + 1;
	struct kept *k = look(t->store, t->key);

	if (k)
		forget(t->store, k);
	while (t->store->nkept >= TLS_SESSIONS)
		forget(t->store, TAILQ_LAST(&t->store->kept, kept_list));
	k = malloc(sizeof *k + len);
	if (k == NULL)
		return 0;
	k->session = session;
	k->by = t->facts.by;
	memcpy(k->key, t->key, len);
	TAILQ_INSERT_HEAD(&t->store->kept, k, link);
	t->store->nkept++;
	return 1; /* it is ours now */
}

/* A ticket of TLS 1.3 is used once (RFC 8446 C.4). */
void
tls_resume(struct tls *t)
{
	struct kept *k = look(t->store, t->key);
	int64_t age;

	if (k == NULL)
		return;
	age = (int64_t)time(NULL) - SSL_SESSION_get_time(k->session);
	if (age >= 0 && age < TLS_SESSION_SECONDS &&
	    SSL_SESSION_is_resumable(k->session) &&
	    SSL_set_session(t->ssl, k->session) == 1)
		t->facts.by = k->by; /* if the server agrees */
	if (SSL_SESSION_get_protocol_version(k->session) >= TLS1_3_VERSION ||
	    age < 0 || age >= TLS_SESSION_SECONDS)
		forget(t->store, k);
}

/* Another policy, name or record set is another destination. */
char *
tls_session_key(const struct tls_want *w)
{
	struct buf b = { 0 };
	unsigned char sum[SHA256_DIGEST_LENGTH];
	char *key;

	for (size_t i = 0; i < w->ntlsa; i++) {
		buf_fmt(&b, "%u %u %u ", w->tlsa[i].usage, w->tlsa[i].selector,
		    w->tlsa[i].match);
		buf_span(&b, w->tlsa[i].data);
	}
	SHA256((const unsigned char *)buf_c(&b), b.len, sum);
	buf_reset(&b);
	buf_fmt(&b, "%d %d %s %s %s %s %s ", (int)w->how, w->verify,
	    w->relay && w->relay->name ? w->relay->name : "", w->name,
	    w->as ? w->as : "", w->also ? w->also : "", w->port ? w->port : "");
	for (size_t i = 0; w->ntlsa && i < sizeof sum; i++)
		buf_fmt(&b, "%02x", sum[i]);
	key = b.bad ? NULL : strdup(buf_c(&b));
	buf_free(&b);
	return key;
}
