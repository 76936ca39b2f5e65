#include "deliver/submit.h"
#include "common/log.h"
#include "common/priv.h"
#include "common/run.h"
#include "deliver/brief.h"
#include "deliver/loop.h"
#include "deliver/subid.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#ifndef SENDMAIL_PATH
#define SENDMAIL_PATH "/usr/sbin/sendmail"
#endif
#define MOST 200	    /* under way at once, */
#define MOST_OF_ONE 32	    /* and of one user */
#define PATIENCE 10000	    /* ms for the first packet */
#define WORDS_MAX (4 << 20) /* octets, as execve takes them */
#define PAUSE 1000	    /* ms, when there are no descriptors */
#define TELL 60000	    /* ms between two words on refusals */
#define LIMIT 3600000	    /* ms: a dialogue may be long */

static struct {
	struct loop_fd listener;
	struct loop_timer again;
	const struct conf *conf;
	const struct role_ids *ids;
	int keep;
	int64_t told; /* loop_now() of the last refusal */
} s;

/* Root in a container is not to run programs as root here: his file belongs to
 * bellman, and holds the uid that the kernel told.  Nobody owes the group to
 * the set-gid bit, which an administrator may have taken away. */
static void
identity_of(const struct ucred *peer, struct priv_id *id)
{
	*id = (struct priv_id){ .uid = peer->uid,
		.gid = peer->gid,
		.commands = true,
		.aside = s.ids->gid[ROLE_QUEUE] };
	if (role_owns(s.ids, peer->uid)) {
		id->uid = s.ids->uid[ROLE_QUEUE];
		id->gid = s.ids->gid[ROLE_QUEUE];
	}
}

static void
take(int fd)
{
	struct role_start start = { .conf = s.conf, .fd = fd };
	struct ucred peer;
	socklen_t len = sizeof peer;
	struct priv_id id;
	int keep[2] = { fd, s.keep };
	size_t of_one, all;
	uid_t owner;
	pid_t pid;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == -1)
		return;
	/* The uids of his containers are his as well. */
	owner = subid_owner(peer.uid);
	all = brief_guests(owner, &of_one);
	if (of_one >= MOST_OF_ONE ||
	    (of_one > 0 && of_one >= (MOST - all) / 2)) {
		static const unsigned char end[] = { EX_TEMPFAIL,
			RUN_SUBMIT_MANY };

		if (loop_now() - s.told > TELL)
			log_warn("agent: refused uid=%lu limit=submissions "
				 "under-way=%zu",
			    (unsigned long)owner, of_one);
		s.told = loop_now();
		send(fd, end, sizeof end, MSG_NOSIGNAL | MSG_DONTWAIT);
		return;
	}
	identity_of(&peer, &id);
	start.uid = peer.uid;
	start.gid = peer.gid;
	pid = brief_room() ? role_fork(ROLE_SUBMIT, &id, &start, keep, 2) : -1;
	if (pid == -1)
		log_errno(
		    "agent: error what=\"role submit cannot be started\"");
	else
		brief_add(
		    (struct brief){
			.pid = pid, .out = -1, .guest = true, .uid = owner },
		    LIMIT);
}

/* One at a time: whoever connects without end has no more than his turn. */
static void
ready(struct loop_fd *f, uint32_t events)
{
	size_t of_one;
	int fd;

	(void)events;
	if (brief_guests(0, &of_one) >= MOST) {
		loop_want(f, 0); /* until one has ended */
		return;
	}
	fd = accept4(f->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd != -1) {
		take(fd);
		close(fd);
	} else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
		loop_want(f, 0); /* it would come back at once */
		loop_in(&s.again, PAUSE);
	}
}

static void
listen_again(struct loop_timer *t)
{
	(void)t;
	if (s.listener.fd != -1)
		loop_want(&s.listener, EPOLLIN);
}

int
submit_listen(
    int fd, const struct conf *conf, const struct role_ids *ids, int keep)
{
	s.conf = conf;
	s.ids = ids;
	s.keep = keep;
	s.again.fire = listen_again;
	s.told = -TELL;
	s.listener = (struct loop_fd){ fd, EPOLLIN, ready, NULL };
	return loop_add(&s.listener);
}

void
submit_ended(void)
{
	if (s.listener.ready && s.listener.fd != -1)
		loop_want(&s.listener, EPOLLIN);
}

void
submit_stop(void)
{
	if (s.listener.ready == NULL || s.listener.fd == -1)
		return;
	loop_del(&s.listener);
	loop_cancel(&s.again);
	close(s.listener.fd);
	s.listener.fd = -1;
}

/* --- the child, as the submitter --- */

static int
receive(int sock, int fds[RUN_SUBMIT_FDS])
{
	union {
		char bytes[CMSG_SPACE(RUN_SUBMIT_FDS * sizeof(int))];
		struct cmsghdr align;
	} room;
	char version = 0;
	struct iovec v = { &version, 1 };
	struct msghdr m = { .msg_iov = &v,
		.msg_iovlen = 1,
		.msg_control = room.bytes,
		.msg_controllen = sizeof room.bytes };
	struct pollfd p = { sock, POLLIN, 0 };
	struct cmsghdr *c;

	if (poll(&p, 1, PATIENCE) != 1 ||
	    recvmsg(sock, &m, MSG_CMSG_CLOEXEC) != 1 ||
	    version != RUN_SUBMIT_VERSION || (m.msg_flags & MSG_CTRUNC))
		return -1;
	c = CMSG_FIRSTHDR(&m);
	if (c == NULL || c->cmsg_level != SOL_SOCKET ||
	    c->cmsg_type != SCM_RIGHTS ||
	    c->cmsg_len != CMSG_LEN(RUN_SUBMIT_FDS * sizeof(int)))
		return -1;
	memcpy(fds, CMSG_DATA(c), RUN_SUBMIT_FDS * sizeof(int));
	return 0;
}

/* All words, in memory of our own: the other side may change the file. */
static char **
words(int fd, char **name)
{
	struct stat st;
	char *text, **argv = NULL;
	size_t len, n = 0;
	int seals =
	    fcntl(fd, F_GET_SEALS); /* a memfd, nothing that could hang */

	if (seals == -1 || fstat(fd, &st) == -1 || st.st_size < 3 ||
	    st.st_size > WORDS_MAX)
		return NULL;
	len = (size_t)st.st_size;
	text = malloc(len);
	if (text == NULL || pread(fd, text, len, 0) != (ssize_t)len ||
	    text[len - 1] != '\0')
		goto end;
	for (size_t i = 0; i < len; i++)
		n += text[i] == '\0';
	if (n >= 2)
		argv = calloc(n + 1, sizeof *argv);
	if (argv == NULL)
		goto end;
	*name = text;
	text += strlen(text) + 1;
	for (size_t i = 0; i < n - 1; i++, text += strlen(text) + 1)
		argv[i] = text;
	return argv;
end:
	free(text);
	return NULL;
}

static _Noreturn void
become(char **argv, const char *name, uid_t peer, const int fds[])
{
	char uid[40], full[600];
	char *envp[] = { uid, *name ? full : NULL, NULL };

	snprintf(
	    uid, sizeof uid, "%s=%lu", RUN_SUBMIT_UID, (unsigned long)peer);
	snprintf(full, sizeof full, "NAME=%.500s", name);
	if (fds[1] < 3 || fds[2] < 3 || fds[3] < 3)
		_exit(EX_OSERR);
	for (int i = 0; i < 3; i++)
		if (dup2(fds[i + 1], i) == -1)
			_exit(EX_OSERR);
	closefrom(3);
	priv_group_take(); /* sendmail sets it aside, as if it were set-gid */
	execve(SENDMAIL_PATH, argv, envp);
	_exit(EX_OSFILE);
}

/* Its status; when the caller has gone first, it is ended: nobody would hear
 * that a message was queued. */
static int
watch(int sock, pid_t pid)
{
	int status, pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd p[2] = { { sock, POLLIN, 0 }, { pidfd, POLLIN, 0 } };

	while (pidfd != -1 && poll(p, 2, -1) == -1 && errno == EINTR)
		;
	if (pidfd != -1 && !(p[1].revents & POLLIN))
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return EX_OSERR;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EX_TEMPFAIL;
}

void
submit_run(const struct role_start *start)
{
	int fds[RUN_SUBMIT_FDS];
	unsigned char end = EX_PROTOCOL;
	char **argv, *name = NULL;
	pid_t pid;

	if (receive(start->fd, fds) == -1)
		return; /* nobody, or nothing that sendmail says */
	argv = words(fds[0], &name);
	if (argv) {
		pid = fork();
		if (pid == 0)
			become(argv, name, start->uid, fds);
		for (int i = 0; i < RUN_SUBMIT_FDS; i++)
			close(fds[i]);
		end =
		    pid == -1 ? EX_OSERR : (unsigned char)watch(start->fd, pid);
	}
	send(start->fd, &end, 1, MSG_NOSIGNAL);
	free(argv);
	free(name);
}
