/* What the queue keeps across a restart: numbers, and octets of others. */
#include "common/buf.h"
#include "common/log.h"
#include "deliver/queue/state.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include "tests/scratch.h"

#include <cmocka.h>

static char path[128];

static void
add(void *arg, struct span key, int64_t value, struct span octets)
{
	buf_span(arg, key);
	buf_fmt(arg, "=%ld:", (long)value);
	buf_span(arg, octets);
	buf_chr(arg, ' ');
}

static void
all_is(struct state *s, const char *head, const char *want)
{
	struct buf b = { 0 };

	state_each(s, head, add, &b);
	assert_string_equal(buf_c(&b), want);
	buf_free(&b);
}

static void
numbers_and_octets(void **state)
{
	struct state *s = state_open(path);

	(void)state;
	state_put(s, "rate/a", 7);
	assert_int_equal(state_get(s, "rate/a", 0), 7);
	assert_int_equal(state_get(s, "rate/b", 9), 9);
	all_is(s, "net/", "");
	state_keep(s, "net/", "a.example", 100, SPAN("x\0y"), 5);
	assert_int_equal(state_get(s, "net/a.example", 0), 100);
	state_keep(s, "net/", "a.example", 200, SPAN("policy"), 5);
	all_is(s, "net/", "a.example=200:policy ");
	all_is(s, "rate/", "a=7: ");
	state_close(s);
	s = state_open(path); /* another process */
	all_is(s, "net/", "a.example=200:policy ");
	state_prune(s, "net/", 200);
	all_is(s, "net/", "a.example=200:policy ");
	state_prune(s, "net/", 201);
	all_is(s, "net/", "");
	assert_int_equal(state_get(s, "rate/a", 0), 7);
	state_close(s);
}

static void
so_many_and_no_more(void **state)
{
	struct state *s = state_open(path);
	struct buf b = { 0 };
	char key[32];

	(void)state;
	for (int i = 0; i < 20; i++) {
		snprintf(key, sizeof key, "d%d.example", i);
		state_keep(s, "net/", key, 100 + i, SPAN("p"), 3);
	}
	state_each(s, "net/", add, &b);
	assert_non_null(strstr(buf_c(&b), "d17.example=117:p "));
	assert_non_null(strstr(buf_c(&b), "d18.example=118:p "));
	assert_non_null(strstr(buf_c(&b), "d19.example=119:p "));
	assert_int_equal(b.len, 3 * strlen("d17.example=117:p "));
	/* Who ends first goes, even if it came last. */
	state_keep(s, "net/", "short", 1, SPAN("p"), 3);
	assert_int_equal(state_get(s, "net/short", 0), 0);
	buf_free(&b);
	state_close(s);
}

/* Nothing is kept, and nothing fails. */
static void
without_a_file(void **state)
{
	struct state *s = state_open("/nonexistent/state.tdb");

	(void)state;
	state_keep(s, "net/", "a", 1, SPAN("p"), 3);
	state_put(s, "rate/a", 1);
	assert_int_equal(state_get(s, "rate/a", 5), 5);
	all_is(s, "net/", "");
	state_prune(s, "net/", 1);
	state_close(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_and_octets),
		cmocka_unit_test(so_many_and_no_more),
		cmocka_unit_test(without_a_file),
	};
	char dir[64];
	int rc, fd;

	log_open("state_test");
	fd = scratch_make(dir);
	if (fd == -1)
		return 1;
	close(fd);
	snprintf(path, sizeof path, "%s/state.tdb", dir);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	scratch_remove(dir);
	return rc;
}
