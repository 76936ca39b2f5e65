/* parent - the only process that stays root: starts the roles, joins them,
 * forks as a recipient when the queue asks, restarts, stops.  It parses no
 * byte of any message. */
#ifndef DELIVER_PARENT_H
#define DELIVER_PARENT_H
#include "deliver/role.h"

enum parent_pass { PASS_NONE, PASS_DUE, PASS_ALL };

/* Runs until a signal, or the end of the pass.  lock is the agent's lock,
 * control and submit (-1 in a pass) the listening sockets, secrets systemd's
 * credential or -1.  A sysexit. */
int parent_run(const char *conf_path, struct conf *, const struct role_ids *,
    enum parent_pass, int lock, int control, int submit, int secrets);
#endif
