#include "tests/box.h"
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>

static int
setup(void **state)
{
	alarm(0);
	return box_setup(state, &box_mbox);
}

static int
open_box(struct place *p, uint64_t *ino, uint64_t *size)
{
	box_again(p);
	return p->box.kind->open(&p->box, ino, size, &p->v);
}

/* Appends what is not settled, and syncs. */
static void
deliver(struct place *p)
{
	for (int i = 0; i < BATCH; i++) {
		if (p->items[i].settled)
			continue;
		p->box.kind->append(&p->box, &p->items[i], &p->v);
		assert_int_equal(p->v.outcome, OUT_DELIVERED);
	}
	assert_int_equal(p->box.kind->sync(&p->box, &p->v), 0);
	p->box.kind->close(&p->box);
}

static void
no_lock_left(struct place *p)
{
	assert_false(box_is(p->fd, "box.lock"));
	assert_false(box_is(p->fd, ".box.bellman"));
}

static const struct begin {
	const char *name, *there, *between;
} begins[] = {
	{ "new_file", NULL, "" },
	{ "empty_file", "", "" },
	{ "whole_mail_before", "From a\n\nb\n\n", "" },
	{ "no_empty_line_before", "From a\n\nb\n", "\n" },
	{ "no_newline_before", "From a\n\nb", "\n\n" },
	{ "one_octet_before", "x", "\n\n" },
	{ "newline_before", "\n", "\n\n" },
};

static void
whole(struct place *p, const struct begin *row, struct buf *out, size_t *ends)
{
	buf_str(out, row->there ? row->there : "");
	ends[0] = out->len;
	for (int i = 0; i < BATCH; i++) {
		buf_str(out, i ? "" : row->between);
		assert_int_equal(
		    item_mbox(&p->items[i], box_keep, out), ITEM_OK);
		ends[i + 1] = out->len;
	}
}

static void
check_begin(void **state)
{
	const struct begin *row = *state;
	struct buf want = { 0 }, got = { 0 };
	uint64_t ino, size;
	size_t ends[BATCH + 1];
	struct place *p;
	struct stat st;
	void *place;

	assert_int_equal(setup(&place), 0);
	p = place;
	if (row->there)
		box_put(p->fd, "box", span_of(row->there));
	assert_int_equal(open_box(p, &ino, &size), 0);
	assert_int_equal(size, row->there ? strlen(row->there) : 0);
	assert_true(box_is(p->fd, "box.lock"));
	deliver(p);
	no_lock_left(p);
	whole(p, row, &want, ends);
	box_get(p->fd, "box", &got);
	assert_string_equal(buf_c(&got), buf_c(&want));
	assert_int_equal(fstatat(p->fd, "box", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFREG | (row->there ? 0600 : 0660));
	assert_int_equal(st.st_ino, ino);
	buf_free(&want);
	buf_free(&got);
	box_teardown(&place);
}

/* Killed after any octet of the batch: what is there whole counts, what was
 * torn is undone, the rest is written: the same file as without the kill. */
static void
check_torn(void **state)
{
	const struct begin *row = *state;
	struct buf want = { 0 }, got = { 0 };
	size_t ends[BATCH + 1];
	struct place *p;
	void *place;

	assert_int_equal(setup(&place), 0);
	p = place;
	whole(p, row, &want, ends);
	for (size_t n = ends[0]; n <= want.len; n++) {
		struct verdict v;
		uint64_t ino, size;
		size_t there = 0;

		box_put(p->fd, "box", (struct span){ want.ptr, n });
		assert_int_equal(open_box(p, &ino, &size), 0);
		assert_int_equal(p->box.kind->check(&p->box, ino, ends[0],
				     p->items, BATCH, &v),
		    0);
		for (int i = 0; i < BATCH; i++) {
			assert_int_equal(p->items[i].settled, ends[i + 1] <= n);
			if (p->items[i].settled)
				there = ends[i + 1];
		}
		box_get(p->fd, "box", &got);
		assert_int_equal(got.len, there ? there : ends[0]);
		deliver(p);
		box_get(p->fd, "box", &got);
		assert_true(span_eq(buf_view(&got), buf_view(&want)));
	}
	buf_free(&want);
	buf_free(&got);
	box_teardown(&place);
}

/* The mailbox has that text, of which what begins at from may be ours: it is
 * open, and has been looked at. */
static void
check_text(struct place *p, const struct buf *text, size_t from)
{
	uint64_t ino, size;

	box_put(p->fd, "box", buf_view(text));
	assert_int_equal(open_box(p, &ino, &size), 0);
	assert_int_equal(
	    p->box.kind->check(&p->box, ino, from, p->items, BATCH, &p->v), 0);
}

/* What cannot be read is neither there nor not there: written again it might be
 * there twice. */
static void
check_unreadable(void **state)
{
	const struct begin *row = *state;
	struct buf want = { 0 }, got = { 0 };
	size_t ends[BATCH + 1];
	uint64_t ino, size;
	struct verdict v;
	struct place *p;
	void *place;
	int fd;

	assert_int_equal(setup(&place), 0);
	p = place;
	whole(p, row, &want, ends);
	box_put(p->fd, "box", buf_view(&want));
	assert_int_equal(open_box(p, &ino, &size), 0);
	fd = openat(p->fd, "box", O_WRONLY | O_CLOEXEC);
	assert_int_equal(dup3(fd, p->box.fd, O_CLOEXEC), p->box.fd);
	close(fd);
	assert_int_equal(
	    p->box.kind->check(&p->box, ino, ends[0], p->items, BATCH, &v), -1);
	assert_int_equal(v.outcome, OUT_LATER);
	assert_string_equal(v.status, "4.2.0");
	if (ends[0]) { /* nor is it guessed what it ends with */
		p->box.kind->append(&p->box, &p->items[0], &v);
		assert_int_equal(v.outcome, OUT_LATER);
	}
	p->box.kind->close(&p->box);
	box_get(p->fd, "box", &got);
	assert_true(span_eq(buf_view(&got), buf_view(&want)));
	buf_free(&want);
	buf_free(&got);
	box_teardown(&place);
}

static int
times(struct buf *text, struct item *it)
{
	struct buf one = { 0 };
	const char *at;
	int n = 0;

	assert_int_equal(item_mbox(it, box_keep, &one), ITEM_OK);
	for (at = buf_c(text); (at = strstr(at, buf_c(&one))) != NULL; at++)
		n++;
	buf_free(&one);
	return n;
}

/* Another program wrote behind what was torn, before we came: its mail stays,
 * ours is there whole, once. */
static void
another_wrote_behind_the_tear(void **state)
{
	static const char other[] = "\nFrom other\n\nmail\n\n";
	struct place *p = *state;
	struct buf want = { 0 }, got = { 0 }, text = { 0 };
	size_t ends[BATCH + 1];

	whole(p, &begins[2], &want, ends);
	for (size_t n = ends[0] + 1; n <= want.len; n++) {
		buf_reset(&text);
		buf_add(&text, want.ptr, n);
		buf_str(&text, other);
		check_text(p, &text, ends[0]);
		deliver(p);
		box_get(p->fd, "box", &got);
		assert_true(span_starts(buf_view(&got), buf_view(&text)));
		for (int i = 0; i < BATCH; i++)
			assert_int_equal(times(&got, &p->items[i]), 1);
	}
	buf_free(&want);
	buf_free(&got);
	buf_free(&text);
}

/* After a power cut the file has its new size, and not all of its octets: zeros
 * in any one place of what was not synced are undone, and what stood before
 * them stays. */
static void
check_zeros(void **state)
{
	const struct begin *row = *state;
	struct buf want = { 0 }, got = { 0 }, text = { 0 };
	size_t ends[BATCH + 1];
	struct place *p;
	void *place;

	assert_int_equal(setup(&place), 0);
	p = place;
	whole(p, row, &want, ends);
	for (size_t from = ends[0]; from < want.len; from++)
		for (size_t n = 1; from + n <= want.len; n += 1 + n / 3) {
			buf_reset(&text);
			buf_span(&text, buf_view(&want));
			memset(text.ptr + from, 0, n);
			check_text(p, &text, ends[0]);
			for (int i = 0; i < BATCH; i++)
				assert_int_equal(
				    p->items[i].settled, ends[i + 1] <= from);
			deliver(p);
			box_get(p->fd, "box", &got);
			assert_true(span_eq(buf_view(&got), buf_view(&want)));
		}
	buf_free(&want);
	buf_free(&got);
	buf_free(&text);
	box_teardown(&place);
}

/* And where another's mail stands behind, none of that is cut off. */
static void
another_wrote_behind_zeros(void **state)
{
	static const char other[] = "\nFrom other\n\nmail\n\n";
	struct place *p = *state;
	struct buf want = { 0 }, got = { 0 }, text = { 0 };
	size_t ends[BATCH + 1];

	whole(p, &begins[2], &want, ends);
	for (size_t from = ends[0]; from + 9 <= want.len; from++) {
		buf_reset(&text);
		buf_span(&text, buf_view(&want));
		memset(text.ptr + from, 0, 9);
		buf_str(&text, other);
		check_text(p, &text, ends[0]);
		deliver(p);
		box_get(p->fd, "box", &got);
		assert_true(span_starts(buf_view(&got), buf_view(&text)));
		box_get(p->fd, "box", &got);
		for (size_t i = 0; i < got.len; i++) /* for strstr */
			got.ptr[i] = got.ptr[i] ? got.ptr[i] : '0';
		for (int i = 0; i < BATCH; i++)
			assert_in_range(times(&got, &p->items[i]), 1, 2);
	}
	buf_free(&want);
	buf_free(&got);
	buf_free(&text);
}

/* Where the mailbox is another by now, nothing is said to be there, and
 * nothing of it is cut off. */
static const struct rewritten {
	const char *name, *text;
	bool moved; /* a new file in its place */
} rewritten[] = {
	{ "replaced_by_a_longer_file",
	    "From reader\n\nwith much more text than there was before\n\n",
	    true },
	{ "replaced_with_what_was_torn", "From a\n\nb\n\nFrom s@x M", true },
	{ "replaced_by_an_empty_file", "", true },
	{ "shortened_in_place", "From", false },
	{ "emptied_in_place", "", false },
	{ "other_text_in_place",
	    "From reader\n\nwith much more text than there was before\n\n",
	    false },
};

static void
check_rewritten(void **state)
{
	const struct rewritten *row = *state;
	struct buf got = { 0 };
	uint64_t ino, old, size;
	struct place *p;
	void *place;

	assert_int_equal(setup(&place), 0);
	p = place;
	box_put(p->fd, "box", SPAN("From a\n\nb\n\n"));
	assert_int_equal(open_box(p, &old, &size), 0);
	p->box.kind->append(&p->box, &p->items[0], &p->v);
	p->box.kind->close(&p->box);

	if (row->moved) {
		box_put(p->fd, "other", span_of(row->text));
		assert_int_equal(renameat(p->fd, "other", p->fd, "box"), 0);
	} else {
		box_put(p->fd, "box", span_of(row->text));
	}
	assert_int_equal(open_box(p, &ino, &(uint64_t){ 0 }), 0);
	assert_int_equal(ino == old, !row->moved);
	assert_int_equal(
	    p->box.kind->check(&p->box, old, size, p->items, BATCH, &p->v), 0);
	for (int i = 0; i < BATCH; i++)
		assert_false(p->items[i].settled);
	box_get(p->fd, "box", &got);
	assert_string_equal(buf_c(&got), row->text);
	deliver(p);
	box_get(p->fd, "box", &got);
	assert_true(span_starts(buf_view(&got), span_of(row->text)));
	for (int i = 0; i < BATCH; i++)
		assert_int_equal(times(&got, &p->items[i]), 1);
	buf_free(&got);
	box_teardown(&place);
}

/* A message that is not what its sums say leaves no trace, and does not keep
 * the others away. */
static void
damaged_message_is_undone(void **state)
{
	struct place *p = *state;
	struct buf got = { 0 };
	uint64_t ino, size;
	struct stat st;

	p->items[1].sum++;
	assert_int_equal(ftruncate(p->items[2].fd, 5), 0);
	assert_int_equal(open_box(p, &ino, &size), 0);
	p->box.kind->append(&p->box, &p->items[1], &p->v);
	assert_int_equal(p->v.outcome, OUT_DAMAGED);
	p->box.kind->append(&p->box, &p->items[0], &p->v);
	assert_int_equal(p->v.outcome, OUT_DELIVERED);
	assert_int_equal(fstat(p->box.fd, &st), 0);
	p->box.kind->append(&p->box, &p->items[2], &p->v);
	assert_int_equal(p->v.outcome, OUT_DAMAGED);
	assert_int_equal(p->box.kind->sync(&p->box, &p->v), 0);
	box_get(p->fd, "box", &got);
	assert_int_equal(got.len, st.st_size);
	assert_int_equal(times(&got, &p->items[0]), 1);
	buf_free(&got);
}

enum in_the_way { LINK, DANGLING, FIFO, HARD_LINK, FOLDER, FOREIGN, SOCKET };
static const struct refused {
	const char *name;
	enum in_the_way what;
} refused[] = {
	{ "symlink_refused", LINK },
	{ "dangling_symlink_refused", DANGLING },
	{ "fifo_refused", FIFO },
	{ "hard_link_refused", HARD_LINK },
	{ "folder_refused", FOLDER },
	{ "foreign_owner_refused", FOREIGN },
	{ "socket_refused", SOCKET },
};

static int
put_in_the_way(struct place *p, enum in_the_way what)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	const char *path = buf_c(&p->box.path);
	int s, done;

	switch (what) {
	case LINK:
		return symlinkat("target", p->fd, "box");
	case DANGLING:
		return symlinkat("nowhere", p->fd, "box");
	case FIFO:
		return mkfifo(path, 0660);
	case HARD_LINK:
		return linkat(p->fd, "target", p->fd, "box", 0);
	case FOLDER:
		return mkdir(path, 0700);
	case FOREIGN:
		box_put(p->fd, "box", SPAN(""));
		return chown(path, 65533, (gid_t)-1);
	case SOCKET:
		s = socket(AF_UNIX, SOCK_STREAM, 0);
		snprintf(sun.sun_path, sizeof sun.sun_path, "%s", path);
		done = bind(s, (struct sockaddr *)&sun, sizeof sun);
		close(s);
		return done;
	}
	return -1;
}

static void
check_refused(void **state)
{
	const struct refused *row = *state;
	struct buf got = { 0 };
	uint64_t ino, size;
	struct place *p;
	void *place;

	assert_int_equal(setup(&place), 0);
	p = place;
	box_put(p->fd, "target", SPAN("precious"));
	if (put_in_the_way(p, row->what) == -1) {
		box_teardown(&place);
		skip(); /* to give a file away takes root */
	}
	assert_int_equal(open_box(p, &ino, &size), -1);
	assert_int_equal(p->v.outcome, OUT_LATER);
	assert_string_equal(p->v.status, "4.2.0");
	assert_non_null(strstr(p->v.text, "nothing was written"));
	assert_int_equal(p->box.fd, -1);
	no_lock_left(p);
	assert_false(box_is(p->fd, "nowhere"));
	box_get(p->fd, "target", &got);
	assert_string_equal(buf_c(&got), "precious");
	buf_free(&got);
	box_teardown(&place);
}

static int64_t
ms_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
sleep_ms(long ms)
{
	const struct timespec ts = { 0, ms * 1000000 };

	nanosleep(&ts, NULL);
}

static void
put_lock(struct place *p, long pid, time_t age)
{
	struct timeval when[2] = { { time(NULL) - age, 0 },
		{ time(NULL) - age, 0 } };
	char text[32], path[80];

	snprintf(text, sizeof text, pid ? "%ld\n" : "", pid);
	box_put(p->fd, "box.lock", span_of(text));
	snprintf(path, sizeof path, "%s/box.lock", p->path);
	assert_int_equal(utimes(path, when), 0);
}

static pid_t
dead_pid(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	return pid;
}

static void
dot_lock_of_a_dead_process_is_broken(void **state)
{
	struct place *p = *state;
	uint64_t ino, size;
	int64_t begun = ms_now();

	put_lock(p, dead_pid(), 0);
	assert_int_equal(open_box(p, &ino, &size), 0);
	assert_true(ms_now() - begun < 1000);
	deliver(p);
	no_lock_left(p);
}

static void
dot_lock_without_pid_is_broken_when_old(void **state)
{
	struct place *p = *state;
	uint64_t ino, size;

	put_lock(p, 0, 301);
	assert_int_equal(open_box(p, &ino, &size), 0);
	deliver(p);
	no_lock_left(p);
}

/* Its maker is dead, and its number is another's by now: one that began long
 * after the lock was made. */
static void
dot_lock_with_a_number_used_again_is_broken(void **state)
{
	struct place *p = *state;
	uint64_t ino, size;
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	put_lock(p, pid, 400);
	assert_int_equal(open_box(p, &ino, &size), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	deliver(p);
	no_lock_left(p);
}

/* It is used, by a process that began before it was made: the clock was set
 * since then. */
static void
dot_lock_that_only_looks_old_is_waited_for(void **state)
{
	struct place *p = *state;
	struct stat made, st;
	uint64_t ino, size;
	char path[80];
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		put_lock(p, getpid(), 400);
		snprintf(path, sizeof path, "%s/box.lock", p->path);
		if (stat(path, &made) == -1)
			_exit(2);
		kill(getpid(), SIGSTOP);
		sleep_ms(100);
		if (stat(path, &st) == -1 || st.st_ino != made.st_ino)
			_exit(1);
		_exit(unlink(path) == -1);
	}
	waitpid(pid, NULL, WUNTRACED);
	kill(pid, SIGCONT);
	assert_int_equal(open_box(p, &ino, &size), 0);
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	deliver(p);
	no_lock_left(p);
}

/* A /file: made for its owner alone, and only where nobody else could have put
 * something in its place. */
static const struct file_row {
	const char *name;
	mode_t folder;
	gid_t group;
	bool there, made;
} file_rows[] = {
	{ "file_in_own_folder", 0755, 0, false, true },
	{ "file_in_closed_folder", 0700, 0, false, true },
	{ "file_in_open_folder", 0777, 0, false, false },
	{ "file_in_sticky_folder", 01777, 0, false, false },
	{ "file_in_folder_of_a_group", 0775, 65533, false, false },
	{ "file_that_is_there_in_sticky_folder", 01777, 0, true, true },
};

static void
check_file(void **state)
{
	const struct file_row *row = *state;
	struct place *p;
	uint64_t ino, size;
	struct stat st;
	void *place;

	assert_int_equal(setup(&place), 0);
	p = place;
	if (row->there)
		box_put(p->fd, "box", SPAN("before\n"));
	if (fchown(p->fd, (uid_t)-1, row->group) == -1) {
		box_teardown(&place);
		skip(); /* not root */
	}
	assert_int_equal(fchmod(p->fd, row->folder), 0);
	box_again(p);
	p->box.file = true;
	assert_int_equal(
	    p->box.kind->open(&p->box, &ino, &size, &p->v), row->made ? 0 : -1);
	if (row->made) {
		p->conf.max_mailbox = 1; /* is for mailboxes */
		deliver(p);
		assert_int_equal(fstatat(p->fd, "box", &st, 0), 0);
		assert_int_equal(st.st_mode, S_IFREG | 0600);
	} else {
		assert_int_equal(p->v.outcome, OUT_LATER);
		assert_non_null(strstr(p->v.text, "others may write"));
		assert_false(box_is(p->fd, "box"));
	}
	no_lock_left(p);
	box_teardown(&place);
}

/* A full mailbox refuses what is too much for it, and takes what is not. */
static void
mailbox_over_its_size(void **state)
{
	struct place *p = *state;
	struct buf got = { 0 };
	uint64_t ino, size;

	box_put(p->fd, "box", SPAN("From a\n\n0123456789\n\n"));
	p->conf.max_mailbox = 140;
	assert_int_equal(open_box(p, &ino, &size), 0);
	p->box.kind->append(&p->box, &p->items[0], &p->v);
	assert_int_equal(p->v.outcome, OUT_DELIVERED);
	p->box.kind->append(&p->box, &p->items[1], &p->v);
	assert_int_equal(p->v.outcome, OUT_NEVER);
	assert_string_equal(p->v.status, "5.2.2");
	assert_non_null(strstr(p->v.text, "140 octets"));
	assert_int_equal(p->box.kind->sync(&p->box, &p->v), 0);
	box_get(p->fd, "box", &got);
	assert_int_equal(times(&got, &p->items[0]), 1);
	assert_int_equal(times(&got, &p->items[1]), 0);
	buf_free(&got);
}

static const struct fault {
	const char *name;
	int err;
	const char *status, *text;
} faults[] = {
	{ "no_space_is_said", ENOSPC, "4.2.2", "disk is full" },
	{ "quota_is_said", EDQUOT, "4.2.2", "quota" },
	{ "no_locks_is_said", ENOLCK, "4.2.0", "NFS" },
	{ "others_have_their_own_words", EIO, "4.2.0", "Input/output" },
};

static void
check_fault(void **state)
{
	const struct fault *row = *state;
	struct verdict v;

	box_verdict(&v, row->err, "cannot lock", "/x");
	assert_int_equal(v.outcome, OUT_LATER);
	assert_string_equal(v.status, row->status);
	assert_non_null(strstr(v.text, row->text));
	assert_true(strncmp(v.text, "cannot lock /x: ", 16) == 0);
}

/* Someone who holds this lock, does what he does, and lets go. */
enum holder { DOT, DOT_WITHOUT_PID, DOT_OLD, DOT_REPLACES, FCNTL };
static const struct held {
	const char *name;
	enum holder how;
} helds[] = {
	{ "dot_lock_of_a_living_process_waits", DOT },
	{ "dot_lock_without_pid_waits", DOT_WITHOUT_PID },
	{ "dot_lock_of_a_younger_process_waits", DOT_OLD },
	{ "fcntl_lock_waits", FCNTL },
	{ "mailbox_replaced_while_we_waited", DOT_REPLACES },
};

static void
check_held(void **state)
{
	const struct held *row = *state;
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct buf got = { 0 };
	uint64_t ino, size;
	int64_t begun;
	struct place *p;
	int ready[2], fd;
	struct stat st;
	void *place;
	char c = 0;
	pid_t pid;

	assert_int_equal(setup(&place), 0);
	p = place;
	box_put(p->fd, "box", SPAN("From a\n\nold\n\n"));
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (row->how == FCNTL) {
			fd = openat(p->fd, "box", O_RDWR);
			c = fcntl(fd, F_SETLK, &l) == -1;
		} else {
			put_lock(p, row->how == DOT_WITHOUT_PID ? 0 : getpid(),
			    row->how == DOT_OLD ? 250 : 0);
		}
		if (write(ready[1], &c, 1) != 1)
			_exit(1);
		sleep_ms(300);
		if (row->how == DOT_REPLACES) {
			box_put(p->fd, "mine", SPAN("From a\n\nnew\n\n"));
			renameat(p->fd, "mine", p->fd, "box");
		}
		unlinkat(p->fd, "box.lock", 0);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(c, 0);
	begun = ms_now();
	assert_int_equal(open_box(p, &ino, &size), 0);
	assert_in_range(ms_now() - begun, 200, 5000);
	deliver(p);
	no_lock_left(p);
	assert_int_equal(fstatat(p->fd, "box", &st, 0), 0);
	assert_int_equal(st.st_ino, ino);
	box_get(p->fd, "box", &got);
	assert_true(span_starts(buf_view(&got),
	    row->how == DOT_REPLACES ? SPAN("From a\n\nnew\n\n")
				     : SPAN("From a\n\nold\n\n")));
	for (int i = 0; i < BATCH; i++)
		assert_int_equal(times(&got, &p->items[i]), 1);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
	buf_free(&got);
	box_teardown(&place);
}

static void
second_open_keeps_the_lock(void **state)
{
	struct place *p = *state;
	uint64_t ino, size, again;

	assert_int_equal(open_box(p, &ino, &size), 0);
	p->box.kind->append(&p->box, &p->items[0], &p->v);
	assert_int_equal(p->box.kind->sync(&p->box, &p->v), 0);
	assert_int_equal(p->box.kind->open(&p->box, &again, &size, &p->v), 0);
	assert_true(again == ino);
	assert_true(size > 0);
	p->items[0].settled = true;
	deliver(p);
	no_lock_left(p);
}

static void
fill(int dirfd)
{
	static char block[65536];
	int fd = openat(
	    dirfd, "fill", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	for (size_t n = sizeof block; n; n /= 2)
		while (write(fd, block, n) > 0)
			;
	close(fd);
}

static struct place *full_place;

static int
on_a_full_disk(const char *path)
{
	struct place *p = full_place;
	int dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint64_t ino, size;
	struct stat st;

	umask(0);
	p->box.path.len = 0;
	buf_fmt(&p->box.path, "%s/box", path);
	if (open_box(p, &ino, &size) == -1)
		return 1;
	p->box.kind->append(&p->box, &p->items[0], &p->v);
	fill(dirfd);
	for (int i = 0; i < 100 && p->v.outcome == OUT_DELIVERED; i++)
		p->box.kind->append(&p->box, &p->items[1], &p->v);
	if (p->v.outcome != OUT_LATER || strcmp(p->v.status, "4.2.2") != 0)
		return 2;
	if (fstat(p->box.fd, &st) == -1 || st.st_size != p->box.end)
		return 3;
	if (p->box.kind->sync(&p->box, &p->v) == -1)
		return 4;
	p->box.kind->close(&p->box);
	fill(dirfd); /* no room for a dot-lock: said so, and none is left */
	if (open_box(p, &ino, &size) == 0)
		return 5;
	if (strcmp(p->v.status, "4.2.2") != 0)
		return 6;
	return box_is(dirfd, "box.lock") || box_is(dirfd, ".box.bellman");
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

static const struct begin torn[] = {
	{ "torn_anywhere_in_a_new_file", NULL, "" },
	{ "torn_anywhere_behind_a_whole_mail", "From a\n\nb\n\n", "" },
	{ "torn_anywhere_behind_no_empty_line", "From a\n\nb\n", "\n" },
	{ "torn_anywhere_behind_no_newline", "From a\n\nb", "\n\n" },
};

static const struct begin unreadable[] = {
	{ "unreadable_from_its_beginning", NULL, "" },
	{ "unreadable_behind_a_whole_mail", "From a\n\nb\n\n", "" },
};

static const struct begin zeros[] = {
	{ "zeros_anywhere_in_a_new_file", NULL, "" },
	{ "zeros_anywhere_behind_a_whole_mail", "From a\n\nb\n\n", "" },
	{ "zeros_anywhere_behind_no_newline", "From a\n\nb", "\n\n" },
};

#define IN_BOX(test) cmocka_unit_test_setup_teardown(test, setup, box_teardown)

int
main(void)
{
	static const struct CMUnitTest more[] = {
		IN_BOX(another_wrote_behind_the_tear),
		IN_BOX(another_wrote_behind_zeros),
		IN_BOX(damaged_message_is_undone),
		IN_BOX(dot_lock_of_a_dead_process_is_broken),
		IN_BOX(dot_lock_without_pid_is_broken_when_old),
		IN_BOX(dot_lock_with_a_number_used_again_is_broken),
		IN_BOX(dot_lock_that_only_looks_old_is_waited_for),
		IN_BOX(mailbox_over_its_size),
		IN_BOX(second_open_keeps_the_lock),
		IN_BOX(full_disk_is_undone_and_said),
	};
	struct CMUnitTest tests[COUNT(begins) + COUNT(torn) + COUNT(zeros) +
				COUNT(rewritten) + COUNT(refused) +
				COUNT(helds) + COUNT(file_rows) +
				COUNT(faults) + COUNT(unreadable) +
				COUNT(more)];
	size_t n = 0;

	ADD_ROWS(tests, n, begins, check_begin);
	ADD_ROWS(tests, n, torn, check_torn);
	ADD_ROWS(tests, n, zeros, check_zeros);
	ADD_ROWS(tests, n, rewritten, check_rewritten);
	ADD_ROWS(tests, n, refused, check_refused);
	ADD_ROWS(tests, n, helds, check_held);
	ADD_ROWS(tests, n, file_rows, check_file);
	ADD_ROWS(tests, n, faults, check_fault);
	ADD_ROWS(tests, n, unreadable, check_unreadable);
	memcpy(tests + n, more, sizeof more);
	return cmocka_run_group_tests_name("mbox", tests, NULL, NULL);
}
