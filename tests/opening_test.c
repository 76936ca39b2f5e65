/* The client's machine between EHLO and the first message: STARTTLS and AUTH,
 * as a loop over strings. */
#include "deliver/net/auth.h"
#include "deliver/net/smtp.h"
#include "tests/rows.h"
#include <stdio.h>
#include <stdlib.h>

#define HI "S 220 x\nC EHLO me\n"
#define TLS_OFFER HI "S 250-x\nS 250 STARTTLS\n"
#define IN_TLS TLS_OFFER "C STARTTLS\nS 220 go\nT\nC EHLO me\n"

/* Script: S lines of the server, one behind another arriving together; C what
 * we must say; T the handshake, which must be due; L the login (USER PASSWORD,
 * or nothing), which must be due; lost.  Then the step, and if it is the end
 * the status and a part of the text. */
static const struct row {
	const char *name, *script, *step, *status, *text;
	enum smtp_tls tls;
	bool wrapped, login, denied, clear;
} rows[] = {
	{ "not_wanted", TLS_OFFER, "nothing", .tls = SMTP_PLAIN },
	{ "offered", IN_TLS "S 250 x\n", "nothing", .tls = SMTP_MUST_TLS },
	{ "offered_and_may", IN_TLS "S 250 x\n", "nothing",
	    .tls = SMTP_MAY_TLS },
	{ "not_offered_but_must", HI "S 250 x\n", "end", "4.7.5",
	    "offers no TLS", .tls = SMTP_MUST_TLS },
	{ "not_offered_and_may", HI "S 250 x\n", "nothing",
	    .tls = SMTP_MAY_TLS },
	{ "helo_only_but_must", HI "S 500 what\nC HELO me\nS 250 x\n", "end",
	    "4.7.5", "offers no TLS", .tls = SMTP_MUST_TLS },
	{ "refused_but_must", TLS_OFFER "C STARTTLS\nS 454 4.7.0 not now\n",
	    "end", "4.7.0", "not now", .tls = SMTP_MUST_TLS },
	{ "refused_for_ever_but_must", TLS_OFFER "C STARTTLS\nS 502 no\n",
	    "end", "4.7.4", "502 no", .tls = SMTP_MUST_TLS },
	{ "refused_and_may", TLS_OFFER "C STARTTLS\nS 454 not now\n", "nothing",
	    .tls = SMTP_MAY_TLS },
	{ "answered_with_nonsense", TLS_OFFER "C STARTTLS\nS 250 ok\n", "end",
	    "4.5.0", "250", .tls = SMTP_MUST_TLS },
	{ "closed", TLS_OFFER "C STARTTLS\nS 421 bye\n", "end", "4.3.2", "bye",
	    .tls = SMTP_MAY_TLS },
	{ "injection", TLS_OFFER "C STARTTLS\nS 220 go\nS 250 x\n", "end",
	    "4.7.5", "plain text came behind", .tls = SMTP_MAY_TLS },
	{ "injection_of_half_a_line", TLS_OFFER "C STARTTLS\nS 220 go\nP 25\n",
	    "end", "4.7.5", "plain text came behind", .tls = SMTP_MUST_TLS },
	{ "what_was_said_before_is_forgotten",
	    HI "S 250-x\nS 250-AUTH PLAIN\nS 250 STARTTLS\nC STARTTLS\n"
	       "S 220 go\nT\nC EHLO me\nS 250 x\nL u p\n",
	    "end", "4.7.0", "which offers no AUTH", .tls = SMTP_MUST_TLS,
	    .login = true, .clear = true },
	{ "and_HELO_offers_nothing",
	    HI "S 250-x\nS 250-AUTH PLAIN\nS 250 STARTTLS\nC STARTTLS\n"
	       "S 220 go\nT\nC EHLO me\nS 500 what\nC HELO me\nS 250 x\n"
	       "L u p\n",
	    "end", "4.7.0", "which offers no AUTH", .tls = SMTP_MUST_TLS,
	    .login = true, .clear = true },
	{ "offered_within_tls_again", IN_TLS "S 250-x\nS 250 STARTTLS\n",
	    "nothing", .tls = SMTP_MUST_TLS },
	{ "wrapped", "T\nS 220 x\nC EHLO me\nS 250-x\nS 250 STARTTLS\n",
	    "nothing", .tls = SMTP_MUST_TLS, .wrapped = true },
	{ "text_before_the_handshake", "S 220 x\n", "end", "4.7.5",
	    "plain text", .tls = SMTP_MUST_TLS, .wrapped = true },
	/* AUTH */
	{ "nobody_logs_in", HI "S 250 x\nL\n", "nothing", .login = true },
	{ "plain",
	    HI "S 250-x\nS 250 AUTH PLAIN\nL u p\nC AUTH PLAIN AHUAcA==\n"
	       "S 235 2.7.0 ok\n",
	    "nothing", .login = true, .clear = true },
	{ "login",
	    HI "S 250-x\nS 250 AUTH LOGIN\nL u p\nC AUTH LOGIN\n"
	       "S 334 VXNlcm5hbWU6\nC dQ==\nS 334 UGFzc3dvcmQ6\nC cA==\n"
	       "S 235 ok\n",
	    "nothing", .login = true, .clear = true },
	{ "never_in_the_clear", HI "S 250-x\nS 250 AUTH PLAIN LOGIN\nL u p\n",
	    "end", "4.7.0", "offers: PLAIN LOGIN", .login = true },
	{ "refused_once_then_another",
	    HI "S 250-x\nS 250 AUTH PLAIN LOGIN\nL u p\n"
	       "C AUTH PLAIN AHUAcA==\nS 535 no\nC AUTH LOGIN\n"
	       "S 334 VXNlcm5hbWU6\nC dQ==\nS 334 UGFzc3dvcmQ6\nC cA==\n"
	       "S 235 ok\n",
	    "nothing", .login = true, .clear = true },
	{ "refused_twice",
	    HI "S 250-x\nS 250 AUTH PLAIN CRAM-MD5\nL u p\n"
	       "C AUTH CRAM-MD5\nS 535 no\nC AUTH PLAIN AHUAcA==\n"
	       "S 535 5.7.8 wrong\n",
	    "end", "4.7.8", "AUTH PLAIN is refused: 535 5.7.8 wrong",
	    .login = true, .clear = true, .denied = true },
	{ "refused_for_now",
	    HI "S 250-x\nS 250 AUTH PLAIN\nL u p\nC AUTH PLAIN AHUAcA==\n"
	       "S 454 4.7.0 later\n",
	    "end", "4.7.0", "later", .login = true, .clear = true,
	    .denied = true },
	{ "busy_at_auth",
	    HI "S 250-x\nS 250 AUTH PLAIN\nL u p\nC AUTH PLAIN AHUAcA==\n"
	       "S 421 4.3.2 bye\n",
	    "end", "4.3.2", "bye", .login = true, .clear = true },
	{ "lost_at_auth",
	    HI "S 250-x\nS 250 AUTH PLAIN\nL u p\nC AUTH PLAIN AHUAcA==\n"
	       "lost\n",
	    "end", "4.4.2", "lost", .login = true, .clear = true },
	{ "a_challenge_that_is_none",
	    HI "S 250-x\nS 250 AUTH CRAM-MD5\nL u p\nC AUTH CRAM-MD5\n"
	       "S 334 !!\nC *\nS 501 cancelled\n",
	    "end", "4.7.8", "501 cancelled", .login = true, .denied = true },
	{ "scram_without_proof",
	    HI "S 250-x\nS 250 AUTH SCRAM-SHA-1\nL u p\nC AUTH SCRAM-SHA-1 *\n"
	       "S 235 come in\n",
	    "end", "4.7.0", "did not prove", .login = true, .denied = true },
	{ "challenge_of_several_lines",
	    HI "S 250-x\nS 250 AUTH CRAM-MD5\nL u p\nC AUTH CRAM-MD5\n"
	       "S 334-YQ==\nS 334 YQ==\n",
	    "end", "4.5.0", "334", .login = true },
};

static struct talk {
	struct smtp m;
	struct reply reply;
	struct buf in, out;
} t;

static void
pump(void)
{
	if (t.in.len) {
		smtp_take(&t.m, &t.reply, &t.in);
		assert_true(t.m.step == AT_END || t.in.len <= AUTH_LINE + 6);
	}
	if (t.m.step != AT_END)
		smtp_more(&t.m, &t.out, 4096);
}

static void
expect(const char *want, size_t len)
{
	const char *end = t.out.len ? memchr(t.out.ptr, '\r', t.out.len) : NULL;
	size_t got = end ? (size_t)(end - t.out.ptr) : 0;
	bool any = len > 1 && want[len - 1] == '*' && want[len - 2] == ' ';

	if (end == NULL || (any ? got < len : got != len) ||
	    memcmp(t.out.ptr, want, any ? len - 1 : len) != 0)
		fail_msg("wanted \"%.*s\", said \"%.*s\"", (int)len, want,
		    (int)got, got ? t.out.ptr : "");
	buf_drop(&t.out, got + 2);
}

static void
login(const struct row *row, struct span words)
{
	char *user = span_dup(span_word(&words)),
	     *password = span_dup(span_word(&words));
	struct auth_want want = { .offered = t.m.peer.auth,
		.user = user,
		.password = password,
		.clear = row->clear };

	assert_int_equal(t.m.step, AT_LOGIN);
	smtp_login(&t.m, *user ? auth_new(&want) : NULL);
	free(user);
	free(password);
}

static void
line(const struct row *row, const char *s, size_t len)
{
	struct span arg = { s + 2, len > 2 ? len - 2 : 0 };

	if (*s != 'S' && *s != 'P')
		pump();
	switch (*s) {
	case 'S':
	case 'P':
		buf_span(&t.in, arg);
		if (*s == 'S')
			buf_str(&t.in, "\r\n");
		return;
	case 'C':
		expect(arg.ptr, arg.len);
		return;
	case 'T':
		assert_int_equal(t.m.step, AT_TLS);
		smtp_secured(&t.m, true);
		break;
	case 'L':
		login(row, arg);
		break;
	default:
		smtp_mishap(&t.m, MISHAP_LOST, "lost");
		break;
	}
	pump();
}

static void
check(void **state)
{
	const struct row *row = *state;

	smtp_init(&t.m, "me");
	t.m.tls = row->tls;
	t.m.login = row->login;
	if (row->wrapped)
		smtp_wrap(&t.m);
	for (const char *s = row->script; *s;) {
		size_t len = strcspn(s, "\n");

		line(row, s, len);
		s += len + 1;
	}
	pump();
	assert_int_equal(t.out.len, 0);
	assert_string_equal(
	    t.m.step == AT_END ? "end" : smtp_steps[t.m.step].name, row->step);
	assert_int_equal(t.m.denied, row->denied);
	if (t.m.step == AT_END) {
		assert_string_equal(t.m.why.status, row->status);
		assert_int_equal(t.m.why.outcome, OUT_LATER);
		if (strstr(buf_c(&t.m.text), row->text) == NULL)
			fail_msg("it says \"%s\"", buf_c(&t.m.text));
	}
	smtp_free(&t.m);
	buf_free(&t.reply.text);
	buf_free(&t.in);
	buf_free(&t.out);
	memset(&t, 0, sizeof t);
}

/* RFC 4954 4: a challenge has 12288 octets at most, more than any reply. */
static void
long_challenges(void **state)
{
	struct auth_want want = {
		.offered = 1u << AUTH_CRAM_MD5, .user = "u", .password = "p"
	};
	char *text = malloc(AUTH_LINE + 20);

	(void)state;
	assert_non_null(text);
	memset(text, 'A', AUTH_LINE + 20);
	for (int i = 0; i < 2; i++) {
		smtp_init(&t.m, "me");
		t.m.login = true;
		buf_str(&t.in, "220 x\r\n");
		pump();
		buf_str(&t.in, "250 AUTH CRAM-MD5\r\n");
		pump();
		smtp_login(&t.m, auth_new(&want));
		pump();
		buf_reset(&t.out);
		buf_str(&t.in, "334 ");
		buf_add(&t.in, text, AUTH_LINE + i * 20);
		pump(); /* without an end so far */
		if (i == 0) {
			buf_str(&t.in, "\r\n");
			pump();
			assert_true(t.out.len > 10);
			assert_int_equal(t.m.step, AT_AUTH);
		} else {
			assert_int_equal(t.m.step, AT_END);
		}
		smtp_free(&t.m);
		buf_free(&t.in);
		buf_free(&t.out);
		buf_free(&t.reply.text);
		memset(&t, 0, sizeof t);
	}
	free(text);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + 2];
	size_t n = 0;

	memset(tests, 0, sizeof tests);
	ADD_ROWS(tests, n, rows, check);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(long_challenges);
	return _cmocka_run_group_tests("opening", tests, n, NULL, NULL);
}
