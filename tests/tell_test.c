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

static const struct refusal {
	const char *name, *addr, *reply;
	int status;
	const char *why;
} refusals[] = {
	{ "there", "alice", "250 2.1.5 user is active, will send\n", 0, "" },
	{ "not_logged_in", "frank", "450 4.2.1 User not active now\n",
	    EX_TEMPFAIL,
	    "frank: not logged in now; nothing was sent, try later or send "
	    "mail" },
	{ "mesg_n", "carol",
	    "450 4.2.1 User not accepting terminal messages now\n", EX_TEMPFAIL,
	    "carol: logged in, but takes no messages now (mesg n); nothing was "
	    "sent, try later or send mail" },
	{ "the_name_once", "nosuch",
	    "550 5.1.1 <nosuch>: there is no such user on this machine\n",
	    EX_NOUSER,
	    "nosuch: there is no such user on this machine; nothing was sent" },
	{ "elsewhere", "a@far.example",
	    "550 5.3.3 <a@far.example>: no terminal of another machine\n",
	    EX_UNAVAILABLE,
	    "a@far.example: no terminal of another machine; nothing was sent" },
	{ "not_allowed", "alice",
	    "550 5.7.1 you may not write to that user's terminal\n", EX_NOPERM,
	    "alice: you may not write to that user's terminal; nothing was "
	    "sent" },
	{ "too_many", "alice",
	    "450 4.7.1 too many messages to that user now; try again in a "
	    "minute\n",
	    EX_TEMPFAIL,
	    "alice: too many messages to that user now; try again in a minute; "
	    "nothing was sent" },
	{ "escapes", "a\x1b[2J", "553 5.1.3 \x1b[2J\n", EX_NOUSER,
	    "a?[2J: ?[2J; nothing was sent" },
};

static void
check_refusal(void **state)
{
	const struct refusal *r = *state;
	struct buf why = { 0 };

	assert_int_equal(
	    tell_refused(span_of(r->addr), span_of(r->reply), &why), r->status);
	assert_string_equal(buf_c(&why), r->why);
	buf_free(&why);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + COUNT(refusals)];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	ADD_ROWS(tests, n, refusals, check_refusal);
	return _cmocka_run_group_tests("tell", tests, n, NULL, NULL);
}
