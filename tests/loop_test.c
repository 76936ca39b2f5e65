#include "deliver/loop.h"
#include "tests/rows.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static struct {
	char said[64]; /* what happened, a letter each */
	size_t n;
	struct loop_timer timer[8];
	struct loop_fd fd[4];
	int pipe[4][2];
} t;

static void
say(char c)
{
	if (t.n < sizeof t.said - 1)
		t.said[t.n++] = c;
}

static void
fire(struct loop_timer *timer)
{
	say((char)('a' + (timer - t.timer)));
}

static void
fire_and_stop(struct loop_timer *timer)
{
	fire(timer);
	loop_stop();
}

static void
the_end(struct loop_timer *timer)
{
	(void)timer;
	loop_stop();
}

static void
ready(struct loop_fd *f, uint32_t events)
{
	char c;

	say((char)('A' + (f - t.fd)));
	if ((events & EPOLLIN) && read(f->fd, &c, 1) != 1)
		say('!');
}

static int
setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof t);
	for (int i = 0; i < 8; i++)
		t.timer[i].fire = fire;
	for (int i = 0; i < 4; i++) {
		if (pipe2(t.pipe[i], O_NONBLOCK | O_CLOEXEC) == -1)
			return -1;
		t.fd[i] =
		    (struct loop_fd){ t.pipe[i][0], EPOLLIN, ready, NULL };
	}
	return loop_init();
}

static int
teardown(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		close(t.pipe[i][0]);
		close(t.pipe[i][1]);
	}
	return 0;
}

/* A byte in the pipe of each of these. */
static void
feed(int n)
{
	for (int i = 0; i < n; i++) {
		assert_int_equal(loop_add(&t.fd[i]), 0);
		assert_int_equal(write(t.pipe[i][1], "x", 1), 1);
	}
}

/* Runs until ms have passed. */
static void
run(int64_t ms)
{
	static struct loop_timer end;

	end = (struct loop_timer){ .fire = the_end };
	loop_in(&end, ms);
	assert_int_equal(loop_run(), 0);
}

static void
earlier_first(void **state)
{
	(void)state;
	loop_in(&t.timer[0], 30);
	loop_in(&t.timer[1], 10);
	loop_in(&t.timer[2], 20);
	loop_in(&t.timer[3], 0);
	loop_in(&t.timer[4], -5);
	run(60);
	t.said[1] = t.said[0] + t.said[1] == 'd' + 'e' ? 'e' : '!';
	t.said[0] = 'd'; /* those two in any order */
	assert_string_equal(t.said, "debca");
	assert_false(t.timer[0].armed);
}

static void
two_at_the_same_moment(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++)
		loop_in(&t.timer[i], 5);
	run(30);
	assert_int_equal(t.n, 8);
	for (char c = 'a'; c < 'i'; c++)
		assert_non_null(strchr(t.said, c));
}

static void
never_early(void **state)
{
	int64_t begun;

	(void)state;
	begun = loop_now();
	t.timer[0].fire = fire_and_stop;
	loop_in(&t.timer[0], 50);
	assert_int_equal(loop_run(), 0);
	assert_true(loop_now() - begun >= 50);
	assert_string_equal(t.said, "a");
}

static void
moved(void **state)
{
	(void)state;
	loop_in(&t.timer[0], 10);
	loop_in(&t.timer[1], 20);
	loop_in(&t.timer[0], 30);
	run(60);
	assert_string_equal(t.said, "ba");
}

static void
cancelled(void **state)
{
	(void)state;
	loop_in(&t.timer[0], 10);
	loop_cancel(&t.timer[0]);
	loop_cancel(&t.timer[0]);
	loop_cancel(&t.timer[1]); /* never armed */
	run(30);
	assert_string_equal(t.said, "");
}

static void
cancel_others(struct loop_timer *timer)
{
	fire(timer);
	for (int i = 0; i < 8; i++)
		if (&t.timer[i] != timer)
			loop_cancel(&t.timer[i]);
}

/* Whichever comes first keeps all others of that moment from firing. */
static void
cancelled_in_a_handler(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++) {
		t.timer[i].fire = cancel_others;
		loop_in(&t.timer[i], 5);
	}
	run(30);
	assert_int_equal(t.n, 1);
}

static void
again_now(struct loop_timer *timer)
{
	fire(timer);
	if (t.n < 4)
		loop_in(timer, 0);
}

/* A timer that arms itself for now must not keep descriptors waiting. */
static void
armed_for_now_in_a_handler_is_for_the_next_round(void **state)
{
	(void)state;
	t.timer[0].fire = again_now;
	loop_in(&t.timer[0], 0);
	feed(1);
	t.fd[0].events = EPOLLIN;
	/* the descriptor is ready again in each round */
	for (int i = 0; i < 3; i++)
		assert_int_equal(write(t.pipe[0][1], "x", 1), 1);
	run(50);
	assert_memory_equal(t.said, "AaA", 3);
	assert_null(strstr(t.said, "aaA"));
}

static void
idle_1(void)
{
	say('1');
}

static void
idle_2(void)
{
	say('2');
	loop_idle(idle_1);
}

static void
order_in_a_round(void **state)
{
	(void)state;
	loop_in(&t.timer[0], 0);
	feed(1);
	loop_idle(idle_2);
	loop_idle(idle_2); /* once */
	run(30);
	assert_string_equal(t.said, "Aa21");
}

static void
delete_others(struct loop_fd *f, uint32_t events)
{
	ready(f, events);
	for (int i = 0; i < 4; i++)
		if (&t.fd[i] != f) {
			loop_del(&t.fd[i]);
			/* its memory may be given back */
			memset(&t.fd[i], 0xff, sizeof t.fd[i]);
		}
}

static void
deleted_in_a_handler(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++)
		t.fd[i].ready = delete_others;
	feed(4);
	run(20);
	assert_int_equal(t.n, 1);
}

static void
delete_itself(struct loop_fd *f, uint32_t events)
{
	(void)events;
	say('x'); /* what is there stays unread */
	loop_del(f);
	memset(f, 0xff, sizeof *f);
}

static void
deleted_in_its_own_handler(void **state)
{
	(void)state;
	t.fd[0].ready = delete_itself;
	feed(1);
	run(20);
	assert_string_equal(t.said, "x");
}

/* A number that is closed and used again at once is another descriptor. */
static void
replace_others(struct loop_fd *f, uint32_t events)
{
	ready(f, events);
	for (int i = 0; i < 4; i++) {
		if (&t.fd[i] == f)
			continue;
		loop_del(&t.fd[i]);
		close(t.pipe[i][0]);
		close(t.pipe[i][1]);
		if (pipe2(t.pipe[i], O_NONBLOCK | O_CLOEXEC) == -1)
			say('!');
		t.fd[i] =
		    (struct loop_fd){ t.pipe[i][0], EPOLLIN, ready, NULL };
		if (loop_add(&t.fd[i]) == -1)
			say('!');
	}
}

static void
replaced_in_a_handler(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++)
		t.fd[i].ready = replace_others;
	feed(4);
	run(20);
	assert_int_equal(t.n, 1);
}

static void
errors_are_told_without_being_asked_for(void **state)
{
	(void)state;
	t.fd[0].events = 0;
	t.fd[0].ready = delete_itself;
	feed(1);
	run(10);
	assert_string_equal(t.said, "");
	close(t.pipe[0][1]);
	loop_init();
	t.fd[0].events = 0;
	assert_int_equal(loop_add(&t.fd[0]), 0);
	run(10);
	assert_string_equal(t.said, "x");
	t.pipe[0][1] = -1;
}

static void
wanting_nothing_holds_it_back(void **state)
{
	(void)state;
	feed(1);
	assert_int_equal(loop_want(&t.fd[0], 0), 0);
	run(10);
	assert_string_equal(t.said, "");
	loop_init();
	assert_int_equal(loop_add(&t.fd[0]), 0);
	assert_int_equal(loop_want(&t.fd[0], EPOLLIN), 0);
	run(10);
	assert_string_equal(t.said, "A");
}

static void
a_file_cannot_be_waited_for(void **state)
{
	struct loop_fd f = { -1, EPOLLIN, ready, NULL };

	(void)state;
	errno = 0;
	assert_int_equal(loop_add(&f), -1);
	assert_int_equal(errno, EBADF);
}

/* More than a round takes at once: each has its turn. */
static void
more_ready_than_fit_a_round(void **state)
{
	static struct loop_fd many[100];
	int fds[100][2];

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(pipe(fds[i]), 0);
		many[i] =
		    (struct loop_fd){ fds[i][0], EPOLLIN, delete_itself, NULL };
		assert_int_equal(loop_add(&many[i]), 0);
		assert_int_equal(write(fds[i][1], "x", 1), 1);
	}
	run(50);
	assert_int_equal(t.n, sizeof t.said - 1); /* as many as it holds */
	for (int i = 0; i < 100; i++) {
		assert_int_equal(many[i].fd, -1);
		close(fds[i][0]);
		close(fds[i][1]);
	}
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		ROW(earlier_first),
		ROW(two_at_the_same_moment),
		ROW(never_early),
		ROW(moved),
		ROW(cancelled),
		ROW(cancelled_in_a_handler),
		ROW(armed_for_now_in_a_handler_is_for_the_next_round),
		ROW(order_in_a_round),
		ROW(deleted_in_a_handler),
		ROW(deleted_in_its_own_handler),
		ROW(replaced_in_a_handler),
		ROW(errors_are_told_without_being_asked_for),
		ROW(wanting_nothing_holds_it_back),
		ROW(a_file_cannot_be_waited_for),
		ROW(more_ready_than_fit_a_round),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
