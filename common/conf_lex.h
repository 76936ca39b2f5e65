/* conf_lex - bellman.conf(5) as words, one line at a time, and the sentences
 * about what is wrong in it. */
#ifndef COMMON_CONF_LEX_H
#define COMMON_CONF_LEX_H
#include "common/conf.h"

enum {
	CONF_LINE_MAX = 4096, /* octets, without the LF */
	CONF_FILE_MAX = 1 << 20,
};

enum conf_token {
	CONF_WORD,
	CONF_OPEN,
	CONF_CLOSE,
	CONF_SEMI,
	CONF_EOL,
	CONF_EOF,
	CONF_BAD /* the sentence is in err */
};

struct conf_lex {
	struct span rest; /* of the file, behind this line */
	struct span text; /* of this line */
	unsigned line;	  /* from 1 */
	const char *path;
	struct buf *err;
	enum conf_token token;
	struct span word; /* of CONF_WORD; valid until the next token */
	/* the statement being read, for its sentences */
	const char *name;
	unsigned from;		   /* its line */
	bool block;		   /* where ; and } end it too */
	char store[CONF_LINE_MAX]; /* words that had escapes in them */
};

enum conf_token conf_next(struct conf_lex *);
/* "PATH:LINE: " and the sentence into err; always -1. */
int conf_wrong(struct conf_lex *, unsigned line, const char *, ...)
    __attribute__((format(printf, 3, 4)));
/* The word as it may stand in a sentence: printable and short. */
#define CONF_SHOWN 64
const char *conf_show(struct span word, char shown[CONF_SHOWN]);
/* Letters to insert, delete or change to make a out of b. */
size_t conf_distance(struct span a, struct span b);

/* Values of the statement.  All: 0, or -1 with the sentence in err; those that
 * read a value look at x->word. */
int conf_need(struct conf_lex *, const char *what); /* the next word */
int conf_done(struct conf_lex *);  /* nothing more may follow */
int conf_ended(struct conf_lex *); /* the same, of the token at hand */
/* One of the words, NULL behind the last: its index. */
int conf_choose(struct conf_lex *, const char *const words[]);
int conf_duration(struct conf_lex *, long *seconds); /* s, m, h or d */
int conf_size(struct conf_lex *, uint64_t min, uint64_t *octets); /* K M G */
int conf_domain(struct conf_lex *); /* a domain's name? */
int conf_path(struct conf_lex *);   /* from the root, and without ".."? */
int conf_number(struct conf_lex *, unsigned min, unsigned max, unsigned *out);
#endif
