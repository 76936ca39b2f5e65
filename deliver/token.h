/* token - the role token: a command of bellman.conf(5) that prints a token or a
 * password, run as bellman-token, with nothing but its standard output. */
#ifndef DELIVER_TOKEN_H
#define DELIVER_TOKEN_H
#include "deliver/brief.h"
#include "deliver/ipc.h"

#define TOKEN_SECONDS 30
#define TOKEN_MAX 16384 /* octets that it may print */

enum token_which { TOKEN_TOKEN, TOKEN_PASSWORD, TOKEN_WHICH };

/* The parent's part of an IPC_FORK_TOKEN: forks.  The pid, and out, where the
 * output will be; 0 and why it cannot be done now; -1: it does not parse. */
pid_t token_fork(const struct role_ids *, const struct conf *,
    const struct ipc_msg *, int *out, const char **why);
/* What it has printed goes to net; or why there is nothing. */
void token_ended(struct ipc *net, const struct brief *, int status);
void token_refuse(struct ipc *net, uint32_t ref, const char *why);
/* The child, already bellman-token: becomes the command (status 127: it could
 * not). */
void token_run(const struct role_start *);
#endif
