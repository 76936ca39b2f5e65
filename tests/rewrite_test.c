#include "common/field.h"
#include "deliver/net/rewrite.h"
#include "tests/rows.h"
#include <stdlib.h>

static struct conf_sender lines[] = {
	{ (char *)(uintptr_t) "root@*", (char *)(uintptr_t) "host alerts",
	    (char *)(uintptr_t) "alerts@example.org", 1 },
	{ (char *)(uintptr_t) "*@host.lan", NULL,
	    (char *)(uintptr_t) "me@example.org", 2 },
	{ (char *)(uintptr_t) "gr\xc3\xbcn@*",
	    (char *)(uintptr_t) "Gr\xc3\xbcn",
	    (char *)(uintptr_t) "g@example.org", 3 },
};
static const struct conf conf = { .domain = (char *)(uintptr_t) "host.lan",
	.senders_as = lines,
	.nsenders_as = COUNT(lines) };

static const struct sender {
	const char *name;
	struct span addr;
	const char *as;
} senders[] = {
	{ "null_stays", S(""), NULL },
	{ "fits", S("root@host.lan"), "alerts@example.org" },
	{ "first_that_fits", S("root@else.example"), "alerts@example.org" },
	{ "case", S("Root@HOST.lan"), "alerts@example.org" },
	{ "domain", S("bob@host.lan"), "me@example.org" },
	{ "bare", S("root"), "alerts@example.org" },
	{ "bare_by_its_domain", S("bob"), "me@example.org" },
	{ "none_fits", S("bob@else.example"), NULL },
	{ "mailer_daemon", S("MAILER-DAEMON@host.lan"), "me@example.org" },
};

static void
check_sender(void **state)
{
	const struct sender *row = *state;
	const char *as = rewrite_sender(&conf, row->addr);

	if (row->as == NULL)
		assert_null(as);
	else
		assert_string_equal(as, row->as);
}

static const struct head {
	const char *name, *sender;
	struct span in;
	struct span out; /* empty: nothing changes */
} heads[] = {
	{ "cron", "root@host.lan",
	    S("From: root@host.lan (Cron Daemon)\nTo: root@host.lan\n\n"
	      "From: root@host.lan\n"),
	    S("From: host alerts <alerts@example.org>\n"
	      "X-Original-From: root@host.lan (Cron Daemon)\n"
	      "To: root@host.lan\n") },
	{ "bare_name", "root@host.lan", S("From: root (Cron Daemon)\n\n"),
	    S("From: host alerts <alerts@example.org>\n"
	      "X-Original-From: root (Cron Daemon)\n") },
	{ "no_phrase_keeps_name", "", S("From: \"Bob, B.\" <bob@host.lan>\n\n"),
	    S("From: \"Bob, B.\" <me@example.org>\n"
	      "X-Original-From: \"Bob, B.\" <bob@host.lan>\n") },
	{ "no_phrase_keeps_comment", "", S("From: bob@host.lan (Bob B.)\n\n"),
	    S("From: \"Bob B.\" <me@example.org>\n"
	      "X-Original-From: bob@host.lan (Bob B.)\n") },
	{ "no_phrase_no_name", "", S("From: bob@host.lan\n\n"),
	    S("From: <me@example.org>\nX-Original-From: bob@host.lan\n") },
	{ "phrase_not_ascii", "", S("From: gr\xc3\xbcn@x.example\n\n"),
	    S("From: =?UTF-8?B?R3LDvG4=?= <g@example.org>\n"
	      "X-Original-From: gr\xc3\xbcn@x.example\n") },
	{ "another_stays", "", S("From: Ann <ann@else.example>\n\n"), S("") },
	{ "one_of_two", "",
	    S("From: Ann <ann@else.example>,\n bob@host.lan, c@d.example\n\n"),
	    S("From: Ann <ann@else.example>, <me@example.org>, c@d.example\n"
	      "X-Original-From: Ann <ann@else.example>,\n bob@host.lan, "
	      "c@d.example\n") },
	{ "sender_and_resent", "",
	    S("Sender: bob@host.lan\nResent-From: bob@host.lan\n"
	      "Resent-Sender: bob@host.lan\nReply-To: bob@host.lan\n\n"),
	    S("Sender: <me@example.org>\nX-Original-Sender: bob@host.lan\n"
	      "Resent-From: <me@example.org>\n"
	      "X-Original-Resent-From: bob@host.lan\n"
	      "Resent-Sender: <me@example.org>\n"
	      "X-Original-Resent-Sender: bob@host.lan\n"
	      "Reply-To: bob@host.lan\n") },
	{ "bounce", "",
	    S("From: Mail Delivery System <MAILER-DAEMON@host.lan>\n\n"),
	    S("From: Mail Delivery System <me@example.org>\n"
	      "X-Original-From: Mail Delivery System "
	      "<MAILER-DAEMON@host.lan>\n") },
	{ "group", "", S("From: all: bob@host.lan, a@b.example;\n\n"),
	    S("From: <me@example.org>\n"
	      "X-Original-From: all: bob@host.lan, a@b.example;\n") },
	{ "broken_by_the_envelope", "root@host.lan", S("From: root <root@\n\n"),
	    S("From: host alerts <alerts@example.org>\n"
	      "X-Original-From: root <root@\n") },
	{ "broken_of_another", "a@b.example", S("From: root <\n\n"), S("") },
	{ "case_of_the_name", "", S("FROM: bob@host.lan\n\n"),
	    S("FROM: <me@example.org>\nX-Original-FROM: bob@host.lan\n") },
	{ "only_a_body", "root@host.lan", S("\nFrom: root@host.lan\n"), S("") },
	{ "no_end_of_header", "", S("Subject: x\nFrom: bob@host.lan"),
	    S("Subject: x\nFrom: <me@example.org>\n"
	      "X-Original-From: bob@host.lan\n") },
	{ "colon_in_a_quote", "", S("From: \"a:b\" <bob@host.lan>\n\n"),
	    S("From: \"a:b\" <me@example.org>\n"
	      "X-Original-From: \"a:b\" <bob@host.lan>\n") },
};

static void
check_head(void **state)
{
	const struct head *row = *state;
	struct buf out = { 0 };
	size_t used = 0;
	int changed =
	    rewrite_header(&conf, span_of(row->sender), row->in, &out, &used);

	assert_int_equal(changed, row->out.len > 0);
	if (changed) {
		assert_string_equal(buf_c(&out), row->out.ptr);
		assert_true(used <= row->in.len);
		assert_true(used == row->in.len || row->in.ptr[used] == '\n');
	}
	buf_free(&out);
}

static void
without_lines(void **state)
{
	struct conf none = conf;
	struct buf out = { 0 };
	size_t used;

	(void)state;
	none.nsenders_as = 0;
	assert_null(rewrite_sender(&none, SPAN("root@host.lan")));
	assert_int_equal(rewrite_header(&none, SPAN("root@host.lan"),
			     SPAN("From: root@host.lan\n\n"), &out, &used),
	    0);
	assert_int_equal(out.len, 0);
}

/* However many fields and mailboxes there are, it grows by so much only; and
 * what lies beyond the part that is looked at is left alone. */
static void
bounded(void **state)
{
	static const char *const unit[] = { "From:bob\n", "bob,", "bob:;," };
	(void)state;
	for (size_t i = 0; i < COUNT(unit); i++) {
		struct buf in = { 0 }, out = { 0 };
		size_t used = 0;

		buf_str(&in, "From:");
		while (in.len + 8 < REWRITE_HEAD)
			buf_str(&in, unit[i]);
		while (in.len < REWRITE_HEAD)
			buf_chr(&in, 'x');
		rewrite_header(&conf, SPAN("bob"), buf_view(&in), &out, &used);
		assert_false(out.bad);
		assert_true(out.len < REWRITE_HEAD + (1 << 20));
		assert_true(used < in.len);
		buf_free(&in);
		buf_free(&out);
	}
}

int
main(void)
{
	static struct CMUnitTest tests[64];
	size_t n = 0;

	ADD_ROWS(tests, n, senders, check_sender);
	ADD_ROWS(tests, n, heads, check_head);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(without_lines);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(bounded);
	return _cmocka_run_group_tests("rewrite", tests, n, NULL, NULL);
}
