/* opt - the command line, as thirty years of callers write it. */
#ifndef SENDMAIL_OPT_H
#define SENDMAIL_OPT_H
#include "common/env.h"

enum mode {
	MODE_SUBMIT, /* -bm: a message on standard input */
	MODE_LIST,   /* -bp, or called mailq */
	MODE_RUN,    /* -q: deliver what waits, now */
	MODE_NOT_YET,
};

struct opt {
	enum mode mode;
	const char *not_yet; /* MODE_NOT_YET: what was asked for */
	bool from_header;    /* -t */
	bool dots;	     /* -i: a lone dot is text */
	bool wait;	     /* -odq */
	enum env_kind kind;
	enum env_body body;
	enum env_ret ret;
	unsigned notify;
	const char *sender;   /* -f, -r; NULL: the user */
	const char *fullname; /* -F */
	const char *envid;
	char **rcpts; /* into argv */
	int nrcpts;
};

/* 0; or -1 with a sentence in why (64). */
int opt_parse(int argc, char **argv, struct opt *, struct buf *why);
#endif
