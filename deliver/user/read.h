/* read - a process that reads files of one user, as him: his .forward and the
 * lists he owns.  It writes nothing, runs nothing, and parses nothing. */
#ifndef DELIVER_USER_READ_H
#define DELIVER_USER_READ_H
#include "deliver/role.h"

void read_run(const struct role_start *);
#endif
