/* What EHLO offers beyond RFC 5321, and LMTP. */
#include "tests/smtp_talk.h"

#define CHUNKS GREET "S 250-x\nS 250-PIPELINING\nS 250 CHUNKING\n"
#define LOCKSTEP GREET "S 250-x\nS 250 CHUNKING\n"
#define DSN GREET "S 250-x\nS 250 DSN\n"
#define VERBS GREET "S 250-x\nS 250-SOML\nS 250-SAML\nS 250 SEND\n"
#define LMTP "S 220 x\nC LHLO me\nS 250-x\nS 250-PIPELINING\nS 250 8BITMIME\n"
#define MAIL "C MAIL FROM:<me@x>\n"
#define A "C RCPT TO:<a@x>\n"
#define B "C RCPT TO:<b@x>\n"
#define C_ "C RCPT TO:<c@x>\n"
#define OK "S 250 ok\n"
#define HI4 "C BDAT 4 LAST\nC hi\n"
#define NO MAIL OK A "S 550 5.1.1 no\nC RSET\n" OK
#define BEHIND "C RSET\n" MAIL A HI4
#define K8 "aaaaaaa\nbbbbbbb\nccccccc\nddddddd\n"

static char *big; /* three pieces of DATA_PIECE, and a little */

static const struct row rows[] = {
	/* RFC 3461 */
	{ "dsn", "a@x b@x",
	    DSN "C MAIL FROM:<me@x> RET=HDRS ENVID=QQ+2B3\n" OK
		"C RCPT TO:<a@x> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;o@x\n" OK
		"C RCPT TO:<b@x> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;o@x\n" OK
		"C DATA\nS 354 go\n" HI OK,
	    .want = "D2.0.0 D2.0.0 | nothing", .ret = ENV_HDRS,
	    .envid = "QQ+2B3", .orcpt = "rfc822;o@x",
	    .notify = ENV_SUCCESS | ENV_DELAY, .dsn = true },
	{ "dsn_never", "a@x",
	    DSN "C MAIL FROM:<me@x> RET=FULL\n" OK
		"C RCPT TO:<a@x> NOTIFY=NEVER\n",
	    .want = "- | RCPT", .ret = ENV_FULL, .notify = ENV_NEVER },
	{ "dsn_failure", "a@x", DSN MAIL OK "C RCPT TO:<a@x> NOTIFY=FAILURE\n",
	    .want = "- | RCPT", .notify = ENV_FAILURE },
	{ "dsn_not_offered", "a@x", OLD MAIL OK A OK "C DATA\nS 354 go\n" HI OK,
	    .want = "D2.0.0 | nothing", .ret = ENV_HDRS, .envid = "Q",
	    .orcpt = "rfc822;o@x", .notify = ENV_SUCCESS },
	/* RFC 3030 */
	{ "chunk_in_one_go", "a@x b@x",
	    CHUNKS MAIL A B HI4 OK OK OK "S 250 2.6.0 taken\n",
	    .want = "D2.6.0 D2.6.0 | nothing" },
	{ "chunk_lockstep", "a@x", LOCKSTEP MAIL OK A OK HI4 OK,
	    .want = "D2.0.0 | nothing" },
	{ "chunk_after_idle", "a@x", CHUNKS MAIL A OK OK HI4 OK,
	    .want = "D2.0.0 | nothing", .careful = true },
	{ "chunk_dots_are_not_doubled", "a@x",
	    LOCKSTEP MAIL OK A OK "C BDAT 8 LAST\nC .\nC ..a\n" OK,
	    .want = "D2.0.0 | nothing", .body = ".\n..a\n" },
	{ "chunk_of_nothing", "a@x", LOCKSTEP MAIL OK A OK "C BDAT 0 LAST\n" OK,
	    .want = "D2.0.0 | nothing", .body = "" },
	{ "chunk_without_newline", "a@x",
	    LOCKSTEP MAIL OK A OK "C BDAT 3 LAST\nC a\n" OK,
	    .want = "D2.0.0 | nothing", .body = "a" },
	{ "chunk_some_refused", "a@x b@x",
	    CHUNKS MAIL A B HI4 OK "S 550 5.1.1 no\n" OK OK,
	    .want = "N5.1.1 D2.0.0 | nothing" },
	{ "chunk_all_refused", "a@x b@x",
	    CHUNKS MAIL A B HI4 OK
	    "S 550 5.1.1 no\nS 450 4.2.1 no\nS 554 no recipients\nC RSET\n" OK,
	    .want = "N5.1.1 L4.2.1 | nothing" },
	{ "chunk_all_refused_lockstep", "a@x",
	    LOCKSTEP MAIL OK A "S 550 5.1.1 no\nC RSET\n",
	    .want = "N5.1.1 | RSET" },
	{ "chunk_taken_for_nobody", "a@x",
	    CHUNKS MAIL A HI4 OK "S 550 5.1.1 no\n" OK,
	    .want = "N5.1.1 | nothing" },
	{ "chunk_mail_refused", "a@x",
	    CHUNKS MAIL A HI4
	    "S 550 5.7.1 not you\nS 503 no mail\nS 503 no mail\nC RSET\n" OK,
	    .want = "N5.7.1 | nothing" },
	{ "chunk_refused", "a@x",
	    CHUNKS MAIL A HI4 OK OK "S 552 5.3.4 too large\nC RSET\n",
	    .want = "N5.3.4 | RSET" },
	{ "chunk_later", "a@x",
	    CHUNKS MAIL A HI4 OK OK "S 452 4.3.1 disk\nC RSET\n",
	    .want = "L4.3.1 | RSET" },
	{ "chunk_421", "a@x", CHUNKS MAIL A HI4 OK OK "S 421 4.3.2 bye\n",
	    .want = "L4.3.2 | nothing to wait for 4.3.2" },
	{ "chunk_lost", "a@x", CHUNKS MAIL A HI4 OK OK "lost\n",
	    .want = "L4.4.2 | nothing to wait for 4.4.2" },
	{ "chunk_354", "a@x", CHUNKS MAIL A HI4 OK OK "S 354 go\n",
	    .want = "L4.5.0 | nothing to wait for 4.5.0" },
	{ "chunk_unasked", "a@x", CHUNKS MAIL A HI4 OK OK OK OK,
	    .want = "D2.0.0 | nothing to wait for 4.5.0" },
	/* A text that is on its way whole may have been taken (RFC 1047). */
	{ "chunk_lost_when_reused", "a@x",
	    CHUNKS MAIL A HI4 OK OK OK MAIL A HI4 "lost\n",
	    .want = "D2.0.0 L4.4.2 | nothing to wait for 4.4.2", .mails = 2 },
	{ "chunk_lost_when_idle_before", "a@x",
	    CHUNKS MAIL A OK OK HI4 OK MAIL A "lost\n",
	    .want = "D2.0.0 B | nothing to wait for 4.4.2", .mails = 2,
	    .careful = true },
	{ "chunk_421_when_reused", "a@x",
	    CHUNKS MAIL A HI4 OK OK OK MAIL A HI4 "S 421 enough\n",
	    .want = "D2.0.0 B | nothing to wait for 4.3.2", .mails = 2 },
	/* A window of them, once the first was answered. */
	{ "chunk_window", "a@x",
	    CHUNKS MAIL A HI4 OK OK OK MAIL A HI4 BEHIND BEHIND OK OK
	    "S 250 2.6.1 ok\n" OK OK OK "S 451 4.3.0 no\n" OK OK OK
	    "S 250 2.6.3 ok\n",
	    .want = "D2.0.0 D2.6.1 L4.3.0 D2.6.3 | nothing", .mails = 4 },
	{ "chunk_window_all_refused", "a@x",
	    CHUNKS MAIL A HI4 OK OK OK MAIL A HI4 BEHIND BEHIND OK
	    "S 550 5.1.1 no\nS 503 none\n" OK "S 550 5.7.1 not you\n"
	    "S 503 no mail\nS 503 no mail\n" OK OK OK "S 250 2.6.3 ok\n",
	    .want = "D2.0.0 N5.1.1 N5.7.1 D2.6.3 | nothing", .mails = 4 },
	{ "chunk_window_put_off", "a@x b@x",
	    CHUNKS MAIL A B HI4 OK OK OK OK MAIL A B HI4
	    "C RSET\n" MAIL A B HI4 OK OK
	    "S 452 4.5.3 too many\n" OK OK OK OK OK OK,
	    .want = "D2.0.0 D2.0.0 D2.0.0 B D2.0.0 D2.0.0 | nothing",
	    .mails = 3 },
	{ "enough_refusals", "a@x",
	    GREET "S 250 x\n" NO NO NO NO NO NO "C QUIT\n",
	    .want = "N5.1.1 N5.1.1 N5.1.1 N5.1.1 N5.1.1 N5.1.1 - | QUIT",
	    .mails = 7 },
	{ "chunk_window_lost", "a@x",
	    CHUNKS MAIL A HI4 OK OK OK MAIL A HI4 BEHIND OK OK "lost\n",
	    .want = "D2.0.0 L4.4.2 L4.4.2 | nothing to wait for 4.4.2",
	    .mails = 3 },
	{ "chunk_window_421", "a@x",
	    CHUNKS MAIL A HI4 OK OK OK MAIL A HI4 BEHIND BEHIND OK OK
	    "S 421 bye\n",
	    .want = "D2.0.0 L4.3.2 B B | nothing to wait for 4.3.2",
	    .mails = 4 },
	{ "chunk_window_not_smtp", "a@x",
	    CHUNKS MAIL A HI4 OK OK OK MAIL A HI4 BEHIND OK OK OK "S 354 go\n",
	    .want = "D2.0.0 D2.0.0 L4.5.0 | nothing to wait for 4.5.0",
	    .mails = 3 },
	{ "chunk_window_a_lie_later", "a@x",
	    CHUNKS MAIL A HI4 OK OK OK MAIL A HI4 BEHIND OK OK
	    "S 502 what\n" OK OK OK "S 502 what\nC RSET\n" OK MAIL A
	    "C DATA\n" OK OK "S 354 go\n" HI OK,
	    .want = "D2.0.0 B D2.0.0 | nothing", .mails = 3 },
	{ "chunk_window_damaged", "a@x",
	    CHUNKS MAIL A HI4 OK OK OK MAIL A HI4
	    "C RSET\n" MAIL A OK OK OK OK OK "S 250 ok\nC RSET\n" OK,
	    .want = "D2.0.0 D2.0.0 X4.3.0 | nothing", .damaged = true,
	    .mails = 3 },
	{ "chunk_window_mailmax", "a@x",
	    GREET "S 250-x\nS 250-PIPELINING\nS 250-CHUNKING\nS 250 LIMITS "
		  "MAILMAX=2\n" MAIL A HI4 OK OK OK MAIL A HI4 OK OK OK
		  "C QUIT\n",
	    .want = "D2.0.0 D2.0.0 | QUIT", .mails = 2 },
	{ "chunk_damaged", "a@x", LOCKSTEP MAIL OK A OK,
	    .want = "X4.3.0 | nothing to wait for 4.3.0", .damaged = true },
	/* offered, but not known: the same by DATA */
	{ "chunk_a_lie", "a@x b@x",
	    CHUNKS MAIL A B HI4 OK OK
	    "S 550 5.1.1 no\nS 500 what\nC RSET\n" OK MAIL A "C DATA\n" OK OK
	    "S 354 go\n" HI OK,
	    .want = "D2.0.0 N5.1.1 | nothing" },
	{ "chunk_a_lie_lockstep", "a@x",
	    LOCKSTEP MAIL OK A OK HI4 "S 502 what\nC RSET\n" OK MAIL OK A OK
				      "C DATA\nS 354 go\n" HI OK,
	    .want = "D2.0.0 | nothing" },
	/* RFC 9422 */
	{ "limits_rcptmax", "a@x b@x c@x",
	    GREET
	    "S 250-x\nS 250-PIPELINING\nS 250 LIMITS RCPTMAX=2 X=1\n" MAIL A B
	    "C DATA\n" OK OK OK "S 354 go\n" HI OK MAIL C_ "C DATA\n" OK OK
	    "S 354 go\n" HI OK,
	    .want = "D2.0.0 D2.0.0 D2.0.0 | nothing" },
	{ "limits_rcptmax_refused", "a@x b@x",
	    GREET "S 250-x\nS 250 LIMITS rcptmax=1\n" MAIL OK A
		  "S 550 5.1.1 no\nC RSET\n" OK MAIL OK B OK
		  "C DATA\nS 354 go\n" HI OK,
	    .want = "N5.1.1 D2.0.0 | nothing" },
	{ "limits_rcptmax_refused_pipelined", "a@x b@x",
	    GREET "S 250-x\nS 250-PIPELINING\nS 250 LIMITS RCPTMAX=1\n" MAIL A
		  "C DATA\n" OK "S 550 5.1.1 no\nS 554 none\nC RSET\n" OK MAIL B
		  "C DATA\n" OK OK "S 354 go\n" HI OK,
	    .want = "N5.1.1 D2.0.0 | nothing" },
	{ "limits_rcptmax_chunk", "a@x b@x",
	    GREET "S 250-x\nS 250-PIPELINING\nS 250-CHUNKING\nS 250 LIMITS "
		  "RCPTMAX=1\n" MAIL A HI4 OK OK OK MAIL B HI4 OK OK OK,
	    .want = "D2.0.0 D2.0.0 | nothing" },
	{ "limits_rcptmax_and_refused_at_the_dot", "a@x b@x",
	    GREET "S 250-x\nS 250 LIMITS RCPTMAX=1\n" MAIL OK A OK
		  "C DATA\nS 354 go\n" HI "S 554 5.6.0 no\n",
	    .want = "N5.6.0 L4.5.3 | nothing" },
	{ "limits_none", "a@x b@x",
	    GREET "S 250-x\nS 250 LIMITS RCPTMAX=0 MAILMAX=x RCPTMAX\n" MAIL OK
		A OK B,
	    .want = "- - | RCPT" },
	/* deliver --check: nobody is named, whatever the server offers */
	{ "probe", "a@x",
	    OLD "C MAIL FROM:<me@x>\nS 250 ok\nC RSET\nS 250 ok\n",
	    .want = "P2.0.0 | nothing", .probe = true },
	{ "probe_pipelining", "a@x",
	    NEW "C MAIL FROM:<me@x>\nS 250 ok\nC RSET\nS 250 ok\n",
	    .want = "P2.0.0 | nothing", .probe = true },
	{ "probe_refused", "a@x",
	    NEW "C MAIL FROM:<me@x>\nS 553 5.7.1 no\nC RSET\nS 250 ok\n",
	    .want = "N5.7.1 | nothing", .probe = true },
	/* RFC 8689 */
	{ "requiretls", "a@x",
	    GREET "S 250-x\nS 250 REQUIRETLS\nC MAIL FROM:<me@x> REQUIRETLS\n",
	    .want = "- | MAIL", .secure = true, .requiretls = true },
	{ "requiretls_not_offered", "a@x b@x", OLD,
	    .want = "N5.7.30 N5.7.30 | nothing", .secure = true,
	    .requiretls = true },
	{ "requiretls_without_tls", "a@x", GREET "S 250-x\nS 250 REQUIRETLS\n",
	    .want = "N5.7.30 | nothing", .requiretls = true },
	/* RFC 821 3.4 */
	{ "soml_passed_on", "a@x", VERBS "C SOML FROM:<me@x>\n",
	    .want = "- | MAIL", .kind = ENV_SOML, .terminal = true },
	{ "saml_passed_on", "a@x", VERBS "C SAML FROM:<me@x>\n",
	    .want = "- | MAIL", .kind = ENV_SAML, .terminal = true },
	{
	    "send_passed_on",
	    "a@x",
	    VERBS "C SEND FROM:<me@x>\n" OK A
		  "S 450 4.2.1 not active now\nC RSET\n",
	    .want = "L4.2.1 | RSET",
	    .kind = ENV_SEND,
	    .terminal = true,
	},
	{ "send_not_listed", "a@x b@x", OLD, .want = "N5.3.3 N5.3.3 | nothing",
	    .kind = ENV_SEND, .terminal = true },
	{ "send_not_allowed", "a@x", VERBS, .want = "N5.3.3 | nothing",
	    .kind = ENV_SEND },
	{ "soml_not_listed", "a@x", OLD MAIL, .want = "- | MAIL",
	    .kind = ENV_SOML, .terminal = true },
	{ "saml_not_allowed", "a@x", VERBS MAIL, .want = "- | MAIL",
	    .kind = ENV_SAML },
	/* RFC 2033 */
	{ "lmtp", "a@x b@x",
	    LMTP MAIL A B "C DATA\n" OK OK OK "S 354 go\n" HI
			  "S 250 2.0.0 a has it\nS 250 2.1.5 b\n",
	    .want = "D2.0.0 D2.1.5 | nothing", .lmtp = true },
	{ "lmtp_some_fail", "a@x b@x c@x",
	    LMTP MAIL A B C_ "C DATA\n" OK OK "S 550 5.1.1 no\n" OK
			     "S 354 go\n" HI
			     "S 452 4.2.2 full\nwait\nS 250 ok\n",
	    .want = "L4.2.2 N5.1.1 D2.0.0 | nothing", .lmtp = true },
	{ "lmtp_nobody", "a@x",
	    LMTP MAIL A "C DATA\n" OK "S 550 5.1.1 no\nS 503 nobody\nC RSET\n",
	    .want = "N5.1.1 | RSET", .lmtp = true },
	{ "lmtp_nobody_and_354", "a@x",
	    LMTP MAIL A "C DATA\n" OK "S 550 5.1.1 no\nS 354 go\n",
	    .want = "N5.1.1 | nothing to wait for 4.5.0", .lmtp = true },
	{ "lmtp_lost_between", "a@x b@x",
	    LMTP MAIL A B "C DATA\n" OK OK OK "S 354 go\n" HI
			  "S 250 ok\nlost\n",
	    .want = "D2.0.0 L4.4.2 | nothing to wait for 4.4.2", .lmtp = true },
	{ "lmtp_421_between", "a@x b@x",
	    LMTP MAIL A B "C DATA\n" OK OK OK "S 354 go\n" HI
			  "S 250 ok\nS 421 4.3.0 bye\n",
	    .want = "D2.0.0 L4.3.0 | nothing to wait for 4.3.0", .lmtp = true },
	{ "lmtp_one_too_many", "a@x",
	    LMTP MAIL A "C DATA\n" OK OK "S 354 go\n" HI "S 250 ok\nS 250 ok\n",
	    .want = "D2.0.0 | nothing to wait for 4.5.0", .lmtp = true },
	{ "lmtp_two_messages", "a@x b@x",
	    LMTP MAIL A B "C DATA\n" OK OK OK "S 354 go\n" HI MAIL A B
			  "C DATA\n" OK OK OK OK OK "S 354 go\n" HI OK
			  "S 550 5.2.0 no\n",
	    .want = "D2.0.0 D2.0.0 D2.0.0 N5.2.0 | nothing", .lmtp = true,
	    .mails = 2 },
	{ "lmtp_chunk_has_nothing_behind", "a@x",
	    "S 220 x\nC LHLO me\nS 250-x\nS 250-PIPELINING\nS 250 "
	    "CHUNKING\n" MAIL A HI4 OK OK OK MAIL A HI4 OK OK OK MAIL A HI4 OK
		OK OK,
	    .want = "D2.0.0 D2.0.0 D2.0.0 | nothing", .lmtp = true,
	    .mails = 3 },
	{ "lmtp_chunk", "a@x b@x",
	    "S 220 x\nC LHLO me\nS 250-x\nS 250-PIPELINING\nS 250 "
	    "CHUNKING\n" MAIL A B HI4 OK OK OK "S 250 ok\nS 452 4.2.2 full\n",
	    .want = "D2.0.0 L4.2.2 | nothing", .lmtp = true },
	{ "lmtp_not_spoken", "a@x", "S 220 x\nC LHLO me\nS 500 what\n",
	    .want = "- | nothing to wait for 4.3.0 host", .lmtp = true },
	/* judgement */
	{ "mail_503", "a@x b@x", OLD MAIL "S 503 5.5.1 say EHLO\n",
	    .want = "L4.5.1 L4.5.1 | nothing to wait for 4.5.1" },
};

/* What is too large to go ahead waits for its recipients, then streams. */
static void
test_stream(void **state)
{
	enum { LEN = 3 * DATA_PIECE + 8 };
	struct talk t = { .mails = 1 };
	struct row row = { .name = "stream", .rcpts = "a@x b@x" };
	unsigned seen = 0;

	(void)state;
	big = calloc(1, LEN + 1);
	for (int i = 0; i < LEN; i++)
		big[i] = i % 64 == 63 ? '\n' : 'a';
	row.body = big;
	t.row = &row;
	t.fd = memfd_create("body", 0);
	assert_int_equal(write(t.fd, big, LEN), LEN);
	smtp_init(&t.m, "me");
	t.m.step = AT_IDLE;
	t.m.peer.offers = EHLO_PIPELINING | EHLO_CHUNKING;
	pump(&t);
	assert_null(memmem(t.out.ptr, t.out.len, "BDAT", 4));
	buf_reset(&t.out);
	buf_str(&t.in, "250 ok\r\n250 ok\r\n250 ok\r\n");
	while (t.m.mail != NULL && seen < 9) {
		take(&t);
		seen += t.out.len > 0;
		assert_true(
		    t.out.len == 0 || memcmp(t.out.ptr, "BDAT ", 5) == 0);
		buf_reset(&t.out);
		assert_true(!t.m.mail || t.m.mail->is.chunks <= 4);
		if (t.m.mail && t.m.mail->is.chunks)
			buf_str(&t.in, "250 2.0.0 so many octets\r\n");
		assert_true(t.m.mail == NULL || t.in.len);
	}
	assert_int_equal(t.m.step, AT_IDLE);
	assert_string_equal(buf_c(&t.got), "D2.0.0 D2.0.0 ");
	free(big);
	close(t.fd);
	buf_free(&t.in);
	buf_free(&t.out);
	buf_free(&t.got);
	buf_free(&t.reply.text);
	smtp_free(&t.m);
}

int
main(void)
{
	enum { N = sizeof rows / sizeof *rows };
	struct CMUnitTest tests[N + 1] = { cmocka_unit_test(test_stream) };

	for (size_t i = 0; i < N; i++)
		tests[i + 1] = (struct CMUnitTest){ rows[i].name, test_row,
			NULL, NULL, (void *)&rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
