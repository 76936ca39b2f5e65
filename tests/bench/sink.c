/* sink - an SMTP server that takes everything and counts, in one thread:
 *
 *     sink [-p PORT] [-d MS] [-C] [-m CONNECTIONS] [-r RCPTS] [-x CODE]
 *          [-n RECIPIENTS] [-i SECONDS] [-l LOG]
 *
 * -d  each reply leaves so long after its command has come, whatever else is
 *     under way: who sends commands ahead waits once for all of them
 * -C  offers CHUNKING (RFC 3030); PIPELINING (RFC 2920) is always offered
 * -m  one more connection than that is greeted by 421
 * -r  one more recipient in a transaction than that is refused by 452
 * -x  every recipient is refused, with that code
 * -l  the number of each message (see bench.h), and when its answer was sent
 *
 * It says "ready" when it listens, and one line of counts when RECIPIENTS have
 * had their message accepted, or when nothing has come for SECONDS, or at
 * SIGTERM, which ends it. */
#include "tests/bench/bench.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>

#define LINE 2048	/* a command */
#define HEAD 4096	/* of a message, in which its number is looked for */
#define NUMBERS 2000000 /* higher ones are not told apart */
#define OUT 16384

/* A reply that is not due yet. */
struct late {
	int64_t due;
	int final; /* it accepts a message */
	STAILQ_ENTRY(late) next;
	char text[128];
};

struct conn {
	int fd;
	enum { COMMANDS, TEXT, CHUNK, ENDED } state;
	const char *dot; /* what is still missing of CRLF . CRLF */
	size_t chunk;	 /* bytes that this chunk still has */
	int last;	 /* it is the message's last */
	long rcpts;
	size_t line_bytes, head_bytes, out_bytes;
	STAILQ_HEAD(, late) late;
	TAILQ_ENTRY(conn) next;
	char line[LINE], head[HEAD + 1], out[OUT];
};

static TAILQ_HEAD(, conn) conns = TAILQ_HEAD_INITIALIZER(conns);
static long delay_us, most_conns, most_rcpts, refusal, wanted, idle_s;
static int chunking;
static FILE *answered;
static unsigned char seen[NUMBERS / 8 + 1];
static volatile sig_atomic_t stop;
static long unsaid; /* acceptances that are not due yet */
static struct {
	long messages, distinct, recipients, transactions, connections, open,
	    most;
	long long bytes, first, last;
} count;

static void
tell(const char *end)
{
	printf("messages=%ld distinct=%ld recipients=%ld transactions=%ld "
	       "connections=%ld most=%ld bytes=%lld first=%lld last=%lld "
	       "end=%s\n",
	    count.messages, count.distinct, count.recipients,
	    count.transactions, count.connections, count.most, count.bytes,
	    count.first, count.last, end);
	fflush(stdout);
}

static void
flush(struct conn *c)
{
	if (c->out_bytes > 0 &&
	    send(c->fd, c->out, c->out_bytes, MSG_NOSIGNAL | MSG_DONTWAIT) !=
		(ssize_t)c->out_bytes)
		c->state = ENDED; /* it does not read what we answer */
	c->out_bytes = 0;
}

static void
queue(struct conn *c, const char *text)
{
	size_t n = strlen(text);

	if (c->out_bytes + n > sizeof(c->out))
		flush(c);
	memcpy(c->out + c->out_bytes, text, n);
	c->out_bytes += n;
}

static void
reply(struct conn *c, const char *text, int final)
{
	struct late *late;

	if (delay_us == 0) {
		queue(c, text);
		if (final)
			count.last = now_us();
		return;
	}
	if ((late = malloc(sizeof(*late))) == NULL)
		err(71, "memory");
	late->due = now_us() + delay_us;
	late->final = final;
	unsaid += final;
	snprintf(late->text, sizeof(late->text), "%s", text);
	STAILQ_INSERT_TAIL(&c->late, late, next);
}

static long
number_of(struct conn *c)
{
	const char *at;

	c->head[c->head_bytes] = '\0';
	at = strstr(c->head, MARK);
	return at == NULL ? 0 : strtol(at + strlen(MARK), NULL, 10);
}

static void
accepted(struct conn *c)
{
	long n = number_of(c);

	count.messages++;
	count.recipients += c->rcpts;
	if (n > 0 && n < NUMBERS && !(seen[n / 8] & 1 << n % 8)) {
		seen[n / 8] |= (unsigned char)(1 << n % 8);
		count.distinct++;
	}
	c->head_bytes = 0;
	c->rcpts = 0;
	reply(c, "250 2.0.0 taken\r\n", 1);
	if (answered != NULL) {
		fprintf(
		    answered, "%ld %lld\n", n, (long long)now_us() + delay_us);
		fflush(answered);
	}
}

/* Keeps what is needed of a message to know its number. */
static void
text(struct conn *c, const char *bytes, size_t n)
{
	count.bytes += (long long)n;
	if (n > HEAD - c->head_bytes)
		n = HEAD - c->head_bytes;
	memcpy(c->head + c->head_bytes, bytes, n);
	c->head_bytes += n;
}

static void
rcpt(struct conn *c)
{
	char line[64];

	if (refusal != 0) {
		snprintf(line, sizeof(line), "%ld no\r\n", refusal);
		reply(c, line, 0);
	} else if (most_rcpts != 0 && c->rcpts >= most_rcpts) {
		reply(c, "452 4.5.3 too many\r\n", 0);
	} else {
		c->rcpts++;
		reply(c, "250 2.1.5 ok\r\n", 0);
	}
}

static void
bdat(struct conn *c, const char *arguments)
{
	char *end;

	c->chunk = strtoul(arguments, &end, 10);
	c->last = strncasecmp(end, " LAST", 5) == 0;
	if (c->rcpts == 0)
		c->state = ENDED; /* what would follow is no command */
	else if (c->chunk > 0)
		c->state = CHUNK;
	else if (c->last)
		accepted(c);
	else
		reply(c, "250 2.0.0 ok\r\n", 0);
}

static void
command(struct conn *c, const char *line)
{
	if (strncasecmp(line, "EHLO", 4) == 0) {
		reply(c,
		    chunking ? "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n"
			       "250-CHUNKING\r\n250 ENHANCEDSTATUSCODES\r\n"
			     : "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n"
			       "250 ENHANCEDSTATUSCODES\r\n",
		    0);
	} else if (strncasecmp(line, "HELO", 4) == 0) {
		reply(c, "250 sink\r\n", 0);
	} else if (strncasecmp(line, "MAIL", 4) == 0) {
		count.transactions++;
		c->rcpts = 0;
		reply(c, "250 2.1.0 ok\r\n", 0);
	} else if (strncasecmp(line, "RCPT", 4) == 0) {
		rcpt(c);
	} else if (strncasecmp(line, "DATA", 4) == 0) {
		if (c->rcpts == 0) {
			reply(c, "503 5.5.1 no recipients\r\n", 0);
			return;
		}
		reply(c, "354 go on\r\n", 0);
		c->state = TEXT;
		c->dot = ".\r\n"; /* the line before it has ended */
	} else if (chunking && strncasecmp(line, "BDAT ", 5) == 0) {
		bdat(c, line + 5);
	} else if (strncasecmp(line, "QUIT", 4) == 0) {
		reply(c, "221 2.0.0 bye\r\n", 0);
	} else if (strncasecmp(line, "RSET", 4) == 0 ||
		   strncasecmp(line, "NOOP", 4) == 0) {
		c->rcpts = 0;
		reply(c, "250 2.0.0 ok\r\n", 0);
	} else {
		reply(c, "500 5.5.2 unknown\r\n", 0);
	}
}

/* Each of these takes some of the bytes, and says how many. */
static size_t
take_line(struct conn *c, const char *bytes, size_t n)
{
	const char *end = memchr(bytes, '\n', n);
	size_t take = end == NULL ? n : (size_t)(end - bytes) + 1;

	if (c->line_bytes + take >= LINE) {
		c->state = ENDED;
		return n;
	}
	memcpy(c->line + c->line_bytes, bytes, take);
	c->line_bytes += take;
	if (end != NULL) {
		c->line[c->line_bytes] = '\0';
		c->line_bytes = 0;
		command(c, c->line);
	}
	return take;
}

static size_t
take_chunk(struct conn *c, const char *bytes, size_t n)
{
	size_t take = n < c->chunk ? n : c->chunk;

	text(c, bytes, take);
	c->chunk -= take;
	if (c->chunk > 0)
		return take;
	c->state = COMMANDS;
	if (c->last)
		accepted(c);
	else
		reply(c, "250 2.0.0 ok\r\n", 0);
	return take;
}

static size_t
take_text(struct conn *c, const char *bytes, size_t n)
{
	static const char end[] = "\r\n.\r\n";
	size_t i = 0;

	while (i < n && c->state == TEXT) {
		if (bytes[i] == *c->dot) {
			i++;
			if (*++c->dot == '\0')
				c->state = COMMANDS;
		} else if (c->dot != end) {
			c->dot = end; /* and this octet is looked at again */
		} else {
			const char *cr = memchr(bytes + i, '\r', n - i);

			i = cr == NULL ? n : (size_t)(cr - bytes);
		}
	}
	text(c, bytes, i);
	if (c->state == COMMANDS)
		accepted(c);
	return i;
}

static void
input(struct conn *c)
{
	static char bytes[1 << 18];
	ssize_t n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	size_t i = 0;

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		c->state = ENDED;
	while (n > 0 && i < (size_t)n && c->state != ENDED) {
		const char *at = bytes + i;
		size_t left = (size_t)n - i;

		i += c->state == TEXT	 ? take_text(c, at, left)
		     : c->state == CHUNK ? take_chunk(c, at, left)
					 : take_line(c, at, left);
	}
	if (c->state != ENDED)
		flush(c);
}

/* Sends what is due; milliseconds until more is, or -1. */
static int
send_late(void)
{
	int64_t now = now_us(), next = INT64_MAX;
	struct late *late;
	struct conn *c;

	TAILQ_FOREACH (c, &conns, next) {
		while ((late = STAILQ_FIRST(&c->late)) != NULL &&
		       late->due <= now) {
			queue(c, late->text);
			if (late->final) {
				count.last = now;
				unsaid--;
			}
			STAILQ_REMOVE_HEAD(&c->late, next);
			free(late);
		}
		flush(c);
		if (late != NULL && late->due < next)
			next = late->due;
	}
	return next == INT64_MAX ? -1 : (int)((next - now) / 1000 + 1);
}

static void
drop(struct conn *c)
{
	struct late *late;

	while ((late = STAILQ_FIRST(&c->late)) != NULL) {
		unsaid -= late->final;
		STAILQ_REMOVE_HEAD(&c->late, next);
		free(late);
	}
	TAILQ_REMOVE(&conns, c, next);
	close(c->fd);
	free(c);
	count.open--;
}

static void
greet(int events, int fd)
{
	struct epoll_event e = { .events = EPOLLIN };
	struct conn *c;
	int on = 1;

	count.connections++;
	if (count.first == 0)
		count.first = now_us();
	if (most_conns != 0 && count.open >= most_conns) {
		if (write(fd, "421 4.3.2 busy\r\n", 16) == -1)
			warn("421");
		close(fd);
		return;
	}
	if ((c = calloc(1, sizeof(*c))) == NULL)
		err(71, "memory");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c->fd = fd;
	STAILQ_INIT(&c->late);
	TAILQ_INSERT_TAIL(&conns, c, next);
	if (++count.open > count.most)
		count.most = count.open;
	e.data.ptr = c;
	if (epoll_ctl(events, EPOLL_CTL_ADD, fd, &e) == -1)
		err(71, "epoll");
	reply(c, "220 sink ESMTP\r\n", 0);
	flush(c);
}

static void
serve(int listener, int events)
{
	struct epoll_event ready[256];
	int64_t heard = now_us();
	int i, n, fd, told = 0, wait;
	struct conn *c, *after;

	while (!stop) {
		wait = delay_us > 0 ? send_late() : -1;
		if (!told && wanted > 0 && count.recipients >= wanted &&
		    unsaid == 0) {
			told = 1;
			tell("all");
		}
		if (!told && idle_s > 0 &&
		    now_us() - heard > idle_s * 1000000) {
			told = 1;
			tell("idle");
		}
		if (!told && (wait == -1 || wait > 200))
			wait = 200;
		n = epoll_wait(events, ready, 256, wait);
		if (n > 0)
			heard = now_us();
		for (i = 0; i < n; i++)
			if (ready[i].data.ptr != NULL)
				input(ready[i].data.ptr);
			else
				while (
				    (fd = accept4(listener, NULL, NULL,
					 SOCK_CLOEXEC | SOCK_NONBLOCK)) != -1)
					greet(events, fd);
		for (c = TAILQ_FIRST(&conns); n > 0 && c != NULL; c = after) {
			after = TAILQ_NEXT(c, next);
			if (c->state == ENDED)
				drop(c);
		}
	}
	if (!told)
		tell("stopped");
}

static void
on_term(int signal)
{
	(void)signal;
	stop = 1;
}

static int
listen_at(int port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_ANY) };
	int on = 1,
	    s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (s == -1 ||
	    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
	    bind(s, (struct sockaddr *)&in, sizeof(in)) == -1 ||
	    listen(s, 4096) == -1)
		err(71, "port %d", port);
	return s;
}

int
main(int argc, char **argv)
{
	struct epoll_event e = { .events = EPOLLIN };
	struct sigaction term = { .sa_handler = on_term };
	int c, port = 2525, listener, events;

	while ((c = getopt(argc, argv, "p:d:Cm:r:x:n:i:l:")) != -1)
		switch (c) {
		case 'p':
			port = (int)number(optarg, 65535);
			break;
		case 'd':
			delay_us = number(optarg, 60000) * 1000;
			break;
		case 'C':
			chunking = 1;
			break;
		case 'm':
			most_conns = number(optarg, 100000);
			break;
		case 'r':
			most_rcpts = number(optarg, 1000000);
			break;
		case 'x':
			refusal = number(optarg, 599);
			break;
		case 'n':
			wanted = number(optarg, 100000000);
			break;
		case 'i':
			idle_s = number(optarg, 3600);
			break;
		case 'l':
			if ((answered = fopen(optarg, "we")) == NULL)
				err(71, "%s", optarg);
			break;
		default:
			return 64;
		}
	sigaction(SIGTERM, &term, NULL);
	listener = listen_at(port);
	events = epoll_create1(EPOLL_CLOEXEC);
	if (events == -1 ||
	    epoll_ctl(events, EPOLL_CTL_ADD, listener, &e) == -1)
		err(71, "epoll");
	puts("ready");
	fflush(stdout);
	serve(listener, events);
	return 0;
}
