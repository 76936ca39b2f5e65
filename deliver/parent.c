#include "deliver/parent.h"
#include "common/log.h"
#include "common/printable.h"
#include "common/priv.h"
#include "common/run.h"
#include "deliver/brief.h"
#include "deliver/convert.h"
#include "deliver/identity.h"
#include "deliver/ipc.h"
#include "deliver/lock.h"
#include "deliver/refuse.h"
#include "deliver/signals.h"
#include "deliver/submit.h"
#include "deliver/systemd.h"
#include "deliver/token.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define SOON 100     /* ms until a role is started again, doubled each time */
#define LATEST 10000 /* ms */
#define JOIN_AGAIN 1000	 /* ms */
#define STEADY 10000	 /* ms of life after which it counts as sound */
#define STOP_QUEUE 10000 /* ms for transactions under way */
#define STOP_REST 1000
#define BRIEF_LIMIT 300000 /* ms: its user may have stopped it */
#define PASS_CRASHES 5	   /* ends of the queue role, before a pass gives up */

struct child { /* a long-lived role */
	pid_t pid;
	struct ipc chan;
	int64_t began;
	bool apart; /* from net, which it is to be joined to */
};

static struct {
	const char *conf_path;
	struct conf *conf;
	const struct role_ids *ids;
	enum parent_pass pass;
	int lock, control, secrets, status;
	struct child role[ROLES];
	unsigned crashes; /* of the queue role, in a pass */
	bool idle, stopping, reload, restart_all;
	int64_t wait; /* ms before the next restart */
	struct loop_timer again, kill;
	struct loop_fd signals;
} p;

/* In the order in which they are begun: to net the others are joined. */
static const enum role standing[] = { ROLE_NET, ROLE_QUEUE, ROLE_DNS };
#define STANDING (sizeof standing / sizeof *standing)

static void
kill_all(struct loop_timer *t)
{
	(void)t;
	for (size_t i = 0; i < STANDING; i++)
		if (p.role[standing[i]].pid > 0)
			kill(p.role[standing[i]].pid, SIGKILL);
	brief_kill(p.stopping);
}

/* What the queue waits for before it is started again; at the end, for all. */
static bool
all_gone(void)
{
	for (size_t i = 0; i < STANDING; i++)
		if (p.role[standing[i]].pid > 0)
			return false;
	return brief_none(p.stopping);
}

/* The queue has ended in good order: nothing is left to do. */
static void
stop_rest(void)
{
	for (size_t i = 0; i < STANDING; i++)
		if (ipc_is_open(&p.role[standing[i]].chan))
			ipc_send(
			    &p.role[standing[i]].chan, IPC_STOP, 0, NULL, -1);
	loop_in(&p.kill, STOP_REST);
}

static void
stop(void)
{
	if (p.stopping)
		return;
	p.stopping = true;
	systemd_notify("STOPPING=1");
	lock_resident(p.lock, false); /* from here on sendmail starts a pass */
	loop_cancel(&p.again);
	submit_stop();
	if (ipc_is_open(&p.role[ROLE_QUEUE].chan))
		ipc_send(&p.role[ROLE_QUEUE].chan, IPC_STOP, 0, NULL, -1);
	loop_in(&p.kill, STOP_QUEUE);
	if (p.role[ROLE_QUEUE].pid <= 0)
		stop_rest(); /* between its end and its restart */
	if (all_gone())
		loop_stop();
}

/* A role that breaks the table is ended; its end is seen by SIGCHLD. */
static void
gone(struct ipc *c, const char *why)
{
	struct child *k = c->arg;

	if (k->pid > 0 && !p.stopping && !p.reload) {
		log_warn("agent: role-misbehaved role=%s pid=%ld reason=\"%s\"",
		    role_rows[c->peer].name, (long)k->pid, why);
		kill(k->pid, SIGKILL);
	}
	ipc_close(c);
}

static void
no_fork(uint32_t ref, bool permanent, const char *why)
{
	struct buf b = { 0 };

	ipc_u8(&b, permanent);
	ipc_str(&b, why);
	ipc_send(&p.role[ROLE_QUEUE].chan, IPC_NOFORK, ref, &b, -1);
	buf_free(&b);
}

static void
fork_brief(
    enum role role, enum user_purpose purpose, uint32_t ref, struct span who)
{
	struct role_start start = {
		.conf = p.conf, .purpose = purpose, .forward = -1, .aliases = -1
	};
	struct priv_id id;
	bool permanent = false;
	char *name = span_dup(who);
	bool room = brief_room();
	const char *why =
	    name ? identity(p.ids, role, name, &start, &id, &permanent)
		 : "not a name";
	int ends[2] = { -1, -1 }, keep[4], n = 0;
	pid_t pid = -1;

	if (why == NULL && start.nothing)
		ipc_send(&p.role[ROLE_QUEUE].chan, IPC_NOTHING, ref, NULL, -1);
	else if (why == NULL && (!room || ipc_pair(ends) == -1))
		why = strerror(errno), permanent = false;
	if (why == NULL && !start.nothing) {
		start.fd = keep[n++] = ends[1];
		keep[n++] = p.lock;
		if (start.forward != -1)
			keep[n++] = start.forward;
		if (start.aliases != -1)
			keep[n++] = start.aliases;
		pid = role_fork(role, &id, &start, keep, n);
		close(ends[1]);
		if (pid == -1) {
			why = strerror(errno), permanent = false;
		} else {
			brief_add((struct brief){ .pid = pid, .out = -1 },
			    BRIEF_LIMIT + (start.purpose == FOR_COMMAND
						  ? 1000 * p.conf->command_time
						  : 0));
			ipc_send(&p.role[ROLE_QUEUE].chan, IPC_FORKED, ref,
			    NULL, ends[0]);
		}
		close(ends[0]);
	}
	if (start.forward != -1)
		close(start.forward);
	if (start.aliases != -1)
		close(start.aliases);
	if (why)
		no_fork(ref, permanent, why);
	free(name);
}

static void
fork_mime(struct ipc *c, struct ipc_msg *m)
{
	const char *why = brief_room() ? NULL : "no memory";
	struct brief b = { .ref = m->ref, .out = -1 };

	if (p.stopping)
		why = "the agent is stopping";
	if (why == NULL)
		b.pid = convert_fork(p.ids, p.conf, m, p.lock, &b.out, &why);
	if (b.pid == -1)
		gone(c, "a message that does not parse");
	else if (why)
		no_fork(m->ref, false, why);
	else
		brief_add(b, BRIEF_LIMIT);
}

/* The result of a program that was content with it is whole.  It says 65 of a
 * message that it cannot convert, or dies of it; all else may pass. */
static void
mime_ended(const struct brief *b, int status)
{
	bool killed = WIFSIGNALED(status);
	int n = killed ? WTERMSIG(status) : WEXITSTATUS(status);
	char why[80];

	if (!killed && n == 0) {
		ipc_send(
		    &p.role[ROLE_QUEUE].chan, IPC_MIMED, b->ref, NULL, b->out);
	} else {
		snprintf(why, sizeof why, "the conversion ended with %s %d",
		    killed ? "signal" : "status", n);
		no_fork(b->ref, killed || n == EX_DATAERR, why);
	}
	close(b->out);
}

static void
fork_token(struct ipc *c, struct ipc_msg *m)
{
	const char *why = brief_room() ? NULL : "no memory";
	struct brief b = {
		.ref = m->ref, .out = -1, .asker = p.role[ROLE_NET].pid
	};

	if (p.stopping)
		why = "the agent is stopping";
	if (why == NULL)
		b.pid = token_fork(p.ids, p.conf, m, &b.out, &why);
	if (b.pid == -1)
		gone(c, "a message that does not parse");
	else if (why)
		token_refuse(c, m->ref, why);
	else
		brief_add(b, TOKEN_SECONDS * 1000);
}

static void
got(struct ipc *c, struct ipc_msg *m)
{
	struct ipc_in in = { m->body, false };
	enum user_purpose purpose = FOR_BOX;
	struct span name;

	if (m->type == IPC_FORK_MIME)
		fork_mime(c, m);
	if (m->fd != -1)
		close(m->fd);
	switch (m->type) {
	case IPC_FORK_USER:
	case IPC_FORK_TTY:
		if (m->type == IPC_FORK_USER)
			purpose = (enum user_purpose)ipc_get8(&in);
		name = ipc_get(&in);
		if (!ipc_end(&in) || purpose >= PURPOSES)
			gone(c, "a message that does not parse");
		else if (p.stopping)
			no_fork(m->ref, false, "the agent is stopping");
		else
			fork_brief(
			    m->type == IPC_FORK_USER ? ROLE_USER : ROLE_TTY,
			    purpose, m->ref, name);
		break;
	case IPC_FORK_TOKEN:
		fork_token(c, m);
		break;
	case IPC_REFUSE:
		refuse_write(m->body);
		break;
	case IPC_DONE: /* who is about to submit has no file in drop/ yet */
		if (p.pass != PASS_NONE || brief_none(true))
			stop();
		break;
	default: /* the table lets nothing else through */
		break;
	}
}

static int
start_role(enum role role)
{
	struct child *k = &p.role[role];
	struct priv_id id = { .uid = p.ids->uid[role],
		.gid = p.ids->gid[role] };
	struct role_start start = { .conf = p.conf,
		.mail = p.ids->mail,
		.uid = p.ids->uid[role],
		.control = -1 };
	int ends[2], keep[4], n = 0;

	if (ipc_pair(ends) == -1)
		return -1;
	keep[n++] = start.fd = ends[1];
	keep[n++] = p.lock;
	if (role == ROLE_NET && p.secrets > 0)
		keep[n++] = start.secrets = p.secrets;
	if (role == ROLE_QUEUE) {
		keep[n++] = start.control = p.control;
		start.idle = p.idle;
		start.once = p.pass != PASS_NONE;
		start.force = p.pass == PASS_ALL;
	}
	k->pid = role_fork(role, &id, &start, keep, n);
	close(ends[1]);
	k->began = loop_now();
	k->chan = (struct ipc){ .got = got, .gone = gone, .arg = k };
	if (k->pid == -1 ||
	    ipc_open(&k->chan, ends[0], ROLE_PARENT, role) == -1) {
		close(ends[0]);
		return -1;
	}
	return 0;
}

static void
start_missing(struct loop_timer *t)
{
	struct child *net = &p.role[ROLE_NET];
	bool fresh_net = net->pid <= 0;

	(void)t;
	if (p.stopping)
		return;
	p.reload = false;
	for (size_t i = 0; i < STANDING; i++) {
		struct child *c = &p.role[standing[i]];

		c->apart |= c->pid <= 0 || fresh_net;
		if (c->pid <= 0 && start_role(standing[i]) == -1) {
			log_errno("agent: error what=\"no role %s\"",
			    role_rows[standing[i]].name);
			c->pid = 0;
			loop_in(&p.again, LATEST);
		}
		if (c == net || !c->apart || c->pid <= 0 || net->pid <= 0)
			continue;
		/* Apart they would wait for each other for ever. */
		c->apart = ipc_join(&c->chan, &net->chan) == -1;
		if (c->apart && !p.again.armed)
			loop_in(&p.again, JOIN_AGAIN);
	}
}

static void
restart_later(int64_t began)
{
	if (loop_now() - began > STEADY)
		p.wait = 0;
	loop_in(&p.again, p.wait);
	p.wait = p.wait == 0 ? SOON : p.wait * 2 < LATEST ? p.wait * 2 : LATEST;
}

static void
role_ended(enum role r, int status)
{
	struct child *k = &p.role[r];

	ipc_close(&k->chan);
	k->pid = 0;
	if (p.stopping) {
		if (r == ROLE_QUEUE)
			stop_rest();
		return;
	}
	if (!p.reload)
		log_warn("agent: role-ended role=%s status=%d signal=%d",
		    role_rows[r].name,
		    WIFEXITED(status) ? WEXITSTATUS(status) : -1,
		    WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	if (r == ROLE_QUEUE && p.pass != PASS_NONE &&
	    ++p.crashes >= PASS_CRASHES) {
		p.status = EX_TEMPFAIL; /* whoever waits for it is told */
		stop();
		return;
	}
	if (r ==
	    ROLE_QUEUE) { /* whatever runs on its behalf is of no use now */
		p.restart_all = true;
		kill_all(NULL);
	}
	if (!p.restart_all)
		restart_later(k->began);
}

static void
take_result(const struct brief *b, int status)
{
	if (b->asker == 0)
		mime_ended(b, status);
	else if (b->asker == p.role[ROLE_NET].pid)
		token_ended(&p.role[ROLE_NET].chan, b, status);
	else /* another process has the number now */
		close(b->out);
}

static void
reap(void)
{
	struct brief was;
	int status, pid;

	while ((pid = brief_reap(&status)) > 0) {
		for (size_t i = 0; i < STANDING; i++)
			if (p.role[standing[i]].pid == pid)
				role_ended(standing[i], status);
		if (!brief_ended(pid, &was))
			continue;
		if (was.guest)
			submit_ended();
		else if (was.out != -1)
			take_result(&was, status);
	}
	if (p.stopping && all_gone()) {
		loop_stop();
	} else if (p.restart_all && all_gone()) {
		p.restart_all = false;
		restart_later(p.role[ROLE_QUEUE].began);
	}
}

/* A wrong file changes nothing: the old settings stay in force. */
static void
reload(void)
{
	struct conf fresh;
	struct buf why = { 0 }, quoted = { 0 };

	if (conf_load(p.conf_path, &fresh, &why) == -1) {
		printable_quoted(&quoted, buf_view(&why), 500);
		log_warn("agent: not-reloaded reason=%s", buf_c(&quoted));
		conf_free(&fresh);
	} else {
		conf_free(p.conf);
		*p.conf = fresh;
		p.reload = true;
		log_info("agent: reloaded");
		ipc_send(&p.role[ROLE_QUEUE].chan, IPC_STOP, 0, NULL, -1);
	}
	buf_free(&quoted);
	buf_free(&why);
}

static void
on_signal(struct loop_fd *f, uint32_t events)
{
	struct signalfd_siginfo si;

	(void)events;
	while (read(f->fd, &si, sizeof si) == sizeof si)
		if (si.ssi_signo == SIGCHLD)
			reap();
		else if (si.ssi_signo != SIGHUP)
			stop();
		else if (!p.stopping && !p.conf->handoff)
			reload();
}

int
parent_run(const char *conf_path, struct conf *conf, const struct role_ids *ids,
    enum parent_pass pass, bool idle, const struct parent_fds *fds)
{
	const char *what = NULL;

	p.conf_path = conf_path;
	p.conf = conf;
	p.ids = ids;
	p.pass = pass;
	p.idle = idle;
	p.lock = fds->lock;
	p.control = fds->control;
	p.secrets = fds->secrets;
	p.again.fire = start_missing;
	p.kill.fire = kill_all;
	if (loop_init() == -1 || signals_watch(&p.signals, on_signal) == -1)
		what = "cannot start";
	/* Mail on its way to another host is nobody else's to go on with. */
	else if ((pass == PASS_NONE && lock_resident(p.lock, true) == -1) ||
		 (pass != PASS_NONE && !conf->handoff &&
		     lock_pass(p.lock) == -1))
		what = "cannot lock";
	else if (fds->submit != -1 &&
		 submit_listen(fds->submit, p.conf, p.ids, p.lock) == -1)
		what = "cannot listen";
	if (what) {
		log_errno("agent: error what=\"%s\"", what);
		return EX_OSERR;
	}
	start_missing(&p.again);
	systemd_notify("READY=1");
	if (loop_run() == -1)
		log_errno("agent: error what=\"cannot wait\"");
	kill_all(NULL);
	return p.status;
}
