#include "deliver/systemd.h"
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST 3 /* sd_listen_fds(3): they begin there */
#define MOST 16

static struct {
	int passed; /* FIRST, and so many from there */
	struct sockaddr_un notify;
	socklen_t length; /* of notify; 0: nobody is to be told */
} s;

static long
number(const char *name)
{
	const char *text = getenv(name);

	return text ? (long)strtonum(text, 1, INT_MAX, NULL) : 0;
}

/* A path, or with @ in place of the NUL a name of the abstract kind. */
static void
take_notify(const char *path)
{
	size_t len = path ? strlen(path) : 0;

	if (len < 2 || len >= sizeof s.notify.sun_path ||
	    (path[0] != '/' && path[0] != '@'))
		return;
	s.notify.sun_family = AF_UNIX;
	memcpy(s.notify.sun_path, path, len);
	s.length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	if (path[0] == '@')
		s.notify.sun_path[0] = '\0';
	else
		s.length++;
}

void
systemd_take(void)
{
	long n = number("LISTEN_PID") == getpid() ? number("LISTEN_FDS") : 0;

	s.passed = n < MOST ? (int)n : MOST;
	for (int fd = FIRST; fd < FIRST + s.passed; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	take_notify(getenv("NOTIFY_SOCKET"));
}

int
systemd_socket(const char *path, int type)
{
	for (int fd = FIRST; fd < FIRST + s.passed; fd++) {
		struct sockaddr_un at = { 0 };
		socklen_t len = sizeof at, size = sizeof(int);
		int is = 0, listens = 0;

		if (getsockname(fd, (struct sockaddr *)&at, &len) == 0 &&
		    at.sun_family == AF_UNIX && len < sizeof at &&
		    strcmp(at.sun_path, path) == 0 &&
		    getsockopt(fd, SOL_SOCKET, SO_TYPE, &is, &size) == 0 &&
		    getsockopt(
			fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 &&
		    is == type && listens &&
		    fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
			return fd;
	}
	return -1;
}

void
systemd_notify(const char *state)
{
	int fd;

	if (s.length == 0)
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return;
	sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
	    (const struct sockaddr *)&s.notify, s.length);
	close(fd);
}
