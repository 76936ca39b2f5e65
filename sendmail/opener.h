/* opener - the child of -bs that alone keeps the set-gid group: it reads
 * nothing but one octet a request, and answers with a new, empty, locked file
 * in the spool.  Whoever speaks to the dialogue never speaks to the group. */
#ifndef SENDMAIL_OPENER_H
#define SENDMAIL_OPENER_H
#include "common/conf.h"
#include "common/spool.h"

struct opener {
	int fd; /* to the child; -1: none */
};

/* Before the first octet of the dialogue; the group must be parked, and is gone
 * from this process for good.  0, or -1 with errno. */
int opener_start(struct opener *, const struct conf *);
/* A descriptor of the file, and one of its folder in *dir; or -1 with errno. */
int opener_file(struct opener *, int *dir, char id[SPOOL_IDSIZE]);
void opener_stop(struct opener *);
#endif
