#include "deliver/convert.h"
#include "common/priv.h"
#include "common/sandbox.h"
#include "common/spool.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define IN_MEMORY (1 << 20) /* octets of a message; longer: on disk */
#define ROOM (1 << 20)
#define MEMORY (512ul << 20) /* address space, which libraries like */

uint64_t
convert_limit(uint64_t octets)
{
	return 4 * octets + ROOM;
}

static int
output(uint64_t octets)
{
	int fd = -1;

	if (octets > IN_MEMORY)
		fd = open(
		    SPOOL_DIR, O_RDWR | O_TMPFILE | O_EXCL | O_CLOEXEC, 0600);
	/* Not every file system can. */
	return fd != -1 ? fd : memfd_create("message", MFD_CLOEXEC);
}

pid_t
convert_fork(const struct role_ids *ids, const struct conf *conf,
    const struct ipc_msg *m, int lock, int *out, const char **why)
{
	struct ipc_in in = { m->body, false };
	struct priv_id id = { .uid = ids->uid[ROLE_MIME],
		.gid = ids->gid[ROLE_MIME] };
	struct role_start start = { .conf = conf, .fd = m->fd };
	int keep[3];
	pid_t pid;

	start.offset = ipc_get64(&in);
	start.octets = ipc_get64(&in);
	start.wanted = ipc_get8(&in);
	if (start.wanted >= IPC_WANTS || !ipc_end(&in) ||
	    start.octets > INT64_MAX / 16 || start.offset > INT64_MAX / 16)
		return -1;
	*why = NULL;
	if (access(CONVERT_PROGRAM, X_OK) == -1) {
		*why = CONVERT_PROGRAM " is not installed";
		return 0;
	}
	*out = start.out = output(start.octets);
	if (start.out == -1) {
		*why = strerror(errno);
		return 0;
	}
	keep[0] = start.fd;
	keep[1] = start.out;
	keep[2] = lock;
	pid = role_fork(ROLE_MIME, &id, &start, keep, 3);
	if (pid != -1)
		return pid;
	*why = strerror(errno);
	close(start.out);
	*out = -1;
	return 0;
}

static int
stand(int fd, int as)
{
	return dup2(fd, as) == as ? 0 : -1;
}

void
convert_run(const struct role_start *start)
{
	static char seven[] = "7bit", text[] = "text";
	static char *const words[IPC_WANTS] = { seven, text };
	char octets[24], name[] = "deliver-mime",
			 *wanted = words[start->wanted];
	char *const argv[] = { name, wanted, octets, NULL };
	char *const envp[] = { NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	snprintf(
	    octets, sizeof octets, "%llu", (unsigned long long)start->octets);
	if (null == -1 || stand(start->fd, STDIN_FILENO) == -1 ||
	    stand(start->out, STDOUT_FILENO) == -1 ||
	    stand(null, STDERR_FILENO) == -1 ||
	    lseek(STDIN_FILENO, (off_t)start->offset, SEEK_SET) == -1)
		_exit(127);
	closefrom(3);
	/* Somebody waits for a text. */
	if (priv_limit(RLIMIT_CPU, start->wanted == IPC_TEXT
				       ? CONVERT_TEXT_SECONDS
				       : CONVERT_SECONDS) == -1 ||
	    priv_limit(RLIMIT_FSIZE, convert_limit(start->octets)) == -1)
		_exit(127);
#ifndef SANDBOX_WATCHED /* which wants terabytes, a thread, descriptors */
	if (priv_limit(RLIMIT_NOFILE, 32) == -1 ||
	    priv_limit(RLIMIT_AS, MEMORY + 12 * start->octets) == -1 ||
	    priv_limit(RLIMIT_NPROC, 0) == -1)
		_exit(127);
#endif
	execve(CONVERT_PROGRAM, argv, envp);
	_exit(127);
}
