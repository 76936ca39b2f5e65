#include "common/spool.h"
#include "tests/rows.h"
#include "tests/scratch.h"
#include <dirent.h>
#include <errno.h>
#include <sys/file.h>
#include <time.h>

static const struct id {
	const char *name, *id;
	bool valid;
} ids[] = {
	{ "an_id", "0123456789ABCDEF", true },
	{ "all_letters", "GHJKMNPQRSTVWXYZ", true },
	{ "first_round", "0123456789ABCDEF-1", true },
	{ "warning", "0123456789ABCDEF-1W", true },
	{ "success", "0123456789ABCDEF-12S", true },
	{ "to_postmaster", "0123456789ABCDEF-1D", true },
	{ "list", "0123456789ABCDEF-99999M", true },
	{ "alert", "0123456789ABCDEF-1A", true },
	{ "another_letter", "0123456789ABCDEF-1X", false },
	{ "two_letters", "0123456789ABCDEF-1DD", false },
	{ "letter_without_round", "0123456789ABCDEF-D", false },
	{ "last_round", "0123456789ABCDEF-99999", true },
	{ "empty", "", false },
	{ "one_short", "0123456789ABCDE", false },
	{ "one_long", "0123456789ABCDEF0", false },
	{ "lower_case", "0123456789abcdef", false },
	{ "letter_I", "I123456789ABCDEF", false },
	{ "letter_L", "L123456789ABCDEF", false },
	{ "letter_O", "O123456789ABCDEF", false },
	{ "letter_U", "U123456789ABCDEF", false },
	{ "dot_file", ".123456789ABCDEF", false },
	{ "slash", "../../../../etc/", false },
	{ "round_without_number", "0123456789ABCDEF-", false },
	{ "round_0", "0123456789ABCDEF-0", false },
	{ "round_with_zero_in_front", "0123456789ABCDEF-01", false },
	{ "round_of_six_digits", "0123456789ABCDEF-123456", false },
	{ "round_then_text", "0123456789ABCDEF-1x", false },
	{ "two_rounds", "0123456789ABCDEF-1-1", false },
	{ "intent", "intent-0123456789", false },
};

static void
check_id(void **state)
{
	const struct id *row = *state;

	assert_int_equal(spool_id_valid(row->id), row->valid);
}

#define HEAD                                                                   \
	"bellman 1 env 0000000187 5a3f01c2 body 0000000000004096 99e1b0d7\n"
static const struct head {
	const char *name;
	struct span text;
	int error;
} heads[] = {
	{ "first_line", S(HEAD), 0 },
	{ "first_line_and_more", S(HEAD "time 1\n"), 0 },
	{ "empty_body",
	    S("bellman 1 env 0000000001 00000000 body 0000000000000000 "
	      "00000000\n"),
	    0 },
	{ "nothing", S(""), EBADMSG },
	{ "no_lf",
	    S("bellman 1 env 0000000187 5a3f01c2 body 0000000000004096 "
	      "99e1b0d7"),
	    EBADMSG },
	{ "something_else_for_lf",
	    S("bellman 1 env 0000000187 5a3f01c2 body 0000000000004096 "
	      "99e1b0d7 "),
	    EBADMSG },
	{ "another_program",
	    S("Bellman 1 env 0000000187 5a3f01c2 body 0000000000004096 "
	      "99e1b0d7\n"),
	    EBADMSG },
	{ "another_version",
	    S("bellman 2 env 0000000187 5a3f01c2 body 0000000000004096 "
	      "99e1b0d7\n"),
	    EPROTONOSUPPORT },
	{ "empty_envelope",
	    S("bellman 1 env 0000000000 5a3f01c2 body 0000000000004096 "
	      "99e1b0d7\n"),
	    EBADMSG },
	{ "envelope_too_long",
	    S("bellman 1 env 0067108865 5a3f01c2 body 0000000000004096 "
	      "99e1b0d7\n"),
	    EBADMSG },
	{ "body_beyond_any_file",
	    S("bellman 1 env 0000000187 5a3f01c2 body 9999999999999999 "
	      "99e1b0d7\n"),
	    0 },
	{ "sign_in_number",
	    S("bellman 1 env +000000187 5a3f01c2 body 0000000000004096 "
	      "99e1b0d7\n"),
	    EBADMSG },
	{ "sum_in_capitals",
	    S("bellman 1 env 0000000187 5A3F01C2 body 0000000000004096 "
	      "99e1b0d7\n"),
	    EBADMSG },
	{ "sum_no_number",
	    S("bellman 1 env 0000000187 5a3f01cg body 0000000000004096 "
	      "99e1b0d7\n"),
	    EBADMSG },
	{ "other_widths",
	    S("bellman 1 env 000000187 5a3f01c2 body 00000000000004096 "
	      "99e1b0d7\n"),
	    EBADMSG },
	{ "two_blanks",
	    S("bellman 1 env  000000187 5a3f01c2 body 0000000000004096 "
	      "99e1b0d7\n"),
	    EBADMSG },
	{ "zeros",
	    S("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	      "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	      "\0\0\0\0\0\0\0\0"),
	    EBADMSG },
};

static void
check_head(void **state)
{
	const struct head *row = *state;
	struct spool_head h;
	char line[SPOOL_HEAD];

	errno = 0;
	if (spool_head_get(row->text, &h) == -1) {
		assert_int_equal(errno, row->error);
		assert_int_not_equal(row->error, 0);
		return;
	}
	assert_int_equal(row->error, 0);
	spool_head_put(&h, line);
	assert_memory_equal(line, row->text.ptr, SPOOL_HEAD);
}

struct dir {
	char path[64];
	int fd;
	mode_t umask;
};

static int
setup(void **state)
{
	struct dir *d = calloc(1, sizeof *d);

	*state = d;
	d->umask = umask(0); /* as sendmail sets it */
	d->fd = d ? scratch_make(d->path) : -1;
	return d->fd == -1 ? -1 : 0;
}

static int
teardown(void **state)
{
	struct dir *d = *state;

	umask(d->umask);
	close(d->fd);
	scratch_remove(d->path);
	free(d);
	return 0;
}

static int
entries(int dirfd)
{
	DIR *d = fdopendir(openat(dirfd, ".", O_RDONLY | O_DIRECTORY));
	int n = -2; /* . and .. */

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* As the agent sees it: can it be had, and in which state is it? */
static bool
lockable(int dirfd, const char *id)
{
	int fd = openat(dirfd, id, O_RDWR | O_CLOEXEC);
	bool had;

	assert_int_not_equal(fd, -1);
	had = flock(fd, LOCK_EX | LOCK_NB) == 0;
	assert_true(had || errno == EWOULDBLOCK);
	close(fd);
	return had;
}

static struct stat
look(int dirfd, const char *id)
{
	struct stat st;

	assert_int_equal(fstatat(dirfd, id, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st;
}

static void
committed_is_complete_and_unlocked(void **state)
{
	struct dir *d = *state;
	char id[SPOOL_IDSIZE];
	struct stat st;
	int fd = spool_create(d->fd, id);

	assert_int_not_equal(fd, -1);
	assert_true(spool_id_valid(id));
	assert_true(spool_id_time(id) <= time(NULL));
	assert_true(spool_id_time(id) >= time(NULL) - 60);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	st = look(d->fd, id);
	assert_int_equal(st.st_mode, S_IFREG | 0640);
	assert_int_equal(st.st_size, 0);
	assert_false(lockable(d->fd, id));
	assert_int_equal(write(fd, "text", 4), 4);
	assert_int_equal(look(d->fd, id).st_mode, S_IFREG | 0640);
	assert_int_equal(spool_commit(fd, d->fd), 0);
	assert_int_equal(fcntl(fd, F_GETFD), -1); /* consumed */
	st = look(d->fd, id);
	assert_int_equal(st.st_mode, S_IFREG | 0660);
	assert_int_equal(st.st_size, 4);
	assert_true(lockable(d->fd, id));
	assert_int_equal(entries(d->fd), 1);
}

static void
aborted_is_empty_incomplete_and_unlocked(void **state)
{
	struct dir *d = *state;
	char id[SPOOL_IDSIZE];
	struct stat st;
	int fd = spool_create(d->fd, id);

	assert_int_equal(write(fd, "text", 4), 4);
	spool_abort(fd);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	st = look(d->fd, id);
	assert_int_equal(st.st_mode, S_IFREG | 0640);
	assert_int_equal(st.st_size, 0);
	assert_true(lockable(d->fd, id));
}

/* A second holder of the descriptor must not keep the message locked. */
static void
commit_unlocks_what_a_child_still_holds(void **state)
{
	struct dir *d = *state;
	char id[SPOOL_IDSIZE];
	int fd = spool_create(d->fd, id), child = dup(fd);

	assert_int_equal(spool_commit(fd, d->fd), 0);
	assert_true(lockable(d->fd, id));
	close(child);
}

static void
given_name_once_only(void **state)
{
	struct dir *d = *state;
	const char *id = "0123456789ABCDEF-1";
	int fd = spool_create_as(d->fd, id);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, "1", 1), 1);
	errno = 0;
	assert_int_equal(spool_create_as(d->fd, id), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(spool_commit(fd, d->fd), 0);
	errno = 0;
	assert_int_equal(spool_create_as(d->fd, id), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(look(d->fd, id).st_size, 1);
}

static void
link_under_the_name_is_not_followed(void **state)
{
	struct dir *d = *state;
	const char *id = "0123456789ABCDEF";

	assert_int_equal(symlinkat("elsewhere", d->fd, id), 0);
	errno = 0;
	assert_int_equal(spool_create_as(d->fd, id), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(faccessat(d->fd, "elsewhere", F_OK, 0), -1);
}

static void
no_folder_no_file(void **state)
{
	struct dir *d = *state;
	char id[SPOOL_IDSIZE], gone[80];
	int fd;

	snprintf(gone, sizeof gone, "%s/gone", d->path);
	assert_int_equal(mkdir(gone, 0700), 0);
	fd = open(gone, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(rmdir(gone), 0);
	errno = 0;
	assert_int_equal(spool_create(fd, id), -1);
	assert_int_equal(errno, ENOENT);
	close(fd);
}

/* The first eight letters tell the time: names sort by it. */
static void
ids_differ_and_tell_the_time(void **state)
{
	static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	char a[SPOOL_IDSIZE], b[SPOOL_IDSIZE];
	uint64_t when = 0;
	time_t now = time(NULL);

	(void)state;
	spool_id_new(a);
	for (int i = 0; i < 2000; i++) {
		spool_id_new(b);
		assert_true(spool_id_valid(b));
		assert_string_not_equal(a, b);
		assert_true(strncmp(a, b, 8) <= 0);
		strlcpy(a, b, sizeof a);
	}
	for (int i = 0; i < 8; i++)
		when = when << 5 | (uint64_t)(strchr(letters, a[i]) - letters);
	assert_in_range(when >> 6, now - 1, now + 5);
}

/* 34 bits of seconds: beyond those of 31 and of 32, until 2514. */
static void
ids_tell_times_past_2038(void **state)
{
	static const struct {
		const char *id;
		int64_t when;
	} rows[] = { { "3ZZZZZZZ00000000", 2147483647 },
		{ "4000000000000000", 2147483648 },
		{ "8000000000000000", 4294967296 },
		{ "ZZZZZZZZ00000000", 17179869183 } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_true(spool_id_time(rows[i].id) == rows[i].when);
	assert_int_equal(sizeof(time_t), 8);
}

static int
fill_until_full(const char *path)
{
	char id[SPOOL_IDSIZE], block[4096] = { 0 };
	int dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;
	struct stat st;
	ssize_t n;

	umask(0);
	fd = spool_create(dirfd, id);
	if (fd == -1)
		return 1;
	while ((n = write(fd, block, sizeof block)) > 0)
		;
	if (n != -1 || errno != ENOSPC)
		return 2;
	spool_abort(fd);
	if (fstatat(dirfd, id, &st, 0) == -1 || st.st_size != 0 ||
	    st.st_mode != (S_IFREG | 0640))
		return 3;
	/* the room is there again */
	fd = spool_create(dirfd, id);
	if (fd == -1 || write(fd, block, sizeof block) != sizeof block ||
	    spool_commit(fd, dirfd) == -1)
		return 4;
	return entries(dirfd) == 2 ? 0 : 5;
}

static int
no_inode_left(const char *path)
{
	int dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd, n = 0;
	char id[SPOOL_IDSIZE];

	while ((fd = spool_create(dirfd, id)) != -1 && n < 100)
		close(fd), n++;
	if (errno != ENOSPC || n == 0)
		return 1;
	return entries(dirfd) == n ? 0 : 2;
}

static int
read_only(const char *path)
{
	int dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char id[SPOOL_IDSIZE];

	if (mount(NULL, path, NULL, MS_REMOUNT | MS_RDONLY, NULL) == -1)
		return SCRATCH_SKIP;
	errno = 0;
	return spool_create(dirfd, id) == -1 && errno == EROFS ? 0 : 1;
}

static void
in_memory(void **state, const char *options, int (*part)(const char *))
{
	struct dir *d = *state;
	int status = scratch_in_memory(d->path, options, part);

	if (status == SCRATCH_SKIP)
		skip();
	assert_int_equal(status, 0);
}

static void
full_disk_leaves_an_empty_file(void **state)
{
	in_memory(state, "size=64k,mode=700", fill_until_full);
}

static void
no_inodes_leave_nothing(void **state)
{
	in_memory(state, "nr_inodes=5,mode=700", no_inode_left);
}

static void
read_only_file_system_says_so(void **state)
{
	in_memory(state, "size=64k", read_only);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest more[] = {
		IN_DIR(committed_is_complete_and_unlocked),
		IN_DIR(aborted_is_empty_incomplete_and_unlocked),
		IN_DIR(commit_unlocks_what_a_child_still_holds),
		IN_DIR(given_name_once_only),
		IN_DIR(link_under_the_name_is_not_followed),
		IN_DIR(no_folder_no_file),
		IN_DIR(full_disk_leaves_an_empty_file),
		IN_DIR(no_inodes_leave_nothing),
		IN_DIR(read_only_file_system_says_so),
		cmocka_unit_test(ids_differ_and_tell_the_time),
		cmocka_unit_test(ids_tell_times_past_2038),
	};
	struct CMUnitTest tests[COUNT(ids) + COUNT(heads) + COUNT(more)];
	size_t n = 0;

	ADD_ROWS(tests, n, ids, check_id);
	ADD_ROWS(tests, n, heads, check_head);
	memcpy(tests + n, more, sizeof more);
	return cmocka_run_group_tests_name("spool", tests, NULL, NULL);
}
