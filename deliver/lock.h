/* lock - one agent at a time (common/run.h names the locks). */
#ifndef DELIVER_LOCK_H
#define DELIVER_LOCK_H
#include <stdbool.h>
#include <sys/types.h>

enum lock_result {
	LOCK_MINE,
	LOCK_RUNNING, /* another agent runs, and looks at new messages */
	LOCK_QUEUED,  /* another pass waits already, and will see all of it */
	LOCK_ERROR,   /* errno */
};

/* Makes this process the agent.  A pass waits for another pass to end; an agent
 * that is to stay has it end, and goes on with its work.  What is left of a
 * dead agent is given 5 s, then killed.  *fd is inherited by all roles and must
 * stay open; the file must not be opened again. */
enum lock_result lock_take(bool pass, int *fd, pid_t *other);
/* Says that this is a pass, which SIGTERM ends in good order. */
int lock_pass(int fd);
/* Says that new messages will be seen, or no longer. */
int lock_resident(int fd, bool on);
#endif
