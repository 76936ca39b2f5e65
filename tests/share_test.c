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

/* One message after the other, each for more destinations than there is room:
 * some is left for the next. */
static void
messages_leave_room(void **state)
{
	static const size_t least[] = { 290, 190, 100, 60, 40, 25, 1, 1, 1, 1 };
	size_t jobs = 0;

	(void)state;
	for (size_t i = 0; i < sizeof least / sizeof *least; i++) {
		size_t its = 0;

		for (; !share_message(its, jobs); its++)
			jobs++;
		if (its < least[i] || its > 300)
			fail_msg("message %zu: %zu jobs", i, its);
	}
	assert_true(jobs < SHARE_ROOM);
	assert_false(share_message(0, SHARE_ROOM + 5)); /* one always goes */
	assert_true(share_message(1, SHARE_ROOM + 5));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(room_is_left),
		cmocka_unit_test(domains_and_relays_are_apart),
		cmocka_unit_test(messages_leave_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
