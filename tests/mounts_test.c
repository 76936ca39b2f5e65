/* Which folders the queue looks at itself. */
#include "deliver/mounts.h"
#include "tests/rows.h"
#include "tests/scratch.h"

#define ROOT "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
#define HOME "40 22 0:50 / /home rw shared:2 master:1 - nfs4 srv:/home rw\n"

static const struct row {
	const char *name, *table, *folder;
	bool want;
} rows[] = {
	{ "root", ROOT, "/home/alice", true },
	{ "network", ROOT HOME, "/home/alice", false },
	{ "its_point", ROOT HOME, "/home", false },
	{ "beside_it", ROOT HOME, "/homes/alice", true },
	{ "before_it", HOME ROOT, "/home/alice", false },
	{ "local_below_network",
	    ROOT HOME "41 40 8:2 / /home/alice rw - xfs /dev/sdb rw\n",
	    "/home/alice", true },
	{ "covered_later", ROOT HOME "42 40 8:3 / /home rw - tmpfs tmpfs rw\n",
	    "/home/alice", true },
	{ "covered_by_network",
	    ROOT "39 22 8:3 / /home rw - xfs /dev/b rw\n" HOME, "/home/alice",
	    false },
	{ "fuse", ROOT "40 22 0:50 / /home rw - fuse.sshfs h: rw\n",
	    "/home/alice", false },
	{ "automounter", ROOT "40 22 0:50 / /home rw - autofs auto.home rw\n",
	    "/home/alice", false },
	{ "a_blank_in_it", ROOT "40 22 0:50 / /my\\040home rw - nfs h:/ rw\n",
	    "/my home/alice", false },
	{ "no_octet_behind_it",
	    ROOT "40 22 0:50 / /my\\0/home rw - nfs h:/ rw\n",
	    "/my\\0/home/alice", false },
	{ "a_nul_in_it", ROOT "40 22 0:50 / /home\\000it rw - nfs h:/ rw\n",
	    "/home", true },
	{ "no_optional_fields", "22 1 8:1 / / rw - btrfs /dev/sda1 rw\n",
	    "/home", true },
	{ "unknown_kind", "22 1 8:1 / / rw - newfs /dev/sda1 rw\n", "/home",
	    false },
	{ "no_table", "", "/home", false },
	{ "half_a_line", "22 1 8:1 /", "/home", false },
	{ "relative", ROOT, "home", false },
};

static void
check(void **state)
{
	const struct row *r = *state;

	assert_int_equal(mounts_local(span_of(r->table), r->folder), r->want);
}

static void
as_it_is_here(void **state)
{
	char dir[64], path[100], link[100];

	(void)state;
	assert_int_not_equal(scratch_make(dir), -1);
	snprintf(path, sizeof path, "%s/home", dir);
	snprintf(link, sizeof link, "%s/link", dir);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(symlink(path, link), 0);
	assert_true(mounts_is_near(path));
	assert_false(mounts_is_near(link)); /* it may lead anywhere */
	assert_false(mounts_is_near("/proc/self"));
	assert_false(mounts_is_near("home"));
	scratch_remove(dir);
}

int
main(void)
{
	static const struct CMUnitTest more[] = {
		cmocka_unit_test(as_it_is_here),
	};
	struct CMUnitTest tests[COUNT(rows) + COUNT(more)];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	memcpy(tests + n, more, sizeof more);
	return cmocka_run_group_tests_name("mounts", tests, NULL, NULL);
}
