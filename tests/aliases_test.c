#include "deliver/queue/aliases.h"
#include "tests/rows.h"
#include "tests/scratch.h"
#include <errno.h>

struct place {
	char path[64], source[80];
	int fd;
	struct aliases a;
};

static int
setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);

	*state = p;
	p->fd = scratch_make(p->path);
	snprintf(p->source, sizeof p->source, "%s/aliases", p->path);
	p->a = (struct aliases){ .source = p->source, .dir = p->path };
	return p->fd == -1 ? -1 : 0;
}

static int
teardown(void **state)
{
	struct place *p = *state;

	aliases_close(&p->a);
	close(p->fd);
	scratch_remove(p->path);
	free(p);
	return 0;
}

static void
put(struct place *p, const char *name, const char *text, size_t len)
{
	int fd = openat(p->fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	close(fd);
}

static void
source(struct place *p, const char *text)
{
	put(p, "new", text, strlen(text)); /* another inode */
	assert_int_equal(renameat(p->fd, "new", p->fd, "aliases"), 0);
}

static void
is(struct place *p, const char *name, const char *want)
{
	struct buf b = { 0 };

	errno = 0;
	assert_int_equal(aliases_find(&p->a, span_of(name), &b), want ? 1 : 0);
	if (want)
		assert_true(span_eq(span_trim(buf_view(&b)), span_of(want)));
	buf_free(&b);
}

static bool
there(struct place *p, const char *name)
{
	return faccessat(p->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void
names_and_their_right_sides(void **state)
{
	struct place *p = *state;

	source(p, "Root: alice\nlist: a,\n  b\n\"a b\": c\nx@d: y\n");
	is(p, "root", "alice");
	is(p, "list", "a,\n  b");
	is(p, "a b", "c");
	is(p, "x@d", "y");
	is(p, "nobody", NULL);
	is(p, "", NULL);
	assert_true(there(p, "aliases.tdb"));
	assert_false(there(p, "aliases.tdb.new"));
}

static void
no_source_is_an_empty_one(void **state)
{
	struct place *p = *state;

	is(p, "root", NULL);
	source(p, "root: bob\n");
	is(p, "root", "bob");
	assert_int_equal(unlink(p->source), 0);
	is(p, "root", NULL);
}

static void
another_source_is_noticed(void **state)
{
	struct place *p = *state;

	source(p, "root: bob\n");
	is(p, "root", "bob");
	source(p, "root: eve\n"); /* of the same size */
	is(p, "root", "eve");
	put(p, "aliases", "root: sue\n", 10); /* in place */
	is(p, "root", "sue");
}

/* A second agent uses what the first has made. */
static void
it_is_built_once(void **state)
{
	struct place *p = *state;
	struct stat one, two;

	source(p, "root: bob\n");
	is(p, "root", "bob");
	assert_int_equal(fstatat(p->fd, "aliases.tdb", &one, 0), 0);
	aliases_close(&p->a);
	p->a = (struct aliases){ .source = p->source, .dir = p->path };
	is(p, "root", "bob");
	assert_int_equal(fstatat(p->fd, "aliases.tdb", &two, 0), 0);
	assert_int_equal(one.st_ino, two.st_ino);
	assert_int_equal(one.st_mode & 0777, 0600);
}

static void
what_is_lost_or_damaged_is_built_again(void **state)
{
	static const char *const junk[] = { "", "x", "TDB file\n", NULL };
	struct place *p = *state;
	char block[9000];

	source(p, "root: bob\n");
	for (int i = 0; i < 5; i++) {
		is(p, "root", "bob");
		aliases_close(&p->a);
		p->a = (struct aliases){ .source = p->source, .dir = p->path };
		if (i == 3) {
			int fd = openat(p->fd, "aliases.tdb", O_WRONLY);

			memset(block, 0x42, sizeof block);
			assert_int_equal(
			    pwrite(fd, block, sizeof block, 100), 9000);
			close(fd);
		} else if (i == 4) {
			unlinkat(p->fd, "aliases.tdb", 0);
			continue;
		} else {
			put(p, "aliases.tdb", junk[i], strlen(junk[i]));
		}
		is(p, "root", "bob");
		assert_true(there(p, "aliases.tdb.damaged"));
		unlinkat(p->fd, "aliases.tdb.damaged", 0);
	}
	is(p, "root", "bob");
}

static void
a_broken_line_loses_itself(void **state)
{
	struct place *p = *state;
	struct buf b = { 0 };

	source(p, "root: bob\nno colon here\nlist: a b c, alice\n"
		  "empty:\nroot: eve\nlast: x\n");
	assert_int_equal(aliases_rebuild(&p->a, &b), 0);
	assert_non_null(strstr(buf_c(&b), "/aliases:2: "));
	assert_non_null(strstr(buf_c(&b), "/aliases:3: "));
	assert_non_null(strstr(buf_c(&b), "/aliases:4: "));
	assert_non_null(strstr(buf_c(&b), "/aliases:5: "));
	assert_non_null(strstr(buf_c(&b), ": 3 aliases\n"));
	is(p, "root", "bob"); /* the first counts */
	is(p, "last", "x");
	is(p, "list", "a b c, alice");
	is(p, "empty", NULL);
	buf_free(&b);
}

static void
what_cannot_be_read_is_no_answer(void **state)
{
	struct place *p = *state;
	struct buf b = { 0 };

	source(p, "root: bob\n");
	is(p, "root", "bob");
	unlink(p->source);
	assert_int_equal(mkdir(p->source, 0700), 0);
	assert_int_equal(aliases_find(&p->a, SPAN("root"), &b), -1);
	assert_int_equal(aliases_rebuild(&p->a, &b), -1);
	assert_int_equal(rmdir(p->source), 0);
	source(p, "root: eve\n");
	is(p, "root", "eve");
	buf_free(&b);
}

/* No room, no right to write: it is there all the same. */
static void
in_memory_if_it_must_be(void **state)
{
	struct place *p = *state;

	source(p, "root: bob\n");
	p->a.dir = "/nonexistent";
	is(p, "root", "bob");
	source(p, "root: eve\n");
	is(p, "root", "eve");
}

static void
fifty_thousand(void **state)
{
	struct place *p = *state;
	struct buf b = { 0 };

	for (int i = 0; i < 50000; i++)
		buf_fmt(&b, "name%d: user%d\n", i, i);
	source(p, buf_c(&b));
	is(p, "name0", "user0");
	is(p, "name49999", "user49999");
	is(p, "name50000", NULL);
	buf_free(&b);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static void
a_moment_to_settle(void **state)
{
	static const struct {
		time_t s, ms, now_s, now_ms;
		int64_t want;
	} rows[] = {
		{ 100, 0, 100, 0, 100 },
		{ 100, 0, 100, 40, 60 },
		{ 100, 950, 101, 10, 40 },
		{ 100, 0, 100, 100, 0 },
		{ 100, 0, 5000, 0, 0 },
		{ 100, 500, 100, 400, 0 }, /* of the future: not for ever */
		{ 9000, 0, 100, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(aliases_settle((struct timespec){ rows[i].s,
						    rows[i].ms * 1000000 },
				     (struct timespec){ rows[i].now_s,
					 rows[i].now_ms * 1000000 }),
		    rows[i].want);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_moment_to_settle),
		IN_DIR(names_and_their_right_sides),
		IN_DIR(no_source_is_an_empty_one),
		IN_DIR(another_source_is_noticed),
		IN_DIR(it_is_built_once),
		IN_DIR(what_is_lost_or_damaged_is_built_again),
		IN_DIR(a_broken_line_loses_itself),
		IN_DIR(what_cannot_be_read_is_no_answer),
		IN_DIR(in_memory_if_it_must_be),
		IN_DIR(fifty_thousand),
	};

	return cmocka_run_group_tests_name("aliases", tests, NULL, NULL);
}
