/* priv - the only file that changes uid, gid, groups, root or limits.  After a
 * change it tries to take the old identity back and ends the process if that
 * works. */
#ifndef COMMON_PRIV_H
#define COMMON_PRIV_H
#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

/* Set-gid program: the effective group is swapped for the real one until
 * priv_group_take, or for good.  Both end the process (70) on failure. */
void priv_group_park(void);
void priv_group_take(void);
void priv_group_drop(void);
/* Could this process make a file in a folder of that group and mode, with what
 * is parked? */
bool priv_group_can(gid_t folder, mode_t mode);

/* Not dumpable, no core, descriptors 0 to 2 open (on /dev/null if they were
 * not: 0 write-only so that reads fail), no signal blocked, no timer running,
 * SIGCHLD and SIGALRM at their defaults, SIGPIPE and SIGXFSZ ignored, umask 0.
 * -1: not even /dev/null opens. */
int priv_start(void);

#define PRIV_GROUPS 256 /* of a user; what he has beyond is left out */

struct priv_id {
	uid_t uid;
	gid_t gid;
	gid_t groups[PRIV_GROUPS]; /* supplementary */
	int ngroups;
	bool commands; /* runs its user's own commands: set-id programs work
			  there as at a login */
	gid_t aside;   /* for one priv_group_take; 0: none */
};
/* For good: groups, gid, uid, no_new_privs (but for commands); then proves that
 * they are gone,
 * asks to die with the parent (PR_SET_PDEATHSIG) and checks that the parent
 * is still there.  Ends the process on any failure. */
void priv_become(const struct priv_id *, pid_t parent, const char *role);
/* Raises the soft limit of descriptors to the hard one, at most want. */
void priv_descriptors(size_t want);
/* Lowers a limit (RLIMIT_CPU, ...) for good, to value or what it is: 0, or -1.
 */
int priv_limit(int resource, rlim_t value);
#endif
