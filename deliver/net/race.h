/* race - connects to one of several addresses (RFC 8305): they begin one after
 * the other, a little apart or as soon as the one before has failed; the first
 * that is up wins, the others are closed.  Never blocks.  What happens is told
 * by over(), from the loop only; it may free the race's memory. */
#ifndef DELIVER_NET_RACE_H
#define DELIVER_NET_RACE_H
#include "deliver/loop.h"
#include <stddef.h>
#include <sys/socket.h>

#define CONN_ADDRS 16  /* addresses of a host that are looked at */
#define RACE_PARTS 120 /* of patience lie between two: 250 ms of 30 s */

struct conn_addr {
	socklen_t len;
	struct sockaddr_storage sa; /* also a sockaddr_un */
};

struct race {
	/* fd is connected and the caller's; or -1: there is no address left. */
	void (*over)(struct race *, int fd);
	struct conn_addr addrs[CONN_ADDRS];
	size_t n, at; /* at: the winner, or the last one that failed */
	int error;    /* errno of that failure; 0: none has */
	/* inside */
	struct lane {
		struct race *race;
		struct loop_fd io; /* fd -1: not under way */
		int64_t until;
		bool used; /* it has failed, or has won */
	} lanes[CONN_ADDRS];
	int64_t patience, begin_after;
	struct loop_timer timer;
};

/* Each has patience_ms. */
void race_begin(struct race *, const struct conn_addr *, size_t n,
    int64_t patience_ms, void (*over)(struct race *, int fd));
/* The winner was of no use: those that have not failed race again. */
void race_next(struct race *);
/* The winner once more, before all others. */
void race_again(struct race *);
void race_stop(struct race *); /* also of a zeroed one */
#endif
