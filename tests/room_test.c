#include "common/room.h"
#include "tests/rows.h"

static const struct row {
	const char *name;
	unsigned long files, avail, blocks; /* of 4096 octets */
	bool want, only;
} rows[] = {
	{ "one_less_than_the_least", 1000, 15, 256, true, true },
	{ "as_many_as_the_least", 1000, 16, 256, false, false },
	{ "none", 1000, 0, 256, true, true },
	{ "not_counted", 0, 0, 256, false, false },	       /* btrfs */
	{ "blocks_are_short_too", 1000, 0, 255, true, false }, /* XFS */
};

static void
check(void **state)
{
	const struct row *row = *state;
	struct statvfs fs = { .f_files = row->files,
		.f_favail = row->avail,
		.f_bavail = row->blocks,
		.f_frsize = 4096 };

	assert_int_equal(room_few_files(&fs, 16), row->want);
	assert_int_equal(room_only_files(&fs), row->only);
}

/* A file that is to be made: its folder is asked.  No answer is no. */
static void
paths(void **state)
{
	static const char *const all[] = { "/", "/not there", "/no/where/x",
		"not there", "" };

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++)
		assert_false(room_no_files(all[i]));
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + 1];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	tests[n] = (struct CMUnitTest)cmocka_unit_test(paths);
	return cmocka_run_group_tests_name("room", tests, NULL, NULL);
}
