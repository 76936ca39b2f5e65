#include "sendmail/complete.h"
#include "tests/rows.h"
#include <stdlib.h>
#include <time.h>

#define ID "Message-ID: <ID@h.example>\n"
#define DATE "Date: Mon, 23 Nov 2026 05:20:33 +0000\n"
#define FROM "From: alice@d.example\n"
#define NOBODY "To: undisclosed-recipients:;\n"
#define RECEIVED                                                               \
	"Received: from alice (uid 1000)\n\tby h.example (Bellman) with "      \
	"local id ID;\n\tMon, 23 Nov 2026 05:20:33 +0000\n"
#define MIME                                                                   \
	"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"         \
	"Content-Transfer-Encoding: 8bit\n"
/* a whole header, so that nothing else is added */
#define REST "Date: x\nMessage-ID: y\n"
#define RD "Resent-Date: Mon, 23 Nov 2026 05:20:33 +0000\n"
#define RI "Resent-Message-ID: <R.ID@h.example>\n"
#define RF "Resent-From: alice@d.example\n"
#define X10 "xxxxxxxxxx"
#define X100 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10
#define X900 X100 X100 X100 X100 X100 X100 X100 X100 X100

static const struct row {
	const char *name;
	struct span header;
	const char *want; /* behind Received */
	const char *fullname;
} rows[] = {
	{ "empty_header", S(""), DATE ID FROM NOBODY, "" },
	{ "what_is_there_stays",
	    S("Date: x\nMessage-ID: y\nFrom: z@d\nTo: t@d\n"),
	    "Date: x\nMessage-ID: y\nFrom: z@d\nTo: t@d\n", "" },
	{ "in_any_case", S("DATE: x\nmessage-id: y\nfROM: z@d\ntO: t@d\n"),
	    "DATE: x\nmessage-id: y\nfROM: z@d\ntO: t@d\n", "" },
	{ "blank_before_the_colon",
	    S("Date : x\nMessage-ID\t: y\nFrom : z@d\nTo : t@d\n"),
	    "Date : x\nMessage-ID\t: y\nFrom : z@d\nTo : t@d\n", "" },
	{ "order_and_folding_stay",
	    S("Subject: a\n b\n\tc\nX: 1\n" REST "From:\n z@d\nTo: t@d\n"),
	    "Subject: a\n b\n\tc\nX: 1\n" REST "From:\n z@d\nTo: t@d\n", "" },
	{ "folded_names_are_not_doubled",
	    S("Date:\n x\nMessage-ID:\n\ty\nFrom:\n z@d\nCc:\n t@d\n"),
	    "Date:\n x\nMessage-ID:\n\ty\nFrom:\n z@d\nCc:\n t@d\n", "" },
	{ "two_froms_stay_two", S(REST "From: a@d\nFrom: b@d\nTo: t@d\n"),
	    REST "From: a@d\nFrom: b@d\nTo: t@d\n", "" },
	{ "fields_without_value_are_missing",
	    S("Date:\nMessage-ID: \nFrom:\n \nTo: \t\nSubject:\n"),
	    "Subject:\n" DATE ID FROM NOBODY, "" },
	{ "an_empty_cc_is_nobody", S(REST "From: z@d\nCc:\n \n"),
	    REST "From: z@d\n" NOBODY, "" },
	{ "resent_fields_without_value_are_missing",
	    S("Resent-Date:\nResent-From: \nResent-Message-ID:\n" REST
	      "To: t@d\nFrom: z@d\n"),
	    RD RI RF REST "To: t@d\nFrom: z@d\n", "" },
	{ "an_empty_from_beside_a_full_one",
	    S(REST "From:\nFrom: a@d\nTo: t@d\n"), REST "From: a@d\nTo: t@d\n",
	    "" },
	{ "odd_bytes_stay", S("Subject: \xff\xfe\r\x01 x\n" REST "To: t@d\n"),
	    "Subject: \xff\xfe\r\x01 x\n" REST "To: t@d\n" FROM, "" },
	{ "bcc_goes_with_its_folds",
	    S("To: a@d\nBcc: b,\n c,\n\td\nSubject: s\n"),
	    "To: a@d\nSubject: s\n" DATE ID FROM, "" },
	{ "bcc_in_any_case_goes", S("BCC : b\nbcc:c\nbCc\t :\n d\nX: 1\n"),
	    "X: 1\n" DATE ID FROM NOBODY, "" },
	{ "resent_bcc_goes", S("Resent-Bcc: b\nresent-BCC :\n c\nTo: t@d\n"),
	    RD RI RF "To: t@d\n" DATE ID FROM, "" },
	{ "resent_bcc_of_older_blocks_goes",
	    S("Resent-To: a@d\nResent-Bcc: b\nReceived: x\nResent-Bcc: c\n"
	      "To: t@d\n"),
	    RD RI RF "Resent-To: a@d\nReceived: x\nTo: t@d\n" DATE ID FROM,
	    "" },
	{ "return_path_goes", S("Return-Path: <x>\nX: 1\nreturn-path :\n y\n"),
	    "X: 1\n" DATE ID FROM NOBODY, "" },
	{ "bcc_within_another_name_stays", S("X-Bcc: b\nBcc-X: c\nTo: t@d\n"),
	    "X-Bcc: b\nBcc-X: c\nTo: t@d\n" DATE ID FROM, "" },
	{ "last_line_without_newline", S("X: 1"), "X: 1\n" DATE ID FROM NOBODY,
	    "" },
	{ "last_to_without_newline", S("X: 1\nTo: a"),
	    "X: 1\nTo: a@m.example\n" DATE ID FROM, "" },
	{ "bcc_last_without_newline", S("X: 1\nBcc: b"),
	    "X: 1\n" DATE ID FROM NOBODY, "" },

	{ "nobody_where_bcc_was_all", S("Bcc: b\n"), DATE ID FROM NOBODY, "" },
	{ "cc_is_enough", S("Cc: c@d\n"), "Cc: c@d\n" DATE ID FROM, "" },
	{ "to_of_a_resent_block_is_none", S(RD RI RF "Resent-To: a@d\n" REST),
	    RD RI RF "Resent-To: a@d\n" REST FROM NOBODY, "" },
	{ "nobody_is_not_doubled", S(NOBODY), NOBODY DATE ID FROM, "" },

	{ "full_name", S(NOBODY),
	    NOBODY DATE ID "From: Alice A <alice@d.example>\n", "Alice A" },
	{ "full_name_quoted", S(NOBODY),
	    NOBODY DATE ID "From: \"A, \\\"B\\\"\" <alice@d.example>\n",
	    "A, \"B\"" },
	{ "full_name_encoded", S(NOBODY),
	    NOBODY DATE ID "From: =?UTF-8?B?SsO2cmc=?= <alice@d.example>\n",
	    "J\xc3\xb6rg" },
	{ "full_name_is_no_header", S(NOBODY),
	    NOBODY DATE ID "From: \"A  Bcc: x\" <alice@d.example>\n",
	    "A\r\nBcc: x" },
	{ "full_name_of_nothing_but_controls", S(NOBODY), NOBODY DATE ID FROM,
	    " \t\r\n\x01\x7f" },
	{ "full_name_and_address_in_two_lines", S(NOBODY),
	    NOBODY DATE ID
	    "From: =?UTF-8?B?w7bDtsO2w7bDtsO2w7bDtsO2w7bDtsO2w7bDtsO2w7Y=?=\n"
	    " <alice@d.example>\n",
	    "\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6"
	    "\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3"
	    "\xb6" },
	{ "full_name_in_two_lines", S(NOBODY),
	    NOBODY DATE ID
	    "From: =?UTF-8?B?w7bDtsO2w7bDtsO2w7bDtsO2w7bDtsO2w7bDtsO2w7Y=?=\n"
	    " =?UTF-8?B?w7Y=?= <alice@d.example>\n",
	    "\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6"
	    "\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6"
	    "\xc3\xb6" },

	{ "resent_fields_are_completed",
	    S("X: 1\nResent-To: b@d\nTo: t@d\n" REST),
	    "X: 1\n" RD RI RF "Resent-To: b@d\nTo: t@d\n" REST FROM, "" },
	{ "resent_block_that_is_whole",
	    S("resent-date: a\nResent-from: b@d\nRESENT-MESSAGE-ID: c\n" REST
	      "To: t@d\n"),
	    "resent-date: a\nResent-from: b@d\nRESENT-MESSAGE-ID: c\n" REST
	    "To: t@d\n" FROM,
	    "" },
	{ "older_block_does_not_complete_the_first",
	    S("Resent-To: b@d\nReceived: x\nResent-Date: a\nResent-From: b@d\n"
	      "Resent-Message-ID: c\n" REST "To: t@d\n"),
	    RD RI RF "Resent-To: b@d\nReceived: x\nResent-Date: a\n"
		     "Resent-From: b@d\nResent-Message-ID: c\n" REST
		     "To: t@d\n" FROM,
	    "" },
	{ "resent_from_has_the_name", S(RD RI REST "To: t@d\nFrom: z@d\n"),
	    "Resent-From: Al <alice@d.example>\n" RD RI REST
	    "To: t@d\nFrom: z@d\n",
	    "Al" },

	{ "cron", S("From: root (Cron Daemon)\nTo: root\n" REST),
	    "From: root@m.example (Cron Daemon)\nTo: root@m.example\n" REST,
	    "" },
	{ "mdadm", S("From: mdadm monitoring <root>\nTo: root@d\n" REST),
	    "From: mdadm monitoring <root@m.example>\nTo: root@d\n" REST, "" },
	{ "all_that_hold_addresses",
	    S("From: a\nSender: b\nReply-To: c\nTo: d\nCc: e\n" REST),
	    "From: a@m.example\nSender: b@m.example\nReply-To: c@m.example\n"
	    "To: d@m.example\nCc: e@m.example\n" REST,
	    "" },
	{ "the_resent_kin",
	    S(RD RI "Resent-From: a\nResent-Sender: b\nResent-Reply-To: c\n"
		    "Resent-To: d\nResent-Cc: e\n" REST "From: f@d\nTo: t@d\n"),
	    RD RI "Resent-From: a@m.example\nResent-Sender: b@m.example\n"
		  "Resent-Reply-To: c@m.example\nResent-To: d@m.example\n"
		  "Resent-Cc: e@m.example\n" REST "From: f@d\nTo: t@d\n",
	    "" },
	{ "no_other_field", S(NOBODY "Subject: root\nX-To: root\n" REST),
	    NOBODY "Subject: root\nX-To: root\n" REST FROM, "" },
	{ "no_list_stays", S("To: a b c\nFrom: a <\n" REST),
	    "To: a b c\nFrom: a <\n" REST, "" },
	{ "obsolete_colon", S("To \t:a\n" REST "From: z@d\n"),
	    "To \t:a@m.example\n" REST "From: z@d\n", "" },
	{ "long_line_is_folded_at_a_blank",
	    S("Subject: " X900 " " X100 "\n" NOBODY REST "From: z@d\n"),
	    "Subject: " X900 "\n " X100 "\n" NOBODY REST "From: z@d\n", "" },
	{ "line_that_grows_too_long_is_folded",
	    S("To: a (" X900 "),\tb (" X10 X10 X10 X10 X10 X10 X10 "),c\n" REST
	      "From: z@d\n"),
	    "To: a@m.example (" X900
	    "),\n\tb@m.example (" X10 X10 X10 X10 X10 X10 X10
	    "),c@m.example\n" REST "From: z@d\n",
	    "" },
};

static void
check(void **state)
{
	const struct row *row = *state;
	struct env e = { .time_us = 1795411233123456, .uid = 1000 };
	struct complete c = { .hostname = "h.example",
		.id = "ID",
		.login = "alice",
		.fullname = row->fullname,
		.from = "alice@d.example",
		.env = &e,
		.domain = "m.example" };
	struct buf out = { 0 }, want = { 0 };

	complete_header(row->header, &c, &out);
	buf_str(&want, RECEIVED);
	buf_str(&want, row->want);
	assert_string_equal(buf_c(&out), buf_c(&want));
	buf_free(&out);
	buf_free(&want);
}

static void
mime_fields_come_last(void **state)
{
	struct env e = { .time_us = 1795411233123456, .uid = 1000 };
	struct complete c = { .hostname = "h.example",
		.id = "ID",
		.login = "alice",
		.fullname = "",
		.from = "alice@d.example",
		.env = &e,
		.mime = true };
	struct buf out = { 0 };

	(void)state;
	complete_header((struct span)S("To: a\n"), &c, &out);
	assert_string_equal(buf_c(&out), RECEIVED "To: a\n" DATE ID FROM MIME);
	buf_free(&out);
}

static const struct mime {
	const char *name;
	struct span header, text;
	bool want;
} mimes[] = {
	{ "mime_for_utf8", S("To: a\n"), S("\n\xc3\xb6\n"), true },
	{ "mime_for_four_octets", S(""), S("\xf0\x9f\x94\x94\n"), true },
	{ "no_mime_for_ascii", S(""), S("\nabc\n"), false },
	{ "no_mime_for_the_header_alone", S("Subject: \xc3\xb6\n"), S("\na\n"),
	    false },
	{ "no_mime_for_nothing", S(""), S(""), false },
	{ "no_mime_for_latin1", S(""), S("\n\xf6\n"), false },
	{ "no_mime_for_latin1_behind_utf8", S(""), S("\xc3\xb6 \xf6\n"),
	    false },
	{ "no_mime_for_latin1_at_the_end", S(""), S("caf\xe9\n"), false },
	{ "no_mime_with_a_nul", S(""), S("\xc3\xb6\0\n"), false },
	{ "no_mime_where_mime_is", S("mime-version: 1.0\n"), S("\xc3\xb6\n"),
	    false },
	{ "no_mime_where_a_type_is", S("A: 1\nCONTENT-Type: text/plain\n"),
	    S("\xc3\xb6\n"), false },
	{ "no_mime_where_an_encoding_is",
	    S("Content-Transfer-Encoding : 8bit\n"), S("\xc3\xb6\n"), false },
	{ "mime_for_a_character_cut_after_1_of_2", S(""), S("\xc3\xb6\xc3"),
	    true },
	{ "mime_for_a_character_cut_after_2_of_3", S(""), S("\xc3\xb6\xe2\x82"),
	    true },
	{ "mime_for_a_character_cut_after_3_of_4", S(""),
	    S("\xc3\xb6\xf0\x9f\x94"), true },
	{ "no_mime_for_rests_of_nothing", S(""), S("\xc3\xb6\x82\x82\x82\x82"),
	    false },
};

static void
check_mime(void **state)
{
	const struct mime *row = *state;

	assert_int_equal(
	    complete_wants_mime(row->header, row->text), row->want);
}

static const struct lax {
	const char *name;
	struct span header;
	bool want;
} laxes[] = {
	{ "tls_not_required", S("A: b\nTLS-Required: No\nC: d\n"), true },
	{ "tls_not_required_in_any_case", S("tls-required:nO \n"), true },
	{ "tls_not_required_folded", S("TLS-Required:\n No\n"), true },
	{ "tls_required_yes", S("TLS-Required: Yes\n"), false },
	{ "tls_required_nothing", S("TLS-Required:\n"), false },
	{ "tls_required_twice", S("TLS-Required: No\nTLS-Required: x\n"),
	    false },
	{ "tls_required_in_another", S("X-TLS-Required: No\n"), false },
};

static void
lax(void **state)
{
	const struct lax *row = *state;

	assert_int_equal(complete_tls_optional(row->header), row->want);
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

static const struct end wholes[] = {
	{ "whole_at_the_empty_line", S("A: 1\n\n"), true },
	{ "whole_at_a_first_empty_line", S("\n"), true },
	{ "whole_at_a_word_and_another", S("A: 1\nhello w"), true },
	{ "whole_at_a_first_blank", S(" x"), true },
	{ "whole_at_8_bit", S("A: 1\nhell\xc3"), true },
	{ "whole_at_the_end_of_a_line", S("hello\n"), true },
	{ "whole_at_a_name_that_is_too_long", S(X900 X100), true },
	{ "not_whole_where_a_fold_may_come", S("A: 1\n"), false },
	{ "not_whole_in_a_field", S("A: 1"), false },
	{ "not_whole_in_a_name", S("A: 1\nSubj"), false },
	{ "not_whole_behind_a_name", S("A: 1\nSubject \t"), false },
	{ "not_whole_with_nothing", S(""), false },
};

static void
check_whole(void **state)
{
	const struct end *row = *state;

	assert_int_equal(complete_header_whole(row->text), row->want);
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
	{ "resent_in_any_case_and_form",
	    S("To: a\nRESENT-TO\t: b,\n c\nresent-cc: d\n"),
	    "b@d.example c@d.example d@d.example ", 0 },
	{ "resent_fields_in_a_row_are_one_block",
	    S("Resent-From: x\nResent-To: a\nResent-To: b\nResent-Date: x\n"
	      "Resent-Bcc: c\n"),
	    "a@d.example b@d.example c@d.example ", 0 },
	{ "resent_blocks_below_a_trace_are_history",
	    S("Resent-To: a\nReceived: x\nResent-Cc: b\nTo: c\n"),
	    "a@d.example ", 0 },
	{ "resent_blocks_below_another_are_history",
	    S("Resent-From: x\nResent-To: a\nResent-From: y\nResent-To: b\n"
	      "Resent-Cc: c\n"),
	    "a@d.example ", 0 },
	{ "resent_below_older_traces_is_the_first",
	    S("Received: x\nReceived: y\nResent-To: a\nTo: c\n"),
	    "a@d.example ", 0 },
	{ "resent_without_recipients_has_none",
	    S("Resent-From: x\nTo: c\nBcc: d\n"), "", 0 },
	{ "encoded_words_in_names_are_not_read",
	    S("To: =?UTF-8?Q?x@y=2C?= <a@b>\n"), "a@b ", 0 },
	{ "nothing_in_it", S("To:\nCc: \nBcc: a\n"), "a@d.example ", 0 },
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

/* Ten thousand recipients in one line without a blank: time, not the result,
 * is what breaks when something is not linear. */
static void
ten_thousand_recipients(void **state)
{
	struct env e = { .from = NULL };
	struct rcpts r = { .env = &e, .domain = "d.example" };
	struct complete c = { .hostname = "h",
		.id = "ID",
		.login = "a",
		.fullname = "",
		.from = "a@d",
		.env = &e,
		.domain = "d.example" };
	struct buf header = { 0 }, out = { 0 }, why = { 0 };
	struct span rest;
	clock_t began = clock();
	size_t longest = 0, n = 0;

	(void)state;
	buf_str(&header, "To: ");
	for (int i = 0; i < 10000; i++)
		buf_fmt(&header, "%suser%d", i ? "," : "", i);
	buf_str(&header, "\n");
	assert_int_equal(complete_recipients(buf_view(&header), &r, &why), 0);
	assert_int_equal(e.nrcpts, 10000);
	assert_string_equal(e.rcpts[9999].addr, "user9999@d.example");
	complete_header(buf_view(&header), &c, &out);
	rest = buf_view(&out);
	while (rest.ptr) {
		size_t len = span_cut(&rest, '\n').len;

		longest = len > longest ? len : longest;
	}
	assert_in_range(longest, 900, 998);
	for (size_t i = 0; i < out.len; i++)
		n += out.ptr[i] == '@';
	assert_in_range(n, 10002, 10003); /* and Message-ID, From */
	assert_true(clock() - began < CLOCKS_PER_SEC);
	rcpts_free(&r);
	env_free(&e);
	buf_free(&header);
	buf_free(&out);
	buf_free(&why);
}

static void
a_megabyte_of_header(void **state)
{
	struct env e = { 0 };
	struct complete c = { .hostname = "h",
		.id = "ID",
		.login = "a",
		.fullname = "",
		.from = "a@d",
		.env = &e,
		.domain = "d.example" };
	struct buf header = { 0 }, out = { 0 };
	clock_t began = clock();

	(void)state;
	while (header.len < 1 << 20)
		buf_fmt(&header, "X-%zu: %0900d\n", header.len, 0);
	assert_int_equal(complete_header_end(buf_view(&header)), header.len);
	complete_header(buf_view(&header), &c, &out);
	assert_non_null(memmem(out.ptr, out.len, header.ptr, header.len));
	assert_true(clock() - began < CLOCKS_PER_SEC);
	buf_free(&header);
	buf_free(&out);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + COUNT(laxes) + COUNT(mimes) +
				COUNT(wholes) + COUNT(ends) +
				COUNT(from_lines) + COUNT(tos) + 3];
	size_t n = 0;

	setenv("TZ", "UTC0", 1);
	tzset();
	ADD_ROWS(tests, n, rows, check);
	ADD_ROWS(tests, n, mimes, check_mime);
	ADD_ROWS(tests, n, wholes, check_whole);
	ADD_ROWS(tests, n, laxes, lax);
	ADD_ROWS(tests, n, ends, check_end);
	ADD_ROWS(tests, n, from_lines, check_from_line);
	ADD_ROWS(tests, n, tos, check_to);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(mime_fields_come_last);
	tests[n++] =
	    (struct CMUnitTest)cmocka_unit_test(ten_thousand_recipients);
	tests[n] = (struct CMUnitTest)cmocka_unit_test(a_megabyte_of_header);
	return cmocka_run_group_tests_name("complete", tests, NULL, NULL);
}
