#include "deliver/queue/explain.h"
#include "deliver/queue/report.h"
#include "deliver/queue/words.h"
#include "tests/rows.h"

static const struct words {
	const char *name;
	struct span in;
	const char *out;
} plain[] = {
	{ "words_ascii", S("a b"), "a b" },
	{ "words_utf8", S("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f" },
	{ "words_fold", S("a\r\n \tb"), "a b" },
	{ "words_nul", S("a\0b"), "a?b" },
	{ "words_escape", S("\033[2J"), "?[2J" },
	{ "words_latin1", S("gr\xfc\xdf"), "gr??" },
	{ "words_c1", S("a\xc2\x9b\x62"), "a?b" },
	{ "words_override", S("a\xe2\x80\xae\x62"), "a?b" },
	{ "words_torn", S("a\xc3"), "a?" },
};
static const struct words fields[] = {
	{ "field_plain", S(" hello\n there"), "hello there" },
	{ "field_b", S("=?UTF-8?B?w7w=?="), "\xc3\xbc" },
	{ "field_q", S("=?utf-8?q?=C3=BC_x?="), "\xc3\xbc x" },
	{ "field_latin1", S("=?ISO-8859-1?Q?=FC?="), "\xc3\xbc" },
	{ "field_language", S("=?UTF-8*de?Q?=C3=BC?="), "\xc3\xbc" },
	{ "field_two_words", S("=?UTF-8?Q?a?=\n =?UTF-8?Q?b?="), "ab" },
	{ "field_word_then_text", S("=?UTF-8?Q?a?= b"), "a b" },
	{ "field_text_then_word", S("a =?UTF-8?Q?b?="), "a b" },
	{ "field_text_between", S("=?UTF-8?Q?a?= x =?UTF-8?Q?b?="), "a x b" },
	{ "field_other_charset", S("=?KOI8-R?Q?=FC?="), "=?KOI8-R?Q?=FC?=" },
	{ "field_no_end", S("=?UTF-8?Q?abc"), "=?UTF-8?Q?abc" },
	{ "field_escape_inside", S("=?UTF-8?Q?=1B[2J?="), "?[2J" },
	{ "field_newline_inside", S("=?UTF-8?Q?a=0AX:_y?="), "a X: y" },
};
static const struct words xtexts[] = {
	{ "xtext_plain", S("a@b"), "a@b" },
	{ "xtext_plus", S("a+2Bb@c"), "a+b@c" },
	{ "xtext_torn", S("a+2"), "a+2" },
	{ "xtext_newline", S("a+0Ab"), "a b" },
};

static void
check(void (*add)(struct buf *, struct span), const struct words *row)
{
	struct buf b = { 0 };

	add(&b, row->in);
	assert_string_equal(buf_c(&b), row->out);
	buf_free(&b);
}
static void
add_plain(struct buf *b, struct span s)
{
	words_add(b, s, 100);
}
static void
add_field(struct buf *b, struct span s)
{
	words_field(b, s, 100);
}
static void
check_plain(void **state)
{
	check(add_plain, *state);
}
static void
check_field(void **state)
{
	check(add_field, *state);
}
static void
check_xtext(void **state)
{
	check(words_xtext, *state);
}

static void
limits(void **state)
{
	struct buf b = { 0 };
	struct span line, rest;

	(void)state;
	words_add(&b, SPAN("aaaa\xc3\xbc"), 5); /* no half character */
	assert_string_equal(buf_c(&b), "aaaa");
	buf_reset(&b);
	words_wrap(&b,
	    SPAN("one two three four five six seven eight nine ten eleven "
		 "twelve thirteen fourteen fifteen sixteen seventeen"),
	    1000, "    ");
	rest = buf_view(&b);
	while ((line = span_cut(&rest, '\n')).len) {
		assert_true(line.len <= 72);
		assert_memory_equal(line.ptr, "    ", 4);
	}
	buf_free(&b);
}

static const struct why {
	const char *name, *status, *words, *part;
} whys[] = {
	{ "why_unknown", "5.1.1", "no such user", "no mailbox of that name" },
	{ "why_full", "4.2.2", "", "full" },
	{ "why_large", "5.3.4", "", "too large" },
	{ "why_loop", "5.4.6", "", "circle" },
	{ "why_null_mx", "5.1.10", "", "takes no mail" },
	{ "why_1_1_is_not_1_10", "5.1.10", "", "takes no mail" },
	{ "why_relaying", "5.7.1", "Relaying denied", "from this machine" },
	{ "why_spf", "5.7.1", "SPF check failed", "may send mail" },
	{ "why_policy", "5.7.1", "because", "rule of its own" },
	{ "why_grey", "4.7.1", "Greylisted, come back", "later" },
	{ "why_bare_code", "5.0.0", "Relaying denied", "from this machine" },
	{ "why_none", "", "", "was not accepted" },
	{ "why_no_status", "5", "", "was not accepted" },
	{ "why_all_of_a_subject", "5.5.9", "", "do not understand" },
};

static void
check_why(void **state)
{
	const struct why *row = *state;
	const struct explanation *e =
	    explain(span_of(row->status), span_of(row->words));

	assert_non_null(strstr(e->what, row->part));
	assert_true(e->todo[0] != '\0');
}

#define HEADER                                                                 \
	"From: a@b\nSubject: Back\n up\nMessage-ID: <m@b>\n"                   \
	"References: <x@b>\n <y@b>\nDate: Mon, 1 Jan 2024 00:00:00 +0000\n"
static const struct report_rcpt bob = { ACTION_FAILED, "bob@c.example", NULL,
	NULL, "5.1.1", "no such user", "mx.c.example", false, 1700000000 };
static const struct report base = { REPORT_FAILED, "0123456789ABCDEF-1",
	"0123456789ABCDEF", "host.example", "example.org", "alice@example.org",
	"alice@example.org", 1700000100, 1700000000, 1700400000, NULL, &bob, 1,
	S(HEADER), false };

/* What a row changes, and what must be there or must not. */
static const struct compose {
	const char *name;
	enum report_kind kind;
	struct report_rcpt rcpt;
	const char *envid;
	struct span message;
	bool whole;
	const char *want[8], *not [4];
} composes[] = {
	{ "report_failed", REPORT_FAILED, bob, NULL, S(HEADER), false,
	    { "\nSubject: Undelivered: Back up\n",
		"\nTo: <alice@example.org>\n",
		"\nIn-Reply-To: <m@b>\nReferences: <x@b>\n <y@b>\n <m@b>\n",
		"Subject:  Back up\n", "no mailbox of that name",
		"mx.c.example said: no such user",
		"\nFinal-Recipient: rfc822; bob@c.example\nAction: failed\n"
		"Status: 5.1.1\nRemote-MTA: dns; mx.c.example\n"
		"Diagnostic-Code: smtp; no such user\nLast-Attempt-Date: ",
		"Content-Type: text/rfc822-headers\n\nFrom: a@b\n" },
	    { "Original-Envelope-Id", "Original-Recipient", "8bit",
		"Will-Retry" } },
	{ "report_own_words", REPORT_FAILED,
	    { ACTION_FAILED, "bob", NULL, NULL, "5.1.1", "no user", NULL, false,
		0 },
	    NULL, S(""), true,
	    { "Diagnostic-Code: x-bellman; no user\n",
		"Subject: Undelivered: (no subject)\n", "message/rfc822" },
	    { "Remote-MTA", "Last-Attempt", "In-Reply-To", " said: " } },
	{ "report_envid_orcpt", REPORT_FAILED,
	    { ACTION_FAILED, "bob@c.example", NULL, "rfc822;b+2Bx@c.example",
		"5.1.1", NULL, NULL, false, 0 },
	    "a+3Db", S(HEADER), false,
	    { "Original-Envelope-Id: a=b\n",
		"Original-Recipient: rfc822; b+x@c.example\nFinal" },
	    { "Diagnostic-Code" } },
	{ "report_child", REPORT_FAILED,
	    { ACTION_FAILED, "carol@d.example", "list@c.example", NULL, "5.1.1",
		NULL, NULL, false, 0 },
	    NULL, S(HEADER), false,
	    { "<list@c.example>\n        (which leads to <carol@d.example>)",
		"Original-Recipient: rfc822; list@c.example\n"
		"Final-Recipient: rfc822; carol@d.example\n" },
	    { 0 } },
	{ "report_delayed", REPORT_DELAYED,
	    { ACTION_DELAYED, "bob@c.example", NULL, NULL, "4.4.1", "refused",
		NULL, false, 5 },
	    NULL, S(HEADER), false,
	    { "Subject: Delayed: Back up\n", "auto-generated",
		"Action: delayed\nStatus: 4.4.1\n",
		"\nWill-Retry-Until: ", "you need not\nsend it again" },
	    { "not tried again" } },
	{ "report_delivered", REPORT_DONE,
	    { ACTION_DELIVERED, "bob", NULL, NULL, "2.0.0", "/var/mail/bob",
		NULL, false, 5 },
	    NULL, S(HEADER), false,
	    { "Subject: Delivered: Back up\n",
		"Action: delivered\nStatus: 2.0.0\n" },
	    { "/var/mail", "Diagnostic" } },
	{ "report_relayed", REPORT_DONE,
	    { ACTION_RELAYED, "bob@c.example", NULL, NULL, "2.0.0", "taken",
		"mx.c.example", false, 5 },
	    NULL, S(HEADER), false,
	    { "Subject: Handed on: Back up\n", "Action: relayed\n",
		"Remote-MTA: dns; mx.c.example\n" },
	    { 0 } },
	{ "report_expanded", REPORT_DONE,
	    { ACTION_EXPANDED, "team", NULL, NULL, "", NULL, NULL, false, 5 },
	    NULL, S(HEADER), false,
	    { "Action: expanded\nStatus: 2.0.0\n", "members of that list" },
	    { 0 } },
	{ "report_double", REPORT_DOUBLE, bob, NULL, S(HEADER "\nthe text\n"),
	    true,
	    { "Subject: Undeliverable report: Back up\n", "\nthe text\n",
		"message/rfc822" },
	    { 0 } },
	{ "report_terminal", REPORT_FAILED,
	    { ACTION_FAILED, "bob", NULL, NULL, "4.2.1", "mesg n", NULL, true,
		0 },
	    NULL, S(HEADER "\nthe text\n"), true,
	    { "recipient's terminal", "No other copy", "\nthe text\n" },
	    { 0 } },
	{ "report_status_of_success", REPORT_FAILED,
	    { ACTION_FAILED, "bob", NULL, NULL, "2.0.0", "ok?", NULL, false,
		0 },
	    NULL, S(HEADER), false, { "Status: 5.0.0\n" }, { "2.0.0" } },
	{ "report_utf8_address", REPORT_FAILED,
	    { ACTION_FAILED, "gr\xc3\xbcn@c.example", NULL, NULL, "5.1.1", NULL,
		NULL, false, 0 },
	    NULL, S(HEADER), false,
	    { "Content-Type: message/global-delivery-status\n"
	      "Content-Transfer-Encoding: 8bit\n",
		"Final-Recipient: utf-8; gr\xc3\xbcn@c.example\n",
		"charset=utf-8", "text/rfc822-headers" },
	    { "us-ascii" } },
	{ "report_utf8_header", REPORT_FAILED, bob, NULL,
	    S("Subject: gr\xc3\xbcn\n"), false,
	    { "Subject: Undelivered: =?UTF-8?B?", "message/global-headers",
		"Content-Type: message/delivery-status" },
	    { "Undelivered: gr" } },
	{ "report_latin1_header", REPORT_FAILED, bob, NULL,
	    S("Subject: gr\xfcn\n\nx\n"), true, { "message/rfc822\n" },
	    { "message/global" } },
	{ "report_hostile_words", REPORT_FAILED,
	    { ACTION_FAILED, "bob@c.example", NULL, NULL, "5.1.1",
		"no\nAction: delivered\r\n\r\n--=_0123456789ABCDEF-1", "m\nx",
		false, 0 },
	    NULL, S("Message-ID: <a b@c>\nSubject: x\r\n Bcc: y\n"), false,
	    { "Diagnostic-Code: smtp; no Action: delivered --=_",
		"Remote-MTA: dns; m x\n" },
	    { "\nAction: delivered", "In-Reply-To", "\nBcc: y" } },
};

static void
check_compose(void **state)
{
	const struct compose *row = *state;
	struct report r = base;
	struct buf b = { 0 };

	r.kind = row->kind;
	r.rcpts = &row->rcpt;
	r.envid = row->envid;
	r.message = row->message;
	r.whole = row->whole;
	report_compose(&r, &b);
	assert_false(b.bad);
	for (size_t i = 0; i < COUNT(row->want) && row->want[i]; i++)
		if (strstr(buf_c(&b), row->want[i]) == NULL)
			fail_msg("no \"%s\" in\n%s", row->want[i], buf_c(&b));
	for (size_t i = 0; i < COUNT(row->not ) && row->not [i]; i++)
		if (strstr(buf_c(&b), row->not [i]) != NULL)
			fail_msg("\"%s\" in\n%s", row->not [i], buf_c(&b));
	buf_free(&b);
}

/* Ten thousand recipients: people get a part, machines all. */
static void
many(void **state)
{
	enum { N = 10000 };
	static struct report_rcpt rcpts[N];
	struct report r = base;
	struct buf b = { 0 };
	size_t told = 0, listed = 0;

	(void)state;
	for (size_t i = 0; i < N; i++)
		rcpts[i] = bob;
	r.rcpts = rcpts;
	r.nrcpts = N;
	report_compose(&r, &b);
	for (const char *p = buf_c(&b); (p = strstr(p, "    <bob@")); p++)
		told++;
	for (const char *p = buf_c(&b); (p = strstr(p, "\nFinal-R")); p++)
		listed++;
	assert_int_equal(told, 1000);
	assert_int_equal(listed, N);
	assert_non_null(strstr(buf_c(&b), "... and 9000 more"));
	buf_free(&b);
}

int
main(void)
{
	static struct CMUnitTest tests[200];
	size_t n = 0;

	ADD_ROWS(tests, n, plain, check_plain);
	ADD_ROWS(tests, n, fields, check_field);
	ADD_ROWS(tests, n, xtexts, check_xtext);
	ADD_ROWS(tests, n, whys, check_why);
	ADD_ROWS(tests, n, composes, check_compose);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(limits);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(many);
	return _cmocka_run_group_tests("report", tests, n, NULL, NULL);
}
