/* lines - an answer of the agent about the queue, as it comes.  Where no agent
 * runs root gets it from `deliver --mailq`, which reads the spool itself. */
#ifndef SENDMAIL_LINES_H
#define SENDMAIL_LINES_H
#include "common/buf.h"
#include <stdint.h>
#include <sys/types.h>

struct lines {
	int fd;
	pid_t child; /* or 0 */
	struct buf in;
	size_t used; /* octets of in that were given out */
};

/* Sends request and reads the first line of the answer: 0; or a sysexit with a
 * sentence in why.  lines_close in either case. */
int lines_open(struct lines *, const char *request, struct buf *why);
/* The next line, without its LF, good until the next call: 1; 0 at the end; -1:
 * it broke off. */
int lines_next(struct lines *, struct span *line);
/* Some of the octets that follow, at most: 1, 0 or -1. */
int lines_bytes(struct lines *, uint64_t most, struct span *bytes);
void lines_close(struct lines *);
#endif
