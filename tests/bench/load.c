/* load - starts a command many times, as a user, with a message on a pipe:
 *
 *     load [-n TIMES] [-c IN_FLIGHT] [-s BYTES] [-u UID] [-m USERS]
 *          [-p PAUSE_MS] [-t SECONDS] [-l LOG] COMMAND [ARGUMENTS...]
 *
 * "%" in an argument becomes a number from 1 to USERS, each in turn.  -p waits
 * that long between two; -t starts none any more after so long; -l writes the
 * number of each, when it was started, and when it had ended.  One line at the
 * end: how many ended well, the rate, and how long one took, from its start
 * until its end was seen. */
#include "tests/bench/bench.h"
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define MOST 1000000
#define PIPE 32768 /* a pipe takes so much at once, whoever reads it */

extern char **environ;

/* A command at work. */
struct job {
	int64_t start;
	long number; /* from 1 */
	pid_t pid;
	int end;     /* readable when the process has ended */
	int pipe;    /* where the message goes, or -1 */
	size_t head; /* bytes of its own head, before the common body */
	size_t sent;
	char text[256];
};

static long times = 100, in_flight = 1, bytes = 4096, users = 1, wait_ms, most;
static char **command;
static char *body; /* after the head, for all the same */
static size_t body_bytes;
static int events;
static FILE *times_of;
static long failed;
static int why; /* the last failure */

static void
make_body(void)
{
	size_t i;

	body_bytes = (size_t)bytes;
	body = malloc(body_bytes + 1);
	if (body == NULL)
		err(71, "memory");
	for (i = 0; i < body_bytes; i++)
		body[i] = i % 71 == 70 ? '\n' : (char)('a' + i % 26);
	body[body_bytes - 1] = '\n';
}

/* The next bytes of a job's message; the whole has the size that was asked. */
static size_t
more(const struct job *job, const char **text)
{
	size_t whole = job->head < (size_t)bytes ? (size_t)bytes : job->head;

	if (job->sent < job->head) {
		*text = job->text + job->sent;
		return job->head - job->sent;
	}
	*text = body + job->sent;
	return whole - job->sent;
}

static void
feed(struct job *job)
{
	const char *text;
	size_t left;
	ssize_t n;

	while ((left = more(job, &text)) > 0) {
		n = write(job->pipe, text, left);
		if (n == -1 && errno == EAGAIN)
			return;
		if (n == -1)
			break; /* it has ended early: its status says why */
		job->sent += (size_t)n;
	}
	close(job->pipe);
	job->pipe = -1;
}

static void
watch(int fd, uint32_t what, struct job *job)
{
	struct epoll_event e = { .events = what, .data.ptr = job };

	if (epoll_ctl(events, EPOLL_CTL_ADD, fd, &e) == -1)
		err(71, "epoll");
}

static char **
arguments(long i, char *space, size_t size)
{
	static char *argv[2048];
	int k;

	for (k = 0; k < 2047 && command[k] != NULL; k++) {
		const char *at = strchr(command[k], '%');
		int n;

		argv[k] = command[k];
		if (at == NULL)
			continue;
		n = snprintf(space, size, "%.*s%ld%s", (int)(at - command[k]),
		    command[k], i % users + 1, at + 1);
		if (n < 0 || (size_t)n >= size)
			errx(64, "arguments are too long");
		argv[k] = space;
		space += n + 1;
		size -= (size_t)n + 1;
	}
	argv[k] = NULL;
	return argv;
}

static void
start(struct job *job, long i)
{
	posix_spawn_file_actions_t files;
	char space[4096], **argv = arguments(i, space, sizeof(space));
	int p[2];

	if (pipe2(p, O_CLOEXEC) == -1)
		err(71, "pipe");
	job->pipe = p[1];
	job->sent = 0;
	job->head = (size_t)snprintf(job->text, sizeof(job->text),
	    "From: alice@mail.example\nSubject: bench\n" MARK "%ld\n\n", i + 1);
	if (bytes <= PIPE)
		feed(job);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, p[0], STDIN_FILENO);
	job->start = now_us();
	errno = posix_spawn(&job->pid, argv[0], &files, NULL, argv, environ);
	if (errno != 0)
		err(71, "%s", argv[0]);
	posix_spawn_file_actions_destroy(&files);
	close(p[0]);
	job->number = i + 1;
	job->end = (int)syscall(SYS_pidfd_open, job->pid, 0);
	if (job->end == -1)
		err(71, "pidfd");
	watch(job->end, EPOLLIN, job);
	if (job->pipe != -1) {
		if (fcntl(job->pipe, F_SETFL, O_NONBLOCK) == -1)
			err(71, "fcntl");
		watch(job->pipe, EPOLLOUT, job);
		feed(job);
	}
}

/* True when the job has ended; then how long it took. */
static int
ended(struct job *job, double *ms)
{
	int status;
	pid_t pid = waitpid(job->pid, &status, WNOHANG);

	if (pid == 0)
		return 0;
	*ms = (double)(now_us() - job->start) / 1000;
	if (pid == -1)
		err(71, "waitpid");
	if (times_of != NULL)
		fprintf(times_of, "%ld %lld %lld\n", job->number,
		    (long long)job->start, (long long)now_us());
	if (status != 0) {
		failed++;
		why = WIFEXITED(status) ? WEXITSTATUS(status)
					: 128 + WTERMSIG(status);
	}
	close(job->end);
	if (job->pipe != -1)
		close(job->pipe);
	job->pid = 0;
	return 1;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
run(double *took)
{
	struct job *jobs = calloc((size_t)in_flight, sizeof(*jobs));
	struct epoll_event ready[64];
	int64_t begin = now_us();
	long next, done = 0;
	int i, n;

	if (jobs == NULL)
		err(71, "memory");
	for (next = 0; next < in_flight && next < times; next++)
		start(&jobs[next], next);
	while (done < times) {
		n = epoll_wait(events, ready, 64, -1);
		for (i = 0; i < n; i++) {
			struct job *job = ready[i].data.ptr;

			if (job->pid == 0)
				continue; /* both of its descriptors were ready
					   */
			if (job->pipe != -1)
				feed(job);
			if (!ended(job, &took[done]))
				continue;
			done++;
			if (most && now_us() - begin > most * 1000000)
				times = next;
			if (wait_ms > 0 && next < times)
				usleep((useconds_t)wait_ms * 1000);
			if (next < times)
				start(job, next++);
		}
	}
	free(jobs);
	return (double)(now_us() - begin) / 1e6;
}

static void
become(uid_t uid)
{
	if (uid != 0 &&
	    (setgroups(0, NULL) == -1 || setresgid(uid, uid, uid) == -1 ||
		setresuid(uid, uid, uid) == -1))
		err(71, "cannot become %u", uid);
}

int
main(int argc, char **argv)
{
	double *took, seconds;
	uid_t uid = 0;
	int c;

	while ((c = getopt(argc, argv, "+n:c:s:u:m:p:t:l:")) != -1)
		switch (c) {
		case 'n':
			times = number(optarg, MOST);
			break;
		case 'c':
			in_flight = number(optarg, 10000);
			break;
		case 's':
			bytes = number(optarg, 1L << 30);
			break;
		case 'u':
			uid = (uid_t)number(optarg, 1L << 31);
			break;
		case 'm':
			users = number(optarg, MOST);
			break;
		case 'p':
			wait_ms = number(optarg, 60000);
			break;
		case 't':
			most = number(optarg, 86400);
			break;
		case 'l':
			if ((times_of = fopen(optarg, "we")) == NULL)
				err(71, "%s", optarg);
			break;
		default:
			return 64;
		}
	command = argv + optind;
	if (*command == NULL || times == 0 || in_flight == 0 || users == 0 ||
	    bytes == 0)
		errx(
		    64, "usage: load [-n TIMES] [-c IN_FLIGHT] ... COMMAND...");
	signal(SIGPIPE, SIG_IGN);
	become(uid);
	make_body();
	events = epoll_create1(EPOLL_CLOEXEC);
	took = calloc((size_t)times, sizeof(*took));
	if (took == NULL || events == -1)
		err(71, "start");
	seconds = run(took);
	qsort(took, (size_t)times, sizeof(*took), by_size);
	printf("done=%ld failed=%ld status=%d rate=%.1f p50=%.3f p95=%.3f "
	       "p99=%.3f max=%.3f\n",
	    times - failed, failed, why, (double)times / seconds,
	    took[times / 2], took[times * 95 / 100], took[times * 99 / 100],
	    took[times - 1]);
	free(took);
	free(body);
	return 0;
}
