#include "deliver/role.h"
#include "common/log.h"
#include "common/priv.h"
#include "deliver/account.h"
#include "deliver/bounds.h"
#include "deliver/convert.h"
#include "deliver/dns/dns.h"
#include "deliver/loop.h"
#include "deliver/net/net.h"
#include "deliver/queue/queue.h"
#include "deliver/submit.h"
#include "deliver/token.h"
#include "deliver/tty/tty.h"
#include "deliver/user/user.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

const struct role_row role_rows[ROLES] = {
	[ROLE_PARENT] = { "parent", NULL, NULL },
	[ROLE_QUEUE] = { "queue", "bellman", queue_run },
	[ROLE_NET] = { "net", "bellman-net", net_run },
	[ROLE_DNS] = { "dns", "bellman-dns", dns_run },
	[ROLE_USER] = { "user", NULL, user_run },
	[ROLE_TTY] = { "tty", "bellman-tty", tty_run },
	[ROLE_MIME] = { "mime", "bellman-mime", convert_run },
	[ROLE_SUBMIT] = { "submit", NULL, submit_run },
	[ROLE_TOKEN] = { "token", "bellman-token", token_run },
};

/* Which of the two it is decides what is to be done. */
static int
nobody(struct buf *why, const char *what, const char *name, int error)
{
	if (error)
		buf_fmt(why, "the %s \"%s\" cannot be looked up: %s", what,
		    name, strerror(error));
	else
		buf_fmt(why,
		    "there is no %s \"%s\"; `make install` or the package "
		    "makes it",
		    what, name);
	return -1;
}

static int
group(const char *name, gid_t *gid, struct buf *why)
{
	const struct group *g = account_group(name);

	if (g == NULL)
		return nobody(why, "group", name, errno);
	*gid = g->gr_gid;
	return 0;
}

int
role_ids(struct role_ids *ids, struct buf *why)
{
	*ids = (struct role_ids){ 0 };
	for (int r = 0; r < ROLES; r++) {
		const struct passwd *pw;

		if (role_rows[r].user == NULL)
			continue;
		pw = account_find(role_rows[r].user);
		if (pw == NULL || pw->pw_uid == 0)
			return nobody(
			    why, "user", role_rows[r].user, pw ? 0 : errno);
		ids->uid[r] = pw->pw_uid;
		ids->gid[r] = pw->pw_gid;
	}
	return group("mail", &ids->mail, why) == -1 ||
		       group("tty", &ids->tty, why) == -1
		   ? -1
		   : 0;
}

bool
role_owns(const struct role_ids *ids, uid_t uid)
{
	for (int r = 0; r < ROLES; r++)
		if (ids->uid[r] == uid) /* root's 0 stands in the empty rows */
			return true;
	return false;
}

/* %u is the user, ~ his home.  Root's mail is written by bellman, who has no
 * way into his home: always the mbox that the parent made. */
void
role_box(const struct role_start *start, struct buf *path)
{
	const char *p =
	    start->uid == 0 ? "/var/mail/root" : start->conf->local_path;

	if (p[0] == '~' && p[1] == '/') {
		buf_str(path, start->home);
		p++;
	}
	for (; *p; p++)
		if (p[0] == '%' && p[1] == 'u') {
			buf_str(path, start->user);
			p++;
		} else {
			buf_chr(path, *p);
		}
	while (path->len > 1 && path->ptr[path->len - 1] == '/')
		path->len--; /* its name is behind the last one */
}

static int
ascending(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* A kernel before 5.9 has no such call. */
static void
close_range_of(unsigned from, unsigned to)
{
	long most;

	if (from > to || syscall(SYS_close_range, from, to, 0) == 0)
		return;
	most = sysconf(_SC_OPEN_MAX);
	for (unsigned fd = from; fd <= to && (long)fd < most; fd++)
		close((int)fd);
}

/* Everything else that the parent had open stays behind. */
static void
close_others(int *keep, int n)
{
	unsigned from = 3;

	qsort(keep, (size_t)n, sizeof *keep, ascending);
	for (int i = 0; i < n; i++) {
		if (keep[i] < 3)
			continue;
		close_range_of(from, (unsigned)keep[i] - 1);
		from = (unsigned)keep[i] + 1;
	}
	close_range_of(from, ~0u);
}

/* Whoever started the agent: its terminal is not for processes of users. */
static void
leave_terminal(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; null != -1 && fd <= (log_echoes() ? 1 : 2); fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
}

pid_t
role_fork(enum role role, const struct priv_id *id,
    const struct role_start *start, const int *keep, int nkeep)
{
	pid_t parent = getpid(), pid = fork();
	char ident[32];
	sigset_t none;
	int fds[8], waits;

	if (pid != 0)
		return pid;
	for (int i = 0; i < nkeep; i++)
		fds[i] = keep[i];
	closelog(); /* before its number can be given to another file */
	close_others(fds, nkeep);
	/* Before the log opens a file: this closes the parent's number. */
	waits = loop_init();
	snprintf(ident, sizeof ident, "bellman/%s", role_rows[role].name);
	log_open(ident);
	leave_terminal();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (start->user)
		setproctitle("%s %s", role_rows[role].name, start->user);
	else
		setproctitle("%s", role_rows[role].name);
	priv_become(id, parent, role_rows[role].name);
	if (waits == -1) {
		log_errno("agent: error what=\"no loop\"");
		_exit(EX_OSERR);
	}
	bounds_set(role, start);
	role_rows[role].run(start);
	_exit(0);
}
