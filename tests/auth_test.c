/* SASL: what goes out for what comes in, by known vectors, and against the
 * server's side of GNU SASL; and the file of secrets. */
#include "deliver/net/auth.h"
#include "deliver/net/secrets.h"
#include "tests/rows.h"
#include "tests/scratch.h"
#include <errno.h>
#include <gsasl.h>

#define ALL (~0u)
#define BIT(mech) (1u << AUTH_##mech)

/* Script: C what we must say; S a challenge (334); R a code that ends it and
 * what must follow: in, next, over, false. */
static const struct row {
	const char *name, *script;
	unsigned offered;
	const char *user, *password, *token, *allowed;
	bool no_clear, cert;
} rows[] = {
	/* RFC 2195 2 */
	{ "cram_md5",
	    "C AUTH CRAM-MD5\n"
	    "S PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\n"
	    "C dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw\nR 235 in\n",
	    BIT(CRAM_MD5) | BIT(PLAIN), .user = "tim",
	    .password = "tanstaaftanstaaf" },
	/* RFC 4616 4 */
	{ "plain", "C AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\nR 235 in\n",
	    BIT(PLAIN) | BIT(LOGIN), .user = "tim",
	    .password = "tanstaaftanstaaf" },
	{ "login",
	    "C AUTH LOGIN\nS VXNlcm5hbWU6\nC dGlt\nS UGFzc3dvcmQ6\n"
	    "C dGFuc3RhYWZ0YW5zdGFhZg==\nR 235 in\n",
	    BIT(LOGIN), .user = "tim", .password = "tanstaaftanstaaf" },
	{ "external", "C AUTH EXTERNAL =\nR 235 in\n", ALL, .cert = true },
	{ "external_asked_again", "C AUTH EXTERNAL =\nS \nC \nR 235 in\n", ALL,
	    .cert = true },
	/* RFC 7628 4.1 */
	{ "oauthbearer",
	    "C AUTH OAUTHBEARER bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLm"
	    "V4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjN"
	    "SbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB\nR 235 in\n",
	    BIT(OAUTHBEARER) | BIT(PLAIN), .user = "user@example.com",
	    .password = NULL,
	    .token = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==" },
	/* RFC 7628 4.3: the error is answered with ^A, then comes the 535 */
	{ "oauthbearer_refused",
	    "C AUTH OAUTHBEARER bixhPXUsAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcn"
	    "Q9MTQzAWF1dGg9QmVhcmVyIHQBAQ==\nS eyJzdGF0dXMiOiI0MDEifQ==\n"
	    "C AQ==\nR 535 over\n",
	    BIT(OAUTHBEARER), .user = "u", .password = NULL, .token = "t" },
	{ "xoauth2",
	    "C AUTH XOAUTH2 dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlci"
	    "B5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ="
	    "=\nR 235 in\n",
	    BIT(XOAUTH2), .user = "someuser@example.com", .password = NULL,
	    .token = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg" },
	{ "xoauth2_refused",
	    "C AUTH XOAUTH2 dXNlcj11AWF1dGg9QmVhcmVyIHQBAQ==\n"
	    "S eyJzdGF0dXMiOiI0MDEifQ==\nC \nR 535 over\n",
	    BIT(XOAUTH2), .user = "u", .password = NULL, .token = "t" },
	/* which one */
	{ "strongest_first", "C AUTH SCRAM-SHA-256 *\n", ALL, .user = "u",
	    .password = "p" },
	{ "token_before_password_said", "C AUTH OAUTHBEARER *\n",
	    BIT(PLAIN) | BIT(OAUTHBEARER), .user = "u", .password = "p",
	    .token = "t" },
	{ "allowed_only", "C AUTH LOGIN\n", ALL, .user = "u", .password = "p",
	    .allowed = "login" },
	{ "allowed_is_not_offered", "R 0 none\n", BIT(PLAIN), .user = "u",
	    .password = "p", .allowed = "login" },
	{ "nothing_said_in_the_open", "C AUTH CRAM-MD5\nR 535 over\n",
	    BIT(CRAM_MD5) | BIT(PLAIN) | BIT(LOGIN), .user = "u",
	    .password = "p", .no_clear = true },
	{ "only_clear_ones_in_the_open", "R 0 none\n", BIT(PLAIN) | BIT(LOGIN),
	    .user = "u", .password = "p", .no_clear = true },
	{ "no_password", "R 0 none\n", ALL, .user = "u" },
	{ "no_user", "R 0 none\n", ALL, .user = NULL, .password = "p" },
	/* and then */
	{ "refused_twice_is_enough",
	    "C AUTH SCRAM-SHA-256 *\nR 535 next\nC AUTH SCRAM-SHA-1 *\n"
	    "R 535 over\n",
	    ALL, .user = "u", .password = "p" },
	{ "refused_once_the_next_does",
	    "C AUTH CRAM-MD5\nR 535 next\nC AUTH PLAIN AHUAcA==\nR 235 in\n",
	    BIT(CRAM_MD5) | BIT(PLAIN), .user = "u", .password = "p" },
	{ "not_known_there_does_not_count",
	    "C AUTH CRAM-MD5\nR 504 next\nC AUTH PLAIN AHUAcA==\nR 500 next\n"
	    "C AUTH LOGIN\nR 535 over\n",
	    BIT(CRAM_MD5) | BIT(PLAIN) | BIT(LOGIN), .user = "u",
	    .password = "p" },
	{ "too_weak_says_the_server",
	    "C AUTH PLAIN AHUAcA==\nR 534 next\nC AUTH LOGIN\n",
	    BIT(PLAIN) | BIT(LOGIN), .user = "u", .password = "p" },
	{ "not_now", "C AUTH PLAIN AHUAcA==\nR 454 over\n",
	    BIT(PLAIN) | BIT(LOGIN), .user = "u", .password = "p" },
	{ "no_base64",
	    "C AUTH CRAM-MD5\nS not base64!\nC *\nR 501 next\n"
	    "C AUTH PLAIN AHUAcA==\n",
	    BIT(CRAM_MD5) | BIT(PLAIN), .user = "u", .password = "p" },
	{ "no_scram",
	    "C AUTH SCRAM-SHA-256 *\nS cj1ub25zZW5zZQ==\nC *\n"
	    "R 501 next\n",
	    BIT(SCRAM_SHA_256) | BIT(PLAIN), .user = "u", .password = "p" },
	{ "scram_let_in_without_proof", "C AUTH SCRAM-SHA-256 *\nR 235 false\n",
	    BIT(SCRAM_SHA_256), .user = "u", .password = "p" },
	{ "let_in_after_we_gave_up", "C AUTH CRAM-MD5\nS !\nC *\nR 235 false\n",
	    BIT(CRAM_MD5), .user = "u", .password = "p" },
	{ "challenges_without_end",
	    "C AUTH PLAIN AHUAcA==\nS YQ==\nC *\nS YQ==\nC *\nR 501 over\n",
	    BIT(PLAIN), .user = "u", .password = "p" },
};

static struct auth *
make(const struct row *row)
{
	char *allowed[] = { (char *)(uintptr_t)row->allowed };
	struct auth_want want = { .offered = row->offered,
		.allowed = allowed,
		.nallowed = row->allowed != NULL,
		.user = row->user,
		.password = row->password,
		.token = row->token,
		.host = "server.example.com",
		.port = "143",
		.clear = !row->no_clear,
		.cert = row->cert };
	struct auth *a = auth_new(&want);

	assert_non_null(a);
	return a;
}

static void
same_line(const char *want, size_t len, struct buf *got)
{
	assert_true(
	    got->len >= 2 && memcmp(got->ptr + got->len - 2, "\r\n", 2) == 0);
	got->len -= 2;
	if (len > 2 && want[len - 1] == '*' && want[len - 2] == ' ') {
		len--; /* whatever stands there, but something */
		assert_true(got->len > len + 1);
		got->len = len;
	}
	if (got->len != len || memcmp(got->ptr, want, len) != 0)
		fail_msg("wanted \"%.*s\", got \"%.*s\"", (int)len, want,
		    (int)got->len, got->ptr);
	buf_reset(got);
}

static void
check(void **state)
{
	static const char *const ends[] = { "in", "next", "over", "false" };
	const struct row *row = *state;
	struct auth *a = make(row);
	struct buf line = { 0 };
	int began = auth_begin(a, &line);

	for (const char *s = row->script; *s;) {
		size_t len = strcspn(s, "\n");
		const char *arg = s + 2;

		if (*s == 'C') {
			assert_int_equal(began, 0);
			same_line(arg, len - 2, &line);
		} else if (*s == 'S') {
			auth_step(a, (struct span){ arg, len - 2 }, &line);
		} else if (*arg == '0') {
			assert_int_equal(began, -1);
		} else {
			enum auth_end end = auth_ended(a, atoi(arg));

			assert_memory_equal(
			    ends[end], arg + 4, strlen(ends[end]));
			if (end == AUTH_NEXT)
				began = auth_begin(a, &line);
		}
		s += len + (s[len] == '\n');
	}
	buf_free(&line);
	auth_free(a);
}

/* A command line is short: a long token waits for the server's go-ahead. */
static void
long_token(void **state)
{
	char token[3000];
	struct row row = { .offered = BIT(XOAUTH2), .user = "u" };
	struct buf line = { 0 };
	struct auth *a;

	(void)state;
	memset(token, 't', sizeof token - 1);
	token[sizeof token - 1] = '\0';
	row.token = token;
	a = make(&row);
	assert_int_equal(auth_begin(a, &line), 0);
	same_line("AUTH XOAUTH2", 12, &line);
	auth_step(a, SPAN(""), &line);
	assert_true(line.len > 4000);
	assert_memory_equal(line.ptr, "dXNlcj11AWF1dGg9QmVhcmVyIHR0", 28);
	assert_int_equal(auth_ended(a, 235), AUTH_IN);
	buf_free(&line);
	auth_free(a);
}

static void
long_challenge(void **state)
{
	static char text[AUTH_LINE + 5];
	struct row row = {
		.offered = BIT(CRAM_MD5), .user = "u", .password = "p"
	};
	struct buf line = { 0 };
	struct auth *a = make(&row);

	(void)state;
	memset(text, 'A', sizeof text);
	assert_int_equal(auth_begin(a, &line), 0);
	buf_reset(&line);
	auth_step(a, (struct span){ text, AUTH_LINE }, &line);
	assert_true(line.len > 10);
	buf_reset(&line);
	auth_step(a, (struct span){ text, AUTH_LINE + 4 }, &line);
	same_line("*", 1, &line);
	buf_free(&line);
	auth_free(a);
}

/* --- against the server's side --- */

#define PASS "p\303\244ss"

static const struct scram {
	const char *name;
	enum auth_mech mech;
	const char *theirs; /* the server's password */
	const char *ours_bound, *theirs_bound;
	const char *flag; /* what we say of binding (RFC 5802 6) */
	bool in;
} scrams[] = {
	{ "scram_sha_256", AUTH_SCRAM_SHA_256, PASS, NULL, NULL, "n,,", true },
	{ "scram_sha_1", AUTH_SCRAM_SHA_1, PASS, NULL, NULL, "n,,", true },
	{ "scram_wrong_password", AUTH_SCRAM_SHA_256, "else", NULL, NULL, "n,,",
	    false },
	{ "scram_plus", AUTH_SCRAM_SHA_256_PLUS, PASS, "bound", "bound",
	    "p=tls-exporter,,", true },
	{ "scram_sha_1_plus", AUTH_SCRAM_SHA_1_PLUS, PASS, "bound", "bound",
	    "p=tls-exporter,,", true },
	{ "scram_plus_man_in_the_middle", AUTH_SCRAM_SHA_256_PLUS, PASS,
	    "bound", "other", "p=tls-exporter,,", false },
	{ "scram_could_bind", AUTH_SCRAM_SHA_256, PASS, "bound", "bound", "n,,",
	    true },
};

static const struct scram *now;

static int
asked(Gsasl *g, Gsasl_session *s, Gsasl_property p)
{
	char *bound = NULL;

	(void)g;
	if (p == GSASL_PASSWORD) {
		gsasl_property_set(s, p, now->theirs);
		return GSASL_OK;
	}
	if (p == GSASL_CB_TLS_EXPORTER && now->theirs_bound) {
		gsasl_base64_to(
		    now->theirs_bound, strlen(now->theirs_bound), &bound, NULL);
		gsasl_property_set(s, p, bound);
		gsasl_free(bound);
		return GSASL_OK;
	}
	return GSASL_NO_CALLBACK;
}

static void
scram(void **state)
{
	struct auth_want want = { .user = "us,er", .password = PASS };
	struct buf line = { 0 };
	struct auth *a;
	Gsasl *g;
	Gsasl_session *s;
	char *out = NULL, *text;
	int rc = GSASL_NEEDS_MORE;

	now = *state;
	want.offered = 1u << now->mech;
	want.exporter = span_of(now->ours_bound);
	assert_int_equal(gsasl_init(&g), GSASL_OK);
	gsasl_callback_set(g, asked);
	assert_int_equal(
	    gsasl_server_start(g, auth_names[now->mech], &s), GSASL_OK);
	a = auth_new(&want);
	assert_int_equal(auth_begin(a, &line), 0);
	assert_non_null(text = strrchr(buf_c(&line), ' '));
	text++;
	text[strcspn(text, "\r")] = '\0';
	assert_int_equal(
	    gsasl_base64_from(text, strlen(text), &out, NULL), GSASL_OK);
	assert_memory_equal(out, now->flag, strlen(now->flag));
	gsasl_free(out);
	out = NULL;
	for (int i = 0; i < 5; i++) {
		text[strcspn(text, "\r")] = '\0';
		rc = gsasl_step64(s, text, &out);
		if (rc != GSASL_OK && rc != GSASL_NEEDS_MORE)
			break;
		if (rc == GSASL_OK && (out == NULL || *out == '\0'))
			break;
		buf_reset(&line);
		auth_step(a, span_of(out), &line);
		gsasl_free(out);
		out = NULL;
		text = line.ptr;
		if (rc == GSASL_OK) {
			/* what proves the server was in the last challenge */
			assert_int_equal(line.len, 2);
			break;
		}
	}
	gsasl_free(out);
	assert_int_equal(rc == GSASL_OK, now->in);
	if (now->in)
		assert_int_equal(auth_ended(a, 235), AUTH_IN);
	else
		assert_int_equal(auth_ended(a, 235), AUTH_FALSE);
	gsasl_finish(s);
	gsasl_done(g);
	auth_free(a);
	buf_free(&line);
}

/* --- secrets --- */

static const struct file {
	const char *name, *text, *relay, *host, *user;
	int rc;
	const char *want; /* "user password", or a part of the sentence */
} files[] = {
	{ "by_host", "smtp.example jdoe secret\n", "main", "smtp.example", NULL,
	    1, "jdoe secret" },
	{ "by_host_in_any_case", "SMTP.example jdoe secret", "main",
	    "smtp.Example", NULL, 1, "jdoe secret" },
	{ "relay_before_host", "mx a b\nmain c d\n", "main", "mx", NULL, 1,
	    "c d" },
	{ "first_that_fits", "mx a b\nmx c d\n", "main", "mx", NULL, 1, "a b" },
	{ "of_the_user", "mx a b\nmx c d\n", "main", "mx", "c", 1, "c d" },
	{ "of_no_such_user", "mx a b\n", "main", "mx", "c", 0, "" },
	{ "none", "# nobody\n\nother a b\n", "main", "mx", NULL, 0, "" },
	{ "quoted", "mx \"a b\" \"c\\\"d # e\"\n", "main", "mx", NULL, 1,
	    "a b c\"d # e" },
	{ "comment_behind", "mx a b # new one\n", "main", "mx", NULL, 1,
	    "a b" },
	{ "hash_inside_a_word", "mx a b#c\n", "main", "mx", NULL, 1, "a b#c" },
	{ "hash_begins_a_word", "mx a #b\n", "main", "mx", NULL, -1,
	    "file:1: a password behind the user is missing" },
	{ "semicolon", "\nmx a top;secret\n", "main", "mx", NULL, -1,
	    "file:2: more than three words" },
	{ "four_words", "mx a top secret\n", "main", "mx", NULL, -1,
	    "file:1: more than three words" },
	{ "two_words", "mx topsecret\n", "main", "mx", NULL, -1, "file:1: " },
	{ "crlf", "mx a topsecret\r\n", "main", "mx", NULL, -1, "CR LF" },
	{ "wrong_behind_ours", "mx a b\nx topsecret\n", "main", "mx", NULL, -1,
	    "file:2: " },
};

static void
parse(void **state)
{
	const struct file *f = *state;
	struct secrets_key key = { f->relay, f->host, f->user };
	struct secret s;
	struct buf why = { 0 };
	char got[128] = "";

	assert_int_equal(
	    secrets_parse(span_of(f->text), "file", &key, &s, &why), f->rc);
	if (f->rc == 1) {
		snprintf(got, sizeof got, "%s %s", s.user, s.password);
		assert_string_equal(got, f->want);
	} else {
		assert_null(s.user);
		assert_null(s.password);
		assert_non_null(strstr(buf_c(&why), f->want));
		assert_null(strstr(buf_c(&why), "secret"));
	}
	secret_wipe(&s);
	buf_free(&why);
}

static const struct mode {
	const char *name;
	unsigned mode, uid, gid;
	int rc;
	const char *want;
} modes[] = {
	{ "mode_0600", 0600, 0, 0, 1, "" },
	{ "mode_0640_of_ours", 0640, 0, 0, 1, "" },
	{ "mode_0644", 0644, 0, 0, -1, "others can read or change it" },
	{ "mode_0642", 0642, 0, 0, -1, "others can read or change it" },
	{ "mode_0660", 0660, 0, 0, -1, "its group can change it" },
	{ "mode_0640_of_another_group", 0640, 0, 12345, -1,
	    "a group that is not ours" },
	{ "owner", 0600, 12345, 0, -1, "does not belong to root" },
};

static void
mode(void **state)
{
	const struct mode *m = *state;
	struct secrets_key key = { "main", "mx", NULL };
	struct secret s;
	struct buf why = { 0 };
	char dir[64], path[128];
	int fd;

	if (geteuid() != 0)
		skip();
	fd = scratch_make(dir);
	assert_int_not_equal(fd, -1);
	close(fd);
	snprintf(path, sizeof path, "%s/secrets", dir);
	assert_int_equal(
	    secrets_find(path, -1, &key, &s, &why), 0); /* there is none */
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	assert_int_equal(write(fd, "mx a b\n", 7), 7);
	assert_int_equal(fchown(fd, m->uid, m->gid), 0);
	assert_int_equal(fchmod(fd, m->mode), 0);
	assert_int_equal(secrets_find(path, -1, &key, &s, &why), m->rc);
	assert_non_null(strstr(buf_c(&why), m->want));
	secret_wipe(&s);
	buf_reset(&why);
	/* the same as a credential, from a descriptor, as often as it likes */
	for (int i = 0; i < 2; i++) {
		buf_reset(&why);
		assert_int_equal(
		    secrets_find("/nonexistent/x", fd, &key, &s, &why), m->rc);
		secret_wipe(&s);
	}
	close(fd);
	scratch_remove(dir);
	buf_free(&why);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + COUNT(scrams) + COUNT(files) +
				COUNT(modes) + 4];
	size_t n = 0;

	memset(tests, 0, sizeof tests);
	ADD_ROWS(tests, n, rows, check);
	ADD_ROWS(tests, n, scrams, scram);
	ADD_ROWS(tests, n, files, parse);
	ADD_ROWS(tests, n, modes, mode);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(long_token);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(long_challenge);
	return _cmocka_run_group_tests("auth", tests, n, NULL, NULL);
}
