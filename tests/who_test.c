#include "deliver/tty/who.h"
#include <fcntl.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utmpx.h>

#include <cmocka.h>

static const struct {
	const char *name;
	bool ok;
} names[] = {
	{ "pts/0", true }, { "pts/1234", true }, { "tty1", true },
	{ "ttyS0", true }, { "ttyUSB3", true }, { "ttyACM0", true },
	{ "ttyAMA0", true }, { "ttyMSC1", true }, { "hvc0", true },
	{ "xvc0", true }, { "", false }, { ":0", false }, { "seat0", false },
	{ "tty", false }, { "console", false }, { "ptmx", false },
	{ "pts/ptmx", false }, { "pts/", false }, { "pts", false },
	{ "pts/../sda", false }, { "../dev/pts/0", false },
	{ "/dev/pts/0", false }, { "pts/0/", false }, { "pts/0 ", false },
	{ "pts/0\n", false }, { "pts//0", false }, { "pts/-1", false },
	{ "pts/+1", false }, { "PTS/0", false }, { "ttyp0", false },
	{ "ttyS", false }, { "ttyS0x", false }, { "sda1", false },
	{ "mem", false },
	{ "pts/12345678901234567890123456", true },    /* 30 octets */
	{ "pts/1234567890123456789012345678", false }, /* 32: no room */
};

static void
test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (who_name_ok(names[i].name) != names[i].ok)
			fail_msg("\"%s\"", names[i].name);
}

static void
test_fields(void **state)
{
	char out[33];

	(void)state;
	who_field(out, "0123456789abcdef0123456789abcdefTAIL", 32);
	assert_string_equal(out, "0123456789abcdef0123456789abcdef");
	who_field(out, "pts/3\0junk", 32);
	assert_string_equal(out, "pts/3");
	who_field(out, "/dev/pts/3", 32);
	assert_string_equal(out, "pts/3");
	who_field(out, "/dev/", 5);
	assert_string_equal(out, "");
	who_field(out, "", 32);
	assert_string_equal(out, "");
}

/* A /dev of our own: a folder whose "pts" holds no device at all. */
static void
test_no_register_is_nobody(void **state)
{
	struct who_terminal t[WHO_MAX];
	int devfd = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(utmpxname("/nonexistent/utmp"), 0);
	assert_int_equal(
	    who_terminals(devfd, 12345, "nobody-here", false, t), 0);
	close(devfd);
}

static void
put(const char *user, const char *line, short type)
{
	struct utmpx u = { .ut_type = type, .ut_pid = getpid() };
	static int id;

	snprintf(u.ut_id, sizeof u.ut_id, "%x", ++id & 0xfff);
	memcpy(u.ut_user, user, strnlen(user, sizeof u.ut_user));
	memcpy(u.ut_line, line, strnlen(line, sizeof u.ut_line));
	setutxent();
	assert_non_null(pututxline(&u));
	endutxent();
}

/* Entries that name what is no terminal of the user's: files, folders, others'
 * devices, and names that would leave /dev. */
static void
test_false_entries(void **state)
{
	char dir[] = "/tmp/who_test.XXXXXX", path[64];
	struct who_terminal t[WHO_MAX];
	int devfd, fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/utmp", dir);
	fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	assert_int_not_equal(fd, -1);
	close(fd);
	assert_int_equal(utmpxname(path), 0);
	devfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	close(openat(devfd, "tty1", O_CREAT | O_RDWR | O_CLOEXEC, 0620));
	assert_int_equal(symlinkat("/dev/null", devfd, "tty2"), 0);
	put("root", "tty1", USER_PROCESS);
	put("root", "tty2", USER_PROCESS);
	put("root", "tty3", USER_PROCESS);
	put("root", "../dev/null", USER_PROCESS);
	put("root", "null", USER_PROCESS);
	put("root", ":0", USER_PROCESS);
	put("root", "", USER_PROCESS);
	put("", "tty1", USER_PROCESS);
	assert_int_equal(who_terminals(devfd, getuid(), "root", false, t), 0);
	unlinkat(devfd, "tty1", 0);
	unlinkat(devfd, "tty2", 0);
	unlinkat(devfd, "utmp", 0);
	close(devfd);
	rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_no_register_is_nobody),
		cmocka_unit_test(test_false_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
