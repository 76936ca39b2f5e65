#include "common/addr.h"
#include "tests/rows.h"

#define L16 "0123456789abcdef"
#define L64 L16 L16 L16 L16
#define L255 L64 L64 L64 L16 L16 L16 "0123456789abcde"

static const struct row {
	const char *name;
	struct span text;
	enum addr_error want;
	const char *local, *domain;
} rows[] = {
	{ "path", S("<bob@c.example>"), ADDR_OK, "bob", "c.example" },
	{ "no_brackets", S("bob@c.example"), ADDR_OK, "bob", "c.example" },
	{ "blanks_around", S("  <bob@c>  "), ADDR_OK, "bob", "c" },
	{ "local_user", S("bob"), ADDR_OK, "bob", "" },
	{ "local_user_in_brackets", S("<bob>"), ADDR_OK, "bob", "" },
	{ "dot_in_name", S("john.doe"), ADDR_OK, "john.doe", "" },
	{ "underscore_in_name", S("a_b"), ADDR_OK, "a_b", "" },
	{ "dash_first_in_name", S("-opt"), ADDR_OK, "-opt", "" },
	{ "detail", S("x+y"), ADDR_OK, "x+y", "" },
	{ "double_dot", S("a..b@c"), ADDR_OK, "a..b", "c" },
	{ "trailing_dot_in_name", S("a.@c"), ADDR_OK, "a.", "c" },
	{ "quoted_blank", S("\"a b\"@x"), ADDR_OK, "\"a b\"", "x" },
	{ "quoted_at_sign", S("<\"a@b\"@c.example>"), ADDR_OK, "\"a@b\"",
	    "c.example" },
	{ "quoted_quote", S("\"a\\\"b\"@c"), ADDR_OK, "\"a\\\"b\"", "c" },
	{ "ipv4_literal", S("a@[127.0.0.1]"), ADDR_OK, "a", "[127.0.0.1]" },
	{ "ipv6_literal", S("a@[IPv6:::1]"), ADDR_OK, "a", "[IPv6:::1]" },
	{ "utf8_both_sides", S("j\xc3\xb6rg@b\xc3\xbc.example"), ADDR_OK,
	    "j\xc3\xb6rg", "b\xc3\xbc.example" },
	{ "underscore_in_domain", S("a@_d.x"), ADDR_OK, "a", "_d.x" },
	{ "route_is_dropped", S("<@a,@b:c@d>"), ADDR_OK, "c", "d" },
	{ "literal_in_route", S("<@[IPv6:::1]:c@d>"), ADDR_OK, "c", "d" },
	{ "local_part_of_64", S(L64 "@c"), ADDR_OK, L64, "c" },
	{ "null_path", S("<>"), ADDR_EMPTY, NULL, NULL },
	{ "nothing", S(""), ADDR_EMPTY, NULL, NULL },
	{ "blanks_only", S("  "), ADDR_EMPTY, NULL, NULL },
	{ "local_part_of_65_as_lists_make_them", S("x" L64 "@c"), ADDR_OK,
	    "x" L64, "c" },
	{ "local_part_of_255", S(L255 "@c"), ADDR_OK, L255, "c" },
	{ "local_part_of_256", S("x" L255 "@c"), ADDR_LONG, NULL, NULL },
	{ "bare_local_part_of_256", S("x" L255), ADDR_LONG, NULL, NULL },
	{ "quoted_local_part_of_257", S("\"" L255 "\"@c"), ADDR_LONG, NULL,
	    NULL },
	{ "domain_of_256",
	    S("a@" L16 "." L16 "." L16 "." L16 "." L16 "." L16 "." L16 "." L16
	      "." L16 "." L16 "." L16 "." L16 "." L16 "." L16 "." L16 ".x"),
	    ADDR_LONG, NULL, NULL },
	{ "label_of_64", S("a@" L64 ".x"), ADDR_SYNTAX, NULL, NULL },
	{ "lf_inside", S("a\nb@c"), ADDR_CONTROL, NULL, NULL },
	{ "crlf_at_end", S("<a@c>\r\n"), ADDR_CONTROL, NULL, NULL },
	{ "nul_inside", S("a\0b@c"), ADDR_CONTROL, NULL, NULL },
	{ "tab_in_quotes", S("\"a\tb\"@c"), ADDR_CONTROL, NULL, NULL },
	{ "del", S("a\x7f"), ADDR_CONTROL, NULL, NULL },
	{ "c1_control_in_utf8", S("a\xc2\x9b"), ADDR_CONTROL, NULL, NULL },
	{ "ends_inside_escape", S("<\"\\"), ADDR_SYNTAX, NULL, NULL },
	{ "escape_before_end_of_quotes", S("\"a\\\"@c"), ADDR_SYNTAX, NULL,
	    NULL },
	{ "unclosed_bracket", S("<a@c"), ADDR_SYNTAX, NULL, NULL },
	{ "unopened_bracket", S("a@c>"), ADDR_SYNTAX, NULL, NULL },
	{ "junk_behind_path", S("<a@c> x"), ADDR_SYNTAX, NULL, NULL },
	{ "two_at_signs", S("a@b@c"), ADDR_SYNTAX, NULL, NULL },
	{ "no_local_part", S("@c"), ADDR_SYNTAX, NULL, NULL },
	{ "no_domain", S("a@"), ADDR_SYNTAX, NULL, NULL },
	{ "route_without_address", S("<@a:>"), ADDR_SYNTAX, NULL, NULL },
	{ "route_without_at", S("<@a,b:c@d>"), ADDR_SYNTAX, NULL, NULL },
	{ "trailing_dot_in_domain", S("a@c."), ADDR_SYNTAX, NULL, NULL },
	{ "double_dot_in_domain", S("a@b..c"), ADDR_SYNTAX, NULL, NULL },
	{ "dash_first_in_domain", S("a@-c"), ADDR_SYNTAX, NULL, NULL },
	{ "blank_inside", S("a b@c"), ADDR_SYNTAX, NULL, NULL },
	{ "comma_inside", S("a,b@c"), ADDR_SYNTAX, NULL, NULL },
	{ "text_behind_quotes", S("\"a\"b@c"), ADDR_SYNTAX, NULL, NULL },
	{ "invalid_utf8", S("a\xff@c"), ADDR_SYNTAX, NULL, NULL },
	{ "overlong_utf8", S("a\xc0\xaf@c"), ADDR_SYNTAX, NULL, NULL },
	{ "surrogate", S("a\xed\xa0\x80@c"), ADDR_SYNTAX, NULL, NULL },
	{ "latin1_domain", S("a@b\xfc.example"), ADDR_SYNTAX, NULL, NULL },
	{ "literal_is_no_address", S("a@[1.2.3]"), ADDR_SYNTAX, NULL, NULL },
	{ "literal_unclosed", S("a@[1.2.3.4"), ADDR_SYNTAX, NULL, NULL },
	{ "literal_empty", S("a@[]"), ADDR_SYNTAX, NULL, NULL },
};

static void
check(void **state)
{
	const struct row *row = *state;
	struct addr a;

	assert_int_equal(addr_parse(row->text, &a), row->want);
	if (row->want != ADDR_OK) {
		assert_null(a.local.ptr);
		return;
	}
	assert_true(span_eq(a.local, span_of(row->local)));
	assert_true(span_eq(a.domain, span_of(row->domain)));
}

static const struct name {
	const char *name;
	struct span local, want;
} names[] = {
	{ "name_as_it_is", S("bob"), S("bob") },
	{ "name_loses_quotes", S("\"a b\""), S("a b") },
	{ "name_loses_backslashes", S("\"a\\\"\\\\b\""), S("a\"\\b") },
	{ "name_may_be_empty", S("\"\""), S("") },
};

static void
check_name(void **state)
{
	const struct name *row = *state;
	struct buf name = { 0 };

	addr_local(row->local, &name);
	assert_true(span_eq(buf_view(&name), row->want));
	buf_free(&name);
}

static void
every_error_has_a_text(void **state)
{
	(void)state;
	for (int e = ADDR_OK; e <= ADDR_LONG; e++)
		assert_true(strlen(addr_error_text(e)) > 2);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + COUNT(names) + 1];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	ADD_ROWS(tests, n, names, check_name);
	tests[n] = (struct CMUnitTest)cmocka_unit_test(every_error_has_a_text);
	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
