/* The queue's side of reading, with a parent that forks processes which may be
 * killed, refused, or silent. */
#include "deliver/queue/reader.h"
#include "deliver/user/user.h"
#include "tests/rows.h"
#include "tests/scratch.h"
#include <stdlib.h>
#include <string.h>

#define MOST 4

static struct place {
	char home[64];
	struct queue q;
	struct ipc parent; /* the other end of q.parent */
	struct role_start start;
	struct conf conf;
	struct loop_timer limit;
	int forks, kills; /* so many begin and are killed at once */
	bool refuse, permanent, nothing;
	pid_t pid[8];
	struct reader r[MOST];
	size_t want, got;
	enum read_status status[MOST];
	char text[MOST][64], why[MOST][200];
	const char *again; /* asked within the first answer */
} w;

static void
forked(struct ipc *c, struct ipc_msg *m)
{
	struct ipc_in in = { m->body, false };
	struct buf b = { 0 };
	uint8_t purpose;
	int ends[2];
	pid_t pid;

	assert_int_equal(m->type, IPC_FORK_USER);
	purpose = ipc_get8(&in);
	if (w.nothing && purpose == FOR_FORWARD) {
		w.forks++;
		reader_nothing(&w.q, m->ref);
		return;
	}
	assert_true(purpose == FOR_READ || purpose == FOR_FORWARD);
	assert_true(span_eq(ipc_get(&in), SPAN("r")));
	w.forks++;
	if (w.refuse) {
		ipc_u8(&b, w.permanent);
		ipc_str(&b, "no");
		assert_true(reader_owns(&w.q, m->ref));
		reader_refused(&w.q, m->ref, w.permanent, SPAN("no"));
		buf_free(&b);
		return;
	}
	assert_int_equal(ipc_pair(ends), 0);
	pid = fork();
	if (pid == 0) {
		struct role_start start = w.start;

		close(ends[0]);
		if (w.forks <= w.kills)
			_exit(9);
		loop_init();
		start.fd = ends[1];
		user_run(&start);
		_exit(0);
	}
	w.pid[w.forks - 1] = pid;
	close(ends[1]);
	reader_forked(&w.q, m->ref, ends[0]);
	(void)c;
}

static void
gone(struct ipc *c, const char *why)
{
	(void)why;
	ipc_close(c);
}

static void
too_long(struct loop_timer *t)
{
	(void)t;
	loop_stop();
}

static void
done(struct reader *r, enum read_status status, struct span text,
    struct span why)
{
	size_t i = (size_t)(r - w.r);

	w.status[i] = status;
	snprintf(w.text[i], sizeof w.text[i], "%.*s", (int)text.len, text.ptr);
	snprintf(w.why[i], sizeof w.why[i], "%.*s", (int)why.len, why.ptr);
	if (w.again) {
		const char *path = w.again;

		w.again = NULL;
		reader_ask(&w.q, &w.r[MOST - 1], "r", path);
	}
	if (++w.got == w.want)
		loop_stop();
}

static int
setup(void **state)
{
	int ends[2], fd;

	(void)state;
	memset(&w, 0, sizeof w);
	loop_init();
	TAILQ_INIT(&w.q.readings);
	TAILQ_INIT(&w.q.readings_out);
	RB_INIT(&w.q.readers);
	w.start = (struct role_start){ .conf = &w.conf,
		.user = "r",
		.home = w.home,
		.uid = geteuid(),
		.gid = getegid(),
		.purpose = FOR_READ,
		.forward = -1,
		.forward_status = READ_NONE };
	fd = scratch_make(w.home);
	if (fd == -1 || ipc_pair(ends) == -1)
		return -1;
	if (geteuid() == 0) /* root's own would come from the parent */
		w.start.uid = 4242;
	close(fd);
	w.q.parent = (struct ipc){ .got = forked, .gone = gone };
	w.parent = (struct ipc){ .got = forked, .gone = gone };
	for (size_t i = 0; i < MOST; i++)
		w.r[i].done = done;
	w.limit.fire = too_long;
	loop_in(&w.limit, 20000);
	return ipc_open(&w.q.parent, ends[0], ROLE_QUEUE, ROLE_PARENT) == -1 ||
		       ipc_open(&w.parent, ends[1], ROLE_PARENT, ROLE_QUEUE) ==
			   -1
		   ? -1
		   : 0;
}

static int
teardown(void **state)
{
	(void)state;
	ipc_close(&w.q.parent);
	ipc_close(&w.parent);
	for (int i = 0; i < w.forks; i++)
		if (w.pid[i])
			waitpid(w.pid[i], NULL, 0);
	scratch_remove(w.home);
	return 0;
}

static void
put(const char *name, size_t size)
{
	char path[160], line[] = "bob\n";
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", w.home, name);
	f = fopen(path, "w");
	assert_non_null(f);
	for (size_t n = 0; n < size; n += 4)
		fwrite(line, 1, 4, f);
	fclose(f);
	chmod(path, 0644);
}

static void
ask(size_t n, const char *path)
{
	reader_ask(&w.q, &w.r[n], "r", path);
}

static void
run(size_t want)
{
	w.want = want;
	loop_run();
	assert_int_equal(w.got, want);
	assert_true(TAILQ_EMPTY(&w.q.readings));
}

static void
questions_share_a_process(void **state)
{
	(void)state;
	put(".forward", 8);
	put("list", 100000); /* several packets */
	ask(0, NULL);
	ask(1, "list");
	ask(2, "nothing");
	run(3);
	assert_int_equal(w.status[0], READ_OK);
	assert_string_equal(w.text[0], "bob\nbob\n");
	assert_int_equal(w.status[1], READ_OK);
	assert_int_equal(w.status[2], READ_NONE);
	assert_int_equal(w.forks, 1);
}

static void
asked_within_an_answer(void **state)
{
	(void)state;
	put(".forward", 4);
	put("list", 4);
	w.again = "list";
	ask(0, NULL);
	run(2);
	assert_int_equal(w.status[MOST - 1], READ_OK);
	assert_string_equal(w.text[MOST - 1], "bob\n");
	assert_int_equal(w.forks, 1);
}

/* The parent sees that there is none: no process says so. */
static void
no_forward_no_process(void **state)
{
	(void)state;
	w.nothing = true;
	ask(0, NULL);
	ask(1, NULL);
	run(2);
	assert_int_equal(w.status[0], READ_NONE);
	assert_int_equal(w.status[1], READ_NONE);
	assert_int_equal(w.forks, 1); /* asked for, and not forked */
	assert_int_equal(w.pid[0], 0);
}

/* A list is asked for while the parent looks: one process reads both. */
static void
a_list_needs_a_process(void **state)
{
	(void)state;
	put("list", 4);
	w.nothing = true;
	ask(0, NULL);
	ask(1, "list");
	run(2);
	assert_int_equal(w.status[0], READ_NONE);
	assert_int_equal(w.status[1], READ_OK);
	assert_int_equal(w.forks, 2);
}

static void
too_much_is_bad(void **state)
{
	(void)state;
	put(".forward", FORWARD_MAX + 4);
	ask(0, NULL);
	run(1);
	assert_int_equal(w.status[0], READ_BAD);
	assert_string_equal(w.text[0], "");
	assert_non_null(strstr(w.why[0], "KiB"));
}

static void
killed_once_is_asked_again(void **state)
{
	(void)state;
	put(".forward", 4);
	w.kills = 1;
	ask(0, NULL);
	ask(1, NULL);
	run(2);
	assert_int_equal(w.status[0], READ_OK);
	assert_string_equal(w.text[1], "bob\n");
	assert_int_equal(w.forks, 2);
}

static void
killed_again_is_put_off(void **state)
{
	(void)state;
	w.kills = 99;
	ask(0, NULL);
	run(1);
	assert_int_equal(w.status[0], READ_LATER);
	assert_int_equal(w.forks, 2);
}

static void
refused(void **state)
{
	(void)state;
	w.refuse = true;
	ask(0, NULL);
	run(1);
	assert_int_equal(w.status[0], READ_LATER);
}

static void
refused_for_good(void **state)
{
	(void)state;
	w.refuse = w.permanent = true;
	ask(0, NULL);
	run(1);
	assert_int_equal(w.status[0], READ_BAD);
	assert_string_equal(w.why[0], "no");
}

/* Asked again in the answer to a failure: a new process, not an endless one. */
static void
asked_again_after_a_failure(void **state)
{
	(void)state;
	put(".forward", 4);
	w.kills = 2;
	w.again = "";
	ask(0, NULL);
	run(2);
	assert_int_equal(w.status[0], READ_LATER);
	assert_int_equal(w.status[MOST - 1], READ_OK);
	assert_int_equal(w.forks, 3);
}

static void
cancelled_ones_hear_nothing(void **state)
{
	(void)state;
	put(".forward", 4);
	ask(0, NULL);
	ask(1, NULL);
	reader_cancel(&w.r[0]);
	reader_cancel(&w.r[0]);
	reader_cancel(&w.r[2]); /* never asked */
	run(1);
	assert_string_equal(w.text[0], "");
	assert_string_equal(w.text[1], "bob\n");
}

/* What the parent opened for root is read, and nothing else of his. */
static void
root_s_own(void **state)
{
	char path[160];

	(void)state;
	put(".forward", 4);
	snprintf(path, sizeof path, "%s/.forward", w.home);
	w.start.uid = 0;
	w.start.forward = open(path, O_RDONLY);
	w.start.forward_status = READ_OK;
	assert_int_equal(unlink(path), 0);
	ask(0, NULL);
	run(1);
	assert_int_equal(w.status[0], READ_OK);
	assert_string_equal(w.text[0], "bob\n");
	close(w.start.forward);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int
main(void)
{
	static const struct CMUnitTest tests[] = {
		T(questions_share_a_process),
		T(asked_within_an_answer),
		T(no_forward_no_process),
		T(a_list_needs_a_process),
		T(too_much_is_bad),
		T(killed_once_is_asked_again),
		T(killed_again_is_put_off),
		T(refused),
		T(refused_for_good),
		T(asked_again_after_a_failure),
		T(cancelled_ones_hear_nothing),
		T(root_s_own),
	};

	return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
