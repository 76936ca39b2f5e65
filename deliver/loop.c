#include "deliver/loop.h"
#include <errno.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#define ROUND 64 /* events taken at once */
#define IDLERS 8

RB_HEAD(timers, loop_timer);

static struct {
	int epoll;
	bool stop, firing;
	int64_t now;
	struct timers timers;
	struct epoll_event round[ROUND];
	int nround;
	void (*idlers[IDLERS])(void);
	int nidlers;
} loop = { .epoll = -1 };

static int
earlier(const struct loop_timer *a, const struct loop_timer *b)
{
	if (a->due != b->due)
		return a->due < b->due ? -1 : 1;
	return a < b ? -1 : a > b; /* two at the same moment are two */
}
RB_GENERATE_INTERNAL(
    timers, loop_timer, link, earlier, __attribute__((unused)) static)

static void
look_at_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	loop.now = (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int
loop_init(void)
{
	if (loop.epoll != -1)
		close(loop.epoll);
	loop.epoll = epoll_create1(EPOLL_CLOEXEC);
	loop.stop = loop.firing = false;
	loop.nround = loop.nidlers = 0;
	RB_INIT(&loop.timers);
	look_at_clock();
	return loop.epoll == -1 ? -1 : 0;
}

static int
ctl(int op, struct loop_fd *f)
{
	struct epoll_event ev = { .events = f->events, .data.ptr = f };

	return epoll_ctl(loop.epoll, op, f->fd, &ev);
}

int
loop_add(struct loop_fd *f)
{
	return ctl(EPOLL_CTL_ADD, f);
}

int
loop_want(struct loop_fd *f, uint32_t events)
{
	if (f->events == events)
		return 0;
	f->events = events;
	return ctl(EPOLL_CTL_MOD, f);
}

void
loop_del(struct loop_fd *f)
{
	ctl(EPOLL_CTL_DEL, f);
	for (int i = 0; i < loop.nround; i++)
		if (loop.round[i].data.ptr == f)
			loop.round[i].data.ptr = NULL;
}

int64_t
loop_now(void)
{
	return loop.now;
}

void
loop_in(struct loop_timer *t, int64_t ms)
{
	loop_cancel(t);
	/* Armed by a timer's handler for "now": the next round, so that
	 * descriptors have their turn. */
	t->due = loop.now + (ms > 0 ? ms : loop.firing);
	t->armed = true;
	RB_INSERT(timers, &loop.timers, t);
}

void
loop_cancel(struct loop_timer *t)
{
	if (t->armed)
		RB_REMOVE(timers, &loop.timers, t);
	t->armed = false;
}

void
loop_stop(void)
{
	loop.stop = true;
}

void
loop_idle(void (*once)(void))
{
	for (int i = 0; i < loop.nidlers; i++)
		if (loop.idlers[i] == once)
			return;
	if (loop.nidlers < IDLERS)
		loop.idlers[loop.nidlers++] = once;
}

static int
patience(void)
{
	struct loop_timer *first = RB_MIN(timers, &loop.timers);
	int64_t ms;

	if (first == NULL)
		return -1;
	ms = first->due - loop.now;
	return ms < 0 ? 0 : ms > 3600000 ? 3600000 : (int)ms;
}

static void
run_timers(void)
{
	struct loop_timer *t;

	loop.firing = true;
	while (
	    (t = RB_MIN(timers, &loop.timers)) != NULL && t->due <= loop.now) {
		loop_cancel(t);
		t->fire(t);
	}
	loop.firing = false;
}

static void
run_idlers(void)
{
	void (*once[IDLERS])(void);
	int n = loop.nidlers;

	for (int i = 0; i < n; i++)
		once[i] = loop.idlers[i];
	loop.nidlers = 0;
	for (int i = 0; i < n; i++)
		once[i]();
}

int
loop_run(void)
{
	while (!loop.stop) {
		int n = epoll_wait(loop.epoll, loop.round, ROUND,
		    loop.nidlers ? 0 : patience());

		look_at_clock();
		if (n == -1 && errno != EINTR)
			return -1;
		loop.nround = n > 0 ? n : 0;
		for (int i = 0; i < loop.nround; i++) {
			struct loop_fd *f = loop.round[i].data.ptr;

			if (f != NULL)
				f->ready(f, loop.round[i].events);
		}
		loop.nround = 0;
		run_timers();
		run_idlers();
	}
	return 0;
}
