/* liar - a packet that no role of ours would send. */
#ifndef TESTS_FUZZ_LIAR_H
#define TESTS_FUZZ_LIAR_H
#include "common/span.h"
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

/* Anything at all, the table's or not; it may find no room. */
__attribute__((unused)) static void
liar_send(int sock, unsigned type, uint32_t ref, struct span body, int fd)
{
	struct {
		uint16_t type, zero;
		uint32_t ref;
	} head = { (uint16_t)type, 0, ref };
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov[2] = { { &head, sizeof head },
		{ (void *)(uintptr_t)body.ptr, body.len } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };

	if (fd != -1) {
		struct cmsghdr *c;

		m.msg_control = control.space;
		m.msg_controllen = sizeof control.space;
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	(void)sendmsg(sock, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
}
#endif
