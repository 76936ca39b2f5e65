/* push - the floor of delivery to one SMTP server: an event loop that opens,
 * reads and unlinks each file of a folder, and sends it over some connections:
 *
 *     push [-p PORT] [-k CONNECTIONS] [-a | -w MESSAGES] [-m USERS] FOLDER
 *
 * MAIL, RCPT and DATA are always in one packet.  -a sends those of the next
 * message behind the final dot of this one.  -w needs CHUNKING: so many whole
 * messages are in flight on each connection.  -m: they are for
 * user1@mail.example to userUSERS, each in turn.  It knows its server: nothing
 * of what a mail system has to be careful about is here. */
#include "tests/bench/bench.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define BYTES (1 << 16) /* a message and its commands */
#define WINDOW 256

struct conn {
	int fd;
	enum { HELLO, READY, DATA, DOT, WINDOWS, QUIT, CLOSED } state;
	int replies;	      /* until the next step */
	long flying[WINDOW];  /* files in flight, the oldest first */
	int from, many, skip; /* replies before the oldest file's last one */
	char line[4];	      /* how the reply begins that is being read */
	size_t column;
};

static char **names;
static long files, next_file, done, users;
static int folder, port = 2525, ahead, window;
static char out[BYTES * 2];
static size_t out_bytes;

static void
add(const char *bytes, size_t n)
{
	if (out_bytes + n > sizeof(out))
		errx(71, "a message is too long");
	memcpy(out + out_bytes, bytes, n);
	out_bytes += n;
}

static void
say(const char *text)
{
	add(text, strlen(text));
}

static void
flush(struct conn *c)
{
	size_t n = 0;

	while (n < out_bytes) {
		ssize_t sent =
		    send(c->fd, out + n, out_bytes - n, MSG_NOSIGNAL);

		if (sent == -1)
			err(71, "send");
		n += (size_t)sent;
	}
	out_bytes = 0;
}

/* MAIL and RCPT for the next file. */
static void
envelope(void)
{
	char to[64] = "someone@relay.example";

	if (users)
		snprintf(to, sizeof(to), "user%ld@mail.example",
		    next_file % users + 1);
	say("MAIL FROM:<alice@mail.example>\r\nRCPT TO:<");
	say(to);
	say(">\r\n");
}

/* A file, with CRLF for LF: the least that SMTP asks for.  Ours have no line
 * that begins with a dot. */
static size_t
load(long file, char *text)
{
	static char raw[BYTES];
	int fd = openat(folder, names[file], O_RDONLY | O_CLOEXEC);
	ssize_t got = fd == -1 ? -1 : read(fd, raw, sizeof(raw) / 2);
	char *to = text, *line = raw, *end;

	if (got == -1)
		err(71, "%s", names[file]);
	close(fd);
	for (; (end = memchr(line, '\n', (size_t)(raw + got - line))) != NULL;
	     line = end + 1) {
		to = mempcpy(to, line, (size_t)(end - line));
		to = mempcpy(to, "\r\n", 2);
	}
	return (size_t)(to - text);
}

static void
fly(struct conn *c)
{
	c->flying[(c->from + c->many++) % WINDOW] = next_file++;
}

static void
landed(struct conn *c)
{
	long file = c->flying[c->from];

	if (unlinkat(folder, names[file], 0) == -1)
		err(71, "%s", names[file]);
	c->from = (c->from + 1) % WINDOW;
	c->many--;
	done++;
}

static void
quit(struct conn *c)
{
	say("QUIT\r\n");
	c->state = QUIT;
	c->replies = 1;
}

static void
fill_window(struct conn *c)
{
	static char text[BYTES];
	char line[64];

	while (c->many < window && next_file < files) {
		size_t n = load(next_file, text);

		envelope();
		snprintf(line, sizeof(line), "BDAT %zu LAST\r\n", n);
		say(line);
		add(text, n);
		fly(c);
		flush(c);
	}
	c->state = WINDOWS;
	c->replies = 3; /* MAIL, RCPT, BDAT: then the oldest has landed */
	if (c->many == 0)
		quit(c);
}

static void
next(struct conn *c, int also)
{
	if (next_file >= files) {
		c->state = DOT;
		c->replies = also;
		if (also == 0)
			quit(c);
		return;
	}
	envelope();
	say("DATA\r\n");
	fly(c);
	c->state = DATA;
	c->replies = 3 + also;
}

static void
send_text(struct conn *c)
{
	static char text[BYTES];

	add(text, load(c->flying[c->from], text));
	say(".\r\n");
	if (ahead) {
		next(c, 1);
		c->skip = 1; /* the first of these replies is the dot's */
	} else {
		c->state = DOT;
		c->replies = 1;
	}
}

static void
step(struct conn *c)
{
	switch (c->state) {
	case HELLO:
		say("EHLO floor\r\n");
		c->state = READY;
		c->replies = 1;
		break;
	case READY:
		if (window > 0)
			fill_window(c);
		else
			next(c, 0);
		break;
	case DATA:
		send_text(c);
		break;
	case DOT:
		if (!c->skip)
			landed(c);
		next(c, 0);
		break;
	case WINDOWS:
		landed(c);
		fill_window(c);
		break;
	case QUIT:
		close(c->fd);
		c->state = CLOSED;
		break;
	case CLOSED:
		break;
	}
	if (c->state != CLOSED)
		flush(c);
}

/* The last line of a reply has a space behind its code (RFC 5321 4.2.1). */
static void
answered(struct conn *c)
{
	if (c->line[0] != '2' && c->line[0] != '3')
		errx(1, "the server said %.3s", c->line);
	if (c->line[3] != ' ')
		return;
	if (c->skip) {
		landed(c);
		c->skip = 0;
		if (c->replies == 1)
			c->skip = -1; /* it was the very last */
	}
	if (--c->replies > 0)
		return;
	if (c->skip == -1) {
		c->skip = 0;
		quit(c);
		flush(c);
		return;
	}
	step(c);
}

static void
input(struct conn *c)
{
	char in[8192];
	ssize_t i, n = recv(c->fd, in, sizeof(in), 0);

	if (n <= 0)
		errx(1, "the server has closed the connection");
	for (i = 0; i < n && c->state != CLOSED; i++) {
		if (c->column < 4)
			c->line[c->column] = in[i];
		c->column++;
		if (in[i] == '\n') {
			c->column = 0;
			answered(c);
		}
	}
}

static void
dial(struct conn *c, int events)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };
	int on = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	c->replies = 1;
	if (c->fd == -1 ||
	    connect(c->fd, (struct sockaddr *)&in, sizeof(in)) == -1 ||
	    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) ==
		-1 ||
	    epoll_ctl(events, EPOLL_CTL_ADD, c->fd, &e) == -1)
		err(71, "port %d", port);
}

static void
list(const char *path)
{
	struct dirent *de;
	DIR *dir = opendir(path);
	size_t room = 0;

	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == NULL || folder == -1)
		err(71, "%s", path);
	while ((de = readdir(dir)) != NULL) {
		if (de->d_name[0] == '.')
			continue;
		if ((size_t)files == room) {
			room = room * 2 + 64;
			names = reallocarray(names, room, sizeof(*names));
		}
		if (names == NULL ||
		    (names[files++] = strdup(de->d_name)) == NULL)
			err(71, "memory");
	}
	closedir(dir);
}

int
main(int argc, char **argv)
{
	int c, i, n, events = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event ready[64];
	struct conn *conns;
	long many = 1;
	int64_t start;

	while ((c = getopt(argc, argv, "p:k:aw:m:")) != -1)
		switch (c) {
		case 'p':
			port = (int)number(optarg, 65535);
			break;
		case 'k':
			many = number(optarg, 10000);
			break;
		case 'a':
			ahead = 1;
			break;
		case 'w':
			window = (int)number(optarg, WINDOW);
			break;
		case 'm':
			users = number(optarg, 100000);
			break;
		default:
			return 64;
		}
	if (argc != optind + 1 || many == 0 || events == -1)
		errx(64, "usage: push [-p PORT] [-k CONNECTIONS] [-a | -w N] "
			 "FOLDER");
	start = now_us();
	list(argv[optind]);
	if ((conns = calloc((size_t)many, sizeof(*conns))) == NULL)
		err(71, "memory");
	for (i = 0; i < many; i++)
		dial(&conns[i], events);
	while (done < files) {
		n = epoll_wait(events, ready, 64, -1);
		for (i = 0; i < n; i++)
			input(ready[i].data.ptr);
	}
	printf("done=%ld seconds=%.3f rate=%.1f\n", done,
	    (double)(now_us() - start) / 1e6,
	    (double)done * 1e6 / (double)(now_us() - start));
	return 0;
}
