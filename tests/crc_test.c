#include "common/crc.h"
#include "common/span.h"
#include "tests/rows.h"

static const struct row {
	const char *name;
	struct span text;
	uint32_t want;
} rows[] = {
	{ "check_value", S("123456789"), 0xe3069283 },
	{ "nothing", S(""), 0 },
	/* RFC 3720 B.4 */
	{ "32_octets_of_zero",
	    S("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	      "\0"),
	    0x8a9136aa },
};

static void
check(void **state)
{
	const struct row *row = *state;

	assert_int_equal(crc32c(0, row->text.ptr, row->text.len), row->want);
}

/* Every cut, so that no length of a piece is special. */
static void
pieces_make_the_same_sum(void **state)
{
	static const char text[] =
	    "The quick brown fox jumps over the lazy dog";
	uint32_t whole = crc32c(0, text, sizeof text);

	(void)state;
	for (size_t i = 0; i <= sizeof text; i++)
		assert_int_equal(
		    crc32c(crc32c(0, text, i), text + i, sizeof text - i),
		    whole);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + 1];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	tests[n] =
	    (struct CMUnitTest)cmocka_unit_test(pieces_make_the_same_sum);
	return cmocka_run_group_tests_name("crc", tests, NULL, NULL);
}
