#include "deliver/net/auth.h"
#include <gsasl.h>
#include <stdlib.h>
#include <string.h>

#define COMMAND 510 /* octets of a command line without CRLF (RFC 5321) */

enum needs {
	PASSWORD = 1,
	TOKEN = 2,
	CERT = 4,
	CLEAR = 8,    /* whoever reads along has the secret */
	BINDING = 16, /* to the TLS connection */
	SERVER_FIRST = 32,
	MUTUAL = 64, /* the server proves itself as well */
};

const char *const auth_names[AUTH_MECHS] = {
	[AUTH_SCRAM_SHA_256_PLUS] = "SCRAM-SHA-256-PLUS",
	[AUTH_SCRAM_SHA_1_PLUS] = "SCRAM-SHA-1-PLUS",
	[AUTH_SCRAM_SHA_256] = "SCRAM-SHA-256",
	[AUTH_SCRAM_SHA_1] = "SCRAM-SHA-1",
	[AUTH_CRAM_MD5] = "CRAM-MD5",
	[AUTH_OAUTHBEARER] = "OAUTHBEARER",
	[AUTH_XOAUTH2] = "XOAUTH2",
	[AUTH_PLAIN] = "PLAIN",
	[AUTH_LOGIN] = "LOGIN",
	[AUTH_EXTERNAL] = "EXTERNAL",
};

static const unsigned needs[AUTH_MECHS] = {
	[AUTH_SCRAM_SHA_256_PLUS] = PASSWORD | BINDING | MUTUAL,
	[AUTH_SCRAM_SHA_1_PLUS] = PASSWORD | BINDING | MUTUAL,
	[AUTH_SCRAM_SHA_256] = PASSWORD | MUTUAL,
	[AUTH_SCRAM_SHA_1] = PASSWORD | MUTUAL,
	[AUTH_CRAM_MD5] = PASSWORD | SERVER_FIRST,
	[AUTH_OAUTHBEARER] = TOKEN | CLEAR,
	[AUTH_XOAUTH2] = TOKEN | CLEAR,
	[AUTH_PLAIN] = PASSWORD | CLEAR,
	[AUTH_LOGIN] = PASSWORD | CLEAR | SERVER_FIRST,
	[AUTH_EXTERNAL] = CERT,
};

enum text { USER, PASS, TOK, HOST, PORT, EXPORTER, UNIQUE, TEXTS };

struct auth {
	Gsasl *gsasl;
	Gsasl_session *session; /* of mechanisms that the library does */
	char *text[TEXTS];	/* bindings in base64 */
	unsigned left;		/* bits of those that may still be tried */
	unsigned refused;
	enum auth_mech mech;
	struct buf first; /* a response that waits for the go-ahead */
	bool waits;
	bool proven, cancelled, token_failed;
};

unsigned
auth_offered(struct span words)
{
	unsigned bits = 0;
	struct span word;

	while ((word = span_word(&words)).len)
		for (int i = 0; i < AUTH_MECHS; i++)
			if (span_ieq(word, span_of(auth_names[i])))
				bits |= 1u << i;
	return bits;
}

void
auth_wipe(struct buf *b)
{
	if (b->cap)
		explicit_bzero(b->ptr, b->cap);
	buf_reset(b);
}

static void
forget(char *s)
{
	if (s)
		explicit_bzero(s, strlen(s));
	free(s);
}

static bool
allowed(const struct auth_want *w, enum auth_mech mech)
{
	for (size_t i = 0; i < w->nallowed; i++)
		if (strcasecmp(w->allowed[i], auth_names[mech]) == 0)
			return true;
	return w->nallowed == 0;
}

/* The server's words are one thing, what we have and may say another. */
static unsigned
choice(const struct auth_want *w)
{
	bool bound = w->exporter.len || w->unique.len;
	unsigned bits = 0;

	for (int i = 0; i < AUTH_MECHS; i++) {
		unsigned n = needs[i];

		if (!(w->offered & (1u << i)) || !allowed(w, i) ||
		    ((n & PASSWORD) && !(w->user && w->password)) ||
		    ((n & TOKEN) && !(w->user && w->token)) ||
		    ((n & CERT) && !w->cert) || ((n & CLEAR) && !w->clear) ||
		    ((n & BINDING) && !bound))
			continue;
		bits |= 1u << i;
	}
	return bits;
}

static char *
base64(struct span s)
{
	char *out = NULL, *copy;

	if (gsasl_base64_to(s.len ? s.ptr : "", s.len, &out, NULL) != GSASL_OK)
		return NULL;
	copy = strdup(out);
	explicit_bzero(out, strlen(out));
	gsasl_free(out);
	return copy;
}

struct auth *
auth_new(const struct auth_want *w)
{
	const char *words[] = { w->user, w->password, w->token, w->host,
		w->port };
	struct auth *a = calloc(1, sizeof *a);
	bool ok = a != NULL;

	if (a == NULL)
		return NULL;
	for (int i = 0; ok && i <= PORT; i++)
		ok =
		    words[i] == NULL || (a->text[i] = strdup(words[i])) != NULL;
	if (w->exporter.len)
		ok = ok && (a->text[EXPORTER] = base64(w->exporter)) != NULL;
	if (w->unique.len)
		ok = ok && (a->text[UNIQUE] = base64(w->unique)) != NULL;
	if (ok && gsasl_init(&a->gsasl) == GSASL_OK) {
		a->left = choice(w);
		a->mech = AUTH_MECHS;
		return a;
	}
	auth_free(a);
	return NULL;
}

static void
close_session(struct auth *a)
{
	static const Gsasl_property kept[] = { GSASL_PASSWORD,
		GSASL_SCRAM_SALTED_PASSWORD };

	for (size_t i = 0; a->session && i < sizeof kept / sizeof *kept; i++) {
		/* The library's own copy, which it would only free. */
		char *s =
		    (char *)(size_t)gsasl_property_fast(a->session, kept[i]);

		if (s)
			explicit_bzero(s, strlen(s));
	}
	if (a->session)
		gsasl_finish(a->session);
	a->session = NULL;
	auth_wipe(&a->first);
	a->waits = a->proven = a->cancelled = false;
}

void
auth_free(struct auth *a)
{
	if (a == NULL)
		return;
	close_session(a);
	if (a->gsasl)
		gsasl_done(a->gsasl);
	for (int i = 0; i < TEXTS; i++)
		forget(a->text[i]);
	buf_free(&a->first);
	free(a);
}

const char *
auth_name(const struct auth *a)
{
	return a->mech < AUTH_MECHS ? auth_names[a->mech] : "";
}

static void
set(struct auth *a, Gsasl_property p, enum text which)
{
	if (a->text[which])
		gsasl_property_set(a->session, p, a->text[which]);
}

static int
open_session(struct auth *a)
{
	if (gsasl_client_start(a->gsasl, auth_names[a->mech], &a->session) !=
	    GSASL_OK) {
		a->session = NULL;
		return -1;
	}
	if (a->mech == AUTH_EXTERNAL) {
		gsasl_property_set(a->session, GSASL_AUTHZID, "");
		return 0;
	}
	set(a, GSASL_AUTHID, USER);
	set(a, GSASL_PASSWORD, PASS);
	if (needs[a->mech] & BINDING) {
		set(a, GSASL_CB_TLS_EXPORTER, EXPORTER);
		set(a, GSASL_CB_TLS_UNIQUE, UNIQUE);
	}
	return 0;
}

/* RFC 5801 4: in a user's name , and = are written otherwise. */
static void
add_name(struct buf *b, const char *name)
{
	for (; *name; name++)
		if (*name == ',' || *name == '=')
			buf_fmt(b, "=%02X", *name);
		else
			buf_chr(b, *name);
}

static void
write_token(struct auth *a, struct buf *out)
{
	if (a->mech == AUTH_XOAUTH2) {
		buf_fmt(out, "user=%s\001auth=Bearer %s\001\001", a->text[USER],
		    a->text[TOK]);
		return;
	}
	buf_str(out, "n,a=");
	add_name(out, a->text[USER]);
	buf_str(out, ",\001");
	if (a->text[HOST])
		buf_fmt(out, "host=%s\001", a->text[HOST]);
	if (a->text[PORT])
		buf_fmt(out, "port=%s\001", a->text[PORT]);
	buf_fmt(out, "auth=Bearer %s\001\001", a->text[TOK]);
}

/* The answer to a challenge: 0, or -1 when there is none. */
static int
respond(struct auth *a, struct span challenge, struct buf *out)
{
	char *text = NULL;
	size_t len = 0;
	int rc;

	if (a->session == NULL) { /* a token: the challenge says what is wrong
				     with it */
		if (a->token_failed)
			return -1;
		a->token_failed = true;
		if (a->mech == AUTH_OAUTHBEARER)
			buf_chr(out, '\001');
		return 0;
	}
	if (a->proven) { /* nothing more is due */
		return challenge.len ? -1 : 0;
	}
	rc = gsasl_step(a->session, challenge.ptr ? challenge.ptr : "",
	    challenge.len, &text, &len);
	if (rc == GSASL_OK || rc == GSASL_NEEDS_MORE) {
		a->proven = rc == GSASL_OK;
		buf_add(out, text, len);
	}
	if (text) {
		explicit_bzero(text, len);
		gsasl_free(text);
	}
	return rc == GSASL_OK || rc == GSASL_NEEDS_MORE ? 0 : -1;
}

static int
first(struct auth *a)
{
	if (needs[a->mech] & TOKEN)
		write_token(a, &a->first);
	else if (open_session(a) == -1 ||
		 (!(needs[a->mech] & SERVER_FIRST) &&
		     respond(a, (struct span){ 0 }, &a->first) == -1))
		return -1;
	return a->first.bad ? -1 : 0;
}

static bool
choose(struct auth *a)
{
	for (int i = 0; i < AUTH_MECHS; i++)
		if (a->left & (1u << i)) {
			a->left &= ~(1u << i);
			a->mech = i;
			return true;
		}
	return false;
}

int
auth_begin(struct auth *a, struct buf *line)
{
	while (choose(a)) {
		const char *name = auth_names[a->mech];
		char *text = NULL;

		close_session(a);
		a->token_failed = false;
		if (first(a) == -1)
			continue;
		if (!(needs[a->mech] & SERVER_FIRST)) {
			text = base64(buf_view(&a->first));
			/* RFC 4954 4: a command is no longer than others. */
			a->waits = text == NULL ||
				   strlen(text) + strlen(name) + 6 > COMMAND;
		}
		if (text == NULL || a->waits)
			buf_fmt(line, "AUTH %s\r\n", name);
		else
			buf_fmt(line, "AUTH %s %s\r\n", name,
			    *text ? text : "="); /* RFC 4954 4: empty */
		forget(text);
		return 0;
	}
	close_session(a);
	return -1;
}

static void
cancel(struct auth *a, struct buf *line)
{
	a->cancelled = true;
	buf_str(line, "*\r\n");
}

void
auth_step(struct auth *a, struct span challenge, struct buf *line)
{
	struct buf out = { 0 };
	char *plain = NULL, *text = NULL;
	size_t len = 0;
	int rc;

	challenge = span_trim(challenge);
	if (a->mech == AUTH_MECHS || a->cancelled ||
	    challenge.len > AUTH_LINE ||
	    (challenge.len && gsasl_base64_from(challenge.ptr, challenge.len,
				  &plain, &len) != GSASL_OK)) {
		cancel(a, line);
		return;
	}
	if (a->waits) {
		a->waits = false;
		buf_span(&out, buf_view(&a->first));
		rc = 0;
	} else {
		rc = respond(a, (struct span){ plain, len }, &out);
	}
	if (rc == 0 && !out.bad)
		text = base64(buf_view(&out));
	if (text && strlen(text) <= AUTH_LINE)
		buf_fmt(line, "%s\r\n", text);
	else
		cancel(a, line);
	forget(text);
	gsasl_free(plain);
	auth_wipe(&out);
	buf_free(&out);
}

/* 535 is the word for a wrong password (RFC 4954 6), 534 and 538 for a
 * mechanism that is too weak; everything else that is permanent speaks of the
 * mechanism, too. */
enum auth_end
auth_ended(struct auth *a, int code)
{
	if (code / 100 == 2) {
		if (a->mech < AUTH_MECHS && (needs[a->mech] & MUTUAL) &&
		    !a->proven)
			return AUTH_FALSE;
		return a->cancelled ? AUTH_FALSE : AUTH_IN;
	}
	if (code / 100 != 5)
		return AUTH_OVER;
	if (code == 535 && !a->cancelled && ++a->refused >= AUTH_REFUSED)
		return AUTH_OVER;
	return a->left ? AUTH_NEXT : AUTH_OVER;
}
