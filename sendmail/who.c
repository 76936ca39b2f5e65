#include "sendmail/who.h"
#include "common/nss.h"
#include "common/priv.h"
#include "common/spool.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define PASSWD "/etc/passwd"
#define GETENT "/usr/bin/getent"
#define GETENT_NONE 2 /* its status for "there is no such key" */
#define PATIENCE 30   /* seconds for a directory service, which may be away */
#define LINE 4096     /* a longer one names nobody */

/* The name in the user database, as it stood in the GECOS field: up to the
 * first comma, & for the login name. */
static void
full_name(struct span gecos, const char *login, char *out, size_t size)
{
	struct span name = span_cut(&gecos, ',');
	size_t n = 0;

	for (size_t i = 0; i < name.len && n < size - 1; i++) {
		if (name.ptr[i] == '&')
			n += strlcpy(out + n, login, size - n);
		else
			out[n++] = name.ptr[i];
	}
	out[n < size ? n : size - 1] = '\0';
}

/* It stands in a header line, behind "from" and before a blank. */
static bool
is_login(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] <= ' ' || s.ptr[i] == 0x7f)
			return false;
	/* + and - begin what the C library's "compat" takes for an order */
	return s.len && s.ptr[0] != '+' && s.ptr[0] != '-';
}

bool
who_line(struct span line, uid_t uid, struct who *w)
{
	struct span login = span_cut(&line, ':');
	struct span number;
	long long n;

	(void)span_cut(&line, ':');
	number = span_cut(&line, ':');
	(void)span_cut(&line, ':');
	if (line.ptr == NULL ||
	    span_num(number, 0, UINT32_MAX - 1LL, &n) == -1 ||
	    (uid_t)n != uid || login.len >= sizeof w->login || !is_login(login))
		return false;
	memcpy(w->login, login.ptr, login.len);
	w->login[login.len] = '\0';
	full_name(
	    span_cut(&line, ':'), w->login, w->fullname, sizeof w->fullname);
	return true;
}

static bool
found(int fd, uid_t uid, struct who *w)
{
	char text[LINE];
	struct span rest = { text, 0 };
	bool tail = false; /* of a line that is too long */
	ssize_t n;

	while ((n = read(fd, text + rest.len, sizeof text - rest.len)) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return false;
		rest = (struct span){ text, rest.len + (size_t)n };
		while (span_has(rest, '\n')) {
			struct span line = span_cut(&rest, '\n');

			if (!tail && who_line(line, uid, w))
				return true;
			tail = false;
		}
		if (rest.len == sizeof text) {
			tail = true;
			rest.len = 0;
		}
		memmove(text, rest.ptr, rest.len);
	}
	return !tail && who_line((struct span){ text, rest.len }, uid, w);
}

static _Noreturn void
run_getent(uid_t uid, int out)
{
	static char name[] = "getent", map[] = "passwd", lang[] = "LC_ALL=C",
		    path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char number[24];
	char *const argv[] = { name, map, number, NULL }, *const env[] = { path,
		lang, NULL };
	int null = open("/dev/null", O_RDWR);

	priv_group_drop();
	snprintf(number, sizeof number, "%lu", (unsigned long)uid);
	if (null == -1 || dup2(null, STDIN_FILENO) == -1 ||
	    dup2(out, STDOUT_FILENO) == -1 || dup2(null, STDERR_FILENO) == -1)
		_exit(EX_OSERR);
	closefrom(STDERR_FILENO + 1);
	alarm(PATIENCE);
	execve(GETENT, argv, env);
	_exit(EX_OSFILE);
}

bool
who_all_here(struct span text)
{
	static const char *const here[] = { "files", "compat", "db", "systemd",
		NULL };

	return nss_other(text, here).len == 0;
}

static bool
all_here(void)
{
	char text[LINE];
	int fd = open(NSS_CONF, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd == -1)
		return errno == ENOENT;
	n = read(fd, text, sizeof text);
	close(fd);
	return n >= 0 && (size_t)n < sizeof text &&
	       who_all_here((struct span){ text, (size_t)n });
}

static enum who_account
by_getent(uid_t uid, struct who *w)
{
	bool yes = false;
	int p[2], status = 0;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) == -1)
		return WHO_CANNOT_TELL;
	pid = fork();
	if (pid == 0)
		run_getent(uid, p[1]);
	close(p[1]);
	if (pid != -1)
		yes = found(p[0], uid, w);
	close(p[0]);
	while (pid != -1 && waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	if (yes)
		return WHO_HAS_ONE;
	/* Without the program there is nothing but the file. */
	if (pid == -1 || !WIFEXITED(status))
		return WHO_CANNOT_TELL;
	return WEXITSTATUS(status) == EX_OSFILE ||
		       (WEXITSTATUS(status) == GETENT_NONE && all_here())
		   ? WHO_HAS_NONE
		   : WHO_CANNOT_TELL;
}

void
who_is(uid_t uid, struct who *w)
{
	int fd = open(PASSWD, O_RDONLY | O_CLOEXEC);
	bool yes = false;

	*w = (struct who){ 0 };
	if (fd != -1) {
		yes = found(fd, uid, w);
		close(fd);
	}
	if (!yes && (w->account = by_getent(uid, w)) != WHO_HAS_ONE)
		snprintf(
		    w->login, sizeof w->login, "uid-%lu", (unsigned long)uid);
}

/* Whoever owns the folder can make any file in it, and is believed by the agent
 * in what he writes there. */
uid_t
who_submits(const char *value, bool *behind)
{
	bool named;
	struct stat st;
	long long uid;

	named =
	    value && span_num(span_of(value), 0, UINT32_MAX - 1LL, &uid) == 0;
	*behind = named && (uid_t)uid == getuid();
	if (!named || stat(SPOOL_DIR "/drop", &st) == -1 ||
	    st.st_uid != getuid())
		return getuid();
	*behind = true;
	return (uid_t)uid;
}
