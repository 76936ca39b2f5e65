#include "common/crc.h"
#include "deliver/queue/message.h"
#include "tests/rows.h"
#include "tests/scratch.h"
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#define ID "0123456789ABCDEF"
#define HEAD "time 1.000000\nuid 1234\nkind MAIL\nfrom <s@x>\nbody 7BIT\n"
#define BODY "Subject: x\n\ntext\nthe end\n"

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
put_file(int dirfd, const char *ptr, size_t len)
{
	int fd = openat(dirfd, ID, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, ptr, len), (ssize_t)len);
	close(fd);
}

/* First line, envelope and body, as they ought to be. */
static void
message(struct buf *b, int rcpts)
{
	struct spool_head h = { .body_len = sizeof BODY - 1,
		.body_sum = crc32c(0, BODY, sizeof BODY - 1) };
	char line[SPOOL_HEAD];
	struct buf env = { 0 };

	buf_str(&env, HEAD);
	for (int i = 0; i < rcpts; i++)
		buf_fmt(&env, "to <r%d@y>\n", i);
	buf_chr(&env, '\n');
	h.env_len = (uint32_t)env.len;
	h.env_sum = crc32c(0, env.ptr, env.len);
	spool_head_put(&h, line);
	buf_add(b, line, sizeof line);
	buf_span(b, buf_view(&env));
	buf_str(b, BODY);
	buf_free(&env);
}

static void
note(struct buf *b, enum journal_event e, uint32_t rcpt, int64_t until)
{
	struct journal_line l = { e, 5, rcpt, until, SPAN("2.0.0"),
		SPAN("said") };

	journal_put(b, &l);
}

static void
a_message(void **state)
{
	struct dir *d = *state;
	struct buf b = { 0 };
	struct file *f;

	message(&b, 3);
	put_file(d->fd, b.ptr, b.len);
	f = file_open(d->fd, ID, geteuid());
	assert_non_null(f);
	assert_string_equal(f->env.from, "s@x");
	assert_int_equal(f->env.nrcpts, 3);
	assert_int_equal(file_waiting(f), 3);
	assert_int_equal(f->end, b.len);
	assert_int_equal(f->tries, 0);
	assert_int_equal(f->rounds, 0);
	assert_int_equal(f->until, 0);
	assert_int_equal(file_verify(f), 0);
	/* in a file of ours the record says who, else the owner of the file */
	assert_int_equal(f->uid, 1234);
	file_close(f);
	f = file_open(d->fd, ID, geteuid() + 1);
	assert_non_null(f);
	assert_int_equal(f->uid, geteuid());
	file_close(f);
	buf_free(&b);
}

static void
word(struct buf *b, enum journal_event e, struct span text)
{
	journal_put(b, &(struct journal_line){ e, 5, 0, 0, { 0 }, text });
}

static struct file *
with(const struct dir *d, const struct buf *b)
{
	struct file *f;

	put_file(d->fd, b->ptr, b->len);
	f = file_open(d->fd, ID, geteuid());
	assert_non_null(f);
	return f;
}

static void
what_a_person_wants(void **state)
{
	struct dir *d = *state;
	struct buf b = { 0 };
	struct file *f;

	message(&b, 2);
	note(&b, J_DEFER, 0, 77);
	word(&b, J_HOLD, SPAN("1001"));
	f = with(d, &b);
	assert_true(f->held && f->held_by == 1001 && !f->asked);
	assert_int_equal(f->until, 77);
	file_close(f);
	word(&b, J_RELEASE, SPAN("0"));
	f = with(d, &b);
	assert_true(!f->held && f->asked && f->until == 0);
	assert_int_equal(f->tries, 1);
	file_close(f);
	note(&b, J_DEFER, 0, 99);
	word(&b, J_RETRY, SPAN("0"));
	f = with(d, &b);
	assert_true(f->until == 0 && !f->held && !f->back);
	file_close(f);
	word(&b, J_RETURN, SPAN("0"));
	f = with(d, &b);
	assert_true(f->back);
	assert_int_equal(
	    file_waiting(f), 2); /* they fail at the next attempt */
	file_close(f);
	word(&b, J_HOLD, SPAN("nobody"));
	put_file(d->fd, b.ptr, b.len);
	assert_null(file_open(d->fd, ID, geteuid()));
	assert_int_equal(errno, EBADMSG);
	buf_free(&b);
}

/* Another process may be writing that line. */
static void
a_look_cuts_nothing_off(void **state)
{
	struct dir *d = *state;
	struct buf b = { 0 };
	struct stat st;
	struct file *f;

	message(&b, 1);
	buf_str(&b, "@ 0000");
	put_file(d->fd, b.ptr, b.len);
	f = file_look(d->fd, ID, geteuid());
	assert_non_null(f);
	assert_int_equal(f->end, b.len - 6);
	file_close(f);
	assert_int_equal(fstatat(d->fd, ID, &st, 0), 0);
	assert_int_equal(st.st_size, b.len);
	f = file_open(d->fd, ID, geteuid());
	assert_non_null(f);
	file_close(f);
	assert_int_equal(fstatat(d->fd, ID, &st, 0), 0);
	assert_int_equal(st.st_size, b.len - 6);
	buf_free(&b);
}

static void
its_journal(void **state)
{
	struct dir *d = *state;
	struct buf b = { 0 };
	struct file *f;

	message(&b, 5);
	note(&b, J_DONE, 0, 0);
	note(&b, J_FAIL, 1, 0);
	note(&b, J_TRY, 2, 0);
	note(&b, J_BOUNCE, 0, 1);
	note(&b, J_FAIL, 3, 0);
	note(&b, J_LATER, JOURNAL_ALL, 0);
	note(&b, J_DEFER, 0, 77);
	note(&b, J_DEFER, 0, 99);
	note(&b, J_FAIL, 0, 0); /* delivered already */
	note(&b, J_DONE, 5, 0); /* there is none */
	note(&b, J_DONE, 99999, 0);
	put_file(d->fd, b.ptr, b.len);
	f = file_open(d->fd, ID, geteuid());
	assert_non_null(f);
	assert_int_equal(f->rcpts[0].state, R_DONE);
	assert_int_equal(f->rcpts[1].state, R_FAILED);
	assert_true(f->rcpts[1].bounced && f->rcpts[1].logged);
	assert_int_equal(f->rcpts[2].state, R_WAITS);
	assert_true(f->rcpts[2].tried);
	assert_string_equal(f->rcpts[2].text, "said");
	assert_int_equal(f->rcpts[3].state, R_FAILED);
	assert_false(f->rcpts[3].bounced);
	assert_false(f->rcpts[4].tried);
	assert_string_equal(f->rcpts[4].status, "2.0.0");
	assert_int_equal(file_waiting(f), 2);
	assert_int_equal(f->tries, 2);
	assert_true(f->until == 99);
	assert_int_equal(f->rounds, 1);
	assert_int_equal(f->end, b.len);
	file_close(f);
	buf_free(&b);
}

static void
children_of_an_alias(void **state)
{
	struct dir *d = *state;
	struct buf b = { 0 }, lines = { 0 };
	struct rcpt c = { .what = TO_BOX,
		.parent = 0,
		.addr = (char *)(uintptr_t) "bob@y",
		.user = (char *)(uintptr_t) "bob" };
	struct file *f;

	message(&b, 2);
	put_file(d->fd, b.ptr, b.len);
	f = file_open(d->fd, ID, geteuid());
	assert_non_null(f);
	assert_int_equal(f->nrcpts, 2);
	assert_int_equal(file_child(f, &c, &lines), 2);
	c = (struct rcpt){ .what = TO_COMMAND,
		.parent = 1,
		.addr = (char *)(uintptr_t) "|/bin/x -a b",
		.user = (char *)(uintptr_t) "al" };
	assert_int_equal(file_child(f, &c, &lines), 3);
	c = (struct rcpt){ .what = TO_ADDRESS,
		.parent = 1,
		.addr = (char *)(uintptr_t) "\"a b\"@far",
		.from = (char *)(uintptr_t) "owner-list@y" };
	assert_int_equal(file_child(f, &c, &lines), 4);
	note(&lines, J_SPLIT, 0, 0);
	note(&lines, J_SPLIT, 1, 0);
	note(&lines, J_DONE, 2, 0);
	note(&lines, J_DROP, 4, 0);
	note(&lines, J_DROP, 0, 0); /* never one of the envelope */
	assert_int_equal(file_note(f, &lines), 0);
	file_close(f);
	f = file_open(d->fd, ID, geteuid());
	assert_non_null(f);
	assert_int_equal(f->nrcpts, 5);
	assert_int_equal(f->env.nrcpts, 2);
	assert_int_equal(f->rcpts[0].state, R_SPLIT);
	assert_int_equal(f->rcpts[1].state, R_SPLIT);
	assert_int_equal(f->rcpts[2].state, R_DONE);
	assert_int_equal(f->rcpts[3].state, R_WAITS);
	assert_int_equal(f->rcpts[4].state, R_DROPPED);
	assert_int_equal(file_waiting(f), 1);
	assert_string_equal(rcpt_addr(f, 0), "r0@y");
	assert_string_equal(rcpt_addr(f, 2), "bob@y");
	assert_string_equal(f->rcpts[2].user, "bob");
	assert_string_equal(rcpt_addr(f, 3), "|/bin/x -a b");
	assert_int_equal(f->rcpts[3].what, TO_COMMAND);
	assert_string_equal(rcpt_addr(f, 4), "\"a b\"@far");
	assert_null(f->rcpts[4].user);
	assert_ptr_equal(rcpt_env(f, 3), &f->env.rcpts[1]);
	assert_string_equal(rcpt_from(f, 4), "owner-list@y");
	assert_string_equal(rcpt_from(f, 3), "s@x");
	file_close(f);
	buf_free(&b);
	buf_free(&lines);
}

/* With a sum that fits, and yet nothing that was written here. */
/* What was found after all is not new when an alias names it again. */
static void
done_behind_a_drop(void **state)
{
	static const struct {
		enum journal_event last;
		int wanted;
	} rows[] = {
		{ J_DONE, R_DONE },
		{ J_FAIL, R_DROPPED },
		{ J_SPLIT, R_DROPPED },
		{ J_TRY, R_DROPPED },
	};
	struct dir *d = *state;
	struct rcpt c = { .what = TO_BOX,
		.addr = (char *)(uintptr_t) "bob@y",
		.user = (char *)(uintptr_t) "bob" };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buf b = { 0 }, lines = { 0 };
		struct file *f;

		message(&b, 1);
		put_file(d->fd, b.ptr, b.len);
		f = file_open(d->fd, ID, geteuid());
		assert_non_null(f);
		assert_int_equal(file_child(f, &c, &lines), 1);
		note(&lines, J_DROP, 1, 0);
		note(&lines, rows[i].last, 1, 0);
		assert_int_equal(file_note(f, &lines), 0);
		file_close(f);
		f = file_open(d->fd, ID, geteuid());
		assert_non_null(f);
		assert_int_equal(f->rcpts[1].state, rows[i].wanted);
		file_close(f);
		buf_free(&b);
		buf_free(&lines);
	}
}

static void
which_are_alike(void **state)
{
	static const struct {
		const char *name;
		struct rcpt a, b;
		bool wanted;
	} rows[] = {
#define R(w, u, x)                                                             \
	{ .what = (w),                                                         \
		.user = (char *)(uintptr_t)(u),                                \
		.addr = (char *)(uintptr_t)(x) }
		{ "a_box_by_two_names", R(TO_BOX, "bob", "bob@y"),
		    R(TO_BOX, "bob", "b+x@y"), true },
		{ "two_boxes", R(TO_BOX, "bob", "x"), R(TO_BOX, "al", "x"),
		    false },
		{ "one_command", R(TO_COMMAND, "bob", "|x"),
		    R(TO_COMMAND, "bob", "|x"), true },
		{ "as_another", R(TO_COMMAND, "bob", "|x"),
		    R(TO_COMMAND, "al", "|x"), false },
		{ "two_files", R(TO_FILE, "bob", "/x"), R(TO_FILE, "bob", "/y"),
		    false },
		{ "nobodys_address", R(TO_ADDRESS, NULL, "a@far"),
		    R(TO_ADDRESS, NULL, "a@far"), true },
		{ "box_and_address", R(TO_BOX, "bob", "bob@y"),
		    R(TO_ADDRESS, NULL, "bob@y"), false },
#undef R
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rcpt_alike(&rows[i].a, &rows[i].b) != rows[i].wanted)
			fail_msg("%s", rows[i].name);
}

static void
children_that_cannot_be(void **state)
{
	static const struct span bad[][2] = {
		{ S("box"), S("bob - %zz") },
		{ S("box"), S("bob -") },
		{ S("box"), S("bob - -") },
		{ S("box"), S("- - bob@y") },
		{ S("address"), S("bob - bob@y") },
		{ S("box"), S("bob - bob@y x") },
		{ S("bax"), S("bob - bob@y") },
	};
	struct dir *d = *state;

	for (size_t i = 0; i <= COUNT(bad); i++) {
		struct journal_line l = { J_CHILD, 5, 0, 0, S("box"),
			S("bob - bob@y") };
		struct buf b = { 0 };

		if (i < COUNT(bad)) {
			l.status = bad[i][0];
			l.text = bad[i][1];
		} else {
			l.rcpt = 2; /* no recipient of the envelope */
		}
		message(&b, 2);
		journal_put(&b, &l);
		put_file(d->fd, b.ptr, b.len);
		errno = 0;
		assert_null(file_open(d->fd, ID, geteuid()));
		assert_int_equal(errno, EBADMSG);
		buf_free(&b);
	}
}

/* What was told, and how it was delivered. */
static void
its_reports(void **state)
{
	struct dir *d = *state;
	struct buf b = { 0 };
	struct file *f;

	message(&b, 4);
	note(&b, J_RELAYED, 0, 0);
	note(&b, J_PASSED, 1, 0);
	note(&b, J_TOLD, 0, 1);
	note(&b, J_DONE, 2, 0);
	note(&b, J_WARN, 0, 1);
	put_file(d->fd, b.ptr, b.len);
	f = file_open(d->fd, ID, geteuid());
	assert_non_null(f);
	assert_int_equal(f->rcpts[0].state, R_DONE);
	assert_true(f->rcpts[0].relayed && !f->rcpts[0].dsn_passed);
	assert_true(f->rcpts[1].relayed && f->rcpts[1].dsn_passed);
	assert_true(f->rcpts[0].reported && f->rcpts[1].reported);
	assert_false(f->rcpts[2].reported || f->rcpts[2].relayed);
	assert_int_equal(f->rcpts[2].last, 5);
	assert_int_equal(f->rcpts[3].last, 0);
	assert_int_equal(f->successes, 1);
	assert_true(f->warned);
	assert_string_equal(f->list, "");
	file_close(f);
	note(&b, J_LIST, 0, 0);
	put_file(d->fd, b.ptr, b.len);
	f = file_open(d->fd, ID, geteuid());
	assert_non_null(f);
	assert_string_equal(f->list, "said");
	file_close(f);
	buf_free(&b);
}

/* Cut anywhere before the end of its body it is damaged, and left as it is. */
static void
truncated_anywhere(void **state)
{
	struct dir *d = *state;
	struct buf b = { 0 };

	message(&b, 2);
	for (size_t n = 0; n < b.len; n++) {
		struct stat st;

		put_file(d->fd, b.ptr, n);
		errno = 0;
		assert_null(file_open(d->fd, ID, geteuid()));
		assert_true(file_is_bad(errno));
		assert_int_equal(fstatat(d->fd, ID, &st, 0), 0);
		assert_int_equal(st.st_size, n);
	}
	buf_free(&b);
}

/* One bit wrong, anywhere in what was synced: found when it is opened, or when
 * its body is read; and nothing is cut off. */
static void
wrong_anywhere(void **state)
{
	struct dir *d = *state;

	for (int journal = 0; journal < 2; journal++) {
		struct buf b = { 0 };
		size_t end;

		message(&b, 2);
		end = b.len;
		if (journal)
			note(&b, J_LATER, 0, 0);
		for (size_t i = 0; i < end; i++) {
			struct file *f;
			struct stat st;

			b.ptr[i] ^= 1;
			put_file(d->fd, b.ptr, b.len);
			errno = 0;
			f = file_open(d->fd, ID, geteuid());
			if (f == NULL) {
				assert_true(file_is_bad(errno));
			} else {
				assert_int_equal(file_verify(f), 1);
				file_close(f);
			}
			assert_int_equal(fstatat(d->fd, ID, &st, 0), 0);
			assert_int_equal(st.st_size, b.len);
			b.ptr[i] ^= 1;
		}
		buf_free(&b);
	}
}

/* Torn anywhere, the last line of the journal goes, and the next one begins
 * where it began. */
static void
torn_journal(void **state)
{
	struct dir *d = *state;
	struct buf b = { 0 }, more = { 0 };
	size_t whole;

	message(&b, 3);
	note(&b, J_DONE, 0, 0);
	whole = b.len;
	note(&b, J_DONE, 1, 0);
	note(&more, J_FAIL, 2, 0);
	for (size_t n = whole; n < b.len; n++) {
		struct file *f;
		struct stat st;

		put_file(d->fd, b.ptr, n);
		f = file_open(d->fd, ID, geteuid());
		assert_non_null(f);
		assert_int_equal(f->end, whole);
		assert_int_equal(fstat(f->fd, &st), 0);
		assert_int_equal(st.st_size, whole);
		assert_int_equal(file_waiting(f), 2);
		assert_int_equal(file_note(f, &more), 0);
		assert_true(f->unsynced);
		assert_int_equal(file_sync(f), 0);
		assert_false(f->unsynced);
		file_close(f);
		f = file_open(d->fd, ID, geteuid());
		assert_non_null(f);
		assert_int_equal(f->end, whole + more.len);
		assert_int_equal(f->rcpts[1].state, R_WAITS);
		assert_int_equal(f->rcpts[2].state, R_FAILED);
		file_close(f);
	}
	buf_free(&b);
	buf_free(&more);
}

/* Written in part (a full disk, a limit): a shorter line that comes later
 * leaves nothing of it behind. */
static void
half_a_line(void **state)
{
	struct dir *d = *state;
	struct buf b = { 0 }, much = { 0 }, more = { 0 };
	struct rlimit was, now;
	struct file *f;

	message(&b, 2);
	for (int i = 0; i < 3; i++)
		note(&much, J_LATER, 0, 0);
	much.len -= 5;
	note(&more, J_FAIL, 1, 0);
	put_file(d->fd, b.ptr, b.len);
	f = file_open(d->fd, ID, geteuid());
	assert_non_null(f);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	now = was;
	now.rlim_cur = b.len + much.len - 1;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &now), 0);
	assert_int_equal(file_note(f, &much), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(file_note(f, &more), 0);
	file_close(f);
	f = file_open(d->fd, ID, geteuid());
	assert_non_null(f);
	assert_int_equal(f->rcpts[0].state, R_WAITS);
	assert_int_equal(f->rcpts[1].state, R_FAILED);
	file_close(f);
	buf_free(&b);
	buf_free(&much);
	buf_free(&more);
}

static void
wrong_line_in_the_journal(void **state)
{
	struct dir *d = *state;
	struct buf b = { 0 };

	message(&b, 2);
	note(&b, J_DONE, 0, 0);
	b.ptr[b.len - 2] ^= 1;
	note(&b, J_DONE, 1, 0);
	put_file(d->fd, b.ptr, b.len);
	errno = 0;
	assert_null(file_open(d->fd, ID, geteuid()));
	assert_int_equal(errno, EBADMSG);
	buf_free(&b);
}

/* Lengths that lie must not be believed before the file's size is. */
static void
lengths_beyond_the_file(void **state)
{
	struct dir *d = *state;
	struct buf b = { 0 };
	char line[SPOOL_HEAD];
	struct spool_head h = { SPOOL_MAX_ENV, 0, 0, 0 };

	message(&b, 2);
	spool_head_put(&h, line);
	memcpy(b.ptr, line, sizeof line);
	put_file(d->fd, b.ptr, b.len);
	errno = 0;
	assert_null(file_open(d->fd, ID, geteuid()));
	assert_int_equal(errno, EBADMSG);
	h = (struct spool_head){ 100, 0, 9999999999999999, 0 };
	spool_head_put(&h, line);
	memcpy(b.ptr, line, sizeof line);
	put_file(d->fd, b.ptr, b.len);
	assert_null(file_open(d->fd, ID, geteuid()));
	assert_true(file_is_bad(errno));
	buf_free(&b);
}

static void
another_version_is_bad_too(void **state)
{
	struct dir *d = *state;
	struct buf b = { 0 };

	message(&b, 2);
	b.ptr[8] = '2';
	put_file(d->fd, b.ptr, b.len);
	errno = 0;
	assert_null(file_open(d->fd, ID, geteuid()));
	assert_int_equal(errno, EPROTONOSUPPORT);
	assert_true(file_is_bad(errno));
	buf_free(&b);
}

static void
zeros(void **state)
{
	static const char nothing[9000];
	struct dir *d = *state;

	put_file(d->fd, nothing, sizeof nothing);
	errno = 0;
	assert_null(file_open(d->fd, ID, geteuid()));
	assert_int_equal(errno, EBADMSG);
}

static void
no_regular_file(void **state)
{
	struct dir *d = *state;
	char path[128];

	errno = 0;
	assert_null(file_open(d->fd, ID, geteuid()));
	assert_int_equal(errno, ENOENT);
	assert_false(file_is_bad(errno));
	assert_int_equal(symlinkat("/etc/passwd", d->fd, ID), 0);
	assert_null(file_open(d->fd, ID, geteuid()));
	assert_int_equal(unlinkat(d->fd, ID, 0), 0);
	assert_int_equal(mkdirat(d->fd, ID, 0700), 0);
	assert_null(file_open(d->fd, ID, geteuid()));
	assert_int_equal(unlinkat(d->fd, ID, AT_REMOVEDIR), 0);
	snprintf(path, sizeof path, "%s/" ID, d->path);
	assert_int_equal(mkfifo(path, 0600), 0); /* must not block */
	errno = 0;
	assert_null(file_open(d->fd, ID, geteuid()));
	assert_int_equal(errno, EBADMSG);
}

static void
ten_thousand_recipients(void **state)
{
	struct dir *d = *state;
	struct buf b = { 0 };
	struct file *f;

	message(&b, 10000);
	for (uint32_t i = 0; i < 10000; i += 2)
		note(&b, J_DONE, i, 0);
	put_file(d->fd, b.ptr, b.len);
	f = file_open(d->fd, ID, geteuid());
	assert_non_null(f);
	assert_int_equal(f->env.nrcpts, 10000);
	assert_int_equal(file_waiting(f), 5000);
	assert_string_equal(f->env.rcpts[9999].addr, "r9999@y");
	assert_int_equal(f->rcpts[9998].state, R_DONE);
	assert_int_equal(f->rcpts[9999].state, R_WAITS);
	assert_int_equal(file_reserve(f), 0);
	file_close(f);
	buf_free(&b);
}

/* Reserved room does not show in the size, and the answers find it there. */
static int
on_a_full_disk(const char *path)
{
	int dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;
	struct buf b = { 0 }, lines = { 0 };
	static char block[4096];
	struct stat st;
	struct file *f;

	message(&b, 100);
	for (uint32_t i = 0; i < 100; i++)
		note(&lines, J_DONE, i, 0);
	put_file(dirfd, b.ptr, b.len);
	f = file_open(dirfd, ID, geteuid());
	if (f == NULL || file_reserve(f) == -1)
		return 1;
	if (fstat(f->fd, &st) == -1 || st.st_size != (off_t)b.len)
		return 2;
	fd = openat(dirfd, "fill", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (write(fd, block, sizeof block) > 0)
		;
	if (errno != ENOSPC)
		return 3;
	if (file_note(f, &lines) == -1)
		return 4;
	errno = 0;
	f->rcpts[0].state = R_WAITS;
	if (file_reserve(f) == 0) { /* the last block may have the room */
		f->end += 4096;
		for (int i = 1; i < 100; i++)
			f->rcpts[i].state = R_WAITS;
		if (file_reserve(f) == 0)
			return 5;
	}
	return errno == ENOSPC ? 0 : 6;
}

static void
no_attempt_without_room_for_its_answers(void **state)
{
	struct dir *d = *state;
	int status =
	    scratch_in_memory(d->path, "size=128k,mode=700", on_a_full_disk);

	if (status == SCRATCH_SKIP)
		skip();
	assert_int_equal(status, 0);
}

static void
last_answer_counts(void **state)
{
	struct rcpt r = { 0 };

	(void)state;
	rcpt_say(&r, SPAN("4.4.1"), SPAN("one"), SPAN("mx"));
	rcpt_say(&r, SPAN("4.4.1234567890"), SPAN("two"), SPAN(""));
	assert_string_equal(r.status, "4.4.1234567");
	assert_string_equal(r.text, "two");
	assert_null(r.mta);
	free(r.text);
}

/* It came at 1 and was put off at 5; the rest is by the clock. */
static void
what_it_has_waited(void **state)
{
	static const struct conf conf = {
		.retry = { 300, 7200 }, .nretry = 2, .give_up = 432000
	};
	struct dir *d = *state;
	struct buf b = { 0 };
	struct file *f;

	message(&b, 1);
	note(&b, J_DEFER, 0, 305);
	buf_str(&b, "@ 0000"); /* torn off: a look leaves it there */
	put_file(d->fd, b.ptr, b.len);
	f = file_look(d->fd, ID, geteuid());
	assert_non_null(f);
	assert_int_equal(file_waited(f, &conf, 432000, 301), 300);
	assert_int_equal(file_waited(f, &conf, 432000, 432000), 431999);
	assert_int_equal(file_waited(f, &conf, 432000, 432001), 108004);
	assert_int_equal(file_waited(f, &conf, 432000, 0), 4);
	assert_in_range(file_expires(f, &conf) - time(NULL),
	    432000 - 108004 - 5, 432000 - 108004);
	close(f->fd);
	f->fd = -1; /* what cannot be read ends nothing */
	assert_int_equal(file_waited(f, &conf, 432000, 432001), 0);
	file_close(f);
	buf_free(&b);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_DIR(a_message),
		IN_DIR(its_journal),
		IN_DIR(what_a_person_wants),
		IN_DIR(a_look_cuts_nothing_off),
		IN_DIR(children_of_an_alias),
		IN_DIR(children_that_cannot_be),
		IN_DIR(done_behind_a_drop),
		IN_DIR(which_are_alike),
		IN_DIR(its_reports),
		IN_DIR(what_it_has_waited),
		IN_DIR(truncated_anywhere),
		IN_DIR(wrong_anywhere),
		IN_DIR(torn_journal),
		IN_DIR(half_a_line),
		IN_DIR(wrong_line_in_the_journal),
		IN_DIR(lengths_beyond_the_file),
		IN_DIR(another_version_is_bad_too),
		IN_DIR(zeros),
		IN_DIR(no_regular_file),
		IN_DIR(ten_thousand_recipients),
		IN_DIR(no_attempt_without_room_for_its_answers),
		cmocka_unit_test(last_answer_counts),
	};

	return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
