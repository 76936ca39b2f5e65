/* Whose a uid is, by subuid(5). */
#include "common/span.h"
#include "deliver/subid.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct row {
	const char *name, *text;
	uid_t uid, owner;
} rows[] = {
	{ "first", "daemon:100000:65536\n", 100000, 1 },
	{ "last", "daemon:100000:65536\n", 165535, 1 },
	{ "one_more", "daemon:100000:65536\n", 165536, 165536 },
	{ "one_less", "daemon:100000:65536\n", 99999, 99999 },
	{ "by_number", "1001:100000:10\n", 100003, 1001 },
	{ "second_line", "1001:100000:10\n1002:200000:10", 200009, 1002 },
	{ "no_lf", "1001:100000:10", 100009, 1001 },
	{ "who_is_nobody", "no-such-user:100000:10\n", 100003, 100003 },
	{ "uids_of_the_machine", "1001:1002:10\n", 1003, 1003 },
	{ "into_them", "1001:65535:10\n", 65536, 65536 },
	{ "beyond_all", "1001:4294967290:100\n", 4294967292, 4294967292 },
	{ "negative", "1001:-5:100\n", 70000, 70000 },
	{ "of_none", "1001:100000:0\n", 100000, 100000 },
	{ "words", "1001:a:b\n1002:100000:1\n", 100000, 1002 },
	{ "too_few", "1001:100000\n:::\n\n1002:100000:1\n", 100000, 1002 },
	{ "empty", "", 100000, 100000 },
};

static void
check(void **state)
{
	const struct row *r = *state;
	struct subids s;

	assert_int_equal(subid_parse(span_of(r->text), &s), 0);
	assert_int_equal(subid_of(&s, r->uid), r->owner);
	free(s.all);
}

#define ROWS (sizeof rows / sizeof *rows)

int
main(void)
{
	struct CMUnitTest tests[ROWS];

	for (size_t i = 0; i < ROWS; i++)
		tests[i] = (struct CMUnitTest){ rows[i].name, check, NULL, NULL,
			(void *)(uintptr_t)&rows[i] };
	return _cmocka_run_group_tests("subid", tests, ROWS, NULL, NULL);
}
