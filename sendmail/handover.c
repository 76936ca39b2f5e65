#include "sendmail/handover.h"
#include "common/buf.h"
#include "common/priv.h"
#include "common/run.h"
#include "common/spool.h"
#include "sendmail/opt.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#define PATIENCE 60 /* seconds, to be taken */

bool
handover_needed(void)
{
	struct statvfs fs;
	struct stat st;

	if (stat(SPOOL_DIR "/drop", &st) == -1)
		return true;
	return !priv_group_can(st.st_gid, st.st_mode) ||
	       (statvfs(SPOOL_DIR "/drop", &fs) == 0 &&
		   (fs.f_flag & ST_RDONLY));
}

/* The name for people, then the arguments, each with its NUL. */
static int
words(int argc, char **argv, const char *name)
{
	struct buf b = { 0 };
	int fd = memfd_create("words", MFD_CLOEXEC);
	bool bad;

	buf_str(&b, name ? name : "");
	buf_chr(&b, '\0');
	for (int i = 0; i < argc; i++) {
		buf_str(&b, argv[i]);
		buf_chr(&b, '\0');
	}
	bad = b.bad || fd == -1 || write(fd, b.ptr, b.len) != (ssize_t)b.len;
	buf_free(&b);
	if (!bad)
		return fd;
	if (fd != -1)
		close(fd);
	errno = ENOMEM;
	return -1;
}

static int
send_all(int sock, int list)
{
	const int fds[RUN_SUBMIT_FDS] = { list, STDIN_FILENO, STDOUT_FILENO,
		STDERR_FILENO };
	union {
		char bytes[CMSG_SPACE(sizeof fds)];
		struct cmsghdr align;
	} room = { 0 };
	char version = RUN_SUBMIT_VERSION;
	struct iovec v = { &version, 1 };
	struct msghdr m = { .msg_iov = &v,
		.msg_iovlen = 1,
		.msg_control = room.bytes,
		.msg_controllen = sizeof room.bytes };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof fds);
	memcpy(CMSG_DATA(c), fds, sizeof fds);
	return sendmsg(sock, &m, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

int
handover(int argc, char **argv, const char *name, int *status)
{
	static const struct timeval patience = { .tv_sec = PATIENCE };
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int saved, list = -1,
		   fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	unsigned char end;
	ssize_t n;

	strlcpy(to.sun_path, RUN_SUBMIT, sizeof to.sun_path);
	if (fd != -1) /* its line may be full of those whom nobody answers */
		setsockopt(
		    fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	if (fd != -1 && connect(fd, (struct sockaddr *)&to, sizeof to) == -1) {
		saved = errno;
		close(fd);
		errno = saved;
		fd = -1;
		if (saved == EAGAIN) {
			dprintf(STDERR_FILENO,
			    "%s: too many submit at once: nothing was "
			    "queued; try again later\n",
			    opt_program(argv[0]));
			*status = EX_TEMPFAIL;
			return 0;
		}
	}
	if (fd == -1 || (list = words(argc, argv, name)) == -1 ||
	    send_all(fd, list) == -1) {
		saved = errno;
		if (list != -1)
			close(list);
		if (fd != -1)
			close(fd);
		errno = saved;
		return -1;
	}
	close(list);
	do
		n = recv(fd, &end, 1, 0);
	while (n == -1 && errno == EINTR);
	close(fd);
	*status = end;
	if (n == 1)
		return 0;
	/* What the other side had done by then is not known. */
	dprintf(STDERR_FILENO,
	    "%s: the agent ended in the middle of the submission; "
	    "whether the message was queued is not known: look at mailq\n",
	    opt_program(argv[0]));
	*status = EX_TEMPFAIL;
	return 0;
}
