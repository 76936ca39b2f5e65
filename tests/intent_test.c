#include "common/crc.h"
#include "deliver/queue/intent.h"
#include "tests/rows.h"
#include "tests/scratch.h"
#include <errno.h>

#define ID "0123456789ABCDEF"
#define NAME "intent-0000000000000000"
#define TEXT                                                                   \
	"bellman-intent 1\nuser alice\nbox /var/mail/%u\nino 12 size 34\n"     \
	"item " ID " 0\nitem " ID "-1 7\n"

struct dir {
	char path[64];
	int fd;
};

static int
setup(void **state)
{
	struct dir *d = calloc(1, sizeof *d);

	*state = d;
	d->fd = scratch_make(d->path);
	return d->fd == -1 ? -1 : 0;
}

static int
teardown(void **state)
{
	struct dir *d = *state;

	close(d->fd);
	scratch_remove(d->path);
	free(d);
	return 0;
}

static void
put_file(int dirfd, struct span text)
{
	int fd = openat(dirfd, NAME, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text.ptr, text.len), (ssize_t)text.len);
	close(fd);
}

/* The lines, their sum, and what stands behind it. */
static void
put_lines(int dirfd, struct span lines, struct span behind)
{
	struct buf b = { 0 };

	buf_span(&b, lines);
	buf_fmt(&b, "sum %08x\n", crc32c(0, lines.ptr, lines.len));
	buf_span(&b, behind);
	put_file(dirfd, buf_view(&b));
	buf_free(&b);
}

static struct intent_item two[] = { { ID, 0 }, { ID "-1", 7 } };
static char alice[] = "alice", box[] = "/var/mail/%u";
static const struct intent sample = {
	.user = alice, .box = box, .ino = 12, .size = 34, .items = two, .n = 2
};

static void
written_and_read(void **state)
{
	struct dir *d = *state;
	struct intent in = sample, got;
	struct buf want = { 0 };
	char text[512];
	struct stat st;
	ssize_t n;
	int fd;

	assert_int_equal(intent_write(d->fd, &in), 0);
	assert_true(intent_is_name(in.name));
	fd = openat(d->fd, in.name, O_RDONLY);
	n = read(fd, text, sizeof text);
	assert_int_equal(fstat(fd, &st), 0);
	close(fd);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	buf_str(&want, TEXT);
	buf_fmt(&want, "sum %08x\n", crc32c(0, want.ptr, want.len));
	assert_true(n >= (ssize_t)want.len);
	assert_memory_equal(text, want.ptr, want.len);
	buf_free(&want);

	assert_int_equal(intent_read(d->fd, in.name, &got), 0);
	assert_string_equal(got.name, in.name);
	assert_string_equal(got.user, "alice");
	assert_string_equal(got.box, "/var/mail/%u");
	assert_true(got.ino == 12 && got.size == 34);
	assert_int_equal(got.n, 2);
	assert_string_equal(got.items[1].id, ID "-1");
	assert_int_equal(got.items[1].rcpt, 7);
	assert_null(got.result);
	intent_free(&got);

	assert_int_equal(intent_mark(d->fd, &in, "01"), 0);
	assert_int_equal(intent_read(d->fd, in.name, &got), 0);
	assert_string_equal(got.result, "01");
	intent_free(&got);
}

/* A file or a command comes back as it was. */
static void
other_kinds(void **state)
{
	static char path[] = "/srv/a b", words[] = "prog -x \"$HOME\"",
		    none[] = "";
	struct dir *d = *state;
	struct intent in = sample, got;

	in.kind = T_FILE;
	in.what = path;
	in.box = none;
	assert_int_equal(intent_write(d->fd, &in), 0);
	assert_int_equal(intent_read(d->fd, in.name, &got), 0);
	assert_int_equal(got.kind, T_FILE);
	assert_string_equal(got.what, path);
	assert_string_equal(got.box, "");
	assert_int_equal(got.n, 2);
	intent_free(&got);
	in.kind = T_COMMAND;
	in.what = words;
	assert_int_equal(intent_write(d->fd, &in), 0);
	assert_int_equal(intent_read(d->fd, in.name, &got), 0);
	assert_int_equal(got.kind, T_COMMAND);
	assert_string_equal(got.what, words);
	intent_free(&got);
}

/* A file cut anywhere was never whole, or its result is not known. */
static void
cut_anywhere(void **state)
{
	struct dir *d = *state;
	struct buf b = { 0 };
	struct intent got;
	size_t whole;

	buf_str(&b, TEXT);
	buf_fmt(&b, "sum %08x\n", crc32c(0, b.ptr, b.len));
	whole = b.len;
	buf_str(&b, "result 01\n");
	for (size_t n = 0; n <= b.len; n++) {
		int done;

		put_file(d->fd, (struct span){ b.ptr, n });
		errno = 0;
		done = intent_read(d->fd, NAME, &got);
		assert_int_equal(done, n >= whole ? 0 : -1);
		if (done == -1)
			assert_int_equal(errno, EBADMSG);
		else
			assert_int_equal(got.result != NULL, n == b.len);
		intent_free(&got);
	}
	buf_free(&b);
}

static void
wrong_anywhere(void **state)
{
	struct dir *d = *state;
	struct buf b = { 0 };
	struct intent got;

	buf_str(&b, TEXT);
	buf_fmt(&b, "sum %08x\n", crc32c(0, b.ptr, b.len));
	for (size_t i = 0; i < b.len; i++) {
		b.ptr[i] ^= 1;
		put_file(d->fd, buf_view(&b));
		errno = 0;
		assert_int_equal(intent_read(d->fd, NAME, &got), -1);
		assert_int_equal(errno, EBADMSG);
		b.ptr[i] ^= 1;
	}
	buf_free(&b);
}

/* The sum fits, what it stands for does not. */
static const struct bad {
	const char *name;
	struct span lines;
} bad[] = {
	{ "another_version",
	    S("bellman-intent 2\nuser a\nbox b\nino 1 size 2\n") },
	{ "no_user", S("bellman-intent 1\nbox b\nino 1 size 2\n") },
	{ "no_size", S("bellman-intent 1\nuser a\nbox b\nino 1\n") },
	{ "negative_size",
	    S("bellman-intent 1\nuser a\nbox b\nino 1 size -2\n") },
	{ "id_that_is_a_path",
	    S("bellman-intent 1\nuser a\nbox b\nino 1 size 2\n"
	      "item ../../../etc/pas 0\n") },
	{ "id_too_long", S("bellman-intent 1\nuser a\nbox b\nino 1 size 2\n"
			   "item " ID ID " 0\n") },
	{ "no_recipient", S("bellman-intent 1\nuser a\nbox b\nino 1 size 2\n"
			    "item " ID "\n") },
	{ "recipient_beyond_32_bits",
	    S("bellman-intent 1\nuser a\nbox b\nino 1 size 2\n"
	      "item " ID " 4294967296\n") },
	{ "unknown_kind", S("bellman-intent 1\nuser a\nkind x\nwhat y\nbox b\n"
			    "ino 1 size 2\n") },
	{ "kind_without_what",
	    S("bellman-intent 1\nuser a\nkind file\nbox b\nino 1 size 2\n") },
	{ "kind_with_empty_what",
	    S("bellman-intent 1\nuser a\nkind file\nwhat \nbox b\n"
	      "ino 1 size 2\n") },
	{ "nul_in_user",
	    S("bellman-intent 1\nuser a\0b\nbox b\nino 1 size 2\n") },
};

static void
check_bad(void **state)
{
	const struct bad *row = *state;
	struct intent got;
	void *dir;
	struct dir *d;

	assert_int_equal(setup(&dir), 0);
	d = dir;
	put_lines(d->fd, row->lines, SPAN(""));
	errno = 0;
	assert_int_equal(intent_read(d->fd, NAME, &got), -1);
	assert_int_equal(errno, EBADMSG);
	teardown(&dir);
}

/* A result that is none of ours is not known: the mailbox is asked. */
static const struct bad results[] = {
	{ "result_too_short", S("result 0\n") },
	{ "result_too_long", S("result 011\n") },
	{ "result_of_other_digits", S("result 02\n") },
	{ "result_not_yet_filled_in", S("result ??\n") },
	{ "result_half_filled_in", S("result 1?\n") },
	{ "result_of_zeros", S("result \0\0\n") },
	{ "result_without_newline", S("result 01") },
	{ "zeros_for_a_result", S("\0\0\0\0\0\0\0\0\0\0") },
};

static void
check_result(void **state)
{
	const struct bad *row = *state;
	struct intent got;
	void *dir;
	struct dir *d;

	assert_int_equal(setup(&dir), 0);
	d = dir;
	put_lines(d->fd, SPAN(TEXT), row->lines);
	assert_int_equal(intent_read(d->fd, NAME, &got), 0);
	assert_null(got.result);
	intent_free(&got);
	teardown(&dir);
}

/* Only what was never whole is EBADMSG: its file is removed, and with it what
 * is known of the batch. */
static void
no_file_is_another_error(void **state)
{
	struct dir *d = *state;
	struct intent got;

	errno = 0;
	assert_int_equal(intent_read(d->fd, NAME, &got), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(symlinkat("/etc/passwd", d->fd, NAME), 0);
	errno = 0;
	assert_int_equal(intent_read(d->fd, NAME, &got), -1);
	assert_int_equal(errno, ELOOP);
}

static void
names(void **state)
{
	(void)state;
	assert_true(intent_is_name(NAME));
	assert_false(intent_is_name(ID));
	assert_false(intent_is_name("intent"));
	assert_false(
	    intent_is_name("intent-00000000000000000000000000000000000000"));
}

static int
on_a_full_disk(const char *path)
{
	int dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;
	struct intent in = sample;
	char block[4096] = { 0 };

	if (intent_write(dirfd, &in) == -1)
		return 1;
	fd = openat(dirfd, "fill", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (write(fd, block, sizeof block) > 0)
		;
	errno = 0;
	if (intent_write(dirfd, &in) != -1)
		return 2;
	if (errno != ENOSPC)
		return 3;
	return faccessat(dirfd, in.name, F_OK, 0) == -1 ? 0 : 4;
}

static void
full_disk_leaves_nothing(void **state)
{
	struct dir *d = *state;
	int status =
	    scratch_in_memory(d->path, "size=32k,mode=700", on_a_full_disk);

	if (status == SCRATCH_SKIP)
		skip();
	assert_int_equal(status, 0);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest more[] = {
		IN_DIR(written_and_read),
		IN_DIR(other_kinds),
		IN_DIR(cut_anywhere),
		IN_DIR(wrong_anywhere),
		IN_DIR(no_file_is_another_error),
		IN_DIR(full_disk_leaves_nothing),
		cmocka_unit_test(names),
	};
	struct CMUnitTest tests[COUNT(bad) + COUNT(results) + COUNT(more)];
	size_t n = 0;

	ADD_ROWS(tests, n, bad, check_bad);
	ADD_ROWS(tests, n, results, check_result);
	memcpy(tests + n, more, sizeof more);
	return cmocka_run_group_tests_name("intent", tests, NULL, NULL);
}
