/* conn - one connection: connects to one of several addresses (race), carries
 * bytes, never blocking.  What happens is told through happened(), from the
 * loop only, never from within a call; happened() may close the connection and
 * free its memory. */
#ifndef DELIVER_NET_CONN_H
#define DELIVER_NET_CONN_H
#include "common/buf.h"
#include "deliver/net/race.h"
#include "deliver/net/tls.h"

enum conn_event {
	CONN_UP,
	CONN_SECURE,   /* the handshake of conn_starttls is done */
	CONN_INSECURE, /* it has failed: why tells; nothing was sent */
	CONN_DATA,     /* in has grown */
	CONN_ROOM,     /* some of out was taken */
	CONN_LOST,     /* closed or broken: error tells, 0 is an orderly end */
	CONN_TIMEOUT,  /* see conn_patience */
	CONN_TOO_LONG, /* see conn_limit */
	CONN_FAILED,   /* no address is left; error is the last one's, 0 if that
			  was connected to */
};

struct conn {
	void (*happened)(struct conn *, enum conn_event);
	struct buf in;
	struct buf out; /* append, then conn_flush */
	bool secret;	/* what goes out is wiped behind it */
	bool more; /* the owner would append more: CONN_ROOM when out is empty,
		      too */
	int error;
	struct buf why;	 /* of CONN_INSECURE, a sentence */
	struct tls *tls; /* NULL: plain text */
	uint64_t taken;	 /* octets that the kernel took from out, ever */
	char name[112];	 /* "192.0.2.25:25", of the address in use; a path */
	/* inside */
	struct loop_fd io;
	struct loop_timer step, limit;
	struct race race;
	size_t sent; /* octets at the front of out that are gone */
	bool up, broken, shaking;
};

void conn_init(struct conn *, void (*happened)(struct conn *, enum conn_event));
/* Races for one of addrs, patience_ms each. */
void conn_open(
    struct conn *, const struct conn_addr *, size_t n, int64_t patience_ms);
/* Closes, and tries the addresses that have not failed: CONN_FAILED when there
 * is none. */
void conn_next(struct conn *);
/* The same address once more. */
void conn_again(struct conn *);
/* From here on all is TLS.  out is empty, and so must in be: plain text that
 * came before the handshake could be anybody's (CONN_INSECURE).  The time of
 * conn_patience is the handshake's. */
void conn_starttls(struct conn *, struct tls_store *, const struct tls_want *);
void conn_flush(struct conn *);
size_t conn_pending(const struct conn *); /* octets not yet taken */
/* CONN_TIMEOUT comes after so many ms, unless it is set anew. */
void conn_patience(struct conn *, int64_t ms);
/* CONN_TOO_LONG: the same, but never moved by progress; 0 takes it away. */
void conn_limit(struct conn *, int64_t ms);
void conn_close(struct conn *); /* frees what is inside; may be repeated */
#endif
