/* Which messages need deliver-mime before a person can read them. */
#include "deliver/queue/terminal.h"
#include "tests/rows.h"

static const struct row {
	const char *name, *header;
	bool needed;
} rows[] = {
	{ "nothing_said", "From: a\nSubject: x\n\n", false },
	{ "empty", "", false },
	{ "no_header", "\nContent-Type: text/html\n", false },
	{ "plain", "Content-Type: text/plain\n\n", false },
	{ "plain_of_cron",
	    "MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n"
	    "Content-Transfer-Encoding: 8bit\n\n",
	    false },
	{ "ascii", "Content-Type: text/plain; charset=\"us-ascii\"\n\n",
	    false },
	{ "7bit", "Content-Transfer-Encoding: 7bit\n\n", false },
	{ "binary", "Content-Transfer-Encoding:  BINARY \n\n", false },
	{ "names_in_any_case", "CONTENT-TYPE: TEXT/PLAIN\n\n", false },
	{ "html", "Content-Type: text/html\n\n", true },
	{ "multipart", "Content-Type: multipart/mixed; boundary=x\n\n", true },
	{ "forwarded", "Content-Type: message/rfc822\n\n", true },
	{ "latin1", "Content-Type: text/plain; charset=ISO-8859-1\n\n", true },
	{ "folded_charset",
	    "Content-Type: text/plain;\n\tcharset=iso-8859-15\n\n", true },
	{ "quoted_printable", "Content-Transfer-Encoding: quoted-printable\n\n",
	    true },
	{ "base64", "Content-Transfer-Encoding: Base64\n\n", true },
	{ "nobody_knows_it", "Content-Transfer-Encoding: x-uuencode\n\n",
	    true },
	{ "encoded_subject", "Subject: =?utf-8?q?x?=\n\n", true },
	{ "encoded_from", "From: =?utf-8?q?x?= <a@b>\n\n", true },
	{ "encoded_word_that_nobody_sees", "X-Note: =?utf-8?q?x?=\n\n", false },
	{ "second_field",
	    "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n",
	    true },
	{ "in_the_body", "Subject: x\n\nContent-Type: text/html\n", false },
};

static void
check(void **state)
{
	const struct row *r = *state;

	assert_int_equal(readable_needed(span_of(r->header)), r->needed);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows)];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	return _cmocka_run_group_tests("readable", tests, n, NULL, NULL);
}
