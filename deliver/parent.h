/* parent - the only process that stays root: starts the roles, joins them,
 * forks as a recipient when the queue asks, restarts, stops.  It parses no
 * byte of any message. */
#ifndef DELIVER_PARENT_H
#define DELIVER_PARENT_H
#include "deliver/role.h"

enum parent_pass { PASS_NONE, PASS_DUE, PASS_ALL };

/* The descriptors that it begins with; -1: there is none. */
struct parent_fds {
	int lock;    /* the agent's */
	int control; /* listening sockets: not there in a pass that systemd
			would start the agent beside, */
	int submit;  /* and in no pass */
	int secrets; /* systemd's credential */
};

/* Runs until a signal, the end of the pass, or, with idle, until nothing has
 * waited for a while.  A sysexit. */
int parent_run(const char *conf_path, struct conf *, const struct role_ids *,
    enum parent_pass, bool idle, const struct parent_fds *);
#endif
