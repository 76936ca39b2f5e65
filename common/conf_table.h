/* conf_table - settings as tables: what conf_parse and conf_relay share. */
#ifndef COMMON_CONF_TABLE_H
#define COMMON_CONF_TABLE_H
#include "common/conf_lex.h"

struct conf_parse {
	struct conf_lex x;
	struct conf *conf;
	struct conf_relay *relay; /* whose block we are in */
	bool starttls;		  /* a host of it asks for STARTTLS */
};

/* A word of the file.  One that this version does not act upon is known all the
 * same, and an error: mail would take another way than is written there. */
struct conf_setting {
	const char *name;
	int (*set)(struct conf_parse *);
	bool again;	    /* may stand more than once */
	const char *cannot; /* what this version does not do */
};
#define CONF_ROWS_MAX 16 /* of a table */

/* The word at hand names a row of the table.  seen has the lines in which its
 * rows stood before, 0 for not yet.  All: 0, or -1 with the sentence in err. */
int conf_statement(struct conf_parse *, const struct conf_setting *table,
    size_t rows, unsigned seen[CONF_ROWS_MAX]);
/* relay HOST PORT, which is short for relay main { host HOST PORT }, or relay
 * NAME { ... } */
int conf_set_relay(struct conf_parse *);
int conf_keep(struct conf_parse *, char **to); /* the word at hand, for good */
int conf_no_memory(struct conf_parse *);
int conf_cannot(struct conf_lex *, const char *what);
#endif
