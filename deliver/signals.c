#include "deliver/signals.h"
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>

int
signals_watch(
    struct loop_fd *f, void (*ready)(struct loop_fd *, uint32_t events))
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return -1;
	*f = (struct loop_fd){
		.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC),
		.events = EPOLLIN,
		.ready = ready,
	};
	return f->fd == -1 ? -1 : loop_add(f);
}
