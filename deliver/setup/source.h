/* source - the mailers whose settings can be taken over: a row each.  Their
 * parsers are pure: texts of files in, a plan out. */
#ifndef DELIVER_SETUP_SOURCE_H
#define DELIVER_SETUP_SOURCE_H
#include "deliver/setup/plan.h"

enum {
	SOURCE_FIXED = 8,			 /* files with fixed names */
	SOURCE_FILES = SOURCE_FIXED + PLAN_WANT, /* and those they name */
	SOURCE_TEXT = 1 << 20,			 /* octets of one */
};

struct source_files { /* what is there of them; the caller's */
	struct {
		const char *path;
		struct span text;
	} file[SOURCE_FILES];
	size_t n;
};

struct source {
	const char *name, *title; /* "postfix", "Postfix" */
	const char
	    *paths[SOURCE_FIXED]; /* the first one says that it is here */
	/* May be called again with the files in p->want besides. */
	void (*parse)(const struct source_files *, struct plan *);
};
extern const struct source sources[];
extern const size_t nsources;

const struct source *source_named(const char *name); /* or NULL */
/* The text; false: there is no such file. */
bool source_text(const struct source_files *, struct span path, struct span *);

/* A setting as one of the files has it. */
struct setting {
	struct span name, value;
	unsigned line;
};
/* What becomes of the settings of a file, by name; a '*' at the end of a name
 * stands for anything.  The first row that fits counts. */
struct known {
	const char *name;
	const char *why; /* the sentence's end, or NULL: it needs none */
};
/* A sentence for a setting that is not taken over. */
void source_unknown(struct plan *, const char *path, const struct setting *,
    const struct known *, size_t n);

/* The next line that says something: blanks trimmed, without CR, not empty and
 * no # comment.  False at the end.  *line counts from 0. */
bool source_line(struct span *rest, unsigned *line, struct span *text);
/* The next word of *rest, parted by blanks; '...' and "..." are taken off, and
 * a backslash in "..." before " or \.  out gets it.  False: there is none. */
bool source_word(struct span *rest, struct buf *out);
/* Without '...' or "..." around all of it. */
struct span source_unquote(struct span);
bool source_yes(struct span); /* yes, true, on, 1 */

void postfix_parse(const struct source_files *, struct plan *);
void exim4_parse(const struct source_files *, struct plan *);
void dma_parse(const struct source_files *, struct plan *);
void nullmailer_parse(const struct source_files *, struct plan *);
void msmtp_parse(const struct source_files *, struct plan *);
#endif
