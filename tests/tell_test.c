/* What `tell` makes of the agent's words. */
#include "sendmail/tell.h"
#include "tests/rows.h"
#include <sysexits.h>

#define LATER "; it is tried for a minute, then it comes back to you as mail"
#define NEVER "; it comes back to you as mail"

static const struct row {
	const char *name, *said;
	size_t nrcpts;
	int status;
	const char *why;
} rows[] = {
	{ "shown", "<alice> delivered: shown on pts/3 (2.0.0)\n", 1, 0, "" },
	{ "two_shown",
	    "<alice> delivered: shown on pts/3 (2.0.0)\n"
	    "<bob> delivered: shown on pts/4 (2.0.0)\n",
	    2, 0, "" },
	{ "stopped", "<alice> deferred: pts/3: stopped for 2 s (4.2.0)\n", 1,
	    EX_TEMPFAIL, "pts/3: stopped for 2 s (4.2.0)" LATER },
	{ "one_of_two",
	    "<alice> delivered: shown on pts/3 (2.0.0)\n"
	    "<bob> deferred: bob is not logged in (4.2.1)\n",
	    2, EX_TEMPFAIL, "bob is not logged in (4.2.1)" LATER },
	{ "failed", "<alice> failed: too long for a terminal (5.3.4)\n", 1,
	    EX_UNAVAILABLE, "too long for a terminal (5.3.4)" NEVER },
	{ "expired", "<alice> expired: pts/3: stopped (4.2.0)\n", 1,
	    EX_UNAVAILABLE, "pts/3: stopped (4.2.0)" NEVER },
	{ "failed_then_deferred",
	    "<alice> failed: a (5.3.4)\n<bob> deferred: b (4.2.1)\n", 2,
	    EX_UNAVAILABLE, "b (4.2.1)" NEVER },
	{ "nothing_said", "", 1, EX_TEMPFAIL,
	    "the agent has not said that it was shown" LATER },
	{ "half_a_line", "<alice> delivered", 1, 0, "" },
	{ "other_words", "3B00 waits; see mailq(1)\n", 1, EX_TEMPFAIL,
	    "the agent has not said that it was shown" LATER },
	{ "colon_in_the_address", "<\"a: delivered\"@x> deferred: no (4.2.1)\n",
	    1, EX_TEMPFAIL, "no (4.2.1)" LATER },
	{ "escape_from_the_agent", "<a> failed: \x1b[2J\n", 1, EX_UNAVAILABLE,
	    "?[2J" NEVER },
};

static void
check(void **state)
{
	const struct row *r = *state;
	struct buf why = { 0 };

	assert_int_equal(
	    tell_result(span_of(r->said), r->nrcpts, &why), r->status);
	assert_string_equal(buf_c(&why), r->why);
	buf_free(&why);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows)];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	return _cmocka_run_group_tests("tell", tests, n, NULL, NULL);
}
