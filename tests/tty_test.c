/* The terminal writer against real ptys, in a devpts of our own: owned by one
 * user, written to by a process of another with group tty and nothing else. */
#include "common/env.h"
#include "deliver/ipc.h"
#include "deliver/tty/confine.h"
#include "deliver/tty/tty.h"
#include "deliver/tty/who.h"
#include "deliver/tty/write.h"
#include "tests/screen_check.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utmpx.h>

#include <cmocka.h>

/* No one's: nobody on the machine has these. */
#define ALICE 64001
#define BOB 64002
#define WRITER 64003

static gid_t tty_group;
static char utmp_path[] = "/tmp/tty_test.XXXXXX";
static int dev;

struct pty {
	int master, slave;
	char name[WHO_NAME];
};

static struct pty
pty_new(uid_t owner, mode_t mode)
{
	struct winsize ws = { .ws_row = 24, .ws_col = 80 };
	struct pty p;
	struct termios tio;
	unsigned n;
	int unlock = 0;

	p.master =
	    open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	assert_int_not_equal(p.master, -1);
	assert_int_equal(ioctl(p.master, TIOCSPTLCK, &unlock), 0);
	assert_int_equal(ioctl(p.master, TIOCGPTN, &n), 0);
	snprintf(p.name, sizeof p.name, "pts/%u", n);
	p.slave = openat(dev, p.name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_int_not_equal(p.slave, -1);
	assert_int_equal(fchown(p.slave, owner, tty_group), 0);
	assert_int_equal(fchmod(p.slave, mode), 0);
	/* What is read from the master is then what was written. */
	assert_int_equal(tcgetattr(p.slave, &tio), 0);
	tio.c_oflag &= ~(tcflag_t)OPOST;
	tio.c_iflag |= IXON | IUTF8;
	assert_int_equal(tcsetattr(p.slave, TCSANOW, &tio), 0);
	assert_int_equal(ioctl(p.slave, TIOCSWINSZ, &ws), 0);
	return p;
}

static void
pty_free(struct pty *p)
{
	if (p->master != -1)
		close(p->master);
	close(p->slave);
}

/* Everything that was shown on it. */
static void
pty_read(const struct pty *p, struct buf *got)
{
	char chunk[4096];
	ssize_t n;

	while ((n = read(p->master, chunk, sizeof chunk)) > 0)
		buf_add(got, chunk, (size_t)n);
}

static void
assert_nothing_on(const struct pty *p)
{
	struct buf got = { 0 };

	pty_read(p, &got);
	if (got.len)
		fail_msg("%s got %s", p->name, buf_c(&got));
	buf_free(&got);
}

/* Somebody typed there so many seconds ago. */
static void
pty_used(const struct pty *p, long ago)
{
	struct timespec times[2] = { { time(NULL) - ago, 0 },
		{ .tv_nsec = UTIME_OMIT } };

	assert_int_equal(utimensat(dev, p->name, times, 0), 0);
}

/* ^S passes through the kernel's own queue: until writing is held up. */
static void
pty_stop(const struct pty *p)
{
	struct pollfd slave = { .fd = p->slave, .events = POLLOUT };
	int64_t until = write_clock() + 5000;

	assert_int_equal(write(p->master, "\x13", 1), 1);
	while (poll(&slave, 1, 0) == 1) {
		assert_true(write_clock() < until);
		poll(NULL, 0, 1);
	}
}

static void
log_in(const char *user, const char *line)
{
	struct utmpx u = { .ut_type = USER_PROCESS, .ut_pid = getpid() };
	static int id;

	snprintf(u.ut_id, sizeof u.ut_id, "%x", ++id & 0xfff);
	memcpy(u.ut_user, user, strnlen(user, sizeof u.ut_user));
	memcpy(u.ut_line, line, strnlen(line, sizeof u.ut_line));
	setutxent();
	assert_non_null(pututxline(&u));
	endutxent();
}

static int
nobody_logged_in(void **state)
{
	(void)state;
	return truncate(utmp_path, 0);
}

/* As priv_become does it. */
static void
become_writer(void)
{
	if (setgroups(0, NULL) == -1 ||
	    setresgid(tty_group, tty_group, tty_group) == -1 ||
	    setresuid(WRITER, WRITER, WRITER) == -1 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		_exit(99);
}

static struct answer {
	int result;
	char text[1024];
	int64_t took; /* milliseconds */
} answer;

static void
got(struct ipc *c, struct ipc_msg *m)
{
	struct ipc_in in = { .rest = m->body };
	struct span text;

	assert_int_equal(m->type, IPC_TTY_DONE);
	assert_int_equal(m->ref, 7);
	answer.result = ipc_get8(&in);
	text = ipc_get(&in);
	assert_true(ipc_end(&in));
	snprintf(
	    answer.text, sizeof answer.text, "%.*s", (int)text.len, text.ptr);
	ipc_close(c);
	loop_stop();
}

static void
gone(struct ipc *c, const char *why)
{
	snprintf(answer.text, sizeof answer.text, "gone: %s", why);
	answer.result = -1;
	ipc_close(c);
	loop_stop();
}

static void
job(struct buf *b, enum env_kind kind, bool excerpt, size_t before, size_t len)
{
	ipc_u8(b, (uint8_t)kind);
	ipc_str(b, "4A2F");
	ipc_str(b, "bob (uid 64002)");
	ipc_u64(b, 1795497633000000);
	ipc_str(b, "alice@hestia");
	ipc_u8(b, excerpt);
	ipc_u64(b, before);
	ipc_u64(b, len);
}

/* One job for a process of its own, as uid's. */
static void
employ(uid_t uid, const char *user, enum ipc_type type, const struct buf *body,
    int file)
{
	int64_t begin = write_clock();
	struct conf conf = { .hostname = (char *)"hestia", .bell = true };
	struct role_start start = { .conf = &conf, .user = user, .uid = uid };
	struct ipc queue = { .got = got, .gone = gone };
	int fds[2], status;
	pid_t pid;

	assert_int_equal(ipc_pair(fds), 0);
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		become_writer();
		start.fd = fds[1];
		tty_run(&start);
		_exit(0);
	}
	close(fds[1]);
	assert_int_equal(loop_init(), 0);
	assert_int_equal(ipc_open(&queue, fds[0], ROLE_QUEUE, ROLE_TTY), 0);
	assert_int_equal(ipc_send(&queue, type, 7, body, file), 0);
	assert_int_equal(loop_run(), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	answer.took = write_clock() - begin;
}

/* One message to a user's terminals.  said is how much longer than it is the
 * message claims to be. */
static void
tell_as(uid_t uid, const char *user, enum env_kind kind, bool excerpt,
    const struct buf *text, size_t said)
{
	static const char envelope[] = "to <alice>\n\n";
	struct buf body = { 0 };
	int file = memfd_create("message", MFD_CLOEXEC);

	assert_int_equal(write(file, envelope, sizeof envelope - 1),
	    (ssize_t)sizeof envelope - 1);
	assert_int_equal(write(file, text->ptr, text->len), (ssize_t)text->len);
	job(&body, kind, excerpt, sizeof envelope - 1, text->len + said);
	employ(uid, user, IPC_TTY_JOB, &body, file);
	buf_free(&body);
	close(file);
}

static void
tell(const char *text)
{
	struct buf b = { 0 };

	buf_str(&b, text);
	tell_as(ALICE, "alice", ENV_SEND, false, &b, 0);
	buf_free(&b);
}

#define assert_answer(want, words)                                             \
	do {                                                                   \
		assert_string_equal(answer.text, words);                       \
		assert_int_equal(answer.result, want);                         \
	} while (0)

static const char lunch[] = "From: Bob <bob>\nSubject: lunch\n\nnow?\n";

static void
assert_lunch_on(const struct pty *p)
{
	struct buf b = { 0 };
	char words[64];
	const char *wrong;

	snprintf(words, sizeof words, "shown on %s", p->name);
	assert_answer(TTY_SHOWN, words);
	pty_read(p, &b);
	assert_true(b.len > 0);
	wrong = check_screen(b.ptr, b.len, 80, true);
	if (wrong)
		fail_msg("%s:\n%s", wrong, buf_c(&b));
	assert_non_null(
	    strstr(buf_c(&b), "[message from bob (uid 64002) on hestia, "));
	assert_non_null(strstr(buf_c(&b),
	    "]\r\n| From: Bob <bob>\r\n| Subject: lunch\r\n| \r\n| now?\r\n"));
	buf_free(&b);
}

static void
test_accepting(void **state)
{
	struct pty p = pty_new(ALICE, 0620);

	(void)state;
	log_in("alice", p.name);
	tell(lunch);
	assert_lunch_on(&p);
	assert_nothing_on(&p);
	pty_free(&p);
}

/* The kernel, not our code, keeps to the user's wish. */
static void
test_mesg_n(void **state)
{
	struct pty p = pty_new(ALICE, 0600);
	int status;
	pid_t pid;

	(void)state;
	log_in("alice", p.name);
	tell(lunch);
	assert_answer(TTY_REFUSES, "alice accepts no messages now (mesg n)");
	assert_nothing_on(&p);
	pid = fork();
	if (pid == 0) {
		struct write_terminal t;

		become_writer();
		if (openat(dev, p.name, O_WRONLY | O_NOCTTY) != -1 ||
		    errno != EACCES)
			_exit(1);
		_exit(write_open(dev, p.name, ALICE, tty_group, &t) !=
		      WRITE_REFUSED);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	pty_free(&p);
}

/* Asked before a message is there: nobody notices. */
static void
test_look_only(void **state)
{
	struct pty p, other;

	(void)state;
	employ(ALICE, "alice", IPC_TTY_LOOK, NULL, -1);
	assert_answer(TTY_ABSENT, "");
	p = pty_new(ALICE, 0600);
	log_in("alice", p.name);
	employ(ALICE, "alice", IPC_TTY_LOOK, NULL, -1);
	assert_answer(TTY_REFUSES, "");
	other = pty_new(ALICE, 0620);
	log_in("alice", other.name);
	employ(ALICE, "alice", IPC_TTY_LOOK, NULL, -1);
	assert_answer(TTY_SHOWN, "");
	assert_nothing_on(&p);
	assert_nothing_on(&other);
	pty_free(&p);
	pty_free(&other);
}

static void
test_not_logged_in(void **state)
{
	struct pty p = pty_new(ALICE, 0620);

	(void)state;
	log_in("bob-there", p.name);
	tell(lunch);
	assert_answer(TTY_ABSENT, "alice is not logged in");
	assert_nothing_on(&p);
	pty_free(&p);
}

static void
test_stopped(void **state)
{
	struct pty p = pty_new(ALICE, 0620);
	char words[64];

	(void)state;
	log_in("alice", p.name);
	pty_stop(&p);
	tell(lunch);
	snprintf(words, sizeof words, "%s: stopped for 2 s", p.name);
	assert_answer(TTY_FAILED, words);
	assert_in_range(answer.took, 1900, 2500);
	assert_int_equal(write(p.master, "\x11", 1), 1); /* ^Q */
	assert_int_equal(
	    poll(&(struct pollfd){ p.slave, POLLOUT, 0 }, 1, 5000), 1);
	assert_nothing_on(&p);
	tell(lunch);
	assert_lunch_on(&p);
	pty_free(&p);
}

static void
test_the_one_used_last(void **state)
{
	struct pty a = pty_new(ALICE, 0620), b = pty_new(ALICE, 0620);

	(void)state;
	log_in("alice", a.name);
	log_in("alice", b.name);
	log_in("alice", b.name);
	pty_used(&a, 100);
	pty_used(&b, 1000);
	tell(lunch);
	assert_lunch_on(&a);
	assert_nothing_on(&b);
	pty_used(&b, 10);
	tell(lunch);
	assert_lunch_on(&b);
	assert_nothing_on(&a);
	/* One that refuses does not stand for the other. */
	assert_int_equal(fchmod(b.slave, 0600), 0);
	tell(lunch);
	assert_lunch_on(&a);
	assert_nothing_on(&b);
	pty_free(&a);
	pty_free(&b);
}

static void
test_the_next_when_stopped(void **state)
{
	struct pty a = pty_new(ALICE, 0620), b = pty_new(ALICE, 0620);

	(void)state;
	log_in("alice", a.name);
	log_in("alice", b.name);
	pty_stop(&a);
	pty_used(&a, 10);
	pty_used(&b, 1000);
	tell(lunch);
	assert_lunch_on(&b);
	assert_in_range(answer.took, 1900, 2500);
	assert_nothing_on(&a);
	pty_free(&a);
	pty_free(&b);
}

static void
test_five_seconds_for_all(void **state)
{
	struct pty p[4];

	(void)state;
	for (int i = 0; i < 4; i++) {
		p[i] = pty_new(ALICE, 0620);
		log_in("alice", p[i].name);
		pty_stop(&p[i]);
	}
	tell(lunch);
	assert_int_equal(answer.result, TTY_FAILED);
	assert_non_null(strstr(answer.text, "no time was left"));
	assert_in_range(answer.took, 4900, 5500);
	for (int i = 0; i < 4; i++)
		pty_free(&p[i]);
}

/* utmp still says alice, but the number went to bob. */
static void
test_anothers_terminal(void **state)
{
	struct pty p = pty_new(BOB, 0620);
	struct write_terminal t;

	(void)state;
	log_in("alice", p.name);
	tell(lunch);
	assert_answer(TTY_ABSENT, "alice is not logged in");
	/* And if it went to him after the look-up: */
	assert_int_equal(
	    write_open(dev, p.name, ALICE, tty_group, &t), WRITE_GONE);
	assert_int_equal(t.fd, -1);
	assert_nothing_on(&p);
	pty_free(&p);
}

static void
test_wrong_group(void **state)
{
	struct pty p = pty_new(ALICE, 0622);
	struct write_terminal t;

	(void)state;
	assert_int_equal(fchown(p.slave, ALICE, tty_group + 1), 0);
	assert_int_equal(
	    write_open(dev, p.name, ALICE, tty_group, &t), WRITE_REFUSED);
	pty_free(&p);
}

static void
test_hung_up(void **state)
{
	struct pty p = pty_new(ALICE, 0620);
	struct write_terminal t;
	size_t done;

	(void)state;
	log_in("alice", p.name);
	assert_int_equal(
	    write_open(dev, p.name, ALICE, tty_group, &t), WRITE_OK);
	close(p.master);
	p.master = -1;
	assert_int_equal(
	    write_text(t.fd, SPAN("x"), write_clock() + 2000, &done),
	    WRITE_GONE);
	close(t.fd);
	tell(lunch);
	assert_answer(TTY_ABSENT, "alice is not logged in");
	pty_free(&p);
}

/* Other ways to a terminal that may be written to, and other devices. */
static void
test_only_straight_ways(void **state)
{
	static const char *const bad[] = { "null", "pts", "ptmx", "fd/1" };
	char dir[] = "/tmp/tty_test.XXXXXX", path[80];
	struct pty p = pty_new(ALICE, 0620);
	struct write_terminal t;
	int dirfd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	snprintf(path, sizeof path, "/dev/%s", p.name);
	assert_int_equal(
	    write_open(dev, path, ALICE, tty_group, &t), WRITE_ERROR);
	assert_int_equal(symlinkat(path, dirfd, "tty1"), 0);
	assert_int_equal(
	    write_open(dirfd, "tty1", ALICE, tty_group, &t), WRITE_GONE);
	snprintf(path, sizeof path, "../dev/%s", p.name);
	assert_int_equal(
	    write_open(dev, path, ALICE, tty_group, &t), WRITE_ERROR);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_not_equal(
		    write_open(dev, bad[i], 0, tty_group, &t), WRITE_OK);
	unlinkat(dirfd, "tty1", 0);
	close(dirfd);
	rmdir(dir);
	pty_free(&p);
}

static void
test_wanted_alone(void **state)
{
	struct pty p = pty_new(ALICE, 0620);

	(void)state;
	log_in("alice", p.name);
	assert_int_equal(ioctl(p.slave, TIOCEXCL), 0);
	tell(lunch);
	assert_int_equal(answer.result, TTY_REFUSES);
	assert_nothing_on(&p);
	pty_free(&p);
}

/* Two names of one uid: it is the uid that counts. */
static void
test_another_name(void **state)
{
	struct pty p = pty_new(1, 0620); /* daemon, on every Linux */
	struct buf b = { 0 };

	(void)state;
	log_in("daemon", p.name);
	buf_str(&b, lunch);
	tell_as(1, "alice", ENV_SEND, false, &b, 0);
	assert_lunch_on(&p);
	buf_free(&b);
	pty_free(&p);
}

static void
test_window_and_charset(void **state)
{
	struct winsize ws = { .ws_row = 24, .ws_col = 50 };
	struct pty p = pty_new(ALICE, 0620);
	struct buf b = { 0 };
	struct termios tio;

	(void)state;
	assert_int_equal(tcgetattr(p.slave, &tio), 0);
	tio.c_iflag &= ~(tcflag_t)IUTF8;
	assert_int_equal(tcsetattr(p.slave, TCSANOW, &tio), 0);
	assert_int_equal(ioctl(p.slave, TIOCSWINSZ, &ws), 0);
	log_in("alice", p.name);
	tell(
	    "\nna\xc3\xafve naive naive naive naive naive naive naive naive\n");
	assert_int_equal(answer.result, TTY_SHOWN);
	pty_read(&p, &b);
	assert_null(check_screen(b.ptr, b.len, 50, false));
	assert_non_null(strstr(buf_c(&b), "| naive naive naive naive naive "
					  "naive naive naive\r\n| naive\r\n"));
	buf_free(&b);
	pty_free(&p);
}

/* The largest message that may be sent, and a terminal that reads it. */
static void
test_largest(void **state)
{
	struct pty p = pty_new(ALICE, 0620);
	struct buf b = { 0 }, shown = { 0 };
	int result[2], status;
	size_t letters = 0;
	pid_t pid;

	(void)state;
	log_in("alice", p.name);
	buf_str(&b, "\n");
	for (int i = 0; i < TTY_MAX_BYTES; i++)
		buf_chr(&b, i % 64 == 63 ? ' ' : 'x');
	/* Nobody reads: a part is taken, and that is no delivery. */
	tell_as(ALICE, "alice", ENV_SEND, false, &b, 0);
	assert_int_equal(answer.result, TTY_FAILED);
	assert_non_null(strstr(answer.text, ": stopped for 2 s after "));
	pty_read(&p, &shown);
	assert_in_range(shown.len, 1, TTY_MAX_BYTES);

	assert_int_equal(pipe2(result, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		fcntl(p.master, F_SETFL, 0);
		close(p.slave);
		close(result[0]);
		for (;;) {
			char chunk[4096];
			ssize_t n = read(p.master, chunk, sizeof chunk);

			if (n <= 0 || write(result[1], chunk, (size_t)n) != n)
				_exit(0);
		}
	}
	close(result[1]);
	tell_as(ALICE, "alice", ENV_SEND, false, &b, 0);
	assert_int_equal(answer.result, TTY_SHOWN);
	close(p.slave); /* the reader's end */
	buf_reset(&shown);
	for (;;) {
		char chunk[4096];
		ssize_t n = read(result[0], chunk, sizeof chunk);

		if (n <= 0)
			break;
		buf_add(&shown, chunk, (size_t)n);
	}
	waitpid(pid, &status, 0);
	for (size_t i = 0; i < shown.len; i++)
		letters += shown.ptr[i] == 'x';
	assert_int_equal(letters, TTY_MAX_BYTES / 64 * 63);
	assert_null(check_screen(shown.ptr, shown.len, 80, true));
	close(p.master);
	close(result[0]);
	buf_free(&shown);
	buf_free(&b);
}

static void
test_too_long(void **state)
{
	struct pty p = pty_new(ALICE, 0620);
	struct buf b = { 0 }, shown = { 0 };

	(void)state;
	log_in("alice", p.name);
	buf_str(&b, lunch);
	for (int i = 0; i < 100000; i++)
		buf_str(&b, "line\n");
	tell_as(ALICE, "alice", ENV_SEND, false, &b, 0);
	assert_int_equal(answer.result, TTY_LONG);
	assert_nothing_on(&p);
	tell_as(ALICE, "alice", ENV_SAML, true, &b, 0);
	assert_int_equal(answer.result, TTY_SHOWN);
	pty_read(&p, &shown);
	assert_null(check_screen(shown.ptr, shown.len, 80, true));
	assert_non_null(strstr(buf_c(&shown), "[mail from bob (uid 64002), "));
	assert_non_null(strstr(buf_c(&shown), "[12 of more than "));
	buf_free(&shown);
	buf_free(&b);
	pty_free(&p);
}

/* The file is shorter than the job says: not a word of it is shown. */
static void
test_damaged(void **state)
{
	struct pty p = pty_new(ALICE, 0620);
	struct buf b = { 0 };

	(void)state;
	log_in("alice", p.name);
	buf_str(&b, lunch);
	tell_as(ALICE, "alice", ENV_SEND, false, &b, 1);
	assert_int_equal(answer.result, TTY_FAILED);
	assert_nothing_on(&p);
	buf_free(&b);
	pty_free(&p);
}

static void
test_look_up(void **state)
{
	struct pty a = pty_new(ALICE, 0620), b = pty_new(ALICE, 0600),
		   c = pty_new(BOB, 0620);
	struct who_terminal t[WHO_MAX];
	char path[40];

	(void)state;
	pty_used(&a, 50);
	pty_used(&b, 5);
	log_in("alice", a.name);
	snprintf(path, sizeof path, "/dev/%s", a.name);
	log_in("alice", path); /* the same one */
	log_in("alice", b.name);
	log_in("alice", c.name);
	assert_int_equal(who_terminals(dev, ALICE, "alice", false, t), 2);
	assert_string_equal(t[0].name, b.name);
	assert_false(t[0].accepts);
	assert_string_equal(t[1].name, a.name);
	assert_true(t[1].accepts);
	pty_free(&a);
	pty_free(&b);
	pty_free(&c);
}

static void
session(const char *id, const char *tty, const char *class, const char *type,
    const char *sstate)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof path, "/run/systemd/sessions/%s", id);
	f = fopen(path, "we");
	assert_non_null(f);
	fprintf(f,
	    "UID=%d\nUSER=alice\nACTIVE=1\nCLASS=%s\nTYPE=%s\nSTATE=%s\n",
	    ALICE, class, type, sstate);
	if (tty)
		fprintf(f, "TTY=%s\n", tty);
	fclose(f);
}

/* The files that logind keeps, read by the real libsystemd or libelogind. */
static void
test_logind(void **state)
{
	struct pty p[6];
	struct who_terminal t[WHO_MAX];
	void *lib = dlopen("libsystemd.so.0", RTLD_NOW);
	FILE *f;

	(void)state;
	if (lib == NULL) {
		print_message("there is no libsystemd here\n");
		return;
	}
	for (int i = 0; i < 6; i++)
		p[i] = pty_new(ALICE, 0620);
	mkdir("/run/systemd", 0755);
	mkdir("/run/systemd/users", 0755);
	assert_int_equal(mkdir("/run/systemd/sessions", 0755), 0);
	f = fopen("/run/systemd/users/64001", "we");
	assert_non_null(f);
	fprintf(f, "NAME=alice\nSTATE=active\nSESSIONS=1 2 3 4 5 6\n"
		   "ACTIVE_SESSIONS=1 2 3 4 5\nONLINE_SESSIONS=1 2 3 4 5 6\n");
	fclose(f);
	session("1", p[0].name, "user", "tty", "active");
	session("2", p[1].name, "user", "x11", "active");
	session("3", p[2].name, "greeter", "tty", "active");
	session("4", p[3].name, "user", "tty", "closing");
	session("5", p[4].name, "user-early", "tty", "online");
	session("6", NULL, "user", "tty", "active"); /* by ssh, systemd 252 */
	pty_used(&p[4], 1000);
	assert_int_equal(who_terminals(dev, ALICE, "alice", false, t), 2);
	assert_string_equal(t[0].name, p[0].name);
	assert_string_equal(t[1].name, p[4].name);
	/* Both registers know it, and it is one. */
	log_in("alice", p[0].name);
	log_in("alice", p[1].name);
	assert_int_equal(who_terminals(dev, ALICE, "alice", false, t), 3);
	/* What logind has no name for, utmp has. */
	log_in("alice", p[5].name);
	assert_int_equal(who_terminals(dev, ALICE, "alice", false, t), 4);
	pty_used(&p[5], 1000);
	pty_used(&p[0], 0);
	pty_used(&p[1], 1000);
	tell(lunch);
	assert_lunch_on(&p[0]);
	assert_int_equal(
	    rename("/run/systemd/sessions", "/run/systemd/gone"), 0);
	for (int i = 0; i < 6; i++)
		pty_free(&p[i]);
}

static void
test_confined(void **state)
{
	struct pty p = pty_new(ALICE, 0620);
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		struct write_terminal t;
		size_t done;
		int files;

		become_writer();
		files = confine(dev);
		if (files != 0)
			_exit(files == 1 ? 77 : 9);
		if (open("/etc/passwd", O_RDONLY) != -1 ||
		    open("/dev/null", O_RDONLY) != -1 ||
		    open("/tmp/tty_test.x", O_CREAT | O_WRONLY, 0600) != -1 ||
		    errno != EACCES)
			_exit(1);
		if (write_open(dev, p.name, ALICE, tty_group, &t) != WRITE_OK)
			_exit(2);
		if (t.columns != 80 || !t.utf8)
			_exit(3);
		_exit(write_text(t.fd, SPAN("x"), write_clock(), &done));
	}
	waitpid(pid, &status, 0);
	if (WEXITSTATUS(status) == 77)
		print_message("this kernel has no Landlock\n");
	else
		assert_int_equal(status, 0);
	pty_free(&p);
}

/* What a writer that obeys somebody else might try: by number, since the C
 * library's own calls may be others.  All of it is refused. */
static const struct {
	const char *name;
	long call, arg[5];
} forbidden[] = {
	{ "socket", SYS_socket, { AF_INET, SOCK_STREAM } },
	{ "socketpair", SYS_socketpair, { AF_UNIX, SOCK_STREAM } },
	{ "connect", SYS_connect, { 0 } },
	{ "bind", SYS_bind, { 0 } },
	{ "clone", SYS_clone, { SIGCHLD } },
	{ "execve", SYS_execve, { (long)"/bin/true" } },
	{ "execveat", SYS_execveat, { AT_FDCWD, (long)"/bin/true" } },
	{ "kill", SYS_kill, { 1 } },
	{ "tgkill", SYS_tgkill, { 1, 1 } },
	{ "pidfd_open", SYS_pidfd_open, { 1 } },
	{ "ptrace", SYS_ptrace, { PTRACE_SEIZE, 1 } },
	{ "process_vm_readv", SYS_process_vm_readv, { 1 } },
	{ "setuid", SYS_setuid, { 0 } },
	{ "setresuid", SYS_setresuid, { 0, 0, 0 } },
	{ "setresgid", SYS_setresgid, { 0, 0, 0 } },
	{ "setgroups", SYS_setgroups, { 0 } },
	{ "unshare", SYS_unshare, { CLONE_NEWUSER } },
	{ "chroot", SYS_chroot, { (long)"/" } },
	{ "mount", SYS_mount, { (long)"x", (long)"/mnt", (long)"tmpfs" } },
	{ "unlinkat", SYS_unlinkat, { AT_FDCWD, (long)"/dev/null" } },
	{ "renameat2", SYS_renameat2, { AT_FDCWD, (long)"/dev/null" } },
	{ "linkat", SYS_linkat, { AT_FDCWD, (long)"/dev/null" } },
	{ "symlinkat", SYS_symlinkat, { (long)"x", AT_FDCWD, (long)"/tmp/x" } },
	{ "mkdirat", SYS_mkdirat, { AT_FDCWD, (long)"/tmp/x" } },
	{ "fchmodat", SYS_fchmodat, { AT_FDCWD, (long)"/dev/null", 0666 } },
	{ "fchmod", SYS_fchmod, { 0, 0666 } },
	{ "fchownat", SYS_fchownat, { AT_FDCWD, (long)"/dev/null" } },
	{ "truncate", SYS_truncate, { (long)"/dev/null" } },
	{ "prctl", SYS_prctl, { PR_SET_DUMPABLE, 1 } },
	{ "setrlimit", SYS_prlimit64, { 0, RLIMIT_CPU } },
	{ "bpf", SYS_bpf, { 0 } },
	{ "io_uring_setup", SYS_io_uring_setup, { 1 } },
	{ "memfd_create", SYS_memfd_create, { (long)"x" } },
	{ "read_a_file", SYS_openat, { AT_FDCWD, (long)"/etc/passwd" } },
	{ "read_a_terminal", SYS_openat,
	    { AT_FDCWD, (long)"/dev/tty", O_RDONLY } },
	{ "read_and_write", SYS_openat,
	    { AT_FDCWD, (long)"/dev/null", O_RDWR } },
	{ "read_a_folder", SYS_openat,
	    { AT_FDCWD, (long)"/dev", O_RDONLY | O_DIRECTORY } },
	{ "make_a_device_file", SYS_openat,
	    { AT_FDCWD, (long)"/dev/shm/x", O_CREAT | O_WRONLY, 0600 } },
	{ "write_a_file", SYS_openat,
	    { AT_FDCWD, (long)"/proc/self/comm", O_WRONLY } },
	{ "by_another_way", SYS_openat,
	    { AT_FDCWD, (long)"/proc/1/root/etc/passwd" } },
};

static void
test_forbidden(void **state)
{
	int status;
	pid_t pid;

	(void)state;
#ifdef __SANITIZE_ADDRESS__ /* calls are not filtered there */
	return;
#endif
	for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
		const long *a = forbidden[i].arg;

		pid = fork();
		if (pid == 0) {
			int files;

			become_writer();
			files = confine(dev);
			if (files != 0)
				_exit(files == 1 ? 77 : 9);
			if (syscall(forbidden[i].call, a[0], a[1], a[2], a[3],
				a[4]) != -1)
				_exit(1);
			_exit(errno == EPERM || errno == EACCES ? 0 : 2);
		}
		waitpid(pid, &status, 0);
		if (WEXITSTATUS(status) == 77)
			print_message("this kernel has no Landlock\n");
		else if (status)
			fail_msg("%s: %x", forbidden[i].name, (unsigned)status);
	}
}

static void
test_queue_is_gone(void **state)
{
	struct role_start start = { .user = "alice", .uid = ALICE };
	int fds[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(ipc_pair(fds), 0);
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		become_writer();
		start.fd = fds[1];
		tty_run(&start);
		_exit(0);
	}
	close(fds[1]);
	close(fds[0]);
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

/* The machine's own ptys, utmp and logind stay as they are. */
static bool
own_world(void)
{
	const struct group *gr = getgrnam("tty");
	char options[64];
	int fd;

	if (geteuid() != 0 || gr == NULL)
		return false;
	tty_group = gr->gr_gid;
	snprintf(options, sizeof options,
	    "newinstance,gid=%u,mode=620,ptmxmode=666", (unsigned)tty_group);
	if (unshare(CLONE_NEWNS) == -1 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("devpts", "/dev/pts", "devpts", 0, options) == -1 ||
	    mount("tmpfs", "/run", "tmpfs", 0, "mode=755") == -1)
		return false;
	fd = mkostemp(utmp_path, O_CLOEXEC);
	if (fd == -1 || fchmod(fd, 0644) == -1)
		return false;
	close(fd);
	dev = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return dev != -1 && utmpxname(utmp_path) == 0;
}

#define terminal_test(f) cmocka_unit_test_setup(f, nobody_logged_in)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		terminal_test(test_accepting),
		terminal_test(test_mesg_n),
		terminal_test(test_not_logged_in),
		terminal_test(test_stopped),
		terminal_test(test_the_one_used_last),
		terminal_test(test_look_only),
		terminal_test(test_the_next_when_stopped),
		terminal_test(test_five_seconds_for_all),
		terminal_test(test_anothers_terminal),
		terminal_test(test_wrong_group),
		terminal_test(test_hung_up),
		terminal_test(test_only_straight_ways),
		terminal_test(test_wanted_alone),
		terminal_test(test_another_name),
		terminal_test(test_window_and_charset),
		terminal_test(test_largest),
		terminal_test(test_too_long),
		terminal_test(test_damaged),
		terminal_test(test_look_up),
		terminal_test(test_logind),
		terminal_test(test_confined),
		terminal_test(test_forbidden),
		terminal_test(test_queue_is_gone),
	};
	int failed;

	if (!own_world()) {
		printf("tty_test: skipped: needs root and a devpts of its own "
		       "(mount namespace, group tty): %s\n",
		    strerror(errno));
		return 0;
	}
	setlocale(LC_CTYPE, "C.UTF-8"); /* for the check's wcwidth */
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(utmp_path);
	return failed;
}
