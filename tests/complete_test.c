#include "sendmail/complete.h"
#include "tests/rows.h"
#include <stdlib.h>
#include <time.h>

#define TAIL_ID "Message-ID: <ID@h.example>\n"
#define DATE "Date: Mon, 23 Nov 2026 05:20:33 +0000\n"
#define FROM "From: alice@d.example\n"
#define RECEIVED                                                               \
	"Received: from alice (uid 1000)\n\tby h.example (Bellman) with "      \
	"local id ID;\n\tMon, 23 Nov 2026 05:20:33 +0000\n"

static const struct row {
	const char *name;
	struct span header;
	const char *want; /* behind Received */
	const char *fullname;
} rows[] = {
	{ "empty_header", S(""), DATE TAIL_ID FROM, "" },
	{ "what_is_there_stays", S("Date: x\nMessage-ID: y\nFrom: z\n"),
	    "Date: x\nMessage-ID: y\nFrom: z\n", "" },
	{ "in_any_case", S("DATE: x\nmessage-id: y\nfROM: z\n"),
	    "DATE: x\nmessage-id: y\nfROM: z\n", "" },
	{ "blank_before_the_colon", S("Date : x\nMessage-ID\t: y\nFrom : z\n"),
	    "Date : x\nMessage-ID\t: y\nFrom : z\n", "" },
	{ "order_and_folding_stay",
	    S("Subject: a\n b\n\tc\nX: 1\nDate: x\nMessage-ID: y\nFrom: z\n"),
	    "Subject: a\n b\n\tc\nX: 1\nDate: x\nMessage-ID: y\nFrom: z\n",
	    "" },
	{ "bcc_goes_with_its_folds",
	    S("To: a\nBcc: b,\n c,\n\td\nSubject: s\n"),
	    "To: a\nSubject: s\n" DATE TAIL_ID FROM, "" },
	{ "bcc_in_any_case_goes", S("BCC : b\nbcc:c\nX: 1\n"),
	    "X: 1\n" DATE TAIL_ID FROM, "" },
	{ "resent_bcc_goes", S("Resent-Bcc: b\nResent-To: c\n"),
	    "Resent-To: c\n" DATE TAIL_ID FROM, "" },
	{ "return_path_goes", S("Return-Path: <x>\nX: 1\n"),
	    "X: 1\n" DATE TAIL_ID FROM, "" },
	{ "bcc_within_another_name_stays", S("X-Bcc: b\nBcc-X: c\n"),
	    "X-Bcc: b\nBcc-X: c\n" DATE TAIL_ID FROM, "" },
	{ "resent_date_is_no_date", S("Resent-Date: x\n"),
	    "Resent-Date: x\n" DATE TAIL_ID FROM, "" },
	{ "last_line_without_newline", S("X: 1"), "X: 1\n" DATE TAIL_ID FROM,
	    "" },
	{ "bcc_last_without_newline", S("X: 1\nBcc: b"),
	    "X: 1\n" DATE TAIL_ID FROM, "" },
	{ "full_name", S(""), DATE TAIL_ID "From: Alice A <alice@d.example>\n",
	    "Alice A" },
	{ "full_name_quoted", S(""),
	    DATE TAIL_ID "From: \"A, B\" <alice@d.example>\n", "A, B" },
	{ "full_name_encoded", S(""),
	    DATE TAIL_ID "From: =?UTF-8?B?SsO2cmc=?= <alice@d.example>\n",
	    "J\xc3\xb6rg" },
	{ "full_name_is_no_header", S(""),
	    DATE TAIL_ID "From: \"A  Bcc: x\" <alice@d.example>\n",
	    "A\r\nBcc: x" },
};

static void
check(void **state)
{
	const struct row *row = *state;
	struct env e = { .time_us = 1795411233123456, .uid = 1000 };
	struct complete c = { "h.example", "ID", "alice", row->fullname,
		"alice@d.example", &e };
	struct buf out = { 0 }, want = { 0 };

	complete_header(row->header, &c, &out);
	buf_str(&want, RECEIVED);
	buf_str(&want, row->want);
	assert_string_equal(buf_c(&out), buf_c(&want));
	buf_free(&out);
	buf_free(&want);
}

static const struct end {
	const char *name;
	struct span text;
	size_t want;
} ends[] = {
	{ "header_ends_at_the_empty_line", S("A: 1\nB: 2\n\nC: 3\n"), 10 },
	{ "header_ends_at_what_is_no_field", S("A: 1\nhello\nB: 2\n"), 5 },
	{ "header_with_a_fold", S("A: 1\n 2\n\n"), 8 },
	{ "no_header", S("hello\n"), 0 },
	{ "empty_line_first", S("\nA: 1\n"), 0 },
	{ "header_only", S("A: 1\n"), 5 },
	{ "nothing", S(""), 0 },
};

static void
check_end(void **state)
{
	const struct end *row = *state;

	assert_int_equal(complete_header_end(row->text), row->want);
}

static const struct end from_lines[] = {
	{ "from_line", S("From bob Mon Nov 23\nX: 1\n"), 20 },
	{ "quoted_from_line", S(">From bob\nX: 1\n"), 10 },
	{ "from_line_alone", S("From bob"), 8 },
	{ "from_field", S("From: bob\n"), 0 },
	{ "from_field_with_blank", S("From : bob\n"), 0 },
	{ "from_field_with_blanks", S("From \t : bob\n"), 0 },
	{ "in_capitals_it_is_a_field", S("FROM : bob\n"), 0 },
	{ "in_lower_case_it_is_none", S("from bob\n"), 0 },
	{ "mixed_case_it_is_none", S("FROM bob\n"), 0 },
	{ "two_marks", S(">>From bob\n"), 0 },
	{ "not_first", S("X: 1\nFrom bob\n"), 0 },
	{ "empty_text", S(""), 0 },
};

static void
check_from_line(void **state)
{
	const struct end *row = *state;

	assert_int_equal(complete_from_line(row->text), row->want);
}

static const struct to {
	const char *name;
	struct span header;
	const char *want; /* recipients, each with a blank behind it; or why */
	int done;
} tos[] = {
	{ "to_cc_and_bcc", S("To: a\nCc: b@c\nBcc: d\nFrom: x\n"),
	    "a@d.example b@c d@d.example ", 0 },
	{ "each_field_many_times", S("To: a\nTo: b\nCC: c\nBCC : d\n"),
	    "a@d.example b@d.example c@d.example d@d.example ", 0 },
	{ "once_each", S("To: a, a, a@d.example\nCc: a\n"), "a@d.example ", 0 },
	{ "resent_alone_where_there_is_one",
	    S("To: a\nResent-To: b\nBcc: c\nResent-Bcc: d\n"),
	    "b@d.example d@d.example ", 0 },
	{ "groups_and_names",
	    S("To: \"B, C\" <b@c>, g: d, e;, =?UTF-8?B?eA==?= <f>\n"),
	    "b@c d@d.example e@d.example f@d.example ", 0 },
	{ "empty_group", S("To: undisclosed-recipients:;\nBcc: b\n"),
	    "b@d.example ", 0 },
	{ "folded", S("To: a,\n b,\n\tc\n"),
	    "a@d.example b@d.example c@d.example ", 0 },
	{ "none", S("Subject: x\n"), "", 0 },
	{ "no_list", S("To: a b c <\n"),
	    "the field \"To\" is no list of addresses: \"a b c <\"", -1 },
};

static void
check_to(void **state)
{
	const struct to *row = *state;
	struct env e = { 0 };
	struct rcpts r = { .env = &e, .domain = "d.example" };
	struct buf why = { 0 }, got = { 0 };

	assert_int_equal(complete_recipients(row->header, &r, &why), row->done);
	for (size_t i = 0; row->done == 0 && i < e.nrcpts; i++)
		buf_fmt(&got, "%s ", e.rcpts[i].addr);
	assert_string_equal(row->done ? buf_c(&why) : buf_c(&got), row->want);
	rcpts_free(&r);
	env_free(&e);
	buf_free(&why);
	buf_free(&got);
}

int
main(void)
{
	struct CMUnitTest
	    tests[COUNT(rows) + COUNT(ends) + COUNT(from_lines) + COUNT(tos)];
	size_t n = 0;

	setenv("TZ", "UTC0", 1);
	tzset();
	ADD_ROWS(tests, n, rows, check);
	ADD_ROWS(tests, n, ends, check_end);
	ADD_ROWS(tests, n, from_lines, check_from_line);
	ADD_ROWS(tests, n, tos, check_to);
	return cmocka_run_group_tests_name("complete", tests, NULL, NULL);
}
