/* Room for jobs: those that stall leave some to the others. */
#include "deliver/queue/share.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* Each takes as much as it may: how many jobs they have together. */
static size_t
stall(struct shares *all, unsigned many)
{
	size_t jobs = 0, before;
	char domain[32];

	do {
		before = jobs;
		for (unsigned i = 0; i < many; i++) {
			snprintf(domain, sizeof domain, "d%u.example", i);
			if (share_full(all, "mx", domain, jobs))
				continue;
			assert_int_equal(share_add(all, "mx", domain), 0);
			jobs++;
		}
	} while (jobs != before);
	return jobs;
}

static void
room_is_left(void **state)
{
	static const struct {
		unsigned stalled;
		size_t least, most; /* jobs of theirs */
		size_t room;	    /* for one more destination */
	} rows[] = { { 1, 150, 200, 140 }, { 5, 450, 520, 75 },
		{ 20, 700, 780, 25 }, { 200, 870, 899, 1 },
		{ 2000, 900, 900, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct shares all = RB_INITIALIZER(&all);
		size_t jobs = stall(&all, rows[i].stalled), room = 0;
		char domain[32];

		if (jobs < rows[i].least || jobs > rows[i].most)
			fail_msg("%u: %zu jobs", rows[i].stalled, jobs);
		for (; !share_full(&all, "main", "", jobs + room); room++)
			assert_int_equal(share_add(&all, "main", ""), 0);
		if (room < rows[i].room)
			fail_msg("%u: room for %zu", rows[i].stalled, room);
		for (; room; room--)
			share_drop(&all, "main", "");
		for (unsigned d = 0; d < rows[i].stalled; d++) {
			snprintf(domain, sizeof domain, "d%u.example", d);
			for (unsigned n = 0; n < SHARE_ROOM; n++)
				share_drop(&all, "mx", domain);
		}
		assert_true(RB_EMPTY(&all));
	}
}

static void
domains_and_relays_are_apart(void **state)
{
	struct shares all = RB_INITIALIZER(&all);

	(void)state;
	for (int i = 0; i < 300; i++)
		assert_int_equal(share_add(&all, "mx", "a.example"), 0);
	assert_true(share_full(&all, "mx", "a.example", 300));
	assert_false(share_full(&all, "mx", "b.example", 300));
	assert_false(share_full(&all, "work", "a.example", 300));
	assert_false(share_full(&all, "mxa", ".example", 300));
	for (int i = 0; i < 300; i++)
		share_drop(&all, "mx", "a.example");
	share_drop(&all, "mx", "a.example"); /* no harm */
	assert_true(RB_EMPTY(&all));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(room_is_left),
		cmocka_unit_test(domains_and_relays_are_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
