#include "deliver/user/read.h"
#include "deliver/ipc.h"
#include <stdlib.h>
#include <unistd.h>

#define PART 30000 /* octets of one packet */

static struct {
	const struct role_start *start;
	struct ipc queue;
} r;

/* Root's own is open already: this process is not root. */
static enum read_status
open_it(const char *path, int *fd, struct buf *why)
{
	const struct role_start *s = r.start;
	struct forward_owner owner = { s->home, s->uid, s->gid };

	if (s->uid != 0 || *path)
		return forward_open(&owner, path, fd, why);
	*fd = s->forward == -1 ? -1 : dup(s->forward);
	if (s->forward_why)
		buf_str(why, s->forward_why);
	return *fd == -1 && s->forward_status == READ_OK
		   ? READ_LATER
		   : (enum read_status)s->forward_status;
}

static void
answer(uint32_t ref, const char *path)
{
	struct buf text = { 0 }, why = { 0 }, end = { 0 };
	enum read_status status;
	int fd;

	status = open_it(path, &fd, &why);
	if (status == READ_OK)
		status = forward_read(
		    fd, *path ? READ_LIST_MAX : FORWARD_MAX, &text, &why);
	if (fd != -1)
		close(fd);
	for (size_t at = 0; status == READ_OK && at < text.len; at += PART) {
		struct buf part = { 0 };

		buf_add(&part, text.ptr + at,
		    text.len - at < PART ? text.len - at : PART);
		ipc_send(&r.queue, IPC_READ_TEXT, ref, &part, -1);
		buf_free(&part);
	}
	ipc_u8(&end, (uint8_t)status);
	ipc_span(&end, (struct span){ why.ptr, why.len < 600 ? why.len : 600 });
	ipc_send(&r.queue, IPC_READ_END, ref, &end, -1);
	buf_free(&text);
	buf_free(&why);
	buf_free(&end);
}

static void
got(struct ipc *c, struct ipc_msg *m)
{
	struct ipc_in in = { m->body, false };
	char *path;

	(void)c;
	if (m->fd != -1)
		close(m->fd);
	if (m->type != IPC_READ_ASK)
		exit(1); /* nothing else is done here */
	path = span_dup(ipc_get(&in));
	if (path == NULL || !ipc_end(&in))
		exit(1); /* a queue that does not keep to the table */
	answer(m->ref, path);
	free(path);
}

void
read_run(const struct role_start *start)
{
	r.start = start;
	r.queue = (struct ipc){ .got = got, .gone = ipc_end_with };
	if (ipc_open(&r.queue, start->fd, ROLE_USER, ROLE_QUEUE) == -1)
		return;
	loop_run();
}
