#include "deliver/net/tls_cert.h"
#include "common/printable.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SHOWN_NAMES 4

const char *const tls_by_text[] = {
	[TLS_BY_NOBODY] = "no",
	[TLS_BY_ROOTS] = "roots",
	[TLS_BY_CA] = "ca",
	[TLS_BY_PIN] = "pin",
	[TLS_BY_DANE] = "dane",
};

static void
keep(char *to, size_t size, struct span text)
{
	struct buf b = { 0 };

	printable_add(&b, text, size - 1);
	strlcpy(to, buf_c(&b), size);
	for (; *to; to++)
		if (*to == '"')
			*to = '\'';
	buf_free(&b);
}

static struct span
octets(const ASN1_STRING *s)
{
	return (struct span){ (const char *)ASN1_STRING_get0_data(s),
		(size_t)ASN1_STRING_length(s) };
}

/* The name that a person would know it by. */
static void
title(const X509_NAME *name, char *to, size_t size)
{
	static const int parts[] = { NID_commonName, NID_organizationName,
		NID_organizationalUnitName };

	strlcpy(to, "nobody named", size);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		int at = X509_NAME_get_index_by_NID(name, parts[i], -1);

		if (at < 0)
			continue;
		keep(to, size,
		    octets(X509_NAME_ENTRY_get_data(
			X509_NAME_get_entry(name, at))));
		return;
	}
}

static void
one_name(const GENERAL_NAME *name, struct buf *out)
{
	int type;
	const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
	struct span s = octets(value);
	const unsigned char *a = (const unsigned char *)s.ptr;

	if (type == GEN_IPADD && s.len == 4)
		buf_fmt(out, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
	else if (type == GEN_IPADD)
		buf_str(out, "an IPv6 address");
	else
		buf_span(out, s);
}

static void
names(X509 *cert, struct tls_facts *f)
{
	GENERAL_NAMES *all =
	    X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	int n = sk_GENERAL_NAME_num(all), shown = 0, more = 0;
	struct buf b = { 0 };

	for (int i = 0; i < n; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(all, i);

		if (name->type != GEN_DNS && name->type != GEN_IPADD)
			continue;
		if (shown == SHOWN_NAMES) {
			more++;
			continue;
		}
		if (shown++)
			buf_str(&b, ", ");
		one_name(name, &b);
	}
	if (more)
		buf_fmt(&b, " and %d more", more);
	if (b.len)
		keep(f->names, sizeof f->names, buf_view(&b));
	else
		title(X509_get_subject_name(cert), f->names, sizeof f->names);
	buf_free(&b);
	GENERAL_NAMES_free(all);
}

static int64_t
seconds(const ASN1_TIME *t)
{
	struct tm tm;

	return t && ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static void
key(X509 *cert, char out[TLS_KEY])
{
	unsigned char *der = NULL, sum[SHA256_DIGEST_LENGTH];
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
	size_t at = strlcpy(out, "sha256:", TLS_KEY);

	if (len <= 0) {
		*out = '\0';
		return;
	}
	SHA256(der, (size_t)len, sum);
	for (size_t i = 0; i < sizeof sum; i++, at += 2)
		snprintf(out + at, TLS_KEY - at, "%02x", sum[i]);
	OPENSSL_free(der);
}

void
tls_cert_facts(X509 *cert, struct tls_facts *f)
{
	names(cert, f);
	title(X509_get_issuer_name(cert), f->issuer, sizeof f->issuer);
	key(cert, f->key);
	f->begins = seconds(X509_get0_notBefore(cert));
	f->expires = seconds(X509_get0_notAfter(cert));
}

bool
tls_cert_pinned(const struct tls_facts *f, const struct conf_relay *relay)
{
	for (size_t i = 0; relay && *f->key && i < relay->npins; i++)
		if (strcasecmp(relay->pins[i], f->key) == 0)
			return true;
	return false;
}

static void
day(int64_t when, struct buf *out)
{
	time_t t = (time_t)when;
	struct tm tm;
	char text[32] = "an unknown day";

	if (when && gmtime_r(&t, &tm))
		strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &tm);
	buf_str(out, text);
}

/* One above the server's own: said by its name. */
static void
above(int error, X509 *at, struct buf *why)
{
	struct tls_facts f = { 0 };
	char who[128] = "?";

	if (at) {
		tls_cert_facts(at, &f);
		title(X509_get_subject_name(at), who, sizeof who);
	}
	buf_fmt(why, "the certificate of %s, in the server's chain, ", who);
	if (error == X509_V_ERR_CERT_HAS_EXPIRED) {
		buf_str(why, "expired on ");
		day(f.expires, why);
	} else {
		buf_fmt(why, "is not accepted: %s",
		    X509_verify_cert_error_string(error));
	}
}

void
tls_cert_why(int error, int depth, X509 *at, const struct tls_facts *f,
    const char *name, struct buf *why)
{
	switch (error) {
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		buf_fmt(
		    why, "the certificate is for %s, not %s", f->names, name);
		return;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		buf_fmt(why,
		    "the certificate is self-signed: nobody vouches for it; "
		    "its key is %s",
		    f->key);
		return;
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		buf_fmt(why,
		    "the certificate is signed by %s, which is not known here; "
		    "its key is %s",
		    f->issuer, f->key);
		return;
	case X509_V_ERR_APPLICATION_VERIFICATION: /* of ours: the pins */
		buf_fmt(why,
		    "the server's key is %s, which is no pin of the "
		    "relay",
		    f->key);
		return;
	case X509_V_ERR_DANE_NO_MATCH:
		buf_fmt(why,
		    "no TLSA record fits the server's certificate, whose key "
		    "is %s",
		    f->key);
		return;
	default:
		break;
	}
	if (depth > 0) {
		above(error, at, why);
	} else if (error == X509_V_ERR_CERT_HAS_EXPIRED) {
		buf_str(why, "the certificate expired on ");
		day(f->expires, why);
	} else if (error == X509_V_ERR_CERT_NOT_YET_VALID) {
		buf_str(why, "the certificate is valid only from ");
		day(f->begins, why);
		buf_str(why, "; is the clock of this machine right?");
	} else {
		buf_fmt(why, "the certificate is not accepted: %s",
		    X509_verify_cert_error_string(error));
	}
}

void
tls_error_why(struct buf *why)
{
	unsigned long e = ERR_peek_last_error();
	const char *text;

	switch (ERR_GET_LIB(e) == ERR_LIB_SSL ? ERR_GET_REASON(e) : 0) {
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_HTTP_REQUEST:
		buf_str(why, "the server does not speak TLS here; a port with "
			     "STARTTLS, perhaps?");
		return;
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
		buf_str(why, "the server has no TLS 1.2 or later");
		return;
	case SSL_R_UNEXPECTED_EOF_WHILE_READING:
		buf_str(why, "the server closed the connection during the TLS "
			     "handshake");
		return;
	default:
		break;
	}
	text = e ? ERR_reason_error_string(e) : NULL;
	buf_fmt(why, "the TLS handshake failed: %s",
	    text ? text : "the connection broke");
}

void
tls_tell(const struct tls_facts *f, struct buf *out)
{
	static const char *const how[] = {
		[TLS_BY_NOBODY] = "It was not verified.",
		[TLS_BY_ROOTS] = "It is verified by this machine's roots.",
		[TLS_BY_CA] = "It is verified by the relay's own CA.",
		[TLS_BY_PIN] = "Its key is one of the relay's pins.",
		[TLS_BY_DANE] = "It is verified by TLSA records (DANE).",
	};

	if (*f->protocol)
		buf_fmt(out, "The connection is encrypted by %s, %s%s.\n",
		    f->protocol, f->cipher,
		    f->resumed ? " (a session resumed)" : "");
	if (*f->names == '\0')
		return;
	buf_fmt(out, "The certificate is for %s, signed by %s, valid until ",
	    f->names, f->issuer);
	day(f->expires, out);
	buf_fmt(out, "; its key is %s.\n%s\n", f->key, how[f->by]);
}

/* Readable by root and by us, by nobody else. */
static int private(const char *path, struct buf *why)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool ours;

	if (fd == -1 || fstat(fd, &st) == -1) {
		buf_fmt(
		    why, "cannot read the key %s: %s", path, strerror(errno));
		if (fd != -1)
			close(fd);
		return -1;
	}
	close(fd);
	ours = (st.st_uid == 0 || st.st_uid == geteuid()) &&
	       (st.st_mode & 007) == 0 &&
	       ((st.st_mode & 070) == 0 || st.st_gid == getegid() ||
		   st.st_gid == 0);
	if (S_ISREG(st.st_mode) && ours)
		return 0;
	buf_fmt(why,
	    "the key %s is not used: others can read it; `chown "
	    "root:bellman-net` and `chmod 0640` make it ours",
	    path);
	return -1;
}

static int
no_passphrase(char *to, int size, int writing, void *arg)
{
	(void)to, (void)size, (void)writing, (void)arg;
	return 0;
}

int
tls_cert_own(SSL_CTX *ctx, const char *cert, const char *path, struct buf *why)
{
	if (path == NULL)
		path = cert;
	if (private(path, why) == -1)
		return -1;
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	if (SSL_CTX_use_certificate_chain_file(ctx, cert) == 1 &&
	    SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM) == 1 &&
	    SSL_CTX_check_private_key(ctx) == 1)
		return 0;
	buf_fmt(why, "the certificate %s and its key %s cannot be used: %s",
	    cert, path, ERR_reason_error_string(ERR_peek_last_error()));
	return -1;
}
