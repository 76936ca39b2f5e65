#include "sendmail/rcpts.h"
#include "tests/rows.h"
#include <stdio.h>

static const struct row {
	const char *name;
	struct span text;
	const char *want; /* NULL: refused */
} rows[] = {
	{ "bare_name_is_qualified", S("bob"), "bob@d.example" },
	{ "whole_address_stays", S("bob@c.example"), "bob@c.example" },
	{ "brackets_go", S(" <bob@c> "), "bob@c" },
	{ "route_goes", S("<@x:bob@c>"), "bob@c" },
	{ "quotes_stay", S("\"a b\""), "\"a b\"@d.example" },
	{ "detail_stays", S("bob+x"), "bob+x@d.example" },
	{ "capitals_stay", S("Bob@C"), "Bob@C" },
	{ "literal_stays", S("a@[127.0.0.1]"), "a@[127.0.0.1]" },
	{ "empty", S(""), NULL },
	{ "null_path", S("<>"), NULL },
	{ "lf", S("a\nb"), NULL },
	{ "nul", S("a\0b"), NULL },
	{ "blank", S("a b"), NULL },
	{ "escape_sequence", S("\x1b[2J@x"), NULL },
};

static void
check(void **state)
{
	const struct row *row = *state;
	struct buf out = { 0 }, why = { 0 };
	int done = rcpts_qualify(row->text, "d.example", &out, &why);

	assert_int_equal(done, row->want ? 0 : -1);
	if (row->want)
		assert_string_equal(buf_c(&out), row->want);
	else
		assert_true(why.len > 10);
	for (size_t i = 0; i < why.len; i++)
		assert_in_range(why.ptr[i], ' ', '~');
	buf_free(&out);
	buf_free(&why);
}

static void
each_once(void **state)
{
	static const char *const in[] = { "a", "b@c", "<a>", "a@d.example", "A",
		"b@c", "b@C" };
	static const char *const want[] = { "a@d.example", "b@c", "A@d.example",
		"b@C" };
	struct env e = { 0 };
	struct rcpts r = { .env = &e, .domain = "d.example" };
	struct buf why = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(in); i++)
		assert_int_equal(rcpts_add(&r, span_of(in[i]), &why), 0);
	assert_int_equal(e.nrcpts, COUNT(want));
	for (size_t i = 0; i < COUNT(want); i++)
		assert_string_equal(e.rcpts[i].addr, want[i]);
	rcpts_free(&r);
	env_free(&e);
}

static void
what_is_no_address_is_not_added(void **state)
{
	struct env e = { 0 };
	struct rcpts r = { .env = &e, .domain = "d.example" };
	struct buf why = { 0 };

	(void)state;
	assert_int_equal(rcpts_add(&r, SPAN("a b"), &why), -1);
	assert_string_equal(
	    buf_c(&why), "\"a b\" is no address: not a valid address");
	assert_int_equal(e.nrcpts, 0);
	buf_free(&why);
	rcpts_free(&r);
	env_free(&e);
}

static void
as_many_as_may_be_and_no_more(void **state)
{
	struct env e = { 0 };
	struct rcpts r = { .env = &e, .domain = "d.example" };
	struct buf why = { 0 };
	char name[32];

	(void)state;
	for (int round = 0; round < 2; round++) /* the second adds none */
		for (int i = 0; i < RCPTS_MAX - 1; i++) {
			snprintf(name, sizeof name, "user%d", i);
			assert_int_equal(rcpts_add(&r, span_of(name), &why), 0);
		}
	assert_int_equal(e.nrcpts, RCPTS_MAX - 1);
	assert_string_equal(e.rcpts[777].addr, "user777@d.example");
	assert_int_equal(rcpts_add(&r, SPAN("last"), &why), 0);
	assert_int_equal(rcpts_add(&r, SPAN("one-more"), &why), -1);
	assert_int_equal(e.nrcpts, RCPTS_MAX);
	assert_true(span_starts(buf_view(&why), SPAN("more than 50000 ")));
	buf_free(&why);
	rcpts_free(&r);
	env_free(&e);
}

int
main(void)
{
	static const struct CMUnitTest more[] = {
		cmocka_unit_test(each_once),
		cmocka_unit_test(what_is_no_address_is_not_added),
		cmocka_unit_test(as_many_as_may_be_and_no_more),
	};
	struct CMUnitTest tests[COUNT(rows) + COUNT(more)];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	memcpy(tests + n, more, sizeof more);
	return cmocka_run_group_tests_name("rcpts", tests, NULL, NULL);
}
