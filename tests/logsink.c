/* logsink - what syslogd does for a test: datagrams from a socket, one line
 * each, appended to a file. */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int
listen_at(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(sun.sun_path))
		errx(64, "%s: too long", path);
	memcpy(sun.sun_path, path, strlen(path));
	unlink(path);
	if (s == -1 || bind(s, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    chmod(path, 0666) == -1)
		err(71, "%s", path);
	return s;
}

int
main(int argc, char **argv)
{
	char line[65536], *text;
	ssize_t n;
	int fd, s;

	if (argc != 3)
		errx(64, "usage: logsink SOCKET FILE");
	fd = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd == -1)
		err(73, "%s", argv[2]);
	s = listen_at(argv[1]);
	while ((n = recv(s, line, sizeof(line) - 2, 0)) >= 0) {
		line[n] = '\0';
		n = (ssize_t)strlen(line);
		while (n > 0 && line[n - 1] == '\n')
			n--;
		line[n++] = '\n';
		/* "<22>Nov 23 ...": the priority is for syslogd only */
		text = line[0] == '<' ? memchr(line, '>', (size_t)n) : NULL;
		text = text == NULL ? line : text + 1;
		if (write(fd, text, (size_t)(line + n - text)) == -1)
			err(74, "%s", argv[2]);
	}
	err(71, "recv");
}
