#include "sendmail/lines.h"
#include "common/printable.h"
#include "common/run.h"
#include "sendmail/ask.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#ifndef DELIVER_PATH
#define DELIVER_PATH "/usr/sbin/deliver"
#endif
#define ENDING 1000	    /* ms for an agent to be gone */
#define SOON 20		    /* ms */
#define LONGEST (64u << 20) /* octets of a line */

static void
become_deliver(int in, int out)
{
	static char name[] = "deliver", mailq[] = "--mailq",
		    lang[] = "LC_ALL=C",
		    path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char *const argv[] = { name, mailq, NULL }, *const env[] = { path, lang,
		NULL };

	if (chdir("/") != -1 && dup2(in, STDIN_FILENO) != -1 &&
	    dup2(out, STDOUT_FILENO) != -1) {
		closefrom(3);
		execve(DELIVER_PATH, argv, env);
	}
	dprintf(STDERR_FILENO, DELIVER_PATH ": cannot be run: %s\n",
	    strerror(errno));
	_exit(EX_OSFILE);
}

/* Without an agent.  0, or -1 with errno. */
static int
start(struct lines *l, const char *request)
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) == -1)
		return -1;
	if (pipe2(out, O_CLOEXEC) == -1) {
		close(in[0]);
		close(in[1]);
		return -1;
	}
	/* A request fits into the pipe. */
	l->child = dprintf(in[1], "%s\n", request) > 0 ? fork() : -1;
	if (l->child == 0) {
		close(in[1]);
		become_deliver(in[0], out[1]);
	}
	close(in[1]);
	close(in[0]);
	close(out[1]);
	l->fd = out[0];
	return l->child > 0 ? 0 : -1;
}

/* One that holds the lock and does not answer is at work, unless it is about to
 * end: its socket goes before its last process. */
static bool
at_work(void)
{
	const struct timespec soon = { .tv_nsec = SOON * 1000000L };
	bool held;

	for (int n = 0; (held = run_held(RUN_AGENT)) && n < ENDING / SOON; n++)
		nanosleep(&soon, NULL);
	return held;
}

int
lines_next(struct lines *l, struct span *line)
{
	for (;;) {
		struct span rest = span_from(buf_view(&l->in), l->used);
		const char *lf =
		    rest.len ? memchr(rest.ptr, '\n', rest.len) : NULL;
		ssize_t n;

		if (lf) {
			*line =
			    (struct span){ rest.ptr, (size_t)(lf - rest.ptr) };
			l->used += line->len + 1;
			return 1;
		}
		buf_drop(&l->in, l->used);
		l->used = 0;
		if (rest.len > LONGEST)
			errno = EMSGSIZE;
		if (rest.len > LONGEST || buf_room(&l->in, 65536) == -1)
			return -1;
		n = read(l->fd, l->in.ptr + l->in.len, 65536);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == 0 && l->in.len == 0)
			return 0;
		if (n == 0)
			errno = EBADMSG; /* it ends within a line */
		if (n <= 0)
			return -1;
		l->in.len += (size_t)n;
	}
}

int
lines_bytes(struct lines *l, uint64_t most, struct span *bytes)
{
	struct span rest = span_from(buf_view(&l->in), l->used);
	ssize_t n;

	if (rest.len == 0) {
		buf_reset(&l->in);
		l->used = 0;
		if (buf_room(&l->in, 65536) == -1)
			return -1;
		do
			n = read(l->fd, l->in.ptr, 65536);
		while (n == -1 && errno == EINTR);
		if (n <= 0)
			return (int)n;
		l->in.len = (size_t)n;
		rest = buf_view(&l->in);
	}
	if (rest.len > most)
		rest.len = (size_t)most;
	l->used += rest.len;
	*bytes = rest;
	return 1;
}

/* deliver has ended, by itself, and not well. */
static bool
has_failed(struct lines *l)
{
	int status = 0;

	while (waitpid(l->child, &status, 0) == -1 && errno == EINTR)
		;
	l->child = -1;
	return WIFEXITED(status) && WEXITSTATUS(status) != 0;
}

int
lines_open(struct lines *l, const char *request, struct buf *why)
{
	struct span line, word;
	int got, err;

	*l = (struct lines){ .fd = ask_request(request) };
	if (l->fd == -1) {
		int saved = errno;

		if (getuid() != 0 || run_activated() || at_work() ||
		    start(l, request) == -1) {
			errno = saved;
			return ask_nobody(why);
		}
	}
	got = lines_next(l, &line);
	err = errno;
	if (got != 1) {
		/* If it has closed the line it has said why; else it may still
		 * have much to write, and is not waited for here. */
		if (got == 0 && l->child > 0 && has_failed(l))
			return EX_UNAVAILABLE;
		if (got == 0)
			buf_str(why, "the agent did not answer");
		else
			buf_fmt(why, "the agent's answer cannot be read: %s",
			    strerror(err));
		return EX_TEMPFAIL;
	}
	word = span_word(&line);
	if (span_eq(word, SPAN("ok")))
		return 0;
	if (span_eq(word, SPAN("error")))
		printable_add(why, span_trim(line), 500);
	else
		buf_str(why, "the agent's answer makes no sense");
	return EX_TEMPFAIL;
}

void
lines_close(struct lines *l)
{
	int status;

	if (l->fd != -1)
		close(l->fd);
	if (l->child > 0)
		while (waitpid(l->child, &status, 0) == -1 && errno == EINTR)
			;
	buf_free(&l->in);
	*l = (struct lines){ .fd = -1 };
}
