/* bench_latency - from a submission to the far side, one message at a time:
 *
 *     bench_latency [-n] [-p MS] PORT MESSAGES COMMAND...
 *
 * It is the server on 127.0.0.1:PORT itself, which answers at once, and starts
 * COMMAND for each message, with the message on its standard input.  -n: it
 * closes each session after one message; -p: so long between two messages.
 * Medians, in milliseconds:
 *
 *     submit  from the start of COMMAND to its end
 *     agent   from its end to the message's last octet at the server
 *     all     from the start of COMMAND to the last octet
 *     true    from the start of /bin/true to its end, in between: what a
 * process costs here */
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST 10000

static struct seen {
	_Atomic long messages;
	double end; /* of the last message */
	int at[2];  /* an octet for each message */
} * seen;

extern char **environ;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
say(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) == -1)
		warn("write"); /* it ends with the session */
}

/* One session; only what a client says that this program knows. */
static void
serve(int fd, bool once)
{
	static char text[1 << 20];
	size_t n = 0;
	bool data = false;
	ssize_t got;

	say(fd, "220 sink\r\n");
	while ((got = read(fd, text + n, sizeof text - n)) > 0) {
		double since = now();
		char *line = text, *end;

		n += (size_t)got;
		while ((end = memmem(line, n - (size_t)(line - text), "\r\n",
			    2)) != NULL) {
			*end = '\0';
			if (data && strcmp(line, ".") == 0) {
				data = false;
				seen->end = since;
				seen->messages++;
				if (write(seen->at[1], "", 1) != 1)
					err(1, "pipe");
				say(fd, "250 2.0.0 taken\r\n");
				if (once)
					return;
			} else if (!data && strncasecmp(line, "EHLO", 4) == 0) {
				say(fd, "250-sink\r\n250 PIPELINING\r\n");
			} else if (!data && strncasecmp(line, "DATA", 4) == 0) {
				data = true;
				say(fd, "354 go on\r\n");
			} else if (!data) {
				say(fd, "250 2.0.0 ok\r\n");
				if (strncasecmp(line, "QUIT", 4) == 0)
					return;
			}
			line = end + 2;
		}
		n -= (size_t)(line - text);
		memmove(text, line, n);
	}
}

static void
sink(int port, bool once)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((in_port_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int on = 1, s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(s, (struct sockaddr *)&a, sizeof a) == -1 ||
	    listen(s, 8) == -1)
		err(1, "port %d", port);
	if (fork() != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int fd = accept(s, NULL, NULL);

		if (fd == -1)
			err(1, "accept");
		/* Else its second answer waits for the first one's ACK. */
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		if (fork() == 0) { /* there may be a second one */
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			serve(fd, once);
			_exit(0);
		}
		close(fd);
	}
}

static double
run(char **command, const char *text)
{
	posix_spawn_file_actions_t acts;
	double begin = now();
	int p[2], status;
	pid_t pid;

	if (pipe(p) == -1)
		err(1, "pipe");
	posix_spawn_file_actions_init(&acts);
	posix_spawn_file_actions_adddup2(&acts, p[0], 0);
	posix_spawn_file_actions_addclose(&acts, p[0]);
	posix_spawn_file_actions_addclose(&acts, p[1]);
	if (posix_spawn(&pid, command[0], &acts, NULL, command, environ) != 0)
		err(1, "%s", command[0]);
	posix_spawn_file_actions_destroy(&acts);
	close(p[0]);
	if (*text && write(p[1], text, strlen(text)) == -1)
		err(1, "%s", command[0]);
	close(p[1]);
	if (waitpid(pid, &status, 0) != pid || status != 0)
		errx(1, "%s: status %d", command[0], status);
	return now() - begin;
}

static int
order(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static double
median(double *v, long n)
{
	qsort(v, (size_t)n, sizeof *v, order);
	return v[n / 2] * 1e3;
}

int
main(int argc, char **argv)
{
	static double submit[MOST], agent[MOST], all[MOST], bare[MOST];
	static char path[] = "/bin/true", *nothing[] = { path, NULL };
	bool once = false;
	long pause = 0, n;
	char octet;
	int c;

	while ((c = getopt(argc, argv, "+np:")) != -1)
		if (c == 'n')
			once = true;
		else if (c == 'p')
			pause = strtol(optarg, NULL, 10);
		else
			return 64;
	if (argc - optind < 3 || (n = strtol(argv[optind + 1], NULL, 10)) < 1 ||
	    n > MOST)
		errx(64, "bench_latency [-n] [-p MS] PORT MESSAGES COMMAND...");
	seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	signal(SIGPIPE, SIG_IGN);
	if (seen == MAP_FAILED || pipe(seen->at) == -1)
		err(1, "memory");
	sink((int)strtol(argv[optind], NULL, 10), once);
	for (long i = 0; i < n; i++) {
		double begin = now(), ended;

		submit[i] =
		    run(argv + optind + 2, "Subject: latency\n\none line\n");
		ended = begin + submit[i];
		if (read(seen->at[0], &octet, 1) != 1)
			err(1, "the sink");
		all[i] = seen->end - begin;
		agent[i] = seen->end - ended;
		bare[i] = run(nothing, "");
		usleep((useconds_t)(pause * 1000));
	}
	printf("submit=%.2f agent=%.2f all=%.2f true=%.2f\n", median(submit, n),
	    median(agent, n), median(all, n), median(bare, n));
	return 0;
}
