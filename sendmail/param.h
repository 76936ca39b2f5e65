/* param - the paths and parameters of MAIL and RCPT (RFC 5321 4.1.1.11,
 * RFC 3461 4, RFC 6152, RFC 1870, RFC 6531).  No I/O. */
#ifndef SENDMAIL_PARAM_H
#define SENDMAIL_PARAM_H
#include "common/env.h"

/* Cuts "FROM:<path>" or "TO: path" off *args: the path without blanks around
 * it, and in *args what follows.  0, or -1: it does not begin so. */
int param_path(struct span *args, struct span keyword, struct span *path);

/* 0, or the code of the refusal: 501, 552 or 555. */
struct param_mail {
	enum env_body body;
	enum env_ret ret;
	struct span envid; /* ptr NULL: none */
	uint64_t size;
	bool requiretls;
};
int param_mail(struct span params, struct param_mail *);
struct param_rcpt {
	unsigned notify;
	struct span orcpt;
};
int param_rcpt(struct span params, struct param_rcpt *);
#endif
