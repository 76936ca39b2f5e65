#include "deliver/join.h"
#include "common/log.h"
#include <unistd.h>

void
join(struct ipc *a, struct ipc *b)
{
	struct buf to_a = { 0 }, to_b = { 0 };
	int ends[2];

	if (ipc_pair(ends) == -1) {
		log_errno("agent: cannot join roles");
		return;
	}
	ipc_u8(&to_a, (uint8_t)b->peer);
	ipc_u8(&to_b, (uint8_t)a->peer);
	ipc_send(a, IPC_PEER, 0, &to_a, ends[0]);
	ipc_send(b, IPC_PEER, 0, &to_b, ends[1]);
	close(ends[0]);
	close(ends[1]);
	buf_free(&to_a);
	buf_free(&to_b);
}
