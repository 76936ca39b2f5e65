#include "common/alias.h"
#include "tests/rows.h"

static const char kinds[] = { [ALIAS_ADDRESS] = '@',
	[ALIAS_INCLUDE] = ':',
	[ALIAS_COMMAND] = '|',
	[ALIAS_FILE] = '/',
	[ALIAS_BROKEN] = '!' };

/* "LINE KIND[text]" of each, \ for the last; why instead of what is broken. */
static void
print_items(struct alias_list list, struct buf *out)
{
	struct alias_item item = { 0 };
	int got;

	while ((got = alias_item(&list, &item)) == 1) {
		buf_fmt(out, "%s%u%c%s[", out->len ? " " : "", item.line,
		    kinds[item.kind], item.last ? "\\" : "");
		if (item.wrong)
			buf_str(out, item.wrong);
		else
			buf_span(out, buf_view(&item.text));
		buf_chr(out, ']');
	}
	assert_int_equal(got, 0);
	alias_item_free(&item);
}

struct row {
	const char *name;
	struct span text;
	const char *want;
};

#define NO_ADDRESS "not a valid address; is a comma or a quote missing?"

/* A .forward or an :include: file. */
static const struct row lists[] = {
	{ "empty", S(""), "" },
	{ "nothing_said", S("\n , ,\t,\n# x, y\n  # z"), "" },
	{ "one", S("alice"), "1@[alice]" },
	{ "commas", S("alice,bob ,\tcarol@c.example\n"),
	    "1@[alice] 1@[bob] 1@[carol@c.example]" },
	{ "lines", S("alice\n\nbob,\ncarol\n"), "1@[alice] 3@[bob] 4@[carol]" },
	{ "crlf", S("alice\r\nbob\r\n"), "1@[alice] 2@[bob]" },
	{ "cr_alone", S("ali\rce\nbob"), "1![a control octet] 2@[bob]" },
	{ "no_comma", S("alice bob\ncarol"), "1![" NO_ADDRESS "] 2@[carol]" },
	{ "comment_line", S("# alice\n  #\nbob"), "3@[bob]" },
	{ "comment_behind", S("alice # bob, carol\ndave"),
	    "1@[alice] 2@[dave]" },
	{ "comment_behind_comma", S("alice,#bob\ncarol"),
	    "1@[alice] 2@[carol]" },
	{ "hash_in_a_word", S("a#b@c"), "1@[a#b@c]" },
	{ "brackets", S("<alice@a.example>, <bob>"),
	    "1@[alice@a.example] 1@[bob]" },
	{ "source_route", S("<@a.example,@b.example:c@d.example>, e"),
	    "1@[c@d.example] 1@[e]" },
	{ "display_name", S("Alice Liddell <alice@a.example>"),
	    "1@[alice@a.example]" },
	{ "display_name_quoted", S("\"Liddell, <A>\" <alice@a.example>, bob"),
	    "1@[alice@a.example] 1@[bob]" },
	{ "comments", S("alice (the, (first) \\) #1), bob"),
	    "1@[alice] 1@[bob]" },
	{ "quoted_local_part", S("\"a, \\\"b\"@c.example,\"d e\""),
	    "1@[\"a, \\\"b\"@c.example] 1@[\"d e\"]" },
	{ "literal", S("a@[IPv6:::1]"), "1@[a@[IPv6:::1]]" },
	{ "utf8", S("\xc3\xb6@\xc3\xb6.example"),
	    "1@[\xc3\xb6@\xc3\xb6.example]" },
	{ "last", S("\\alice, \"|/bin/x alice\""),
	    "1@\\[alice] 1|[/bin/x alice]" },
	{ "last_with_domain", S("\\alice@a.example"), "1@\\[alice@a.example]" },
	{ "last_of_nobody", S("\\"), "1![" NO_ADDRESS "]" },

	{ "command", S("|/bin/a b\nalice"), "1|[/bin/a b] 2@[alice]" },
	{ "command_blank", S("| \t/bin/a"), "1|[/bin/a]" },
	{ "command_to_the_comma", S("|/bin/a (b, c"), "1|[/bin/a (b] 1@[c]" },
	{ "command_quoted", S("\"|/bin/a b, \\\"c\\\" \\\\d\", e"),
	    "1|[/bin/a b, \"c\" \\d] 1@[e]" },
	{ "command_in_quotes_behind", S("|\"/bin/a b, c\""),
	    "1|[/bin/a b, c]" },
	{ "command_with_quotes", S("|/bin/a \"b, c\" d"),
	    "1|[/bin/a \"b, c\" d]" },
	{ "command_between_quotes", S("|\"/bin/a\" \"b\""),
	    "1|[\"/bin/a\" \"b\"]" },
	{ "command_with_hash", S("|/bin/a #1"), "1|[/bin/a #1]" },
	{ "command_of_procmail",
	    S("\"|IFS=' ' && exec /usr/bin/procmail -f- || exit 75 #bob\""),
	    "1|[IFS=' ' && exec /usr/bin/procmail -f- || exit 75 #bob]" },
	{ "command_tab", S("|a\tb"), "1|[a b]" },
	{ "command_none", S("|, \"|\", \"| \""),
	    "1![no command behind |] 1![no command behind |] "
	    "1![no command behind |]" },
	{ "command_nul", S("|a\0b"), "1![a control octet]" },
	{ "command_escape", S("|a\x1b[2J\nalice"),
	    "1![a control octet] 2@[alice]" },

	{ "file", S("/srv/mail/a"), "1/[/srv/mail/a]" },
	{ "file_quoted", S("\"/srv/my mail, (1)\""), "1/[/srv/my mail, (1)]" },
	{ "file_and_comment", S("/dev/null # away"), "1/[/dev/null]" },
	{ "file_goes_up", S("/srv/../etc/passwd, /a..b"),
	    "1![\"..\" is not allowed in a path] 1/[/a..b]" },
	{ "file_root", S("/"), "1![no path; it must begin with /]" },
	{ "file_at_home", S("~/Mail"),
	    "1![a file is named from the root, by a path that begins with /]" },
	{ "include", S(":include:/etc/list, :INCLUDE: /etc/two # x"),
	    "1:[/etc/list] 1:[/etc/two]" },
	{ "include_quoted", S(":include:\"/a b\",\":include:/c, d\""),
	    "1:[/a b] 1:[/c, d]" },
	{ "include_relative", S(":include:list"),
	    "1![no path; it must begin with /]" },
	{ "include_nothing", S(":include:"),
	    "1![no path; it must begin with /]" },
	{ "other_colons", S(":fail: away\nbob"),
	    "1![of the words between colons only :include: is known] "
	    "2@[bob]" },

	{ "unclosed_quote", S("\"|a, b\nc"),
	    "1![the closing quote is missing] 2@[c]" },
	{ "unclosed_parenthesis", S("a (b, c\nd"),
	    "1![the closing parenthesis is missing] 2@[d]" },
	{ "unclosed_bracket", S("<a, b\nc"),
	    "1![the closing angle bracket is missing] 2@[c]" },
	{ "junk_behind_quote", S("\"|a\" b, c"),
	    "1![junk behind a closing quote] 1@[c]" },
	{ "backslash_at_the_end", S("|a\\"), "1|[a\\]" },
	{ "quoted_backslash_at_the_end", S("\"|a\\\""),
	    "1![the closing quote is missing]" },
};

static void
check_list(void **state)
{
	const struct row *row = *state;
	struct buf got = { 0 };

	print_items(alias_lines(row->text), &got);
	assert_string_equal(buf_c(&got), row->want);
	buf_free(&got);
}

/* A file of aliases: "LINE name (items)" or "LINE !why". */
static const struct row files[] = {
	{ "no_file", S(""), "" },
	{ "only_comments", S("# a: b\n\n   \n\t# c\n"), "" },
	{ "entry", S("root: alice\n"), "1 root (1@[alice])" },
	{ "entries", S("root:alice\npostmaster : root\n"),
	    "1 root (1@[alice]) 2 postmaster (2@[root])" },
	{ "no_last_lf", S("root: alice"), "1 root (1@[alice])" },
	{ "case_is_kept", S("Root: Alice"), "1 Root (1@[Alice])" },
	{ "continued", S("l: a,\n\tb,\n  c\nm: d\n"),
	    "1 l (1@[a] 2@[b] 3@[c]) 4 m (4@[d])" },
	{ "continued_behind_colon", S("l:\n a\n"), "1 l (2@[a])" },
	{ "continued_over_a_comment", S("l: a,\n# b,\n\n  # c\n d\nm: e"),
	    "1 l (1@[a] 5@[d]) 6 m (6@[e])" },
	{ "comment_then_an_entry", S("l: a\n# b\n\nm: c"),
	    "1 l (1@[a]) 4 m (4@[c])" },
	{ "a_line_ends_no_item", S("l: a\n b"), "1 l (1![" NO_ADDRESS "])" },
	{ "command_continued", S("l: |a\n# x\n\tb"), "1 l (1|[a b])" },
	{ "quote_continued", S("l: \"|a\n  b\", c"), "1 l (1|[a b] 2@[c])" },
	{ "comment_behind", S("l: a # b\n , c"), "1 l (1@[a] 2@[c])" },
	{ "name_quoted", S("\"a: b\": c\n"), "1 a: b (1@[c])" },
	{ "name_quoted_escapes", S("\"a \\\"b\\\\\": c\n"),
	    "1 a \"b\\ (1@[c])" },
	{ "name_with_domain", S("a@b.example: c"), "1 a@b.example (1@[c])" },
	{ "include_is_no_name", S("l: :include:/a"), "1 l (1:[/a])" },
	{ "crlf_file", S("l: a,\r\n b\r\nm: c\r\n"),
	    "1 l (1@[a] 2@[b]) 3 m (3@[c])" },
	{ "broken_item_only", S("l: a b, c"),
	    "1 l (1![" NO_ADDRESS "] 1@[c])" },

	{ "no_colon", S("a\n b: x\nc: d"),
	    "1 !no colon behind the name 3 c (3@[d])" },
	{ "no_name", S(": a\nc: d"),
	    "1 !no name before the colon 2 c (2@[d])" },
	{ "empty_name", S("\"\": a"), "1 !no name before the colon" },
	{ "nothing_behind", S("a:\nb: , # x\nc: d"),
	    "1 !nothing behind the colon 2 !nothing behind the colon "
	    "3 c (3@[d])" },
	{ "blank_in_name", S("a b: c\nd: e"),
	    "1 !a blank in a name that is not quoted, or a colon is missing "
	    "2 d (2@[e])" },
	{ "begins_with_a_blank", S("  a: b\nc: d"),
	    "1 !a line that begins with a blank goes on with none "
	    "2 c (2@[d])" },
	{ "name_unclosed", S("\"a: b\nc: d"),
	    "1 !the closing quote of the name is missing 2 c (2@[d])" },
	{ "name_control", S("a\x1b: b\nc: d"),
	    "1 !a control octet in the name 2 c (2@[d])" },
	{ "name_nul", S("a\0: b"), "1 !a control octet in the name" },
	{ "item_unclosed_takes_no_more", S("a: \"b\nc: d"),
	    "1 a (1![the closing quote is missing]) 2 c (2@[d])" },
};

static void
check_file(void **state)
{
	const struct row *row = *state;
	struct span rest = row->text;
	struct alias_entry e = { 0 };
	struct buf got = { 0 }, items = { 0 };
	unsigned line = 0;
	int result;

	while ((result = alias_next(&rest, &line, &e)) == 1) {
		buf_fmt(&got, "%s%u ", got.len ? " " : "", e.line);
		if (e.wrong) {
			buf_fmt(&got, "!%s", e.wrong);
			continue;
		}
		buf_reset(&items);
		print_items(alias_items(&e), &items);
		buf_fmt(&got, "%s (%s)", buf_c(&e.name), buf_c(&items));
	}
	assert_int_equal(result, 0);
	assert_string_equal(buf_c(&got), row->want);
	alias_entry_free(&e);
	buf_free(&got);
	buf_free(&items);
}

static void
what_is_too_long(void **state)
{
	static char text[ALIAS_ITEM_MAX + 2];
	struct alias_list list;
	struct alias_item item = { 0 };

	(void)state;
	memset(text, 'a', sizeof text);
	text[0] = '|';
	list = alias_lines((struct span){ text, ALIAS_ITEM_MAX });
	assert_int_equal(alias_item(&list, &item), 1);
	assert_int_equal(item.kind, ALIAS_COMMAND);
	assert_int_equal(item.text.len, ALIAS_ITEM_MAX - 1);
	list = alias_lines((struct span){ text, ALIAS_ITEM_MAX + 1 });
	assert_int_equal(alias_item(&list, &item), 1);
	assert_string_equal(item.wrong, "longer than 4096 octets");
	assert_int_equal(alias_item(&list, &item), 0);
	text[0] = 'a';
	list = alias_lines((struct span){ text, 256 });
	assert_int_equal(alias_item(&list, &item), 1);
	assert_string_equal(item.wrong, "local part or domain over 255 octets");
	alias_item_free(&item);
}

static void
a_long_name(void **state)
{
	static char text[ALIAS_NAME_MAX + 4];
	struct span rest = { text, ALIAS_NAME_MAX + 2 };
	struct alias_entry e = { 0 };
	unsigned line = 0;

	(void)state;
	memset(text, 'a', sizeof text);
	text[ALIAS_NAME_MAX] = ':';
	assert_int_equal(alias_next(&rest, &line, &e), 1);
	assert_null(e.wrong);
	text[ALIAS_NAME_MAX] = 'a';
	text[ALIAS_NAME_MAX + 1] = ':';
	rest = (struct span){ text, sizeof text };
	assert_int_equal(alias_next(&rest, &line, &e), 1);
	assert_string_equal(e.wrong, "the name is longer than 255 octets");
	alias_entry_free(&e);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(lists) + COUNT(files) + 2];
	size_t n = 0;

	ADD_ROWS(tests, n, lists, check_list);
	ADD_ROWS(tests, n, files, check_file);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(what_is_too_long);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(a_long_name);
	return cmocka_run_group_tests_name("alias", tests, NULL, NULL);
}
