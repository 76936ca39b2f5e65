#include "deliver/walk.h"
#include "common/printable.h"
#include "common/priv.h"
#include "common/wrap.h"
#include "deliver/ipc.h"
#include "deliver/signals.h"
#include "deliver/token.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define LINE 4096  /* octets of a line that are shown */
#define ALONE 1000 /* ms for net to come to its end without dns */

static struct {
	const struct conf *conf;
	const struct role_ids *ids;
	pid_t net, dns;
	struct ipc net_chan, dns_chan;
	struct loop_fd signals, out;
	struct loop_timer alone;
	struct buf text;
	int status;
	bool unsaid; /* something that was to be shown */
} w;

/* The roles have parsed what servers say: only printable text gets through. */
static void
print(bool all)
{
	struct buf b = { 0 }, lines = { 0 };
	size_t at = 0;

	while (at < w.text.len) {
		const char *start = w.text.ptr + at;
		const char *lf = memchr(start, '\n', w.text.len - at);
		size_t len = lf ? (size_t)(lf - start) : w.text.len - at;

		if (lf == NULL && !all && len < LINE)
			break;
		buf_reset(&b);
		printable_add(&b, (struct span){ start, len }, LINE);
		buf_reset(&lines);
		wrap_lines(&lines, wrap_window(STDOUT_FILENO), buf_view(&b));
		if (lines.bad || fputs(buf_c(&lines), stdout) == EOF)
			w.unsaid = true;
		at += len + (lf ? 1 : 0);
	}
	buf_drop(&w.text, at);
	buf_free(&b);
	buf_free(&lines);
	if (fflush(stdout) == EOF)
		w.unsaid = true;
}

static void
heard(struct loop_fd *f, uint32_t events)
{
	char some[4096];
	ssize_t n;

	(void)events;
	while ((n = read(f->fd, some, sizeof some)) > 0)
		buf_span(&w.text, (struct span){ some, (size_t)n });
	if (n == 0)
		loop_del(f);
	print(n == 0);
}

static void
gone(struct ipc *c, const char *why)
{
	(void)why; /* its end is seen by SIGCHLD */
	ipc_close(c);
}

static void
got(struct ipc *c, struct ipc_msg *m)
{
	const char *why = brief_room() ? NULL : "no memory";
	struct brief b = { .ref = m->ref, .out = -1, .asker = w.net };

	if (m->fd != -1)
		close(m->fd);
	if (m->type != IPC_FORK_TOKEN)
		return;
	if (why == NULL)
		b.pid = token_fork(w.ids, w.conf, m, &b.out, &why);
	if (b.pid == -1)
		kill(w.net, SIGKILL);
	else if (why)
		token_refuse(c, m->ref, why);
	else
		brief_add(b, TOKEN_SECONDS * 1000);
}

/* Nobody begins another here, and net would wait for its answers. */
static void
without_dns(struct loop_timer *t)
{
	(void)t;
	fputs("deliver: the process that asks the name servers has ended; ask "
	      "again\n",
	    stderr);
	w.status = EX_TEMPFAIL;
	loop_stop();
}

static void
reap(void)
{
	struct brief was;
	int status;
	pid_t pid;

	while ((pid = brief_reap(&status)) > 0) {
		if (pid == w.net) {
			w.net = 0;
			w.status = WIFEXITED(status) ? WEXITSTATUS(status)
						     : EX_SOFTWARE;
			loop_stop();
		} else if (pid == w.dns) {
			w.dns = 0;
			loop_in(&w.alone, ALONE);
		} else if (brief_ended(pid, &was) && was.out != -1) {
			if (ipc_is_open(&w.net_chan))
				token_ended(&w.net_chan, &was, status);
			else
				close(was.out);
		}
	}
}

static void
on_signal(struct loop_fd *f, uint32_t events)
{
	struct signalfd_siginfo si;

	(void)events;
	while (read(f->fd, &si, sizeof si) == sizeof si)
		if (si.ssi_signo == SIGCHLD) {
			reap();
		} else {
			w.status = EX_TEMPFAIL;
			loop_stop();
		}
}

static int
start(enum role role, struct role_start *s, pid_t *pid, struct ipc *chan)
{
	struct priv_id id = { .uid = w.ids->uid[role],
		.gid = w.ids->gid[role] };
	int ends[2], keep[3], n = 0;

	if (ipc_pair(ends) == -1)
		return -1;
	keep[n++] = s->fd = ends[1];
	if (s->probe)
		keep[n++] = s->out;
	if (s->secrets > 0)
		keep[n++] = s->secrets;
	*pid = role_fork(role, &id, s, keep, n);
	close(ends[1]);
	*chan = (struct ipc){ .got = got, .gone = gone };
	if (*pid != -1 && ipc_open(chan, ends[0], ROLE_PARENT, role) == 0)
		return 0;
	close(ends[0]);
	return -1;
}

static int
start_both(const struct walk_how *how)
{
	struct role_start dns = { .conf = w.conf, .control = -1 };
	struct role_start net = { .conf = w.conf,
		.control = -1,
		.probe = true,
		.probe_to = how->to,
		.trial = how->trial,
		.probe_find = how->find,
		.secrets = how->secrets > 0 ? how->secrets : 0 };
	int pipes[2], rc;

	if (pipe2(pipes, O_CLOEXEC) == -1)
		return -1;
	net.out = pipes[1];
	rc = fcntl(pipes[0], F_SETFL, O_NONBLOCK) == -1 ||
		     start(ROLE_DNS, &dns, &w.dns, &w.dns_chan) == -1 ||
		     start(ROLE_NET, &net, &w.net, &w.net_chan) == -1
		 ? -1
		 : 0;
	close(pipes[1]);
	w.out = (struct loop_fd){
		.fd = pipes[0], .events = EPOLLIN, .ready = heard
	};
	return rc == -1 ? -1 : loop_add(&w.out);
}

int
walk(const struct conf *conf, const struct role_ids *ids,
    const struct walk_how *how)
{
	w.conf = conf;
	w.ids = ids;
	w.status = EX_OSERR;
	w.alone.fire = without_dns;
	if (loop_init() == -1 || signals_watch(&w.signals, on_signal) == -1 ||
	    start_both(how) == -1 || ipc_join(&w.net_chan, &w.dns_chan) == -1) {
		fprintf(stderr, "deliver: cannot start the walk: %s\n",
		    strerror(errno));
	} else {
		if (loop_run() == -1)
			w.status = EX_OSERR;
		heard(&w.out, 0);
		print(true);
		if (w.status == EX_OSERR || w.status == EX_SOFTWARE)
			fputs("deliver: the walk broke off before its end; "
			      "ask again\n",
			    stderr);
	}
	if (w.unsaid || w.text.bad) {
		fputs("deliver: not all of it could be shown\n", stderr);
		w.status = w.status ? w.status : EX_IOERR;
	}
	brief_kill(true);
	if (w.net > 0)
		kill(w.net, SIGKILL);
	if (w.dns > 0)
		kill(w.dns, SIGKILL);
	ipc_close(&w.net_chan);
	ipc_close(&w.dns_chan);
	buf_free(&w.text);
	return w.status;
}
