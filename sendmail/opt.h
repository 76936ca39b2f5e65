/* opt - the command line, as thirty years of callers write it: options joined
 * to their values or not, grouped, of Sendmail 8 and of those that replaced
 * it.  Those without meaning here are passed over; those that would mislead,
 * were they passed over, are refused.  None names a file that is opened. */
#ifndef SENDMAIL_OPT_H
#define SENDMAIL_OPT_H
#include "common/env.h"
#include "sendmail/mailq_opt.h"

enum mode {
	MODE_SUBMIT,  /* -bm: a message on standard input */
	MODE_SMTP,    /* -bs: SMTP on standard input and output */
	MODE_LIST,    /* -bp, or called mailq */
	MODE_VERIFY,  /* -bv: what would happen to mail for these addresses */
	MODE_ALIASES, /* -bi, -I, or called newaliases */
	MODE_RUN,     /* -q: deliver what waits, now */
	MODE_CHECK,   /* mailq --check: how it is, for a monitor */
	MODE_QUEUE,   /* mailq, whatever else: see mailq */
	MODES
};

struct opt {
	uid_t uid; /* the submitter: main sets it */
	enum mode mode;
	const char *program; /* the name it was called by */
	bool from_header;    /* -t */
	bool dots;	     /* -i: a lone dot is text */
	bool wait;	     /* -odq */
	bool verbose;	     /* -v: tell what becomes of the message */
	bool tell;  /* called tell: to terminals, and wait for the word */
	bool quiet; /* -oeq: the exit status says it all */
	enum env_kind kind;
	enum env_body body;
	enum env_ret ret;
	unsigned notify;
	long age;	      /* --check=AGE, in seconds; 0: the setting's */
	struct mailq mailq;   /* of MODE_LIST, MODE_CHECK, MODE_QUEUE */
	char select;	      /* -q: I, R or S; 0: all */
	bool select_not;      /* -q!... */
	const char *selected; /* what the id, recipient or sender contains */
	const char *sender;   /* -f, -r; NULL: the user */
	const char *fullname; /* -F */
	const char *envid;
	char **rcpts; /* into argv */
	int nrcpts;
};

/* Of the names that the program has, the one that it was called by; it speaks
 * under it. */
const char *opt_program(const char *argv0);

/* 0; or a sysexit with a sentence in why.  *o is whole in either case. */
int opt_parse(int argc, char **argv, struct opt *, struct buf *why);
#endif
