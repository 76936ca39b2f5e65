/* data - the body of a stored message as DATA wants it (RFC 5321 4.5.2): read
 * piece by piece, LF becomes CRLF, a dot that begins a line is doubled.  Or as
 * BDAT wants it (RFC 3030): the same without any dots of ours.
 * Length and CRC-32C are checked while it streams: of what is stored, also
 * where another header goes in its place. */
#ifndef DELIVER_NET_DATA_H
#define DELIVER_NET_DATA_H
#include "common/buf.h"
#include <stdint.h>
#include <sys/types.h>

enum data_status {
	DATA_MORE,
	DATA_END,     /* whole and undamaged; the final dot is written, but not
			 for BDAT */
	DATA_DAMAGED, /* another length or sum; the final dot is not written */
	DATA_ERROR,   /* reading failed, errno; no final dot either */
};

struct data {
	int fd; /* the caller's */
	uint64_t offset, left;
	uint32_t want, sum;
	bool chunks; /* for BDAT; set after data_begin */
	bool inside; /* of a line: what comes is not its first octet */
	bool cr;     /* the last octet was a CR */
	const struct buf *head; /* goes in place of the first octets, */
	uint64_t skip;		/* so many; set after data_begin */
};

void data_begin(
    struct data *, int fd, uint64_t offset, uint64_t length, uint32_t sum);
/* Appends until out holds at least full octets, or to the end.  out may grow
 * beyond full by twice DATA_PIECE and a little. */
#define DATA_PIECE 32768
enum data_status data_more(struct data *, struct buf *out, size_t full);
#endif
