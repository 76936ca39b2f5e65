#include "common/date.h"
#include "tests/rows.h"
#include <stdint.h>
#include <stdlib.h>

static const struct row {
	const char *name, *zone;
	time_t t;
	const char *want;
} rows[] = {
	{ "utc", "UTC0", 1795411233, "Mon, 23 Nov 2026 05:20:33 +0000" },
	{ "east", "XXX-5:30", 1795411233, "Mon, 23 Nov 2026 10:50:33 +0530" },
	{ "west_is_yesterday", "XXX8", 1795411233,
	    "Sun, 22 Nov 2026 21:20:33 -0800" },
	{ "west_of_an_hour_and_a_half", "XXX1:30", 1795411233,
	    "Mon, 23 Nov 2026 03:50:33 -0130" },
	{ "zone_with_seconds_stays_true", "XXX-0:17:30", 1795411233,
	    "Mon, 23 Nov 2026 05:37:33 +0017" },
	{ "one_digit_day", "UTC0", 1793593233,
	    "Mon, 2 Nov 2026 04:20:33 +0000" },
	{ "leap_day", "UTC0", 1709164800, "Thu, 29 Feb 2024 00:00:00 +0000" },
	{ "epoch", "UTC0", 0, "Thu, 1 Jan 1970 00:00:00 +0000" },
	{ "before_epoch", "UTC0", -1, "Wed, 31 Dec 1969 23:59:59 +0000" },
	{ "past_2038", "UTC0", 4102444800, "Fri, 1 Jan 2100 00:00:00 +0000" },
	{ "clock_gone_wild", "XXX-2", INT64_MAX,
	    "Thu, 1 Jan 1970 00:00:00 +0000" },
	{ "clock_gone_wild_backwards", "XXX2", INT64_MIN,
	    "Thu, 1 Jan 1970 00:00:00 +0000" },
};

static void
check(void **state)
{
	const struct row *row = *state;
	char got[DATE_SIZE];

	setenv("TZ", row->zone, 1);
	tzset();
	date_5322(row->t, got);
	assert_string_equal(got, row->want);
}

static void
mbox_dates_are_utc(void **state)
{
	char got[DATE_SIZE];

	(void)state;
	setenv("TZ", "XXX8", 1);
	tzset();
	date_mbox(1795411233, got);
	assert_string_equal(got, "Mon Nov 23 05:20:33 2026");
	date_mbox(0, got);
	assert_string_equal(got, "Thu Jan  1 00:00:00 1970");
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + 1];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	tests[n] = (struct CMUnitTest)cmocka_unit_test(mbox_dates_are_utc);
	return cmocka_run_group_tests_name("date", tests, NULL, NULL);
}
