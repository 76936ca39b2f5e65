#include "common/wrap.h"
#include "tests/rows.h"
#include <stdio.h>
#include <unistd.h>

static const struct row {
	const char *name, *text;
	unsigned width;
	const char *want;
} rows[] = {
	{ "no_window", "a b c d e f g h i j k l m n o p\n  a  b\n", 0,
	    "a b c d e f g h i j k l m n o p\n  a  b\n" },
	{ "what_fits_stays", "a  b\n  c.  d\n", 30, "a  b\n  c.  d\n" },
	{ "exactly", "abcdefgh  ijklmnop qrstuvwxyz\n", 29,
	    "abcdefgh  ijklmnop qrstuvwxyz\n" },
	{ "one_too_long", "abcdefgh ijklmnop qrstuvwxyz\n", 27,
	    "abcdefgh ijklmnop\n    qrstuvwxyz\n" },
	{ "behind_its_own_indent", "  abcdefgh ijklmnop qrstuvwxyz\nx\n", 29,
	    "  abcdefgh ijklmnop\n      qrstuvwxyz\nx\n" },
	{ "no_word_is_cut", "a bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb c\n", 24,
	    "a\n    bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n    c\n" },
	{ "no_line_end", "a\nb", 30, "a\nb\n" },
	{ "nothing", "", 30, "\n" },
};

static void
check(void **state)
{
	const struct row *row = *state;
	struct buf b = { 0 };

	wrap_lines(&b, row->width, span_of(row->text));
	assert_string_equal(buf_c(&b), row->want);
	buf_free(&b);
}

static void
no_terminal_has_no_width(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(wrap_window(ends[1]), 0);
	close(ends[0]);
	close(ends[1]);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + 1] = { cmocka_unit_test(
	    no_terminal_has_no_width) };
	size_t n = 1;

	ADD_ROWS(tests, n, rows, check);
	return cmocka_run_group_tests_name("wrap", tests, NULL, NULL);
}
