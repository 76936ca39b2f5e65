#include "common/env.h"
#include "tests/rows.h"
#include <errno.h>
#include <stdlib.h>

#define HEAD "time 1.000002\nuid 1000\nkind MAIL\nfrom <a@b>\nbody 7BIT\n"
#define TO "to <c@d>\n"
#define X16 "xxxxxxxxxxxxxxxx"
#define X256 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16
#define X1024 X256 X256 X256 X256

/* What decode takes, encode writes again, octet for octet; all else is
 * refused. */
static const struct row {
	const char *name;
	struct span text;
	int error;
} rows[] = {
	{ "shortest", S(HEAD TO "\n"), 0 },
	{ "every_line",
	    S("time 1795497633.123456\nuid 0\nkind SAML\nwait\nfrom <>\n"
	      "body 8BITMIME\ntext 8L\nret HDRS\nenvid "
	      "a+2Bb\nrequiretls\ntls-optional\n"
	      "to <b@c> notify=SUCCESS,FAILURE,DELAY orcpt=rfc822;x\n"
	      "to <d> notify=NEVER\nto <e> orcpt=rfc822;e\n\n"),
	    0 },
	{ "null_sender",
	    S("time 0.000000\nuid 1\nkind SEND\nfrom <>\nbody 7BIT\n" TO "\n"),
	    0 },
	{ "quoted_bracket_and_blank", S(HEAD "to <\"a< b>c\"@d>\n\n"), 0 },
	{ "address_ends_in_bracket", S(HEAD "to <a>> notify=NEVER\n\n"), 0 },
	{ "address_of_spaces_and_equals", S(HEAD "to <\"a notify=X\"@d>\n\n"),
	    0 },
	{ "utf8_address", S(HEAD "to <j\xc3\xb6rg@d>\n\n"), 0 },
	{ "octets_that_are_no_utf8", S(HEAD "to <j\xff@d>\n\n"), 0 },
	{ "address_of_1024", S(HEAD "to <" X1024 ">\n\n"), 0 },
	{ "same_recipient_twice", S(HEAD TO TO "\n"), 0 },
	{ "last_uid",
	    S("time 0.000000\nuid 4294967294\nkind MAIL\nfrom <>\n"
	      "body 7BIT\n" TO "\n"),
	    0 },
	{ "nothing", S(""), EBADMSG },
	{ "empty_line_only", S("\n"), EBADMSG },
	{ "no_recipient", S(HEAD "\n"), EBADMSG },
	{ "no_empty_line", S(HEAD TO), EBADMSG },
	{ "cut_within_a_line", S(HEAD "to <c@d"), EBADMSG },
	{ "text_behind_the_end", S(HEAD TO "\nx"), EBADMSG },
	{ "uid_of_nobody_at_all",
	    S("time 0.000000\nuid 4294967295\nkind MAIL\nfrom <>\n"
	      "body 7BIT\n" TO "\n"),
	    EBADMSG },
	{ "no_uid", S("time 0.000000\nkind MAIL\nfrom <>\nbody 7BIT\n" TO "\n"),
	    EBADMSG },
	{ "line_twice", S(HEAD "uid 0\n" TO "\n"), EBADMSG },
	{ "sender_twice", S(HEAD "from <x@y>\n" TO "\n"), EBADMSG },
	{ "unknown_line", S(HEAD "colour red\n" TO "\n"), EBADMSG },
	{ "unknown_kind",
	    S("time 0.000000\nuid 1\nkind SPAM\nfrom <>\nbody 7BIT\n" TO "\n"),
	    EBADMSG },
	{ "kind_in_lower_case",
	    S("time 0.000000\nuid 1\nkind mail\nfrom <>\nbody 7BIT\n" TO "\n"),
	    EBADMSG },
	{ "other_order",
	    S("uid 1\ntime 0.000000\nkind MAIL\nfrom <>\nbody 7BIT\n" TO "\n"),
	    EBADMSG },
	{ "recipient_before_the_rest", S(TO HEAD "\n"), EBADMSG },
	{ "negative_time",
	    S("time -1.000000\nuid 1\nkind MAIL\nfrom <>\nbody 7BIT\n" TO "\n"),
	    EBADMSG },
	{ "time_with_leading_zero",
	    S("time 01.000000\nuid 1\nkind MAIL\nfrom <>\nbody 7BIT\n" TO "\n"),
	    EBADMSG },
	{ "time_beyond_the_clock",
	    S("time 9223372036854775807.000000\nuid 1\nkind MAIL\nfrom <>\n"
	      "body 7BIT\n" TO "\n"),
	    EBADMSG },
	{ "nul_in_address", S(HEAD "to <c\0@d>\n\n"), EBADMSG },
	{ "cr_in_address", S(HEAD "to <c\r@d>\n\n"), EBADMSG },
	{ "tab_in_address", S(HEAD "to <c\t@d>\n\n"), EBADMSG },
	{ "del_in_sender",
	    S("time 0.000000\nuid 1\nkind MAIL\nfrom <\x7f>\nbody 7BIT\n" TO
	      "\n"),
	    EBADMSG },
	{ "text_behind_sender",
	    S("time 0.000000\nuid 1\nkind MAIL\nfrom <a> x\nbody 7BIT\n" TO
	      "\n"),
	    EBADMSG },
	{ "empty_recipient", S(HEAD "to <>\n\n"), EBADMSG },
	{ "no_brackets", S(HEAD "to c@d\n\n"), EBADMSG },
	{ "bracket_not_closed", S(HEAD "to <c@d\n\n"), EBADMSG },
	{ "bracket_then_text", S(HEAD "to <c@d>x\n\n"), EBADMSG },
	{ "address_of_1025", S(HEAD "to <y" X1024 ">\n\n"), EBADMSG },
	{ "blank_behind_recipient", S(HEAD "to <c@d> \n\n"), EBADMSG },
	{ "two_blanks", S(HEAD "to <c@d>  notify=NEVER\n\n"), EBADMSG },
	{ "empty_notify", S(HEAD "to <c@d> notify=\n\n"), EBADMSG },
	{ "unknown_notify", S(HEAD "to <c@d> notify=LATER\n\n"), EBADMSG },
	{ "notify_named_twice", S(HEAD "to <c@d> notify=DELAY,DELAY\n\n"),
	    EBADMSG },
	{ "notify_in_other_order", S(HEAD "to <c@d> notify=DELAY,SUCCESS\n\n"),
	    EBADMSG },
	{ "notify_twice", S(HEAD "to <c@d> notify=DELAY notify=DELAY\n\n"),
	    EBADMSG },
	{ "orcpt_before_notify",
	    S(HEAD "to <c@d> orcpt=rfc822;x notify=DELAY\n\n"), EBADMSG },
	{ "empty_orcpt", S(HEAD "to <c@d> orcpt=\n\n"), EBADMSG },
	{ "unknown_parameter", S(HEAD "to <c@d> size=1\n\n"), EBADMSG },
	{ "wait_with_a_value", S(HEAD "wait 1\n" TO "\n"), EBADMSG },
	{ "kind_of_one", S(HEAD "to <c@d> kind=SEND\n" TO "\n"), 0 },
	{ "kind_behind_the_others",
	    S(HEAD "to <c@d> notify=NEVER orcpt=rfc822;x kind=SAML\n\n"), 0 },
	{ "kind_before_orcpt", S(HEAD "to <c@d> kind=SAML orcpt=rfc822;x\n\n"),
	    EBADMSG },
	{ "kind_of_the_message_again", S(HEAD "to <c@d> kind=MAIL\n\n"),
	    EBADMSG },
	{ "unknown_kind_of_one", S(HEAD "to <c@d> kind=TELL\n\n"), EBADMSG },
	{ "text_of_7_bits", S(HEAD "text 7.\n" TO "\n"), 0 },
	{ "text_of_8_bits", S(HEAD "text 8.\n" TO "\n"), 0 },
	{ "text_with_a_long_line", S(HEAD "text 7L\n" TO "\n"), 0 },
	{ "text_empty", S(HEAD "text \n" TO "\n"), EBADMSG },
	{ "text_without_value", S(HEAD "text\n" TO "\n"), EBADMSG },
	{ "text_of_9_bits", S(HEAD "text 9.\n" TO "\n"), EBADMSG },
	{ "text_too_short", S(HEAD "text 7\n" TO "\n"), EBADMSG },
	{ "text_too_long", S(HEAD "text 7L.\n" TO "\n"), EBADMSG },
	{ "text_in_lower_case", S(HEAD "text 7l\n" TO "\n"), EBADMSG },
	{ "text_twice", S(HEAD "text 7.\ntext 7.\n" TO "\n"), EBADMSG },
	{ "text_after_ret", S(HEAD "ret FULL\ntext 7.\n" TO "\n"), EBADMSG },
	{ "requiretls", S(HEAD "requiretls\n" TO "\n"), 0 },
	{ "requiretls_with_a_value", S(HEAD "requiretls 1\n" TO "\n"),
	    EBADMSG },
	{ "tls_optional", S(HEAD "tls-optional\n" TO "\n"), 0 },
	{ "tls_optional_twice", S(HEAD "tls-optional\ntls-optional\n" TO "\n"),
	    EBADMSG },
	{ "tls_optional_with_a_value", S(HEAD "tls-optional no\n" TO "\n"),
	    EBADMSG },
	{ "tls_optional_before_ret", S(HEAD "tls-optional\nret FULL\n" TO "\n"),
	    EBADMSG },
	{ "unknown_ret", S(HEAD "ret NONE\n" TO "\n"), EBADMSG },
	{ "empty_envid", S(HEAD "envid \n" TO "\n"), EBADMSG },
	{ "blank_in_envid", S(HEAD "envid a b\n" TO "\n"), EBADMSG },
	{ "8_bit_in_envid", S(HEAD "envid \xc3\xb6\n" TO "\n"), EBADMSG },
};

static void
check(void **state)
{
	const struct row *row = *state;
	struct buf again = { 0 };
	struct env e;

	errno = 0;
	if (env_decode(row->text, &e) == -1) {
		assert_int_equal(errno, row->error);
		assert_int_not_equal(row->error, 0);
	} else {
		assert_int_equal(row->error, 0);
		assert_int_equal(env_encode(&e, &again), 0);
		assert_true(span_eq(buf_view(&again), row->text));
	}
	env_free(&e);
	buf_free(&again);
}

static void
fields_are_what_stands_there(void **state)
{
	struct env e;

	(void)state;
	assert_int_equal(env_decode(rows[1].text, &e), 0);
	assert_true(e.time_us == 1795497633123456);
	assert_int_equal(e.uid, 0);
	assert_int_equal(e.kind, ENV_SAML);
	assert_true(e.wait);
	assert_string_equal(e.from, "");
	assert_int_equal(e.body, ENV_8BIT);
	assert_int_equal(e.text, ENV_TEXT | ENV_EIGHT | ENV_LONG);
	assert_int_equal(e.ret, ENV_HDRS);
	assert_string_equal(e.envid, "a+2Bb");
	assert_int_equal(e.nrcpts, 3);
	assert_string_equal(e.rcpts[0].addr, "b@c");
	assert_string_equal(e.rcpts[0].orcpt, "rfc822;x");
	assert_int_equal(
	    e.rcpts[0].notify, ENV_SUCCESS | ENV_FAILURE | ENV_DELAY);
	assert_int_equal(e.rcpts[1].notify, ENV_NEVER);
	assert_null(e.rcpts[1].orcpt);
	assert_int_equal(e.rcpts[2].notify, 0);
	env_free(&e);
}

/* What encode refuses, so that no file is written that nobody can read. */
static const struct refused {
	const char *name, *from, *to, *orcpt, *envid;
	int64_t time;
} refused[] = {
	{ "lf_in_sender_not_written", "a\nuid 0", "b", NULL, NULL, 1 },
	{ "cr_in_recipient_not_written", "a", "b\r", NULL, NULL, 1 },
	{ "early_end_of_sender_not_written", "a> b", "b", NULL, NULL, 1 },
	{ "blank_in_orcpt_not_written", "a", "b", "rfc822;a b", NULL, 1 },
	{ "lf_in_orcpt_not_written", "a", "b", "x\ny", NULL, 1 },
	{ "lf_in_envid_not_written", "a", "b", NULL, "x\ny", 1 },
	{ "negative_time_not_written", "a", "b", NULL, NULL, -1 },
};

static void
check_refused(void **state)
{
	const struct refused *row = *state;
	struct env_rcpt to = { .addr = (char *)row->to,
		.orcpt = (char *)row->orcpt };
	struct env e = { .time_us = row->time,
		.from = (char *)row->from,
		.envid = (char *)row->envid,
		.rcpts = &to,
		.nrcpts = 1 };
	struct buf b = { 0 };

	errno = 0;
	assert_int_equal(env_encode(&e, &b), -1);
	assert_int_equal(errno, EINVAL);
	buf_free(&b);
}

static void
what_cannot_be_written_is_not_added(void **state)
{
	static const struct span bad[] = { S(""), S("a\nb"), S("a\0b"),
		S("a> b"), S("y" X1024) };
	struct env e = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		errno = 0;
		assert_int_equal(env_add(&e, bad[i]), -1);
		assert_int_equal(errno, EINVAL);
	}
	assert_int_equal(e.nrcpts, 0);
	env_free(&e);
}

static void
ten_thousand_recipients(void **state)
{
	struct buf text = { 0 }, again = { 0 };
	struct env e;

	(void)state;
	buf_str(&text, HEAD);
	for (int i = 0; i < 10000; i++)
		buf_fmt(&text, "to <user%d@example.org>\n", i);
	buf_chr(&text, '\n');
	assert_int_equal(env_decode(buf_view(&text), &e), 0);
	assert_int_equal(e.nrcpts, 10000);
	assert_string_equal(e.rcpts[9999].addr, "user9999@example.org");
	assert_int_equal(env_encode(&e, &again), 0);
	assert_true(span_eq(buf_view(&again), buf_view(&text)));
	env_free(&e);
	buf_free(&text);
	buf_free(&again);
}

/* In place: nothing moves, and an older envelope has no such line. */
static void
text_is_overwritten(void **state)
{
	char with[] = HEAD "text 8L\nenvid x\n" TO "\n";
	char without[] = HEAD "envid text\n" TO "\n";

	(void)state;
	assert_int_equal(env_retext(with, sizeof with - 1, ENV_TEXT), 0);
	assert_string_equal(with, HEAD "text 7.\nenvid x\n" TO "\n");
	assert_int_equal(
	    env_retext(with, sizeof with - 1, ENV_TEXT | ENV_EIGHT), 0);
	assert_string_equal(with, HEAD "text 8.\nenvid x\n" TO "\n");
	assert_int_equal(env_retext(without, sizeof without - 1, ENV_TEXT), -1);
	assert_int_equal(env_retext(with, strlen(HEAD) + 6, ENV_TEXT), -1);
	assert_int_equal(env_suspects(0), ENV_EIGHT | ENV_LONG);
	assert_int_equal(env_suspects(ENV_TEXT), 0);
	assert_int_equal(env_suspects(ENV_TEXT | ENV_LONG), ENV_LONG);
}

static void
time_is_overwritten(void **state)
{
	char env[] = "time 1000000000.000001\nuid 1\n", other[] = "uid 1\n";

	(void)state;
	assert_int_equal(env_retime(env, sizeof env - 1, 1234567890654321), 0);
	assert_string_equal(env, "time 1234567890.654321\nuid 1\n");
	assert_int_equal(env_retime(env, sizeof env - 1, 5000000), -1);
	assert_int_equal(env_retime(env, sizeof env - 1, -1), -1);
	assert_int_equal(env_retime(env, 10, 1234567890654321), -1);
	assert_int_equal(
	    env_retime(other, sizeof other - 1, 1234567890654321), -1);
	assert_string_equal(env, "time 1234567890.654321\nuid 1\n");
}

/* Cut anywhere, an envelope is none. */
static void
no_beginning_is_an_envelope(void **state)
{
	struct env e;

	(void)state;
	for (size_t n = 0; n < rows[1].text.len; n++) {
		assert_int_equal(
		    env_decode((struct span){ rows[1].text.ptr, n }, &e), -1);
		env_free(&e);
	}
}

static void
kinds_are_found_in_any_case(void **state)
{
	(void)state;
	assert_int_equal(env_kind_of(SPAN("soml")), ENV_SOML);
	assert_int_equal(env_kind_of(SPAN("Mail")), ENV_MAIL);
	assert_int_equal(env_kind_of(SPAN("smol")), -1);
	assert_int_equal(env_kind_of(SPAN("")), -1);
}

int
main(void)
{
	static const struct CMUnitTest more[] = {
		cmocka_unit_test(fields_are_what_stands_there),
		cmocka_unit_test(text_is_overwritten),
		cmocka_unit_test(time_is_overwritten),
		cmocka_unit_test(what_cannot_be_written_is_not_added),
		cmocka_unit_test(ten_thousand_recipients),
		cmocka_unit_test(no_beginning_is_an_envelope),
		cmocka_unit_test(kinds_are_found_in_any_case),
	};
	struct CMUnitTest tests[COUNT(rows) + COUNT(refused) + COUNT(more)];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	ADD_ROWS(tests, n, refused, check_refused);
	memcpy(tests + n, more, sizeof more);
	return cmocka_run_group_tests_name("env", tests, NULL, NULL);
}
