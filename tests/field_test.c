#include "common/field.h"
#include "tests/rows.h"
#include <errno.h>

#define X10 "xxxxxxxxxx"
#define X100 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10
#define X900 X100 X100 X100 X100 X100 X100 X100 X100 X100
#define X990 X900 X10 X10 X10 X10 X10 X10 X10 X10 X10

static const struct one {
	const char *name;
	struct span header;
	int want;
	struct span field, body, rest;
} fields[] = {
	{ "one_line", S("To: bob\n\nx"), 1, S("To"), S(" bob"), S("\nx") },
	{ "folded", S("To: a,\n b,\n\tc\nX: y\n"), 1, S("To"),
	    S(" a,\n b,\n\tc"), S("X: y\n") },
	{ "blank_line_folded_in", S("To: a\n \n b\n\n"), 1, S("To"),
	    S(" a\n \n b"), S("\n") },
	{ "blank_before_colon", S("Bcc : x\n"), 1, S("Bcc"), S(" x"), S("") },
	{ "no_last_lf", S("A:b"), 1, S("A"), S("b"), S("") },
	{ "empty_body", S("A:\n"), 1, S("A"), S(""), S("") },
	{ "nul_in_body", S("A:b\0c\n"), 1, S("A"), S("b\0c"), S("") },
	{ "empty_line_ends", S("\nA: b\n"), 0, S(""), S(""), S("\nA: b\n") },
	{ "nothing_more", S(""), 0, S(""), S(""), S("") },
	{ "text_is_no_field", S("Hello world\n"), 0, S(""), S(""),
	    S("Hello world\n") },
	{ "two_words_are_no_name", S("a b: c\n"), 0, S(""), S(""),
	    S("a b: c\n") },
	{ "mbox_line_is_no_field", S("From bob Mon Nov 23 05:20:33 2026\n"), 0,
	    S(""), S(""), S("From bob Mon Nov 23 05:20:33 2026\n") },
	{ "continuation_of_nothing", S(" a: b\n"), 0, S(""), S(""),
	    S(" a: b\n") },
	{ "colon_first", S(": b\n"), 0, S(""), S(""), S(": b\n") },
	{ "colon_in_next_line", S("To\n : b\n"), 0, S(""), S(""),
	    S("To\n : b\n") },
	{ "name_of_998", S(X990 "12345678: b\n"), 1, S(X990 "12345678"),
	    S(" b"), S("") },
	{ "name_of_999", S(X990 "123456789: b\n"), 0, S(""), S(""),
	    S(X990 "123456789: b\n") },
	{ "name_is_ascii", S("T\xc3\xb6: b\n"), 0, S(""), S(""),
	    S("T\xc3\xb6: b\n") },
};

static void
check_field(void **state)
{
	const struct one *row = *state;
	struct span rest = row->header;
	struct field f;

	assert_int_equal(field_next(&rest, &f), row->want);
	assert_true(span_eq(rest, row->rest));
	if (row->want == 0)
		return;
	assert_true(span_eq(f.name, row->field));
	assert_true(span_eq(f.body, row->body));
	assert_ptr_equal(f.whole.ptr, row->header.ptr);
	assert_int_equal(f.whole.len + rest.len, row->header.len);
}

/* The addresses, each with a blank behind it; "!" where the list breaks. */
static const struct list {
	const char *name;
	struct span body;
	const char *want;
} lists[] = {
	{ "bare_name", S(" root"), "root " },
	{ "address", S("a@b.example"), "a@b.example " },
	{ "several", S("a, b@c,\n d"), "a b@c d " },
	{ "comment_behind_name", S("root (Cron Daemon)"), "root " },
	{ "display_name", S("mdadm monitoring <root>"), "root " },
	{ "quoted_display_name", S("\"x@y, z\" <f@g>"), "f@g " },
	{ "dot_in_display_name", S("John Q. Doe <j@d>"), "j@d " },
	{ "address_as_display_name", S("x@y <X@y>"), "X@y " },
	{ "encoded_display_name", S("=?UTF-8?Q?a,_b=40c?= <d@e>"), "d@e " },
	{ "latin1_display_name", S("J\xf6rg <j@d>"), "j@d " },
	{ "utf8_address", S("<j\xc3\xb6@\xc3\xbc>"), "j\xc3\xb6@\xc3\xbc " },
	{ "quoted_local_part", S("\"a b\"@c.example"), "\"a b\"@c.example " },
	{ "quoted_pair_in_local_part", S("\"a\\\"b\"@c"), "\"a\\\"b\"@c " },
	{ "fold_in_quotes", S("\"a\n b\"@c"), "\"a b\"@c " },
	{ "partly_quoted_local_part", S("a.\"b c\".d@x"), "\"a.b c.d\"@x " },
	{ "blanks_around_dots", S("john . doe @ ex . org"),
	    "john.doe@ex.org " },
	{ "comments_everywhere", S("(a)b(c)@(d)e(f).g(h)"), "b@e.g " },
	{ "nested_comment", S("b (x (y) \\) z), c"), "b c " },
	{ "address_in_comment", S("a (b@c, d@e) , f"), "a f " },
	{ "route", S("<@a,@b:c@d>"), "c@d " },
	{ "literal", S("a@[127.0.0.1], b@[IPv6:::1]"),
	    "a@[127.0.0.1] b@[IPv6:::1] " },
	{ "empty_group", S("undisclosed-recipients:;"), "" },
	{ "group", S("A B: b, c <d@e>;, f"), "b d@e f " },
	{ "empty_elements", S(",a,,b,"), "a b " },
	{ "nothing", S(""), "" },
	{ "only_a_comment", S("(nobody)"), "" },
	{ "missing_comma", S("a@b c@d"), "!" },
	{ "missing_comma_between_names", S("bob smith"), "!" },
	{ "missing_comma_before_path", S("a@b <c@d>"), "!" },
	{ "missing_comma_behind_path", S("<a@b> <c@d>"), "!" },
	{ "first_are_given_before_the_break", S("a, b, c d"), "a b !" },
	{ "null_path", S("<>"), "!" },
	{ "unclosed_path", S("<a@b"), "!" },
	{ "unclosed_comment", S("a (b"), "!" },
	{ "unclosed_quotes", S("\"a"), "!" },
	{ "unclosed_group", S("A: b"), "b !" },
	{ "group_in_group", S("A: B: c;;"), "!" },
	{ "semicolon_without_group", S("a; b"), "!" },
	{ "missing_comma_behind_group", S("A: b; c"), "b !" },
	{ "control_octet", S("a\x01"), "!" },
	{ "nul", S("a\0b"), "!" },
	{ "escaped_lf_in_local_part", S("\"a\\\nb\"@c"), "!" },
	{ "two_at_signs", S("a@b@c"), "!" },
	{ "no_domain", S("a@"), "!" },
	{ "lone_backslash", S("\\"), "!" },
};

static int
collect(struct span addr, void *arg)
{
	struct buf *out = arg;

	buf_span(out, addr);
	buf_chr(out, ' ');
	return 0;
}

static void
check_list(void **state)
{
	const struct list *row = *state;
	struct buf got = { 0 };

	errno = 0;
	if (field_addresses(row->body, collect, &got) == -1) {
		assert_int_equal(errno, EILSEQ);
		buf_chr(&got, '!');
	}
	assert_string_equal(buf_c(&got), row->want);
	buf_free(&got);
}

static const struct phrase {
	const char *name;
	struct span text;
	const char *want;
} phrases[] = {
	{ "words", S("Cron Daemon"), "Cron Daemon" },
	{ "blanks_around_go", S(" a\t"), "a" },
	{ "dot_is_quoted", S("John Q. Doe"), "\"John Q. Doe\"" },
	{ "specials_are_quoted", S("a <b@c>, \"d\\"),
	    "\"a <b@c>, \\\"d\\\\\"" },
	{ "two_blanks_are_quoted", S("a  b"), "\"a  b\"" },
	{ "looks_encoded", S("=?x"), "\"=?x\"" },
	{ "controls_become_blanks", S("a\nBcc: b\0c"), "\"a Bcc: b c\"" },
	{ "empty", S(""), "\"\"" },
	{ "utf8", S("J\xc3\xb6rg"), "=?UTF-8?B?SsO2cmc=?=" },
	{ "latin1", S("J\xf6rg"), "=?ISO-8859-1?B?SvZyZw==?=" },
	{ "lf_in_utf8", S("\xc3\xb6\nx"), "=?UTF-8?B?w7YgeA==?=" },
	{ "characters_stay_whole",
	    S("abcdefghijklmnopqrstuvwxyzabcdef\xc3\xb6"),
	    "=?UTF-8?B?YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY=?=\n "
	    "=?UTF-8?B?w7Y=?=" },
	{ "latin1_words_are_short",
	    S("\xf6"
	      "abcdefghijklmnopqrstuvwxyz1234567"),
	    "=?ISO-8859-1?B?9mFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6MTIzNDU2?=\n "
	    "=?ISO-8859-1?B?Nw==?=" },
};

static void
check_phrase(void **state)
{
	const struct phrase *row = *state;
	struct buf got = { 0 };

	field_phrase(&got, row->text);
	assert_string_equal(buf_c(&got), row->want);
	buf_free(&got);
}

/* Bodies behind "To:"; "!": no list, and nothing was added. */
static const struct list bares[] = {
	{ "q_bare", S(" a"), " a@d" },
	{ "q_whole", S(" a@b"), " a@b" },
	{ "q_comment_behind", S(" root (Cron Daemon)"),
	    " root@d (Cron Daemon)" },
	{ "q_comment_before", S(" (x) root "), " (x) root@d " },
	{ "q_name_in_comment", S("(b) a (c, d)"), "(b) a@d (c, d)" },
	{ "q_path", S(" mdadm monitoring <root>"),
	    " mdadm monitoring <root@d>" },
	{ "q_path_with_blanks", S("x < root\t>"), "x < root@d\t>" },
	{ "q_path_with_comment", S("x <root(y)>"), "x <root@d(y)>" },
	{ "q_quoted_name", S("\"a, <b>\" <c>"), "\"a, <b>\" <c@d>" },
	{ "q_some", S("a, b@c,\n\tc <e> ,f@g"), "a@d, b@c,\n\tc <e@d> ,f@g" },
	{ "q_folding_stays", S("\n a,\n  b\n\t, c\n "),
	    "\n a@d,\n  b@d\n\t, c@d\n " },
	{ "q_empty_elements", S(",a,,b,"), ",a@d,,b@d," },
	{ "q_group", S("A B: b, c <x>, y@z;, f"),
	    "A B: b@d, c <x@d>, y@z;, f@d" },
	{ "q_empty_group", S("undisclosed-recipients:;"),
	    "undisclosed-recipients:;" },
	{ "q_quoted_local_part", S("\"a b\""), "\"a b\"@d" },
	{ "q_quoted_local_part_in_path", S("x <\"a b\">"), "x <\"a b\"@d>" },
	{ "q_obsolete_dots", S("john . doe (x)"), "john . doe@d (x)" },
	{ "q_obsolete_at", S("a @ b"), "a @ b" },
	{ "q_literal", S("a@[127.0.0.1], b"), "a@[127.0.0.1], b@d" },
	{ "q_route", S("<@a,@b:c@e>, <@x:y>"), "<@a,@b:c@e>, <@x:y@d>" },
	{ "q_utf8_local_part", S("j\xc3\xb6rg"), "j\xc3\xb6rg@d" },
	{ "q_encoded_name", S("=?UTF-8?Q?a,_b=40c?= <e>"),
	    "=?UTF-8?Q?a,_b=40c?= <e@d>" },
	{ "q_encoded_word_alone_stays", S("=?UTF-8?Q?bob?=, c"),
	    "=?UTF-8?Q?bob?=, c@d" },
	{ "q_latin1_name", S("J\xf6rg <j>"), "J\xf6rg <j@d>" },
	{ "q_nothing", S(""), "" },
	{ "q_only_a_comment", S(" (nobody)"), " (nobody)" },
	{ "q_two_words", S("bob smith"), "!" },
	{ "q_breaks_late", S("a, b, c d"), "!" },
	{ "q_null_path", S("<>"), "!" },
	{ "q_unclosed", S("a <b"), "!" },
	{ "q_local_part_too_long", S(" " X990 "@b,"), "!" },
	{ "q_folded_between_two",
	    S(" " X10 "@" X10 ",(" X900 X10 ") " X10 "," X10 X10 X10 X10 "@" X10
	      ",a"),
	    " " X10 "@" X10 ",(" X900 X10 ") " X10 "@d,\n " X10 X10 X10 X10
	    "@" X10 ",a@d" },
	{ "q_folded_at_the_blank_that_is_there",
	    S(" " X10 ",\t\"" X900 X10 X10 X10 X10 X10 X10 X10 X10 "\" <a@b>"),
	    " " X10 "@d,\n\t\"" X900 X10 X10 X10 X10 X10 X10 X10 X10
	    "\" <a@b>" },
	{ "q_no_blank_line_where_it_is_folded",
	    S(" (" X900 X10 X10 X10 X10 X10 X10 X10 ") " X10 ",       \n b"),
	    " (" X900 X10 X10 X10 X10 X10 X10 X10 ") " X10 "@d,       \n b@d" },
	{ "q_not_folded_where_it_is_already",
	    S(" (" X900 X10 X10 X10 X10 X10 X10 X10 ") " X10 ",\n (" X10 X10
	      ") b"),
	    " (" X900 X10 X10 X10 X10 X10 X10 X10 ") " X10 "@d,\n (" X10 X10
	    ") b@d" },
};

static void
check_bare(void **state)
{
	const struct list *row = *state;
	struct buf got = { 0 };

	buf_str(&got, "X: y\nTo:");
	errno = 0;
	if (field_qualify(&got, row->body, "d") == -1) {
		assert_int_equal(errno, EILSEQ);
		buf_chr(&got, '!');
	}
	assert_true(span_starts(buf_view(&got), SPAN("X: y\nTo:")));
	assert_string_equal(buf_c(&got) + 8, row->want);
	buf_free(&got);
}

static const struct list folds[] = {
	{ "f_short", S("A: b c\n"), "A: b c\n" },
	{ "f_998", S("Abcd: " X990 " x\n"), "Abcd: " X990 " x\n" },
	{ "f_999", S("Abcde: " X990 " x\n"), "Abcde: " X990 "\n x\n" },
	{ "f_last_blank_in_reach", S("A: b c\t" X900 "\t " X100 "\n"),
	    "A: b c\t" X900 "\t\n " X100 "\n" },
	{ "f_first_blank_beyond", S("A:" X900 X100 " b c\n"),
	    "A:" X900 X100 "\n b c\n" },
	{ "f_behind_the_colon", S("A: " X900 X100 "\n"),
	    "A:\n " X900 X100 "\n" },
	{ "f_never_before_the_colon", S("A :" X900 X100 "\n"),
	    "A :" X900 X100 "\n" },
	{ "f_no_blank_no_fold", S("A:" X900 X100 "\n"), "A:" X900 X100 "\n" },
	{ "f_no_blank_line_behind", S("A:" X900 X100 "  \t\n"),
	    "A:" X900 X100 "  \t\n" },
	{ "f_no_blank_line_before", S("A:\n \t " X900 X100 " b\n"),
	    "A:\n \t " X900 X100 "\n b\n" },
	{ "f_again_and_again", S("A: " X900 " " X900 " " X900 "\n"),
	    "A: " X900 "\n " X900 "\n " X900 "\n" },
	{ "f_continuation", S("A: b\n " X900 " " X100 "\n c\n"),
	    "A: b\n " X900 "\n " X100 "\n c\n" },
	{ "f_no_last_lf", S("A: " X900 " " X100), "A: " X900 "\n " X100 },
};

static void
check_fold(void **state)
{
	const struct list *row = *state;
	struct buf got = { 0 };

	field_fold(&got, row->body);
	assert_string_equal(buf_c(&got), row->want);
	buf_free(&got);
}

static void
a_long_phrase_is_cut_into_words(void **state)
{
	char text[3000];
	struct buf got = { 0 };
	struct span rest;

	(void)state;
	memset(text, 'x', sizeof text);
	field_phrase(&got, (struct span){ text, sizeof text });
	rest = buf_view(&got);
	while (rest.ptr)
		assert_in_range(span_cut(&rest, '\n').len, 1, 75);
	buf_free(&got);
}

static int
stop(struct span addr, void *arg)
{
	(void)addr;
	++*(int *)arg;
	errno = ENOSPC;
	return -1;
}

static void
the_caller_may_stop(void **state)
{
	int calls = 0;

	(void)state;
	assert_int_equal(field_addresses(SPAN("a, b"), stop, &calls), -1);
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(calls, 1);
}

static void
names_ignore_case(void **state)
{
	struct span rest = SPAN("bCC : x\n");
	struct field f;

	(void)state;
	assert_int_equal(field_next(&rest, &f), 1);
	assert_true(field_is(&f, "Bcc"));
	assert_false(field_is(&f, "Bc"));
	assert_false(field_is(&f, "Bccx"));
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(fields) + COUNT(lists) + COUNT(phrases) +
				COUNT(bares) + COUNT(folds) + 3];
	size_t n = 0;

	ADD_ROWS(tests, n, fields, check_field);
	ADD_ROWS(tests, n, lists, check_list);
	ADD_ROWS(tests, n, phrases, check_phrase);
	ADD_ROWS(tests, n, bares, check_bare);
	ADD_ROWS(tests, n, folds, check_fold);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(
	    a_long_phrase_is_cut_into_words);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(the_caller_may_stop);
	tests[n] = (struct CMUnitTest)cmocka_unit_test(names_ignore_case);
	return cmocka_run_group_tests_name("field", tests, NULL, NULL);
}
