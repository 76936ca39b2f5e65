/* Records: any value comes back as it was; what is none is refused. */
#include "common/record.h"
#include "tests/rows.h"

static const struct row {
	const char *name;
	struct span value;
	const char *text;
} rows[] = {
	{ "plain", S("eve@far.example"), "rcpt to=eve@far.example\n" },
	{ "empty", S(""), "rcpt to=\n" },
	{ "blanks", S("not now, later"), "rcpt to=not%20now,%20later\n" },
	{ "line_end", S("a\r\nb"), "rcpt to=a%0d%0ab\n" },
	{ "percent", S("100%"), "rcpt to=100%25\n" },
	{ "high_octets", S("\xc3\xa4\xff"), "rcpt to=%c3%a4%ff\n" },
	{ "equals_sign", S("a=b c=d"), "rcpt to=a=b%20c=d\n" },
	{ "delete", S("\x7f"), "rcpt to=%7f\n" },
};

static void
check(void **state)
{
	const struct row *row = *state;
	struct buf b = { 0 }, value = { 0 };
	struct span rest, key;

	record_begin(&b, "rcpt");
	record_str(&b, "to", row->value);
	record_end(&b);
	assert_string_equal(buf_c(&b), row->text);
	rest = buf_view(&b);
	assert_true(span_eq(span_word(&rest), SPAN("rcpt")));
	assert_int_equal(record_next(&rest, &key, &value), 1);
	assert_true(span_eq(key, SPAN("to")));
	assert_true(span_eq(buf_view(&value), row->value));
	assert_int_equal(record_next(&rest, &key, &value), 0);
	buf_free(&b);
	buf_free(&value);
}

static const struct bad {
	const char *name;
	struct span text;
} bad[] = {
	{ "no_value", S("to") },
	{ "no_key", S("=x") },
	{ "half_an_escape", S("to=%4") },
	{ "escape_at_the_end", S("to=%") },
	{ "no_digits", S("to=%zz") },
	{ "a_nul_in_disguise", S("to=a%00b") },
	{ "a_control_octet", S("to=a\033b") },
	{ "a_high_octet", S("to=\xff") },
};

static void
check_bad(void **state)
{
	const struct bad *row = *state;
	struct buf value = { 0 };
	struct span rest = row->text, key;

	assert_int_equal(record_next(&rest, &key, &value), -1);
	buf_free(&value);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + COUNT(bad)];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	ADD_ROWS(tests, n, bad, check_bad);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
