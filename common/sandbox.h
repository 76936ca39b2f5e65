/* sandbox - what a process may still call and open, given up for good: seccomp
 * and Landlock, as far as the kernel has them.  PR_SET_NO_NEW_PRIVS is set
 * before. */
#ifndef COMMON_SANDBOX_H
#define COMMON_SANDBOX_H
/* Where somebody looks over a program's shoulder, who makes calls of his own
 * and wants memory, that is left to him: ASan, and valgrind (make
 * check-valgrind). */
#if defined(__SANITIZE_ADDRESS__) || defined(WATCHED)
#define SANDBOX_WATCHED
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Rights of Landlock, by their bits: older headers do not name all of them. */
enum {
	SANDBOX_EXECUTE = 1 << 0,
	SANDBOX_READ = 1 << 2 | 1 << 3,
	SANDBOX_WRITE = 1 << 1 | 1 << 14,		  /* what is there */
	SANDBOX_MAKE = 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8, /* files, folders */
	SANDBOX_MOVE = 1 << 13, /* from folder to folder */
	SANDBOX_SPECIAL = 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12 |
			  1 << 15, /* devices, FIFOs, sockets, links */
	SANDBOX_CHANGE = SANDBOX_WRITE | SANDBOX_MAKE | SANDBOX_MOVE,
	SANDBOX_ALL = (1 << 16) - 1,
};
enum { /* of the network, from Landlock 4 on; the last two from 6 on */
	SANDBOX_LISTEN = 1 << 0, /* TCP */
	SANDBOX_CONNECT = 1 << 1,
	SANDBOX_ABSTRACT = 1 << 2, /* Unix sockets without a file */
	SANDBOX_SIGNAL = 1 << 3,   /* to who is not confined alike */
};

struct sandbox_path {
	const char *path; /* one that is not there is left out */
	unsigned rights;
};
struct sandbox {
	unsigned files, net;		  /* the rights that are given up, */
	const struct sandbox_path *paths; /* but for those beneath these */
	size_t npaths;
};

/* All: -1 with errno where the kernel has it and it failed (no memory): such a
 * process must not go on.  1: there is none of it here, 0: it holds. */

/* There is no Landlock, or none that could let it move a file from folder to
 * folder where it must (5.19). */
int sandbox_rules(const struct sandbox *);
/* Nothing of the file system may be used any more; beneath beneath (a folder's
 * descriptor, or -1 for none) only as allowed says (LANDLOCK_ACCESS_FS_*): what
 * this kernel does not know of it is left out. */
int sandbox_files(int beneath, uint64_t allowed);
/* No system call but these and what ends a process; all others are answered
 * with EPERM.  Numbers of SYS_*. */
int sandbox_calls(const int *calls, size_t n);

#define SANDBOX_CALLS 512 /* numbers from here on are answered with ENOSYS */
/* The same by a table of all; with unix_only no socket() but of AF_UNIX,
 * and no kill() but of signal 0. */
int sandbox_filter(const bool allowed[SANDBOX_CALLS], bool unix_only);
#endif
