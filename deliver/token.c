#include "deliver/token.h"
#include "common/priv.h"
#include "common/sandbox.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* net names a relay of the settings; the command is root's word. */
pid_t
token_fork(const struct role_ids *ids, const struct conf *conf,
    const struct ipc_msg *m, int *out, const char **why)
{
	struct ipc_in in = { m->body, false };
	unsigned which = ipc_get8(&in);
	char *name = span_dup(ipc_get(&in));
	const struct conf_relay *r = name ? conf_relay(conf, name) : NULL;
	struct priv_id id = { .uid = ids->uid[ROLE_TOKEN],
		.gid = ids->gid[ROLE_TOKEN] };
	struct role_start start = { .conf = conf, .fd = -1, .control = -1 };
	int keep[1];
	pid_t pid;

	free(name);
	if (!ipc_end(&in) || which >= TOKEN_WHICH || r == NULL)
		return -1;
	start.command = which == TOKEN_TOKEN ? r->token : r->password;
	start.ncommand = which == TOKEN_TOKEN ? r->ntoken : r->npassword;
	if (start.ncommand == 0)
		return -1;
	*out = start.out = memfd_create("token", MFD_CLOEXEC);
	if (start.out == -1) {
		*why = strerror(errno);
		return 0;
	}
	keep[0] = start.out; /* not the lock: it may leave children behind */
	pid = role_fork(ROLE_TOKEN, &id, &start, keep, 1);
	if (pid != -1)
		return pid;
	*why = strerror(errno);
	close(start.out);
	*out = -1;
	return 0;
}

void
token_refuse(struct ipc *net, uint32_t ref, const char *why)
{
	struct buf b = { 0 };

	ipc_str(&b, why);
	ipc_send(net, IPC_NOTOKEN, ref, &b, -1);
	buf_free(&b);
}

void
token_ended(struct ipc *net, const struct brief *b, int status)
{
	char why[80];

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		ipc_send(net, IPC_TOKEN, b->ref, NULL, b->out);
	} else {
		snprintf(why, sizeof why, "its command ended with %s %d",
		    WIFSIGNALED(status) ? "signal" : "status",
		    WIFSIGNALED(status) ? WTERMSIG(status)
					: WEXITSTATUS(status));
		token_refuse(net, b->ref, why);
	}
	close(b->out);
}

void
token_run(const struct role_start *start)
{
	char path[] = "PATH=/usr/local/bin:/usr/bin:/bin", lang[] = "LC_ALL=C";
	char *const envp[] = { path, lang, NULL };
	char **argv = calloc(start->ncommand + 1, sizeof *argv);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (argv == NULL || null == -1 || dup2(null, STDIN_FILENO) == -1 ||
	    dup2(start->out, STDOUT_FILENO) == -1 ||
	    dup2(null, STDERR_FILENO) == -1 || chdir("/") == -1)
		_exit(127);
	memcpy(argv, start->command, start->ncommand * sizeof *argv);
	setsid();
	closefrom(3);
	if (priv_limit(RLIMIT_CPU, TOKEN_SECONDS) == -1 ||
	    priv_limit(RLIMIT_FSIZE, TOKEN_MAX) == -1)
		_exit(127);
#ifndef SANDBOX_WATCHED /* which keeps descriptors of its own */
	if (priv_limit(RLIMIT_NOFILE, 256) == -1)
		_exit(127);
#endif
	execvpe(argv[0], argv, envp);
	_exit(127);
}
