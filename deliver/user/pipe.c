/* pipe - a message into a command: /bin/sh -c, as the user, with his groups and
 * a small environment, from his home.  The words come from his own .forward,
 * from root's aliases or settings: the one place where a shell is right.
 *
 * A command is no transaction: after a crash in its middle it runs again. */
#include "common/printable.h"
#include "deliver/user/box.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define SHELLS "/etc/shells"
#define SAID_MAX 4096 /* octets of its output that are kept */

struct run {
	pid_t pid;
	int in, out, ended; /* its standard input, output; a signalfd */
	int64_t until;	    /* ms */
	int status;	    /* of waitpid */
	bool gone, late;
	struct buf said;
};

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
shut(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

/* What a command may know: "NAME=value" each. */
enum { HOME, USER, LOGNAME, SHELL, PATH, SENDER, RECIPIENT, EXTENSION, VARS };

static void
environment(const struct box *b, const struct item *it, struct buf vars[VARS])
{
	const struct role_start *s = b->start;
	const char *at = strrchr(it->rcpt, '@'), *plus = strchr(it->rcpt, '+');

	buf_fmt(&vars[HOME], "HOME=%s", s->home);
	buf_fmt(&vars[USER], "USER=%s", s->user);
	buf_fmt(&vars[LOGNAME], "LOGNAME=%s", s->user);
	buf_str(&vars[SHELL], "SHELL=/bin/sh");
	buf_str(&vars[PATH], "PATH=/usr/local/bin:/usr/bin:/bin");
	buf_fmt(&vars[SENDER], "SENDER=%s", it->sender);
	buf_fmt(&vars[RECIPIENT], "RECIPIENT=%s", it->rcpt);
	buf_str(&vars[EXTENSION], "EXTENSION=");
	if (plus && (at == NULL || plus < at))
		buf_add(&vars[EXTENSION], plus + 1,
		    at ? (size_t)(at - plus - 1) : strlen(plus + 1));
}

/* Into his home, unless another's is in its place just now. */
static bool
go_home(const struct role_start *s)
{
	struct stat st;

	return chdir(s->home) == 0 && stat(".", &st) == 0 &&
	       (st.st_uid == s->uid || st.st_uid == 0);
}

/* In the child.  Nothing of ours goes with it but three descriptors; the
 * agent's lock least of all, which it would hold for as long as it likes. */
static _Noreturn void
become_command(const struct box *b, const char *words, char *const env[],
    pid_t parent, int in, int out)
{
	const char *const argv[] = { "sh", "-c", words, NULL };
	sigset_t none;

	setsid(); /* a group of its own, to be ended as one */
	if (dup2(in, 0) == -1 || dup2(out, 1) == -1 || dup2(out, 2) == -1)
		_exit(EX_OSERR);
	closefrom(3);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(077);
	if (!go_home(b->start) && chdir("/") == -1)
		_exit(EX_OSERR);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 || getppid() != parent)
		_exit(EX_TEMPFAIL);
	execve("/bin/sh", (char *const *)(uintptr_t)argv, env);
	_exit(EX_TEMPFAIL);
}

/* The pid, or -1 with errno. */
static pid_t
start(struct box *b, const struct item *it, struct run *r)
{
	struct buf vars[VARS] = { 0 };
	const char *env[VARS + 1] = { 0 }, *words = buf_c(&b->path);
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, err = 0;
	pid_t parent = getpid();
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	signal(SIGPIPE, SIG_IGN); /* it need not read all */
	environment(b, it, vars);
	for (int i = 0; i < VARS; i++)
		env[i] = buf_c(&vars[i]);
	r->ended = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (r->ended == -1 || pipe2(in, O_CLOEXEC) == -1 ||
	    pipe2(out, O_CLOEXEC) == -1 ||
	    fcntl(in[1], F_SETFL, O_NONBLOCK) == -1 ||
	    fcntl(out[0], F_SETFL, O_NONBLOCK) == -1 ||
	    (r->pid = fork()) == -1) {
		err = errno;
		shut(&in[1]);
		shut(&out[0]);
	} else if (r->pid == 0) {
		become_command(b, words, (char *const *)(uintptr_t)env, parent,
		    in[0], out[1]);
	}
	shut(&in[0]);
	shut(&out[1]);
	r->in = in[1];
	r->out = out[0];
	for (int i = 0; i < VARS; i++)
		buf_free(&vars[i]);
	errno = err;
	return err ? -1 : r->pid;
}

/* What it says is read for as long as it says it, and the first of it kept. */
static void
listen_to(struct run *r)
{
	char text[4096];
	ssize_t n = 1;

	/* Not without end: time goes on. */
	for (int i = 0; i < 16 && (n = read(r->out, text, sizeof text)) > 0;
	     i++)
		if (r->said.len < SAID_MAX)
			buf_add(&r->said, text,
			    (size_t)n < SAID_MAX - r->said.len
				? (size_t)n
				: SAID_MAX - r->said.len);
	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
		shut(&r->out);
}

static void
look_for_end(struct run *r)
{
	struct signalfd_siginfo si;
	pid_t pid;

	while (read(r->ended, &si, sizeof si) == sizeof si)
		;
	do /* no other word of its end will come */
		pid = waitpid(r->pid, &r->status, WNOHANG);
	while (pid == -1 && errno == EINTR);
	r->gone = pid == r->pid;
}

static void
end_all(const struct run *r)
{
	kill(-r->pid, SIGKILL);
	kill(r->pid, SIGKILL); /* it had no group yet */
}

/* Waits until something happens: it takes more, says something, or ends.  All
 * that it has started ends with it when it takes too long. */
static void
wait_for(struct run *r)
{
	struct pollfd p[] = { { r->in, POLLOUT, 0 }, { r->out, POLLIN, 0 },
		{ r->ended, POLLIN, 0 } };
	int64_t left = r->until - now_ms();

	if (left <= 0 && !r->late) {
		r->late = true;
		end_all(r);
	}
	if (poll(p, 3,
		r->late		 ? -1
		: left > 1000000 ? 1000000
				 : (int)left) <= 0)
		return;
	if (p[1].revents)
		listen_to(r);
	if (p[2].revents)
		look_for_end(r);
}

/* Takes the message; what it does not want to read is not its mistake.  Any
 * other error leaves it with half of a message (no memory for the pipe). */
static int
feed(void *arg, const char *bytes, size_t n)
{
	struct run *r = arg;

	while (n && r->in != -1 && !r->gone && !r->late) {
		ssize_t w = write(r->in, bytes, n);

		if (w > 0) {
			bytes += w;
			n -= (size_t)w;
		} else if (w == -1 && errno == EAGAIN) {
			wait_for(r);
		} else if (w == -1 && errno == EPIPE) {
			shut(&r->in);
		} else if (w == -1 && errno != EINTR) {
			return -1;
		}
	}
	return 0;
}

static int
nowhere(void *arg, const char *bytes, size_t n)
{
	(void)arg;
	(void)bytes;
	(void)n;
	return 0;
}

/* sysexits.h: what the words mean.  All other numbers are failures for good,
 * as other mailers have it. */
static const struct exit_row {
	int status;
	enum outcome outcome;
	const char *enhanced, *text;
} exits[] = {
	{ 0, OUT_DELIVERED, "2.0.0", "" },
	{ EX_USAGE, OUT_NEVER, "5.3.5", "wrong usage" },
	{ EX_DATAERR, OUT_NEVER, "5.6.0", "the message is not right" },
	{ EX_NOINPUT, OUT_NEVER, "5.3.0", "no input" },
	{ EX_NOUSER, OUT_NEVER, "5.1.1", "no such user" },
	{ EX_NOHOST, OUT_NEVER, "5.1.2", "no such host" },
	{ EX_UNAVAILABLE, OUT_NEVER, "5.3.0", "not available" },
	{ EX_SOFTWARE, OUT_NEVER, "5.3.0", "an error of the program" },
	{ EX_OSERR, OUT_LATER, "4.3.0", "a system error" },
	{ EX_OSFILE, OUT_LATER, "4.3.0", "a system file is missing" },
	{ EX_CANTCREAT, OUT_NEVER, "5.2.0", "it cannot create a file" },
	{ EX_IOERR, OUT_LATER, "4.3.0", "an input or output error" },
	{ EX_TEMPFAIL, OUT_LATER, "4.3.0", "it asks for another try" },
	{ EX_PROTOCOL, OUT_NEVER, "5.5.0", "a protocol error" },
	{ EX_NOPERM, OUT_NEVER, "5.7.0", "it is not permitted" },
	{ EX_CONFIG, OUT_NEVER, "5.3.5", "an error in its configuration" },
	{ 126, OUT_LATER, "4.3.5", "it cannot be executed" },
	{ 127, OUT_LATER, "4.3.5", "it was not found" },
};

static void
judge(const struct run *r, long seconds, struct buf *text, struct verdict *v)
{
	int status = WEXITSTATUS(r->status);
	const struct exit_row *row = NULL;

	v->outcome = OUT_LATER;
	strlcpy(v->status, "4.3.0", sizeof v->status);
	if (r->late) {
		buf_fmt(
		    text, "did not end within %ld s and was killed", seconds);
		return;
	}
	/* Also when it was the shell's child: the shell tells by 128 + N. */
	if (WIFSIGNALED(r->status) || (status > 128 && status < 128 + NSIG)) {
		buf_fmt(text, "was ended by signal %d",
		    WIFSIGNALED(r->status) ? WTERMSIG(r->status)
					   : status - 128);
		return;
	}
	for (size_t i = 0; i < sizeof exits / sizeof *exits; i++)
		if (exits[i].status == status)
			row = &exits[i];
	v->outcome = row ? row->outcome : OUT_NEVER;
	strlcpy(v->status, row ? row->enhanced : "5.3.0", sizeof v->status);
	buf_fmt(text, "ended with status %d%s%s%s", status,
	    row && *row->text ? " (" : "", row ? row->text : "",
	    row && *row->text ? ")" : "");
}

/* Its lines in one, with what a terminal would not survive made harmless. */
static void
add_said(struct buf *text, const struct buf *said)
{
	struct span rest = span_trim(buf_view(said)), line;
	const char *before = "; it said: ";
	size_t end = text->len + SAID_MAX / 2;

	while (rest.len && text->len < end) {
		line = span_trim(span_cut(&rest, '\n'));
		if (line.len) {
			buf_str(text, before);
			printable_add(text, line, SAID_MAX / 2);
			before = " | ";
		}
		if (rest.ptr == NULL)
			break;
	}
}

static void
finish(struct box *b, struct run *r, struct verdict *v)
{
	struct buf text = { 0 };

	buf_str(&text, "the command \"");
	printable_add(&text, buf_view(&b->path), 200);
	buf_str(&text, "\" ");
	judge(r, b->start->conf->command_time, &text, v);
	add_said(&text, &r->said);
	strlcpy(v->text, buf_c(&text), sizeof v->text);
	buf_free(&text);
}

static void
pipe_append(struct box *b, struct item *it, struct verdict *v)
{
	struct run r = { .in = -1, .out = -1, .ended = -1 };
	/* All of it is read and summed first: half a message cannot be taken
	 * back from a command. */
	enum item_error e = item_plain(it, nowhere, NULL);
	int err;

	*v = (struct verdict){ OUT_LATER, "4.3.0", "" };
	if (e != ITEM_OK) {
		box_item_verdict(v, e, errno, buf_c(&b->path));
		return;
	}
	r.until = now_ms() + b->start->conf->command_time * 1000;
	if (start(b, it, &r) == -1) {
		box_verdict(v, errno, "cannot run", buf_c(&b->path));
	} else {
		e = item_plain(it, feed, &r);
		err = errno;
		/* Before it sees an end, and takes half of it for all. */
		if (e != ITEM_OK)
			end_all(&r);
		shut(&r.in);
		while (!r.gone)
			wait_for(&r);
		if (r.out != -1)
			listen_to(&r);
		if (e == ITEM_OK)
			finish(b, &r, v);
		else
			box_item_verdict(v, e, err, buf_c(&b->path));
	}
	shut(&r.in);
	shut(&r.out);
	shut(&r.ended);
	buf_free(&r.said);
}

/* A line of /etc/shells (shells(5)): a path, until a blank or a comment. */
static bool
is_shell(char *line, const char *shell)
{
	char *path = line + strcspn(line, "#/");

	path[strcspn(path, "# \t\r\n")] = '\0';
	return strcmp(path, shell) == 0;
}

/* 1, 0, or -1 with errno.  getusershell would make up a list where the file
 * cannot be read for want of a descriptor, and the mail would be returned. */
static int
is_listed(const char *shell)
{
	FILE *f = fopen(SHELLS, "re");
	const char *each;
	char *line = NULL;
	size_t size = 0;
	int listed = 0, err;

	if (f == NULL && errno != ENOENT)
		return -1;
	if (f == NULL) {
		setusershell();
		while (!listed && (each = getusershell()) != NULL)
			listed = strcmp(each, shell) == 0;
		endusershell();
		return listed;
	}
	while (!listed && getline(&line, &size, f) != -1)
		listed = is_shell(line, shell);
	if (!listed && !feof(f))
		listed = -1;
	err = errno;
	free(line);
	fclose(f);
	errno = err;
	return listed;
}

/* Who has no login shell cannot run commands by writing a file (an account for
 * FTP, say): so it has been since there is /etc/shells. */
static int
may_run(const struct role_start *s)
{
	if (s->local || (s->conf->command_user &&
			    strcmp(s->user, s->conf->command_user) == 0))
		return 1;
	return is_listed(s->shell && *s->shell ? s->shell : "/bin/sh");
}

static int
pipe_open(struct box *b, uint64_t *ino, uint64_t *size, struct verdict *v)
{
	int may = may_run(b->start);

	*ino = *size = 0;
	if (may == 1)
		return 0;
	if (may == -1) {
		box_verdict(v, errno, "cannot read", SHELLS);
		return -1;
	}
	*v = (struct verdict){ OUT_NEVER, "5.7.1", "" };
	snprintf(v->text, sizeof v->text,
	    "%s has no login shell (" SHELLS "), so no command of his is run",
	    b->start->user);
	return -1;
}

/* Whether it ran cannot be seen: it runs again. */
static int
pipe_check(struct box *b, uint64_t ino, uint64_t size, struct item *items,
    size_t n, struct verdict *v)
{
	(void)b;
	(void)ino;
	(void)size;
	(void)items;
	(void)n;
	(void)v;
	return 0;
}

static int
pipe_sync(struct box *b, struct verdict *v)
{
	(void)b;
	(void)v;
	return 0;
}

static void
pipe_close(struct box *b)
{
	(void)b;
}

const struct box_kind box_pipe = { pipe_open, pipe_check, pipe_append,
	pipe_sync, pipe_close, true };
