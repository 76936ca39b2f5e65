/* Selections: which message fits which words. */
#include "common/record.h"
#include "deliver/queue/select.h"
#include "tests/rows.h"

#define NOW 1000000
#define ID "3B0FFD6TBZV35VGN"

/* From bob, a day old; eve waits, dan has it; staff was an alias for eve. */
static const struct row {
	const char *name, *words;
	bool want;
} rows[] = {
	{ "nothing_is_everything", "", true },
	{ "all", "all=1", true },
	{ "sender_whole", "from=bob@mail.example", true },
	{ "sender_in_capitals", "from=BOB@MAIL.EXAMPLE", true },
	{ "sender_by_local_part", "from=bob", true },
	{ "sender_by_host", "from=@mail.example", true },
	{ "sender_in_angles", "from=<bob@mail.example>", true },
	{ "sender_part_is_not_enough", "from=bo", false },
	{ "sender_of_reports", "from=", false },
	{ "sender_of_reports_in_angles", "from=<>", false },
	{ "recipient", "to=eve", true },
	{ "recipient_as_it_was_given", "to=staff@mail.example", true },
	{ "recipient_who_has_it", "to=dan", false },
	{ "domain", "domain=far.example", true },
	{ "domain_in_capitals", "domain=FAR.example", true },
	{ "domain_beneath", "domain=.example", true },
	{ "domain_and_itself", "domain=.far.example", true },
	{ "domain_end_is_not_enough", "domain=ar.example", false },
	{ "domain_of_one_who_has_it", "domain=near.example", false },
	{ "older", "older=86400", true },
	{ "not_so_old", "older=86401", false },
	{ "held", "held=1", false },
	{ "two_that_fit", "from=bob to=eve", true },
	{ "one_that_does_not", "from=bob to=dan", false },
	{ "part_of_the_id", "I=FFD6", true },
	{ "not_that_part", "!I=FFD6", false },
	{ "part_of_the_sender", "S=ail", true },
	{ "part_of_a_recipient", "R=far", true },
	{ "not_a_part_of_any", "!R=near", true },
};

static void
check(void **state)
{
	const struct row *row = *state;
	static struct env_rcpt to[] = { { .addr =
						(char *)"staff@mail.example" },
		{ .addr = (char *)"dan@near.example" } };
	static struct rcpt rcpts[] = { { .state = R_SPLIT },
		{ .state = R_DONE },
		{ .state = R_WAITS,
		    .parent = 0,
		    .addr = (char *)"eve@far.example" } };
	const struct file f = {
		.env = { .time_us = (NOW - 86400) * INT64_C(1000000),
		    .from = (char *)"bob@mail.example",
		    .rcpts = to,
		    .nrcpts = 2 },
		.rcpts = rcpts,
		.nrcpts = 3,
	};
	struct selection s;
	struct buf why = { 0 };

	assert_int_equal(select_parse(span_of(row->words), &s, &why), 0);
	assert_int_equal(select_says(&s), row->words[0] != '\0');
	assert_int_equal(select_fits(&s, ID, &f, NOW), row->want);
	select_free(&s);
	buf_free(&why);
}

static const struct bad {
	const char *name, *words;
} bad[] = {
	{ "unknown", "colour=red" },
	{ "no_id", "id=../../etc/passwd" },
	{ "no_number", "older=2d" },
	{ "no_escape", "from=%" },
	{ "another_way_of_the_part", "Q=x" },
};

static void
check_bad(void **state)
{
	const struct bad *row = *state;
	struct selection s;
	struct buf why = { 0 };

	assert_int_equal(select_parse(span_of(row->words), &s, &why), -1);
	assert_true(why.len > 10);
	select_free(&s);
	buf_free(&why);
}

static void
check_ids(void **state)
{
	struct buf words = { 0 }, why = { 0 };
	struct selection s;

	(void)state;
	for (int i = 0; i < SELECT_IDS; i++)
		record_str(&words, "id", SPAN(ID));
	assert_int_equal(select_parse(buf_view(&words), &s, &why), 0);
	assert_int_equal(s.nids, SELECT_IDS);
	select_free(&s);
	record_str(&words, "id", SPAN(ID));
	assert_int_equal(select_parse(buf_view(&words), &s, &why), -1);
	select_free(&s);
	buf_free(&words);
	buf_free(&why);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + COUNT(bad) + 1];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	ADD_ROWS(tests, n, bad, check_bad);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_ids);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
