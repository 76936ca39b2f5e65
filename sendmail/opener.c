#include "sendmail/opener.h"
#include "common/priv.h"
#include "sendmail/deposit.h"
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct offer { /* what comes back; with it two descriptors when err is 0 */
	int err;
	char id[SPOOL_IDSIZE];
};

union room {
	char bytes[CMSG_SPACE(2 * sizeof(int))];
	struct cmsghdr align;
};

static int
offer(int fd, const struct offer *o, const int fds[2])
{
	union room room = { 0 };
	struct iovec v = { (void *)(uintptr_t)o, sizeof *o };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	if (o->err == 0) {
		struct cmsghdr *c;

		m.msg_control = room.bytes;
		m.msg_controllen = sizeof room.bytes;
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(2 * sizeof(int));
		memcpy(CMSG_DATA(c), fds, 2 * sizeof(int));
	}
	return sendmsg(fd, &m, MSG_NOSIGNAL) == -1 ? -1 : 0;
}

/* Until the dialogue is gone.  Nothing else is open: not its input, not its
 * output. */
static _Noreturn void
serve(int fd, const struct conf *conf)
{
	char request;

	priv_group_take();
	prctl(PR_SET_DUMPABLE, 0); /* a new group sets it to fs.suid_dumpable */
	for (;;) {
		struct offer o = { 0 };
		int fds[2];
		ssize_t n = read(fd, &request, 1);

		if (n == -1 && errno == EINTR)
			continue;
		if (n != 1)
			_exit(0);
		fds[0] = deposit_make(conf, &fds[1], o.id);
		if (fds[0] == -1)
			o.err = errno ? errno : EIO;
		if (offer(fd, &o, fds) == -1) {
			if (fds[0] != -1)
				spool_abort(fds[0]);
			_exit(0);
		}
		if (fds[0] != -1) { /* the lock goes with the file */
			close(fds[0]);
			close(fds[1]);
		}
	}
}

int
opener_start(struct opener *o, const struct conf *conf)
{
	int pair[2];
	pid_t pid;

	o->fd = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return -1;
	pid = fork();
	if (pid == 0) {
		dup2(pair[1], 0);
		closefrom(1);
		serve(0, conf);
	}
	priv_group_drop();
	close(pair[1]);
	if (pid == -1) {
		close(pair[0]);
		return -1;
	}
	o->fd = pair[0];
	return 0;
}

static int
receive(int fd, struct offer *o, int fds[2])
{
	union room room;
	struct iovec v = { o, sizeof *o };
	struct msghdr m = { .msg_iov = &v,
		.msg_iovlen = 1,
		.msg_control = room.bytes,
		.msg_controllen = sizeof room.bytes };
	struct cmsghdr *c;
	ssize_t n;

	do
		n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
	while (n == -1 && errno == EINTR);
	if (n != sizeof *o) {
		if (n != -1)
			errno = ECHILD; /* the child is gone */
		return -1;
	}
	if (o->err) {
		errno = o->err;
		return -1;
	}
	c = CMSG_FIRSTHDR(&m);
	if (c == NULL || c->cmsg_type != SCM_RIGHTS ||
	    c->cmsg_len != CMSG_LEN(2 * sizeof(int))) {
		errno = EMFILE;
		return -1;
	}
	memcpy(fds, CMSG_DATA(c), 2 * sizeof(int));
	return 0;
}

int
opener_file(struct opener *o, int *dir, char id[SPOOL_IDSIZE])
{
	struct offer got = { 0 };
	int fds[2];

	if (o->fd == -1) {
		errno = ECHILD;
		return -1;
	}
	if (send(o->fd, "", 1, MSG_NOSIGNAL) == -1 ||
	    receive(o->fd, &got, fds) == -1)
		return -1;
	*dir = fds[1];
	memcpy(id, got.id, SPOOL_IDSIZE);
	return fds[0];
}

void
opener_stop(struct opener *o)
{
	if (o->fd == -1)
		return;
	close(o->fd);
	o->fd = -1;
	while (waitpid(-1, NULL, 0) == -1 && errno == EINTR)
		;
}
