/* verb - what each command of -bs does.  The dialogue's table has seen to it
 * that the state is one in which it is legal. */
#ifndef SENDMAIL_VERB_H
#define SENDMAIL_VERB_H
#include "sendmail/dialogue.h"

enum verb_args { ARGS_NONE, ARGS_MAY, ARGS_MUST };
enum {			   /* where it is offered */
	VERB_LOCAL = 1,	   /* not to a network */
	VERB_TERMINAL = 2, /* only with terminals switched on */
};

struct verb {
	const char *name;
	unsigned legal; /* enum dialogue_state */
	enum verb_args args;
	unsigned where;
	void (*act)(struct dialogue *, const struct verb *, struct span args);
	const char *ehlo; /* its line in the answer to EHLO; or NULL */
	const char *help;
};

/* The row of a name, or of a loose form of it (HELLO, SMOL, SMAL); or NULL. */
const struct verb *verb_find(struct span name);
/* Offered in this session? */
bool verb_offered(const struct dialogue *, const struct verb *);
/* Ends a transaction: nothing of it stays. */
void verb_reset(struct dialogue *);
/* Octets of the message, dots and chunks taken off. */
void verb_text(struct dialogue *, struct span);
/* The text is whole, or has failed: 250, or why not. */
void verb_text_over(struct dialogue *);
void verb_chunk_over(struct dialogue *);

/* The transaction's (verb_mail.c). */
void verb_mail(struct dialogue *, const struct verb *, struct span);
void verb_rcpt(struct dialogue *, const struct verb *, struct span);
void verb_data(struct dialogue *, const struct verb *, struct span);
void verb_bdat(struct dialogue *, const struct verb *, struct span);
/* Those that ask (verb_ask.c). */
void verb_vrfy(struct dialogue *, const struct verb *, struct span);
void verb_expn(struct dialogue *, const struct verb *, struct span);
void verb_etrn(struct dialogue *, const struct verb *, struct span);
#endif
