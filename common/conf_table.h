/* conf_table - settings as tables: what the files conf_*.c share. */
#ifndef COMMON_CONF_TABLE_H
#define COMMON_CONF_TABLE_H
#include "common/conf_lex.h"
#include <stddef.h>

struct conf_parse {
	struct conf_lex x;
	struct conf *conf;
	const struct conf_setting *row; /* the statement being read */
	void *base;		  /* the struct whose members the rows name */
	struct conf_relay *relay; /* whose block we are in, and there: */
	unsigned sought;   /* in which line it was said how hosts are found */
	bool starttls;	   /* a host of it asks for STARTTLS */
	bool tls;	   /* it says what TLS is to do */
	unsigned terminal; /* the line of terminal on, or off */
};

struct conf_setting {
	const char *name;
	int (*set)(struct conf_parse *);
	bool again; /* may stand more than once */
	size_t to;  /* the member, for those below that set just one */
};
#define CONF_ROWS_MAX 32 /* of a table */

/* The word at hand names a row of the table.  seen has the lines in which its
 * rows stood before, 0 for not yet.  All: 0, or -1 with the sentence in err. */
int conf_statement(struct conf_parse *, const struct conf_setting *table,
    size_t rows, unsigned seen[CONF_ROWS_MAX]);
/* The same of all words of a line, parted by semicolons.  The first word is at
 * hand. */
int conf_line(
    struct conf_parse *, const struct conf_setting *table, size_t rows);

/* Values of one member: bool, long (seconds), uint64_t (octets), char * (any
 * word; a path). */
int conf_set_yes(struct conf_parse *);
int conf_set_duration(struct conf_parse *);
int conf_set_size(struct conf_parse *);
int conf_set_word(struct conf_parse *);
int conf_set_path(struct conf_parse *);

/* What conf_parse's table is made of. */
int conf_set_relay(struct conf_parse *);
int conf_set_sender(struct conf_parse *);
int conf_set_route(struct conf_parse *);
int conf_set_terminal(struct conf_parse *);
int conf_set_senders(struct conf_parse *);
int conf_set_sessions(struct conf_parse *);
int conf_set_rate(struct conf_parse *);
int conf_set_alert(struct conf_parse *);
int conf_set_clients(struct conf_parse *);
/* At the end of the file: does each route lead to a relay? */
int conf_routes_lead(struct conf_parse *);

int conf_keep(struct conf_parse *, char **to); /* the word at hand, for good */
/* The words of the statement from the one at hand on, each of which ok (or
 * NULL) has looked at; to its end. */
int conf_words(
    struct conf_parse *, char ***list, size_t *n, int (*ok)(struct conf_lex *));
/* Room for one more at the end of a list, all zero; NULL: out of memory, and
 * the sentence is in err. */
void *conf_more(struct conf_parse *, void *list, size_t n, size_t size);
int conf_no_memory(struct conf_parse *);
/* host PORT, or /path: the word at hand and perhaps the next, for r. */
int conf_add_host(struct conf_parse *, struct conf_relay *r, bool socket);
/* A relay behind all others, with like's members and that name; NULL: out of
 * memory, and the sentence is in err. */
struct conf_relay *conf_new_relay(
    struct conf_parse *, struct span name, const struct conf_relay *like);
/* A relay of that name is made, or found if it was made so before. */
struct conf_relay *conf_anonymous(
    struct conf_parse *, const char *name, const struct conf_relay *like);
/* PATH, or HOST PORT: the relay for it.  Without a port, the one given. */
struct conf_relay *conf_lmtp(struct conf_parse *);
struct conf_relay *conf_smtp(struct conf_parse *);
void conf_relay_free(struct conf_relay *);
#endif
