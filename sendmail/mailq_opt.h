/* mailq_opt - mailq's own command line: long options, and what is to be done
 * with which messages.  What old callers write, sendmail/opt.h knows.  Pure. */
#ifndef SENDMAIL_MAILQ_OPT_H
#define SENDMAIL_MAILQ_OPT_H
#include "common/buf.h"

struct mailq {
	enum mailq_what {
		MAILQ_LIST,
		MAILQ_JSON,
		MAILQ_CHECK,
		MAILQ_PROMETHEUS,
		MAILQ_FOLLOW,
		MAILQ_HELP,
		MAILQ_SHOW,
		MAILQ_RETRY,
		MAILQ_HOLD,
		MAILQ_RELEASE,
		MAILQ_REMOVE,
		MAILQ_BOUNCE,
		MAILQ_WHATS
	} what;
	long age, warning, critical; /* of check: seconds; 0: none */
	const char *file;	     /* of prometheus; NULL: standard output */
	const char *sender, *recipient, *domain; /* NULL: any */
	long older;				 /* seconds; 0: any */
	bool held, all, body, verbose;
	char select; /* -q: I, R or S; 0: none */
	bool select_not;
	const char *selected;
	char **ids; /* in argv */
	int nids;
};

/* What the agent calls it; NULL: it is none that works on messages. */
extern const char *const mailq_verb[MAILQ_WHATS];
/* Is this line, called mailq, in its own form? */
bool mailq_opt_own(int argc, char **argv);
/* 0; or EX_USAGE with a sentence in why.  The order of argv may change. */
int mailq_opt(int argc, char **argv, struct mailq *, struct buf *why);
#endif
