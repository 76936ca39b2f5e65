/* One table says what an answer means; these rows say what it must say. */
#include "deliver/net/judge.h"
#include "tests/rows.h"

/* want: ON, HELO, HOST or D, L, N, X; then c: the connection is closed, a: in
 * another transaction it may do, s: a second try soon may do, b: it is busy; m:
 * a person must mend something. */
static const struct row {
	const char *name;
	enum stage stage;
	const char *reply; /* "" : mishap */
	enum mishap mishap;
	bool some;
	const char *want, *status;
} rows[] = {
#define R(name, stage, reply, want, status)                                    \
	{                                                                      \
		name, stage, reply, 0, false, want, status                     \
	}
#define SOME(name, stage, reply, want, status)                                 \
	{                                                                      \
		name, stage, reply, 0, true, want, status                      \
	}
#define M(name, stage, mishap, want, status)                                   \
	{                                                                      \
		name, stage, "", mishap, false, want, status                   \
	}
	R("banner", AT_BANNER, "220 hi", "ON", "2.0.0"),
	R("banner_421", AT_BANNER, "421 busy", "HOST L c b", "4.3.2"),
	R("banner_521", AT_BANNER, "521 no mail here", "HOST L c", "4.3.0"),
	R("banner_554", AT_BANNER, "554 no", "HOST L c", "4.3.0"),
	R("banner_450", AT_BANNER, "450 no", "HOST L c", "4.3.0"),
	R("banner_250", AT_BANNER, "250 hi", "HOST L c", "4.5.0"),
	R("ehlo", AT_EHLO, "250 hi", "ON", "2.0.0"),
	R("ehlo_500", AT_EHLO, "500 what", "HELO", "5.5.1"),
	R("ehlo_550", AT_EHLO, "550 name", "HELO", "5.5.1"),
	R("ehlo_421", AT_EHLO, "421 bye", "HOST L c b", "4.3.2"),
	R("ehlo_450", AT_EHLO, "450 no", "HOST L c", "4.3.0"),
	R("ehlo_354", AT_EHLO, "354 no", "HOST L c", "4.5.0"),
	R("helo_550", AT_HELO, "550 name", "HOST L c", "4.3.0"),
	R("mail", AT_MAIL, "250 2.1.0 ok", "ON", "2.0.0"),
	R("mail_sender_refused", AT_MAIL, "550 5.7.1 not you", "N", "5.7.1"),
	R("mail_sender_bad", AT_MAIL, "553 5.1.8 no domain", "N", "5.1.8"),
	R("mail_too_large", AT_MAIL, "552 5.3.4 large", "N", "5.3.4"),
	R("mail_disk", AT_MAIL, "452 4.3.1 disk", "L", "4.3.1"),
	R("mail_503", AT_MAIL, "503 HELO first", "L c", "4.5.0"),
	R("mail_530_tls", AT_MAIL, "530 5.7.0 STARTTLS first", "L c m",
	    "4.7.0"),
	R("mail_530_auth", AT_MAIL, "530 5.7.1 login", "L c m", "4.7.1"),
	R("mail_535", AT_MAIL, "535 5.7.8 password", "L c m", "4.7.8"),
	R("mail_538", AT_MAIL, "538 5.7.11 encrypt", "L c m", "4.7.11"),
	R("mail_421", AT_MAIL, "421 4.7.0 slow down", "L c b", "4.7.0"),
	R("mail_greylisted_is_not_said_here", AT_MAIL, "451 later", "L",
	    "4.0.0"),
	R("rcpt", AT_RCPT, "250 ok", "ON", "2.0.0"),
	R("rcpt_251", AT_RCPT, "251 will forward", "ON", "2.0.0"),
	R("rcpt_252", AT_RCPT, "252 perhaps", "ON", "2.0.0"),
	R("rcpt_unknown", AT_RCPT, "550 5.1.1 who", "N", "5.1.1"),
	R("rcpt_unknown_bare", AT_RCPT, "550 who", "N", "5.0.0"),
	R("rcpt_556", AT_RCPT, "556 5.1.10 null MX", "N", "5.1.10"),
	R("rcpt_relaying", AT_RCPT, "554 5.7.1 relaying denied", "N", "5.7.1"),
	R("rcpt_450_greylisted", AT_RCPT, "450 4.7.1 greylisted", "L s",
	    "4.7.1"),
	R("rcpt_451_greylisted", AT_RCPT, "451 4.7.1 come back", "L s",
	    "4.7.1"),
	R("rcpt_450_bare", AT_RCPT, "450 come back", "L s", "4.0.0"),
	R("rcpt_451_470", AT_RCPT, "451 4.7.0 come back", "L s", "4.7.0"),
	R("rcpt_not_active", AT_RCPT, "450 4.2.1 not active", "L", "4.2.1"),
	R("rcpt_full", AT_RCPT, "452 4.2.2 full", "L", "4.2.2"),
	R("rcpt_their_trouble", AT_RCPT, "451 4.3.0 aliases", "L", "4.3.0"),
	R("rcpt_552_full", AT_RCPT, "552 5.2.2 full", "N", "5.2.2"),
	SOME("rcpt_too_many", AT_RCPT, "452 4.5.3 enough", "L a", "4.5.3"),
	SOME("rcpt_too_many_bare", AT_RCPT, "452 enough", "L a", "4.0.0"),
	SOME("rcpt_too_many_of_old", AT_RCPT, "552 enough", "L a", "4.0.0"),
	R("rcpt_552_for_the_first", AT_RCPT, "552 full", "N", "5.0.0"),
	R("rcpt_too_many_for_the_first", AT_RCPT, "552 5.5.3 enough", "L",
	    "4.5.3"),
	R("rcpt_421", AT_RCPT, "421 bye", "L c b", "4.3.2"),
	R("data", AT_DATA, "354 go", "ON", "2.0.0"),
	R("data_250", AT_DATA, "250 ok", "L c", "4.5.0"),
	R("data_451_greylisted", AT_DATA, "451 4.7.1 greylisted", "L s",
	    "4.7.1"),
	R("data_554", AT_DATA, "554 5.5.1 no", "N", "5.5.1"),
	R("body_552", AT_BODY, "552 5.3.4 enough", "N c", "5.3.4"),
	R("body_451", AT_BODY, "451 no", "L c", "4.0.0"),
	R("body_250", AT_BODY, "250 no", "L c", "4.5.0"),
	R("chunk", AT_CHUNK, "250 10 octets", "ON", "2.0.0"),
	R("chunk_354", AT_CHUNK, "354 go", "L c", "4.5.0"),
	R("chunk_552", AT_CHUNK, "552 5.3.4 large", "N", "5.3.4"),
	R("chunk_503", AT_CHUNK, "503 5.5.1 no rcpt", "N", "5.5.1"),
	R("dot", AT_DOT, "250 2.6.0 taken", "ON D", "2.6.0"),
	R("dot_bare", AT_DOT, "250 taken", "ON D", "2.0.0"),
	R("dot_spam", AT_DOT, "554 5.7.1 spam", "N", "5.7.1"),
	R("dot_greylisted", AT_DOT, "451 4.7.1 later", "L s", "4.7.1"),
	R("dot_451", AT_DOT, "451 trouble", "L", "4.0.0"),
	R("dot_452", AT_DOT, "452 4.3.1 disk", "L", "4.3.1"),
	R("dot_354", AT_DOT, "354 more", "L c", "4.5.0"),
	R("dot_5yz_with_class_2", AT_DOT, "554 2.0.0 what", "N", "5.0.0"),
	R("dot_421", AT_DOT, "421 4.3.2 bye", "L c b", "4.3.2"),
	R("rset", AT_RSET, "250 ok", "ON", "2.0.0"),
	R("rset_500", AT_RSET, "500 what", "L c", "4.5.0"),
	R("mail_crowded", AT_MAIL, "451 4.3.2 too many", "L b", "4.3.2"),
	R("mail_congested", AT_MAIL, "450 4.4.5 congestion", "L b", "4.4.5"),
	M("lost_at_connect", AT_CONNECT, MISHAP_CONNECT, "HOST L c", "4.4.1"),
	M("no_dns", AT_CONNECT, MISHAP_LOOKUP, "HOST L c", "4.4.3"),
	M("no_host", AT_CONNECT, MISHAP_NO_HOST, "HOST L c", "4.4.4"),
	M("lost_at_banner", AT_BANNER, MISHAP_LOST, "HOST L c", "4.4.2"),
	M("silent_banner", AT_BANNER, MISHAP_TIMEOUT, "HOST L c", "4.4.2"),
	M("garbage_banner", AT_BANNER, MISHAP_GARBAGE, "HOST L c", "4.5.0"),
	M("lost_at_mail", AT_MAIL, MISHAP_LOST, "L c", "4.4.2"),
	M("lost_at_the_dot", AT_DOT, MISHAP_LOST, "L c", "4.4.2"),
	M("timeout_at_the_dot", AT_DOT, MISHAP_TIMEOUT, "L c", "4.4.2"),
	M("damaged", AT_BODY, MISHAP_DAMAGED, "X c", "4.3.0"),
	M("unreadable", AT_BODY, MISHAP_READ, "L c", "4.3.0"),
	M("size", AT_MAIL, MISHAP_SIZE, "N", "5.3.4"),
	M("utf8", AT_MAIL, MISHAP_UTF8, "N", "5.6.7"),
	M("requiretls", AT_MAIL, MISHAP_REQUIRETLS, "N", "5.7.30"),
	M("terminal", AT_MAIL, MISHAP_TERMINAL, "N", "5.3.3"),
	M("tls", AT_EHLO, MISHAP_TLS, "L c m", "4.7.5"),
	M("auth", AT_LOGIN, MISHAP_AUTH, "L c m", "4.7.0"),
	R("auth_535", AT_AUTH, "535 5.7.8 no", "L c m", "4.7.8"),
	R("auth_432", AT_AUTH, "432 4.7.12 change it", "L c m", "4.7.12"),
	R("auth_454_is_their_trouble", AT_AUTH, "454 4.7.0 later", "L c",
	    "4.7.0"),
	M("relay", AT_CONNECT, MISHAP_RELAY, "L c m", "4.3.5"),
};

static void
check(void **state)
{
	static const char *const next[] = { "ON", "HELO", "HOST", NULL };
	const struct row *row = *state;
	struct reply r = { 0 };
	struct buf got = { 0 };
	struct verdict v;

	if (row->reply[0]) {
		assert_int_equal(reply_line(&r, span_of(row->reply)), 1);
		judge_reply(row->stage, &r, row->some, &v);
	} else {
		judge_mishap(row->stage, row->mishap, &v);
	}
	if (next[v.next])
		buf_str(&got, next[v.next]);
	if (v.outcome != OUT_COUNT)
		buf_fmt(&got, "%s%c", got.len ? " " : "", "DLNX"[v.outcome]);
	buf_fmt(&got, "%s%s%s%s", v.close ? " c" : "", v.again ? " a" : "",
	    v.soon ? " s" : "", v.busy ? " b" : "");
	buf_str(&got, v.mend ? " m" : "");
	assert_string_equal(buf_c(&got), row->want);
	assert_string_equal(v.status, row->status);
	buf_free(&got);
	buf_free(&r.text);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows)];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
