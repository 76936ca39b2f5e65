#include "tests/box.h"
#include <dirent.h>

static int
setup(void **state)
{
	return box_setup(state, &box_maildir);
}

static int
open_box(struct place *p)
{
	uint64_t ino, size;

	p->box.kind->close(&p->box);
	box_again(p);
	return p->box.kind->open(&p->box, &ino, &size, &p->v);
}

static int
check_items(struct place *p)
{
	return p->box.kind->check(&p->box, 0, 0, p->items, BATCH, &p->v);
}

static void
append(struct place *p, int i)
{
	p->box.kind->append(&p->box, &p->items[i], &p->v);
	assert_int_equal(p->v.outcome, OUT_DELIVERED);
	assert_int_equal(p->box.kind->sync(&p->box, &p->v), 0);
	assert_true(p->items[i].settled);
}

/* Files in a folder of the Maildir; name is one of them. */
static int
files(struct place *p, const char *folder, char name[300])
{
	char path[128];
	struct dirent *e;
	int n = 0;
	DIR *d;

	snprintf(path, sizeof path, "%s/box/%s", p->path, folder);
	d = opendir(path);
	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.') {
			n++;
			if (name)
				snprintf(name, 300, "%s", e->d_name);
		}
	closedir(d);
	return n;
}

static void
new_maildir(void **state)
{
	static const char *const made[] = { "box", "box/tmp", "box/new",
		"box/cur" };
	struct place *p = *state;
	struct buf got = { 0 }, want = { 0 };
	char name[300], path[400];
	struct stat st;

	assert_int_equal(open_box(p), 0);
	for (size_t i = 0; i < COUNT(made); i++) {
		assert_int_equal(fstatat(p->fd, made[i], &st, 0), 0);
		assert_int_equal(st.st_mode, S_IFDIR | 0700);
	}
	append(p, 1);
	assert_int_equal(files(p, "new", name), 1);
	assert_int_equal(files(p, "tmp", NULL), 0);
	assert_true(
	    span_starts(span_of(name), SPAN("1795411233.0123456789ABCDE1_")));
	assert_non_null(strstr(name, ".a_b_c")); /* no slash, no colon */
	snprintf(path, sizeof path, "box/new/%s", name);
	assert_int_equal(fstatat(p->fd, path, &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	box_get(p->fd, path, &got);
	assert_int_equal(item_plain(&p->items[1], box_keep, &want), ITEM_OK);
	assert_string_equal(buf_c(&got), buf_c(&want));
	buf_free(&got);
	buf_free(&want);
}

/* Killed while it wrote: what is in tmp was never delivered. */
static void
torn_anywhere(void **state)
{
	struct place *p = *state;
	struct buf want = { 0 }, got = { 0 };
	char name[300], tmp[400], new[400];

	assert_int_equal(open_box(p), 0);
	append(p, 0);
	files(p, "new", name);
	snprintf(tmp, sizeof tmp, "box/tmp/%s", name);
	snprintf(new, sizeof new, "box/new/%s", name);
	box_get(p->fd, new, &want);
	for (size_t n = 0; n <= want.len; n++) {
		assert_int_equal(unlinkat(p->fd, new, 0), 0);
		box_put(p->fd, tmp, (struct span){ want.ptr, n });
		assert_int_equal(open_box(p), 0);
		assert_int_equal(check_items(p), 0);
		for (int i = 0; i < BATCH; i++)
			assert_false(p->items[i].settled);
		assert_int_equal(files(p, "tmp", NULL), 0);
		append(p, 0);
		assert_int_equal(files(p, "new", NULL), 1);
		box_get(p->fd, new, &got);
		assert_true(span_eq(buf_view(&got), buf_view(&want)));
	}
	buf_free(&want);
	buf_free(&got);
}

static void
left_in_tmp_is_replaced(void **state)
{
	struct place *p = *state;
	char name[300], path[400];

	assert_int_equal(open_box(p), 0);
	append(p, 0);
	files(p, "new", name);
	snprintf(path, sizeof path, "box/tmp/%s", name);
	box_put(p->fd, path, SPAN("Return-"));
	append(p, 0);
	assert_int_equal(files(p, "tmp", NULL), 0);
	assert_int_equal(files(p, "new", NULL), 1);
}

/* Found wherever a reader put it, and no other item with it. */
static const struct moved {
	const char *name, *flags; /* NULL: still in new */
} moved[] = {
	{ "found_in_new", NULL },
	{ "found_in_cur", "" },
	{ "found_in_cur_with_flags", ":2,FRS" },
};

static void
check_moved(void **state)
{
	const struct moved *row = *state;
	char name[300], from[400], to[400];
	struct place *p;
	void *place;

	assert_int_equal(setup(&place), 0);
	p = place;
	assert_int_equal(open_box(p), 0);
	append(p, 1);
	files(p, "new", name);
	snprintf(from, sizeof from, "box/new/%s", name);
	snprintf(
	    to, sizeof to, "box/cur/%s%s", name, row->flags ? row->flags : "");
	if (row->flags)
		assert_int_equal(renameat(p->fd, from, p->fd, to), 0);
	assert_int_equal(open_box(p), 0);
	assert_int_equal(check_items(p), 0);
	assert_false(p->items[0].settled);
	assert_true(p->items[1].settled);
	assert_false(p->items[2].settled);
	box_teardown(&place);
}

static void
one_message_for_two_addresses_is_two_files(void **state)
{
	struct place *p = *state;

	assert_int_equal(open_box(p), 0);
	append(p, 0);
	free(p->items[0].rcpt);
	p->items[0].rcpt = strdup("r+detail@y");
	assert_int_equal(check_items(p), 0);
	assert_false(p->items[0].settled);
	append(p, 0);
	assert_int_equal(files(p, "new", NULL), 2);
}

/* Nothing is seen before all of it is synced; of what is moved away meanwhile
 * only that one is told as lost. */
static void
one_batch_of_many(void **state)
{
	struct place *p = *state;
	char name[300], path[400];

	assert_int_equal(open_box(p), 0);
	p->box.kind->append(&p->box, &p->items[1], &p->v);
	files(p, "tmp", name);
	p->box.kind->append(&p->box, &p->items[0], &p->v);
	p->box.kind->append(&p->box, &p->items[2], &p->v);
	assert_int_equal(p->v.outcome, OUT_DELIVERED);
	assert_int_equal(files(p, "new", NULL), 0);
	assert_int_equal(files(p, "tmp", NULL), 3);
	snprintf(path, sizeof path, "box/tmp/%s", name);
	assert_int_equal(unlinkat(p->fd, path, 0), 0);
	assert_int_equal(p->box.kind->sync(&p->box, &p->v), -1);
	assert_int_equal(p->v.outcome, OUT_LATER);
	assert_true(p->items[0].settled);
	assert_false(p->items[1].settled);
	assert_true(p->items[2].settled);
	assert_int_equal(files(p, "new", NULL), 2);
	assert_int_equal(files(p, "tmp", NULL), 0);
	/* Closed without a sync: nobody's. */
	p->box.kind->append(&p->box, &p->items[1], &p->v);
	p->box.kind->close(&p->box);
	p->box.was_open = false;
	assert_int_equal(open_box(p), 0);
	assert_int_equal(files(p, "new", NULL), 2);
}

static void
damaged_message_leaves_nothing(void **state)
{
	struct place *p = *state;

	assert_int_equal(open_box(p), 0);
	p->items[1].sum++;
	p->box.kind->append(&p->box, &p->items[1], &p->v);
	assert_int_equal(p->v.outcome, OUT_DAMAGED);
	assert_int_equal(ftruncate(p->items[2].fd, 5), 0);
	p->box.kind->append(&p->box, &p->items[2], &p->v);
	assert_int_equal(p->v.outcome, OUT_DAMAGED);
	append(p, 0);
	assert_int_equal(files(p, "tmp", NULL), 0);
	assert_int_equal(files(p, "new", NULL), 1);
}

/* What cannot be looked into now may hold the message: nothing is said. */
static void
cur_that_cannot_be_read_says_nothing(void **state)
{
	struct place *p = *state;

	assert_int_equal(open_box(p), 0);
	assert_int_equal(unlinkat(p->fd, "box/cur", AT_REMOVEDIR), 0);
	box_put(p->fd, "box/cur", SPAN(""));
	assert_int_equal(check_items(p), -1);
	assert_int_equal(p->v.outcome, OUT_LATER);
	assert_int_equal(unlinkat(p->fd, "box/cur", 0), 0);
}

enum in_the_way { LINK, FILE_THERE, TMP_LINK, NEW_FILE, FOREIGN, NO_PARENT };
static const struct refused {
	const char *name;
	enum in_the_way what;
	const char *said;
} refused[] = {
	{ "symlink_refused", LINK, "nothing was written" },
	{ "file_refused", FILE_THERE, "nothing was written" },
	{ "symlink_for_tmp_refused", TMP_LINK, "nothing was written" },
	{ "file_for_new_refused", NEW_FILE, "nothing was written" },
	{ "foreign_owner_refused", FOREIGN, "another user" },
	{ "no_parent_folder", NO_PARENT, "No such file or directory" },
};

static int
put_in_the_way(struct place *p, enum in_the_way what)
{
	switch (what) {
	case LINK:
		return symlinkat("target", p->fd, "box");
	case FILE_THERE:
		box_put(p->fd, "box", SPAN(""));
		return 0;
	case TMP_LINK:
		if (mkdirat(p->fd, "box", 0700) == -1 ||
		    mkdirat(p->fd, "box/new", 0700) == -1 ||
		    mkdirat(p->fd, "box/cur", 0700) == -1)
			return -1;
		return symlinkat("../target", p->fd, "box/tmp");
	case NEW_FILE:
		if (mkdirat(p->fd, "box", 0700) == -1)
			return -1;
		box_put(p->fd, "box/new", SPAN(""));
		return 0;
	case FOREIGN:
		if (mkdirat(p->fd, "box", 0700) == -1)
			return -1;
		return fchownat(p->fd, "box", 65533, (gid_t)-1, 0);
	case NO_PARENT:
		buf_str(&p->box.path, "/of/nowhere");
		return 0;
	}
	return -1;
}

static void
check_refused(void **state)
{
	const struct refused *row = *state;
	struct place *p;
	void *place;

	assert_int_equal(setup(&place), 0);
	p = place;
	assert_int_equal(mkdirat(p->fd, "target", 0700), 0);
	if (put_in_the_way(p, row->what) == -1) {
		box_teardown(&place);
		skip(); /* to give a folder away takes root */
	}
	assert_int_equal(open_box(p), -1);
	assert_int_equal(p->v.outcome, OUT_LATER);
	assert_string_equal(p->v.status, "4.2.0");
	assert_non_null(strstr(p->v.text, row->said));
	assert_int_equal(p->box.fd, -1);
	assert_int_equal(p->box.tmp, -1);
	assert_false(box_is(p->fd, "target/new"));
	box_teardown(&place);
}

static struct place *full_place;

static int
on_a_full_disk(const char *path)
{
	static char block[65536];
	struct place *p = full_place;
	int dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;

	umask(0);
	if (open_box(p) == -1)
		return 1;
	fd = openat(dirfd, "fill", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	for (size_t n = sizeof block; n; n /= 2)
		while (write(fd, block, n) > 0)
			;
	p->box.kind->append(&p->box, &p->items[0], &p->v);
	if (p->v.outcome != OUT_LATER || strcmp(p->v.status, "4.2.2") != 0)
		return 2;
	return files(p, "tmp", NULL) || files(p, "new", NULL) ? 3 : 0;
}

static void
full_disk_is_undone_and_said(void **state)
{
	int status;

	full_place = *state;
	status = scratch_in_memory(
	    full_place->path, "size=64k,mode=700", on_a_full_disk);
	if (status == SCRATCH_SKIP)
		skip();
	assert_int_equal(status, 0);
}

#define IN_BOX(test) cmocka_unit_test_setup_teardown(test, setup, box_teardown)

int
main(void)
{
	static const struct CMUnitTest more[] = {
		IN_BOX(new_maildir),
		IN_BOX(torn_anywhere),
		IN_BOX(left_in_tmp_is_replaced),
		IN_BOX(one_message_for_two_addresses_is_two_files),
		IN_BOX(one_batch_of_many),
		IN_BOX(damaged_message_leaves_nothing),
		IN_BOX(cur_that_cannot_be_read_says_nothing),
		IN_BOX(full_disk_is_undone_and_said),
	};
	struct CMUnitTest tests[COUNT(moved) + COUNT(refused) + COUNT(more)];
	size_t n = 0;

	ADD_ROWS(tests, n, moved, check_moved);
	ADD_ROWS(tests, n, refused, check_refused);
	memcpy(tests + n, more, sizeof more);
	return cmocka_run_group_tests_name("maildir", tests, NULL, NULL);
}
