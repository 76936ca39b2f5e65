/* A home folder and what may stand in it: rows of what is opened, and what is
 * not. */
#include "deliver/forward.h"
#include "tests/rows.h"
#include "tests/scratch.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define USER 4242 /* of nobody; the tests that need him need root */
#define OTHER 4243

enum made {
	PLAIN,
	NOTHING,
	LINK_INSIDE,
	LINK_OUTSIDE,
	FIFO,
	FOLDER,
	SOCKET_THERE,
	IN_FOLDER,
	IN_LINKED_FOLDER,
	OUTSIDE,
};

static const struct row {
	const char *name;
	enum made made;
	const char *path; /* asked for; %s is the folder around the home */
	mode_t home, mode;
	uid_t owner; /* of the file */
	gid_t group;
	enum read_status want;
} rows[] = {
	{ "own_file", PLAIN, "", 0755, 0644, USER, USER, READ_OK },
	{ "closed_home", PLAIN, "", 0700, 0600, USER, USER, READ_OK },
	{ "file_of_root", PLAIN, "", 0755, 0644, 0, 0, READ_OK },
	{ "file_of_another", PLAIN, "", 0755, 0644, OTHER, USER, READ_BAD },
	{ "everybody_may_write", PLAIN, "", 0755, 0646, USER, USER, READ_BAD },
	{ "own_group_may_write", PLAIN, "", 0775, 0664, USER, USER, READ_OK },
	{ "other_group_may_write", PLAIN, "", 0755, 0664, USER, OTHER,
	    READ_BAD },
	{ "home_all_may_write", PLAIN, "", 0777, 0644, USER, USER, READ_BAD },
	{ "sticky_home_all_may_write", PLAIN, "", 01777, 0644, USER, USER,
	    READ_BAD },
	{ "none_there", NOTHING, "", 0755, 0, USER, USER, READ_NONE },
	{ "link_within_the_home", LINK_INSIDE, "", 0755, 0644, USER, USER,
	    READ_BAD },
	{ "link_out_of_the_home", LINK_OUTSIDE, "", 0755, 0644, USER, USER,
	    READ_BAD },
	{ "fifo", FIFO, "", 0755, 0644, USER, USER, READ_BAD },
	{ "folder", FOLDER, "", 0755, 0755, USER, USER, READ_BAD },
	{ "socket", SOCKET_THERE, "", 0755, 0644, USER, USER, READ_BAD },
	{ "list_in_a_folder", IN_FOLDER, "sub/list", 0755, 0644, USER, USER,
	    READ_OK },
	{ "list_by_its_whole_path", IN_FOLDER, "%s/home/sub/list", 0755, 0644,
	    USER, USER, READ_OK },
	{ "list_by_dots", IN_FOLDER, "sub/../sub/list", 0755, 0644, USER, USER,
	    READ_BAD },
	{ "dots_out_of_the_home", OUTSIDE, "../outside", 0755, 0644, USER, USER,
	    READ_BAD },
	{ "whole_path_with_dots", OUTSIDE, "%s/home/../outside", 0755, 0644,
	    USER, USER, READ_BAD },
	{ "list_through_a_linked_folder", IN_LINKED_FOLDER, "linked/list", 0755,
	    0644, USER, USER, READ_BAD },
	{ "one_dot_and_two_slashes", IN_FOLDER, "./sub//list", 0755, 0644, USER,
	    USER, READ_OK },
	{ "own_list_elsewhere", OUTSIDE, "%s/outside", 0755, 0644, USER, USER,
	    READ_OK },
	{ "another_s_list_elsewhere", OUTSIDE, "%s/outside", 0755, 0644, OTHER,
	    USER, READ_BAD },
	{ "list_elsewhere_that_is_not_there", NOTHING, "%s/outside", 0755, 0644,
	    USER, USER, READ_NONE },
	{ "a_device", NOTHING, "/dev/null", 0755, 0, USER, USER, READ_BAD },
	{ "no_name_behind_the_folder", IN_FOLDER, "sub/", 0755, 0644, USER,
	    USER, READ_NONE },
};

static void
put(int at, const char *name, const struct row *row)
{
	int fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, "text", 4), 4);
	assert_int_equal(fchown(fd, row->owner, row->group), 0);
	assert_int_equal(fchmod(fd, row->mode), 0);
	close(fd);
}

static int
sub(int home, const char *name)
{
	assert_int_equal(mkdirat(home, name, 0755), 0);
	assert_int_equal(fchownat(home, name, USER, USER, 0), 0);
	return openat(home, name, O_RDONLY | O_DIRECTORY);
}

static void
make(const struct row *row, const char *around, int out, int home)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	switch (row->made) {
	case PLAIN:
		put(home, ".forward", row);
		break;
	case NOTHING:
		break;
	case LINK_INSIDE:
		put(home, "there", row);
		assert_int_equal(symlinkat("there", home, ".forward"), 0);
		break;
	case LINK_OUTSIDE:
		put(out, "outside", row);
		assert_int_equal(symlinkat("../outside", home, ".forward"), 0);
		break;
	case FIFO:
		assert_int_equal(mkfifoat(home, ".forward", 0644), 0);
		break;
	case FOLDER:
		close(sub(home, ".forward"));
		break;
	case SOCKET_THERE:
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		snprintf(sun.sun_path, sizeof sun.sun_path, "%s/home/.forward",
		    around);
		assert_int_equal(
		    bind(fd, (struct sockaddr *)&sun, sizeof sun), 0);
		close(fd);
		break;
	case IN_FOLDER:
		fd = sub(home, "sub");
		put(fd, "list", row);
		close(fd);
		break;
	case IN_LINKED_FOLDER:
		fd = sub(home, "sub");
		put(fd, "list", row);
		close(fd);
		assert_int_equal(symlinkat("sub", home, "linked"), 0);
		break;
	case OUTSIDE:
		put(out, "outside", row);
		break;
	}
}

static void
check(void **state)
{
	const struct row *row = *state;
	char around[64], home[80], path[160];
	struct forward_owner owner = { home, USER, USER };
	struct buf why = { 0 }, text = { 0 };
	int out, at, fd;

	if (geteuid() != 0)
		skip(); /* to give a file away takes root */
	umask(0);
	out = scratch_make(around);
	snprintf(home, sizeof home, "%s/home", around);
	at = sub(out, "home");
	assert_int_equal(fchmod(at, row->home), 0);
	make(row, around, out, at);
	snprintf(path, sizeof path, row->path, around);
	assert_int_equal(forward_open(&owner, path, &fd, &why), row->want);
	assert_int_equal(fd != -1, row->want == READ_OK);
	assert_int_equal(why.len == 0, row->want == READ_OK);
	if (fd != -1) {
		assert_int_equal(forward_read(fd, 64, &text, &why), READ_OK);
		assert_true(span_eq(buf_view(&text), SPAN("text")));
		close(fd);
	}
	buf_free(&text);
	buf_free(&why);
	close(at);
	close(out);
	scratch_remove(around);
}

static void
homes_that_are_none(void **state)
{
	static const char *const homes[] = { "/nonexistent", "/dev/null", "",
		"relative" };
	struct buf why = { 0 };
	int fd;

	(void)state;
	for (size_t i = 0; i < COUNT(homes); i++) {
		struct forward_owner owner = { homes[i], USER, USER };

		assert_int_equal(
		    forward_open(&owner, "", &fd, &why), READ_NONE);
		assert_int_equal(fd, -1);
	}
	buf_free(&why);
}

static void
size_is_bounded(void **state)
{
	int fd = memfd_create("x", MFD_CLOEXEC);
	struct buf text = { 0 }, why = { 0 };

	(void)state;
	assert_int_equal(ftruncate(fd, FORWARD_MAX), 0);
	assert_int_equal(forward_read(fd, FORWARD_MAX, &text, &why), READ_OK);
	assert_int_equal(text.len, FORWARD_MAX);
	buf_free(&text);
	text = (struct buf){ 0 };
	assert_int_equal(ftruncate(fd, FORWARD_MAX + 1), 0);
	assert_int_equal(forward_read(fd, FORWARD_MAX, &text, &why), READ_BAD);
	assert_non_null(strstr(buf_c(&why), "64 KiB"));
	close(fd);
	buf_free(&text);
	buf_free(&why);
}

int
main(void)
{
	static const struct CMUnitTest more[] = {
		cmocka_unit_test(homes_that_are_none),
		cmocka_unit_test(size_is_bounded),
	};
	struct CMUnitTest tests[COUNT(rows) + COUNT(more)];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	memcpy(tests + n, more, sizeof more);
	return cmocka_run_group_tests_name("forward", tests, NULL, NULL);
}
