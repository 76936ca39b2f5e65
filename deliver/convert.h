/* convert - the role mime: a message through deliver-mime, a program that is
 * given nothing but the message on standard input and a nameless file on
 * standard output. */
#ifndef DELIVER_CONVERT_H
#define DELIVER_CONVERT_H
#include "deliver/ipc.h"

#ifndef CONVERT_PROGRAM
#define CONVERT_PROGRAM "/usr/libexec/bellman/deliver-mime"
#endif
#define CONVERT_SECONDS 60 /* of the processor */
#ifndef CONVERT_TEXT_SECONDS
#define CONVERT_TEXT_SECONDS 3
#endif

/* What comes out of a message of so many octets has at most so many. */
uint64_t convert_limit(uint64_t octets);
/* The parent's part of an IPC_FORK_MIME: forks.  The pid, and out, where the
 * result will be; 0 and why it cannot be done now; -1: it does not parse. */
pid_t convert_fork(const struct role_ids *, const struct conf *,
    const struct ipc_msg *, int lock, int *out, const char **why);
/* The child, already bellman-mime: becomes the program (status 127: it could
 * not). */
void convert_run(const struct role_start *);
#endif
