/* queue - role bellman: owns the spool.  Takes over what sendmail wrote,
 * routes, starts attempts, writes the journals, makes bounces, answers on the
 * control socket. */
#ifndef DELIVER_QUEUE_QUEUE_H
#define DELIVER_QUEUE_QUEUE_H
#include "deliver/role.h"

void queue_run(const struct role_start *);
#endif
