/* token - tokens and passwords that a command prints, asked of the parent, and
 * kept until they expire.
 *
 * The first line is the token.  A second line that is a number says for how
 * many seconds it is good; else it is kept for five minutes. */
#ifndef DELIVER_NET_TOKEN_H
#define DELIVER_NET_TOKEN_H
#include "deliver/ipc.h"

#define TOKEN_OCTETS 8192 /* of a token */
#define TOKEN_KEEP 300	  /* seconds */

struct token_ask {
	TAILQ_ENTRY(token_ask) link;
	struct tokens *all; /* NULL: not asked */
	uint32_t ref;
	const char *relay; /* the caller's, as long as the settings */
	uint8_t which;	   /* 0: token, 1: password */
	/* Once, from the loop.  text is NULL when there is none: why. */
	void (*got)(struct token_ask *, const char *text, const char *why);
	struct loop_timer timer;
};

struct token_kept;
struct tokens {
	struct ipc *parent;
	int64_t second; /* ms */
	uint32_t last;
	TAILQ_HEAD(, token_ask) asks;
	TAILQ_HEAD(, token_kept) kept;
};

void tokens_init(struct tokens *, struct ipc *parent, int64_t second);
void tokens_free(struct tokens *); /* wipes */
/* got, relay and which are set before. */
void token_ask(struct tokens *, struct token_ask *, int64_t patience_ms);
void token_cancel(struct token_ask *);
void token_forget(struct tokens *, const char *relay); /* it was refused */
/* IPC_TOKEN, IPC_NOTOKEN */
void tokens_answer(struct tokens *, const struct ipc_msg *);
/* What a command has printed: 0, or -1 when it is no token. */
int token_parse(struct span printed, struct span *token, int64_t *seconds);
#endif
