/* calls - the system calls of a role, in classes. */
#ifndef DELIVER_CALLS_H
#define DELIVER_CALLS_H

enum calls {
	CALLS_BASE = 1 << 0,	/* memory, time, waiting, what is open, to open
				   and look (Landlock says what), Unix sockets */
	CALLS_FILES = 1 << 1,	/* to change files */
	CALLS_SERVE = 1 << 2,	/* to accept, to watch folders */
	CALLS_NET = 1 << 3,	/* sockets of all families */
	CALLS_START = 1 << 4,	/* to become another program */
	CALLS_PROGRAM = 1 << 5, /* whatever an ordinary program calls: all, less
				   what changes the machine or looks into other
				   processes */
};

/* No others, for good: they fail with EPERM.  As sandbox_calls. */
int calls_set(enum calls);
#endif
