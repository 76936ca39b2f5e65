/* loop - descriptors, deadlines and signals: the one place that waits.  One
 * loop a process.  Nothing wakes up unless a descriptor is ready or a timer is
 * due. */
#ifndef DELIVER_LOOP_H
#define DELIVER_LOOP_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/tree.h>

struct loop_fd {
	int fd;
	uint32_t events; /* EPOLLIN, EPOLLOUT; 0: only errors */
	void (*ready)(struct loop_fd *, uint32_t events);
	void *arg;
};

struct loop_timer {
	RB_ENTRY(loop_timer) link;
	int64_t due; /* loop_now() at which it fires */
	bool armed;
	void (*fire)(struct loop_timer *);
	void *arg;
};

/* Starts this process's loop anew (also after a fork).  0, or -1. */
int loop_init(void);
int loop_add(struct loop_fd *); /* 0, or -1 with errno */
int loop_want(struct loop_fd *, uint32_t events);
/* Forgets it; the caller closes the descriptor.  Allowed in any handler, for
 * any descriptor: no event of this round reaches it any more. */
void loop_del(struct loop_fd *);
int64_t loop_now(void); /* milliseconds, CLOCK_BOOTTIME; fixed for a round */
void loop_in(struct loop_timer *, int64_t ms); /* arms, or moves */
void loop_cancel(struct loop_timer *);
/* Until loop_stop.  Order in a round: descriptors, then due timers, then what
 * was deferred.  0, or -1 with errno. */
int loop_run(void);
void loop_stop(void);
/* once runs at the end of this round. */
void loop_idle(void (*once)(void));
#endif
