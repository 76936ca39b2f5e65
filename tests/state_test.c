#include "common/buf.h"
#include "common/log.h"
#include "deliver/queue/state.h"
#include "tests/rows.h"
#include "tests/scratch.h"
#include <fcntl.h>

static char dir[64], path[100], bad[110];

static int
setup(void **state)
{
	int fd = scratch_make(dir);

	(void)state;
	if (fd == -1)
		return -1;
	close(fd);
	snprintf(path, sizeof path, "%s/state.tdb", dir);
	snprintf(bad, sizeof bad, "%s.bad", path);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	scratch_remove(dir);
	return 0;
}

static void
test_kept(void **state)
{
	struct state *s = state_open(path);
	struct stat st;

	(void)state;
	assert_int_equal(state_get(s, "rate/a", 7), 7);
	state_put(s, "rate/a", 1795497633000);
	state_put(s, "rate/b", -1);
	state_put(s, "rate/b", 0);
	state_close(s);
	s = state_open(path); /* a restart */
	assert_int_equal(state_get(s, "rate/a", 7), 1795497633000);
	assert_int_equal(state_get(s, "rate/b", 7), 0);
	assert_int_equal(state_get(s, "rate/", 7), 7);
	state_close(s);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(access(bad, F_OK), -1);
}

static void
test_pruned(void **state)
{
	struct state *s = state_open(path);

	(void)state;
	state_put(s, "rate/old", 999);
	state_put(s, "rate/new", 1000);
	state_put(s, "alert/old", 999);
	state_put(s, "rat", 1);
	state_prune(s, "rate/", 1000);
	assert_int_equal(state_get(s, "rate/old", -1), -1);
	assert_int_equal(state_get(s, "rate/new", -1), 1000);
	assert_int_equal(state_get(s, "alert/old", -1), 999);
	assert_int_equal(state_get(s, "rat", -1), 1);
	state_close(s);
}

/* What may stand in the place of the file: it is moved aside, and begun anew.
 */
static void
in_its_place(bool kept)
{
	struct state *s = state_open(path);
	struct stat st;

	state_put(s, "x", 1);
	assert_int_equal(state_get(s, "x", 0), 1);
	state_close(s);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(lstat(bad, &st), kept ? 0 : -1);
}

static void
write_at(off_t at, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_int_equal(pwrite(fd, bytes, len, at), (ssize_t)len);
	close(fd);
}

static void
test_no_database(void **state)
{
	(void)state;
	write_at(0, "this is no tdb", 14);
	in_its_place(false); /* the library itself begins anew */
}

static void
test_damaged(void **state)
{
	struct state *s = state_open(path);
	char junk[600];

	(void)state;
	for (int i = 0; i < 200; i++) {
		char key[20];

		snprintf(key, sizeof key, "rate/%d", i);
		state_put(s, key, i);
	}
	state_close(s);
	memset(junk, 'U', sizeof junk);
	write_at(20000, junk, sizeof junk);
	in_its_place(true);
}

static void
test_too_large(void **state)
{
	(void)state;
	write_at((16 << 20) + 1, "", 1);
	in_its_place(true);
}

static void
test_folder(void **state)
{
	(void)state;
	assert_int_equal(mkdir(path, 0700), 0);
	in_its_place(true);
}

static void
test_link(void **state)
{
	char other[110];
	struct stat st;

	(void)state;
	snprintf(other, sizeof other, "%s/other", dir);
	assert_int_equal(symlink(other, path), 0);
	in_its_place(true);
	assert_int_equal(lstat(other, &st), -1);
}

/* Nothing is kept, and nothing fails. */
static void
test_nowhere(void **state)
{
	struct state *s;

	(void)state;
	snprintf(path, sizeof path, "%s/no/state.tdb", dir);
	s = state_open(path);
	assert_non_null(s);
	state_put(s, "x", 1);
	assert_int_equal(state_get(s, "x", 7), 7);
	state_prune(s, "x", 9);
	state_close(s);
	state_put(NULL, "x", 1);
	assert_int_equal(state_get(NULL, "x", 7), 7);
	state_prune(NULL, "x", 9);
	state_close(NULL);
}

#define state_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

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
test_octets(void **state)
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
test_so_many_octets(void **state)
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
test_octets_without_a_file(void **state)
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
		state_test(test_kept),
		state_test(test_pruned),
		state_test(test_no_database),
		state_test(test_damaged),
		state_test(test_too_large),
		state_test(test_folder),
		state_test(test_link),
		state_test(test_nowhere),
		state_test(test_octets),
		state_test(test_so_many_octets),
		state_test(test_octets_without_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
