/* What may hang, by the kernel's list of mounts. */
#include "deliver/queue/mounts.h"
#include "tests/rows.h"
#include "tests/scratch.h"
#include <string.h>

static const char text[] =
    "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
    "23 22 0:5 / /proc rw - proc proc rw\n"
    "30 22 0:40 / /home rw shared:7 master:1 - nfs4 srv:/home rw,vers=4.2\n"
    "31 30 8:2 / /home/local rw - ext4 /dev/sda2 rw\n"
    "32 22 0:41 / /with\\040blank rw - cifs //srv/x rw\n"
    "33 22 0:42 / /home2 rw - xfs /dev/sdb rw\n"
    "34 22 0:43 / /sshfs rw shared:2 - fuse.sshfs a@b: rw\n"
    "35 22 0:44 / /blk rw - fuseblk /dev/sdc1 rw\n"
    "36 22 0:45 / /auto rw - autofs systemd-1 rw\n"
    "37 22 0:46 / /twice rw - nfs srv:/a rw\n"
    "38 37 8:3 / /twice rw - ext4 /dev/sdd rw\n"
    "39 22 8:4 / /odd/nfs rw - ext4 /dev/nfs rw\n"
    "40 22 0:47 / /torn rw";

static const struct row {
	const char *name, *path;
	bool far;
} rows[] = {
	{ "local", "/var/x", false },
	{ "the_root", "/", false },
	{ "nfs", "/home/alice", true },
	{ "the_mount_point", "/home", true },
	{ "local_beneath_nfs", "/home/local/alice", false },
	{ "nfs_beside_it", "/home/localx", true },
	{ "only_the_same_letters", "/homes/alice", false },
	{ "another_of_that_beginning", "/home2/alice", false },
	{ "a_blank", "/with blank/alice", true },
	{ "fuse", "/sshfs/alice", true },
	{ "fuseblk", "/blk/alice", true },
	{ "automounter", "/auto/alice", true },
	{ "covered", "/twice/alice", false },
	{ "a_device_of_that_name", "/odd/nfs/alice", false },
	{ "a_line_without_a_type", "/torn/alice", true },
};

static void
check(void **state)
{
	const struct row *row = *state;

	assert_int_equal(mounts_far(SPAN(text), row->path), row->far);
}

static void
nothing_is_known(void **state)
{
	(void)state;
	assert_true(mounts_far(SPAN(""), "/home/alice"));
	assert_true(mounts_far(SPAN("\n\nx\n- nfs\n"), "/home/alice"));
}

/* A folder of this machine, links in it, and a name that is not there. */
static int
here(const char *dir)
{
	char path[128], link[128];

	snprintf(path, sizeof path, "%s/a", dir);
	snprintf(link, sizeof link, "%s/link", dir);
	if (mkdir(path, 0755) == -1 || symlink("a", link) == -1)
		return 2;
	if (!mounts_near(path) || !mounts_near("/") || mounts_near("a"))
		return 3;
	if (mounts_near(link))
		return 4; /* it may lead anywhere */
	snprintf(path, sizeof path, "%s/link/b", dir);
	if (mounts_near(path))
		return 5;
	snprintf(path, sizeof path, "%s/nothing/b", dir);
	return mounts_near(path) ? 0 : 6;
}

static void
this_machine(void **state)
{
	char dir[64];
	int fd = scratch_make(dir), got;

	(void)state;
	assert_int_not_equal(fd, -1);
	assert_true(mounts_near(dir));
	got = geteuid() == 0 ? scratch_in_memory(dir, "mode=755", here)
			     : SCRATCH_SKIP;
	close(fd);
	scratch_remove(dir);
	if (got == SCRATCH_SKIP)
		skip();
	assert_int_equal(got, 0);
}

int
main(void)
{
	static const struct CMUnitTest more[] = {
		cmocka_unit_test(nothing_is_known),
		cmocka_unit_test(this_machine),
	};
	struct CMUnitTest tests[COUNT(rows) + COUNT(more)];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	memcpy(tests + n, more, sizeof more);
	return cmocka_run_group_tests_name("mounts", tests, NULL, NULL);
}
