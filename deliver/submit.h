/* submit - the way in for those who cannot have the set-gid group: a socket
 * behind which the same sendmail runs, as the uid that the kernel names
 * (SO_PEERCRED).  The parent accepts and forks; it reads nothing.  The child,
 * already with that uid and no other right, receives words and descriptors
 * (common/run.h), runs sendmail and answers with its exit status. */
#ifndef DELIVER_SUBMIT_H
#define DELIVER_SUBMIT_H
#include "deliver/role.h"

/* Takes the listening socket over; keep must stay open in the children. */
int submit_listen(
    int fd, const struct conf *, const struct role_ids *, int keep);
void submit_ended(void); /* one of them has: there is room again */
void submit_stop(void);	 /* accepts nobody any more */
/* ROLE_SUBMIT */
void submit_run(const struct role_start *);
#endif
