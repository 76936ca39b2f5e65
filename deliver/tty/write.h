/* write - opening someone's terminal and writing to it, without being held up
 * by him and without ever reaching anyone else.  The kernel decides: the
 * process has group tty and nothing else, so that mesg n is EACCES. */
#ifndef DELIVER_TTY_WRITE_H
#define DELIVER_TTY_WRITE_H
#include "common/span.h"
#include <stdint.h>
#include <sys/types.h>

enum write_result {
	WRITE_OK,
	WRITE_REFUSED, /* mesg n, or someone wants it alone (TIOCEXCL) */
	WRITE_GONE,    /* hung up, or another's by now */
	WRITE_BUSY,    /* nothing was taken in time: stopped */
	WRITE_PART,    /* the rest was not taken in time */
	WRITE_ERROR,   /* anything else; errno tells */
};

struct write_terminal {
	int fd;
	unsigned columns; /* 0: not known */
	bool utf8;	  /* it decodes UTF-8 (IUTF8) */
};

/* Opens /dev/name (a name that who_name_ok took), if at that moment it is a
 * terminal of uid, of group tty and writable for it.  The caller closes fd. */
enum write_result write_open(
    int devfd, const char *name, uid_t uid, gid_t tty, struct write_terminal *);
/* One write of everything; what a slow terminal does not take at once follows
 * as it takes it, until deadline (write_clock).  *done: octets that it took. */
enum write_result write_text(
    int fd, struct span text, int64_t deadline, size_t *done);
int64_t write_clock(void); /* milliseconds, CLOCK_MONOTONIC */
#endif
