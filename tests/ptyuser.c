/* ptyuser - a user logs in on a new pty, and stays until told to go:
 *
 *     ptyuser [-ns] [-w COLUMNS] USER LOGFILE
 *
 * login(1) makes a real session of it: the pty is the user's, utmp names it, a
 * shell runs there.  He types "mesg y" (-n: "mesg n"); when that is done,
 * "pts/3 ready" comes on standard output, and from then on all that appears on
 * his screen goes to LOGFILE.  -s: he has typed ^S by then, too.  -w: so wide
 * is his window, else 80.  What comes on standard input he types.  At its end,
 * or at SIGTERM, he hangs up, and we end with his session: 0; 1 when something
 * failed.  Needs root. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utmpx.h>

#ifndef _PATH_UTMPX /* musl keeps no such file */
#define _PATH_UTMPX "/run/utmp"
#endif
#define PATIENCE 30000 /* milliseconds until something must have happened */
#define AGAIN 1000     /* login(1) may throw away what was typed too early */
#define DONE "mesg-is-42-now"

struct session {
	int master, log, signals;
	char tty[64]; /* "/dev/pts/3" */
	pid_t login;
};

static long long
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static void
type(const struct session *s, const char *text, size_t len)
{
	struct pollfd p = { .fd = s->master, .events = POLLOUT };

	while (len) {
		ssize_t n = write(s->master, text, len);

		if (n > 0) {
			text += n;
			len -= (size_t)n;
		} else if (errno != EAGAIN || poll(&p, 1, PATIENCE) != 1) {
			return; /* reading will tell what is the matter */
		}
	}
}

static void
open_pty(struct session *s, unsigned short columns)
{
	struct winsize ws = { .ws_row = 24, .ws_col = columns };

	s->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (s->master == -1 || grantpt(s->master) == -1 ||
	    unlockpt(s->master) == -1 ||
	    ptsname_r(s->master, s->tty, sizeof s->tty) != 0)
		err(1, "no pty");
	ioctl(s->master, TIOCSWINSZ, &ws);
}

static void
log_in(struct session *s, const char *user)
{
	struct termios tio;
	sigset_t none;
	int slave;

	s->login = fork();
	if (s->login == -1)
		err(1, "fork");
	if (s->login != 0)
		return;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	slave = open(s->tty, O_RDWR); /* becomes the controlling terminal */
	if (slave == -1)
		err(1, "%s", s->tty);
	if (tcgetattr(slave, &tio) == 0) {
		tio.c_iflag |= IUTF8 | IXON;
		tcsetattr(slave, TCSANOW, &tio);
	}
	dup2(slave, STDIN_FILENO);
	dup2(slave, STDOUT_FILENO);
	dup2(slave, STDERR_FILENO);
	if (slave > STDERR_FILENO)
		close(slave);
	clearenv();
	setenv("TERM", "dumb", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	setenv("PATH", "/usr/bin:/bin:/usr/sbin:/sbin", 1);
	execl("/bin/login", "login", "-f", user, (char *)NULL);
	err(1, "/bin/login");
}

/* Until the shell has done what was typed. */
static void
say_mesg(struct session *s, bool no)
{
	char command[64], seen[8192 + 1];
	long long until = now() + PATIENCE;
	struct stat st;
	size_t len = 0;
	ssize_t n;

	/* What the pty echoes has the sum, not its result. */
	snprintf(command, sizeof command,
	    "mesg %c; echo mesg-is-$((40+2))-now\n", no ? 'n' : 'y');
	seen[0] = '\0';
	while (strstr(seen, DONE) == NULL) {
		struct pollfd p = { .fd = s->master, .events = POLLIN };
		bool quiet = poll(&p, 1, len ? AGAIN : PATIENCE) == 0;

		if (now() > until)
			errx(1, "no shell answers:\n%s", seen);
		if (quiet) {
			type(s, command, strlen(command));
			continue;
		}
		if (len >= sizeof seen - 64) { /* a long greeting */
			len = 64;
			memmove(seen, seen + sizeof seen - 128, len);
		}
		n = read(s->master, seen + len, sizeof seen - 1 - len);
		if (n == -1 && errno == EAGAIN)
			continue;
		if (n <= 0)
			errx(1, "the session has ended:\n%s", seen);
		if (len == 0)
			type(s, command, strlen(command));
		len += (size_t)n;
		seen[len] = '\0';
	}
	if (stat(s->tty, &st) == -1 || !(st.st_mode & S_IWGRP) != no)
		errx(1, "mesg did nothing:\n%s", seen);
}

/* ^S passes through the kernel's own queue: until writing is held up. */
static void
stop(struct session *s)
{
	struct pollfd p = { .events = POLLOUT };
	long long until = now() + PATIENCE;

	p.fd = open(s->tty, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	type(s, "\x13", 1);
	while (poll(&p, 1, 0) == 1) {
		if (now() > until)
			errx(1, "^S does not stop %s", s->tty);
		poll(NULL, 0, 1);
	}
	close(p.fd);
}

/* false: the screen is gone. */
static bool
copy_screen(const struct session *s)
{
	char chunk[4096];
	ssize_t n = read(s->master, chunk, sizeof chunk);

	if (n > 0 && write(s->log, chunk, (size_t)n) != n)
		err(1, "log");
	return n > 0 || (n == -1 && errno == EAGAIN);
}

/* true: it was told to; false: the session has ended by itself. */
static bool
stay(const struct session *s)
{
	struct pollfd p[] = { { .fd = s->master, .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = s->signals, .events = POLLIN } };

	for (;;) {
		struct signalfd_siginfo info;
		char keys[256];
		ssize_t n;

		if (poll(p, 3, -1) == -1 && errno != EINTR)
			err(1, "poll");
		if (p[0].revents && !copy_screen(s))
			return false;
		if (p[1].revents) {
			n = read(STDIN_FILENO, keys, sizeof keys);
			if (n <= 0)
				break;
			type(s, keys, (size_t)n);
		}
		if (p[2].revents &&
		    read(s->signals, &info, sizeof info) == sizeof info &&
		    info.ssi_signo != SIGCHLD)
			break;
	}
	p[0].revents = 0;
	while (poll(p, 1, 0) == 1 && (p[0].revents & POLLIN))
		if (!copy_screen(s))
			break;
	return true;
}

/* The hang-up ends the shell, and login(1) then strikes him from utmp. */
static int
leave(struct session *s)
{
	static const int harder[] = { 0, SIGHUP, SIGKILL };
	struct pollfd p = { .fd = s->signals, .events = POLLIN };
	struct signalfd_siginfo info;

	close(s->master);
	for (size_t i = 0; i < sizeof harder / sizeof *harder; i++) {
		long long left, until = now() + 5000;

		if (harder[i])
			kill(s->login, harder[i]);
		while ((left = until - now()) > 0) {
			if (waitpid(s->login, NULL, WNOHANG) != 0)
				return 0;
			if (poll(&p, 1, (int)left) == 1 &&
			    read(s->signals, &info, sizeof info) == -1)
				break;
		}
	}
	warnx("login does not end");
	return 1;
}

int
main(int argc, char **argv)
{
	struct session s = { .master = -1 };
	bool no = false, stopped = false, told;
	unsigned short columns = 80;
	sigset_t set;
	int opt, fd;

	while ((opt = getopt(argc, argv, "nsw:")) != -1) {
		no |= opt == 'n';
		stopped |= opt == 's';
		if (opt == 'w')
			columns = (unsigned short)atoi(optarg);
		else if (opt == '?')
			break;
	}
	if (opt == '?' || argc - optind != 2)
		errx(64, "usage: ptyuser [-ns] [-w COLUMNS] USER LOGFILE");
	s.log = open(argv[optind + 1],
	    O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	if (s.log == -1)
		err(1, "%s", argv[optind + 1]);
	/* login(1) writes to utmp only where there is one. */
	fd = open(_PATH_UTMPX, O_RDWR | O_CREAT | O_CLOEXEC, 0664);
	if (fd != -1)
		close(fd);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	s.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	open_pty(&s, columns);
	log_in(&s, argv[optind]);
	say_mesg(&s, no);
	if (stopped)
		stop(&s);
	printf("%s ready\n", s.tty + strlen("/dev/"));
	fflush(stdout);
	told = stay(&s);
	if (!told)
		warnx("the session on %s has ended", s.tty);
	return leave(&s) || !told;
}
