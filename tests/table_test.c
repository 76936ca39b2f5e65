/* What waits, shown: the table and its lines, JSON, the line for monitors. */
#include "sendmail/json.h"
#include "sendmail/monitor.h"
#include "sendmail/show.h"
#include "sendmail/table.h"
#include "tests/rows.h"
#include <stdlib.h>

#define NOW 1000000
#define M                                                                      \
	"message id=3B0FFD6TBZV35VGN size=237 time=999997 uid=1002 "           \
	"from=bob@mail.example state=later tries=1 until=1000240"
#define R                                                                      \
	"rcpt to=eve@far.example state=waits status=4.4.1 "                    \
	"text=192.0.2.25:%20cannot%20connect what=No%20answer. "               \
	"todo=mailq%20retry%20ID"

static void
read_all(struct waiting *w, const char *message, const char *const *rcpts)
{
	*w = (struct waiting){ 0 };
	assert_int_equal(waiting_message(span_of(message), w), 0);
	for (; *rcpts; rcpts++)
		assert_int_equal(waiting_rcpt(span_of(*rcpts), w), 0);
}

static const struct row {
	const char *name;
	struct view view;
	const char *message, *rcpts[4], *want;
} rows[] = {
	{ "a_pipe", { 0 }, M, { R },
	    "3B0FFD6TBZV35VGN      3s    237  <bob@mail.example>\n"
	    "    to <eve@far.example>, next try in 4m: 192.0.2.25: cannot "
	    "connect (4.4.1)\n"
	    "        why: No answer.\n"
	    "        do:  mailq retry 3B0FFD6TBZV35VGN\n" },
	{ "a_window", { .width = 40 }, M, { R },
	    "3B0FFD6TBZV35VGN      3s    237  \n    <bob@mail.example>\n"
	    "    to <eve@far.example>, next try in\n"
	    "        4m: 192.0.2.25: cannot connect\n"
	    "        (4.4.1)\n"
	    "        why: No answer.\n"
	    "        do:  mailq retry\n"
	    "             3B0FFD6TBZV35VGN\n" },
	{ "one_reason_for_several", { 0 }, M, { R, R },
	    "3B0FFD6TBZV35VGN      3s    237  <bob@mail.example>\n"
	    "    to <eve@far.example>, next try in 4m: 192.0.2.25: cannot "
	    "connect (4.4.1)\n"
	    "    to <eve@far.example>, next try in 4m: 192.0.2.25: cannot "
	    "connect (4.4.1)\n"
	    "        why: No answer.\n"
	    "        do:  mailq retry 3B0FFD6TBZV35VGN\n" },
	{ "held_in_colour", { .colour = true },
	    "message id=X size=5000 time=990000 from= state=held held_by=0",
	    { "rcpt to=a@b state=waits" },
	    "\033[1mX                  \033[0m   2h   4.8K  <>\n"
	    "    \033[33mto <a@b>, held by root\033[0m\n" },
	{ "what_a_screen_would_obey", { .utf8 = true },
	    "message id=X size=1 time=1000000 from=%1b[2J%c2%9b%e2%80%ae "
	    "state=open",
	    { "rcpt to=%c3%a4@b state=waits" },
	    "X                     0s      1  <?[2J?"
	    "?>\n"
	    "    to <\xc3\xa4@b>, being delivered\n" },
	{ "nor_in_words_of_the_agent", { .verbose = true },
	    "message id=X size=1 time=1000000 from=a state=open kind=%ff%1b",
	    { "rcpt to=a state=%9b%1b" }, NULL },
	{ "no_utf8", { 0 },
	    "message id=X size=1 time=1000000 from=%c3%a4 state=ready "
	    "trouble=the%20disk",
	    { "rcpt to=a state=failed status=5.1.1 text=no" },
	    "X                     0s      1  <?>\n"
	    "    to <a>, failed: no (5.1.1)\n"
	    "    waits for the disk\n" },
};

static void
check(void **state)
{
	const struct row *row = *state;
	struct buf b = { 0 };
	struct waiting w;

	read_all(&w, row->message, row->rcpts);
	table_message(&b, &row->view, &w, NOW);
	if (row->want)
		assert_string_equal(buf_c(&b), row->want);
	for (size_t i = 0; i < b.len && !row->view.colour && !row->view.utf8;
	     i++)
		assert_true(
		    b.ptr[i] == '\n' || (b.ptr[i] >= ' ' && b.ptr[i] <= '~'));
	waiting_free(&w);
	buf_free(&b);
}

static const struct wrap {
	const char *name, *text;
	unsigned width;
	size_t column, indent;
	const char *want;
} wraps[] = {
	{ "fits", "a b c", 30, 25, 4, "a b c\n" },
	{ "one_too_long", "a b cd", 30, 25, 4, "a b\n    cd\n" },
	{ "exactly", "abcdefgh ijklmnop qrstuvwxyz", 26, 0, 4,
	    "abcdefgh ijklmnop\n    qrstuvwxyz\n" },
	{ "a_word_wider_than_the_window",
	    "a bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb c", 24, 0, 4,
	    "a\n    bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n    c\n" },
	{ "wide_characters", "\xe4\xb8\xad\xe4\xb8\xad \xe4\xb8\xad", 22, 16, 2,
	    "\xe4\xb8\xad\xe4\xb8\xad\n  \xe4\xb8\xad\n" },
	{ "nothing", "", 40, 4, 4, "\n" },
};

static void
check_wrap(void **state)
{
	const struct wrap *row = *state;
	struct view v = { .width = row->width };
	struct buf b = { 0 };

	table_wrap(&b, &v, span_of(row->text), row->column, row->indent);
	assert_string_equal(buf_c(&b), row->want);
	buf_free(&b);
}

static const struct number {
	const char *name;
	long long octets;
	const char *want;
} sizes[] = {
	{ "octets", 1023, "1023" },
	{ "a_kibioctet", 1024, "1.0K" },
	{ "ten", 10240, "10K" },
	{ "nearly_one_more", 1048575, "1023K" },
	{ "mebi", 5767168, "5.5M" },
	{ "gibi", 3221225472, "3.0G" },
	{ "the_greatest", INT64_MAX, "9223372036854775807" },
};

static void
check_size(void **state)
{
	const struct number *row = *state;
	struct buf b = { 0 };

	table_size(&b, row->octets);
	assert_string_equal(buf_c(&b), row->want);
	buf_free(&b);
}

static const struct string {
	const char *name;
	struct span text;
	const char *want;
} strings[] = {
	{ "quotes", S("a\"b\\c"), "\"a\\\"b\\\\c\"" },
	{ "controls", S("\n\t\001\x7f"), "\"\\u000a\\u0009\\u0001\\u007f\"" },
	{ "utf8", S("\xc3\xa4"), "\"\xc3\xa4\"" },
	{ "no_utf8", S("a\xff\xc3"), "\"a\\ufffd\\ufffd\"" },
	{ "c1", S("\xc2\x9b"), "\"\\u009b\"" },
	{ "a_separator", S("\xe2\x80\xa8"), "\"\\u2028\"" },
	{ "a_surrogate", S("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"" },
	{ "empty", S(""), "\"\"" },
};

static void
check_string(void **state)
{
	const struct string *row = *state;
	struct buf b = { 0 };

	json_str(&b, row->text);
	assert_string_equal(buf_c(&b), row->want);
	buf_free(&b);
}

static void
check_json(void **state)
{
	static const char *const rcpts[] = { R, NULL };
	struct buf b = { 0 };
	struct waiting w;

	(void)state;
	read_all(&w, M, rcpts);
	json_message(&b, &w, NOW);
	assert_string_equal(buf_c(&b),
	    "{\"id\":\"3B0FFD6TBZV35VGN\",\"arrived\":\"1970-01-12T13:46:37Z\","
	    "\"age\":3,\"size\":237,\"sender\":\"bob@mail.example\","
	    "\"uid\":1002,\"kind\":\"MAIL\",\"state\":\"later\",\"held\":false,"
	    "\"held_by\":null,\"tries\":1,\"next\":\"1970-01-12T13:50:40Z\","
	    "\"expires\":null,\"trouble\":null,\"recipients\":[{\"address\":"
	    "\"eve@far.example\",\"alias\":null,\"state\":\"waits\",\"status\":"
	    "\"4.4.1\",\"reason\":\"No answer.\",\"said\":\"192.0.2.25: cannot "
	    "connect\",\"host\":null,\"last\":null,\"advice\":\"mailq retry "
	    "ID\"}]}\n");
	waiting_free(&w);
	buf_free(&b);
}

static const struct health_row {
	const char *name;
	int level;
	bool known;
	long long oldest;
	long warning, critical;
	int want;
	const char *text, *line;
} healths[] = {
	{ "as_ever", 0, true, 5, 0, 0, 0, "nothing waits",
	    "ok: nothing waits\n" },
	{ "young", 0, true, 5, 10, 20, 0, "1 message waits",
	    "ok: 1 message waits | messages=1;;;0 oldest=5s;10;20;0 "
	    "held=0;;;0 quarantine=0;;;0\n" },
	{ "old", 0, true, 10, 10, 20, 1, "1 message waits",
	    "warning: mail is stuck; 1 message waits | messages=1;;;0 "
	    "oldest=10s;10;20;0 held=0;;;0 quarantine=0;;;0\n" },
	{ "too_old", 1, true, 20, 10, 20, 2, "mail is stuck; 1 message waits",
	    "critical: mail is stuck; 1 message waits | messages=1;;;0 "
	    "oldest=20s;10;20;0 held=0;;;0 quarantine=0;;;0\n" },
	{ "worse_for_another_reason", 2, true, 10, 10, 0, 2, "a | b",
	    "critical: mail is stuck; a / b | messages=1;;;0 "
	    "oldest=10s;10;;0 held=0;;;0 quarantine=0;;;0\n" },
	{ "unknown_stays_so", 3, false, -1, 1, 1, 3, "no agent runs",
	    "unknown: no agent runs\n" },
};

static void
check_health(void **state)
{
	const struct health_row *row = *state;
	struct health h = { .level = row->level,
		.known = row->known,
		.messages = 1,
		.oldest = row->oldest };
	struct buf b = { 0 };

	buf_str(&h.text, row->text);
	monitor_judge(&h, row->warning, row->critical);
	assert_int_equal(h.level, row->want);
	monitor_line(&b, &h, row->warning, row->critical);
	assert_string_equal(buf_c(&b), row->line);
	buf_free(&b);
	buf_free(&h.text);
}

static void
check_metrics(void **state)
{
	struct health h = { .level = 3,
		.messages = -1,
		.held = -1,
		.oldest = -1,
		.quarantine = -1,
		.free = 7 };
	struct buf b = { 0 };

	(void)state;
	monitor_metrics(&b, &h);
	assert_non_null(strstr(buf_c(&b), "\nbellman_up 0\n"));
	assert_non_null(strstr(buf_c(&b), "\nbellman_check_status 3\n"));
	assert_non_null(strstr(buf_c(&b),
	    "# TYPE bellman_spool_free_bytes gauge\nbellman_spool_free_bytes "
	    "7\n"));
	assert_null(strstr(buf_c(&b), "-1"));
	buf_free(&b);
}

static void
check_event(void **state)
{
	const struct view v = { 0 };
	struct buf b = { 0 };

	(void)state;
	setenv("TZ", "UTC", 1);
	show_event(&b, &v,
	    SPAN("event when=1000000 what=later to=* status=4.4.1 "
		 "text=no%20answer"));
	show_event(&b, &v, SPAN("event when=1000000 what=hold text=0"));
	assert_string_equal(buf_c(&b),
	    "    12 Jan 13:46:40 not delivered to all who wait yet: no answer "
	    "(4.4.1)\n    12 Jan 13:46:40 held by uid 0\n");
	buf_free(&b);
}

static void
check_refused(void **state)
{
	static const char *const lines[] = { "message", "message id=x",
		"message id=x from=y state=z size=-1",
		"message id=x from=y state=z %", "message =" };
	struct waiting w = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		assert_int_equal(waiting_message(span_of(lines[i]), &w), -1);
		waiting_free(&w);
	}
	assert_int_equal(waiting_rcpt(SPAN("rcpt to=x"), &w), -1);
	assert_int_equal(
	    waiting_rcpt(SPAN("rcpt to=x state=y last=z"), &w), -1);
	waiting_free(&w);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + COUNT(wraps) + COUNT(sizes) +
				COUNT(strings) + COUNT(healths) + 4];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	ADD_ROWS(tests, n, wraps, check_wrap);
	ADD_ROWS(tests, n, sizes, check_size);
	ADD_ROWS(tests, n, strings, check_string);
	ADD_ROWS(tests, n, healths, check_health);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_json);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_metrics);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_event);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_refused);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
