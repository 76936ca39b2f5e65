/* goal - what expand.c and goal.c share: an expansion under way, and the goals
 * that it has found. */
#ifndef DELIVER_QUEUE_GOAL_H
#define DELIVER_QUEUE_GOAL_H
#include "deliver/queue/expand.h"

struct name;
RB_HEAD(names, name);

/* A .forward being followed: what it costs is its user's alone, and may be
 * taken back as if it had not been there. */
struct forward {
	struct forward *up; /* the one that led to it, or NULL */
	size_t members, octets;
	size_t goals;	   /* there were as many before */
	struct name *name; /* the last that was met before */
	bool wrong;	   /* an item of it could not be used */
};

/* What led to an item: the names above it, down to the address itself. */
struct frame {
	const struct frame *up;
	enum { BY_ADDRESS, BY_ALIAS, BY_FORWARD, BY_LIST } by;
	const char *name; /* the alias, the user, or the list's path */
	const char *user; /* as whom a command would run; NULL: nobody's */
	const char *from; /* the owner of the list, or NULL */
	unsigned depth;
};

struct work {
	const struct world *w;
	struct expansion *e;
	struct names seen;	 /* names and goals so far */
	struct name *last;	 /* of them */
	struct forward *forward; /* the innermost under way, or NULL */
	size_t members, octets;	 /* of all but those */
	bool no_memory;
	const char *status; /* over a limit: that, and why */
	struct buf over;
};

/* Has that been met before?  Now it has. */
bool goal_seen(struct work *, const char *kind, const char *text);
/* The names from the address down to f, for a person. */
void goal_way(const struct frame *f, struct buf *);
bool goal_above(const struct frame *, int by, const char *name);
/* A limit is passed; f, if not NULL, is named. */
void goal_over(
    struct work *, const char *status, const struct frame *, const char *text);
/* A new one; NULL: it is there already, or there is a reason for none. */
struct goal *goal_add(struct work *, const struct frame *, enum rcpt_what,
    const char *user, const char *addr);
/* g may be NULL. */
void goal_say(struct work *, struct goal *g, enum verdict, const char *status,
    const char *text);
void goal_not(struct work *, const struct frame *, const char *addr,
    enum verdict, const char *status, const char *text);
void goal_loop(struct work *, const struct frame *, const char *name);
void goal_box(struct work *, const char *user, const struct frame *);
void goal_command(struct work *, const char *text, const struct frame *);
void goal_file(struct work *, const char *path, const struct frame *);
/* Only the first n, or what was met up to last, stay. */
void goals_keep(struct expansion *, size_t n);
void goal_keep_names(struct work *, struct name *last);
#endif
