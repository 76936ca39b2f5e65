#include "deliver/queue/goal.h"
#include "common/printable.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BRIEF 64 /* octets shown of what is too long */

struct name {
	RB_ENTRY(name) link;
	struct name *before; /* was met before it, or NULL */
	char text[];
};
static int
order(const struct name *a, const struct name *b)
{
	return strcmp(a->text, b->text);
}
RB_GENERATE_INTERNAL(names, name, link, order, __attribute__((unused)) static)

void
goal_key(enum rcpt_what what, const char *user, const char *addr, struct buf *b)
{
	const char *at = strrchr(addr, '@');

	switch (what) {
	case TO_BOX:
		buf_fmt(b, "box %s", user);
		return;
	case TO_COMMAND:
		buf_fmt(b, "command %s %s", user, addr);
		return;
	case TO_FILE:
		buf_fmt(b, "file %s %s", user, addr);
		return;
	default:
		break;
	}
	buf_str(b, "address ");
	for (const char *p = addr; *p; p++)
		buf_chr(b, at && p > at && *p >= 'A' && *p <= 'Z'
			       ? (char)(*p + 'a' - 'A')
			       : *p);
}

bool
goal_seen(struct work *x, const char *kind, const char *text)
{
	size_t len = strlen(kind) + strlen(text) + 1;
	struct name *n = calloc(1, sizeof *n + len);

	if (n == NULL) {
		x->no_memory = true;
		return true;
	}
	strlcpy(n->text, kind, len);
	strlcat(n->text, text, len);
	if (RB_INSERT(names, &x->seen, n) == NULL) {
		n->before = x->last;
		x->last = n;
		return false;
	}
	free(n);
	return true;
}

/* Of the address that a sender has named and the alias that it is, one. */
static bool
says_twice(const struct frame *f)
{
	size_t n = strcspn(f->name, "@");

	return f->up == NULL || f->up->up || f->by != BY_ALIAS
		   ? false
		   : strncasecmp(f->name, f->up->name, n) == 0 &&
			 (f->up->name[n] == '\0' || f->up->name[n] == '@');
}

void
goal_way(const struct frame *f, struct buf *b)
{
	const struct frame *up = f->up && says_twice(f) ? NULL : f->up;

	if (up)
		goal_way(up, b);
	if (up)
		buf_str(b, f->by == BY_FORWARD ? " -> .forward of " : " -> ");
	printable_add(b, span_of(f->name), 64);
}

static char *
copy(struct work *x, const char *s)
{
	char *made = s ? strdup(s) : NULL;

	x->no_memory |= s && made == NULL;
	return made;
}

void
goal_over(
    struct work *x, const char *status, const struct frame *f, const char *text)
{
	if (x->status)
		return;
	x->status = status;
	buf_str(&x->over, text);
	if (f)
		goal_way(f, &x->over);
}

/* Has the journal a line for it (file_child)? */
static bool
writable(const char *user, const char *from, const char *addr)
{
	struct buf b = { 0 };
	bool fits;

	journal_add_word(&b, user);
	journal_add_word(&b, from);
	journal_add_word(&b, addr);
	fits = b.bad || b.len <= JOURNAL_WORDS;
	buf_free(&b);
	return fits;
}

/* Is there room for one more?  One is always had, be it the one that says
 * that there is not.  Of the whole, every .forward together leaves half. */
static bool
room(struct work *x)
{
	size_t all = x->e->n ? x->e->n + x->w->others : 0;

	if (x->forward && x->forward->members >= EXPAND_FORWARD)
		goal_over(x, "5.5.3", NULL, "it has more than 1000 members");
	else if (x->forward && all >= EXPAND_ALL / 2)
		goal_over(x, "5.5.3", NULL,
		    "with the members of its aliases the message has very "
		    "many recipients");
	else if (x->forward == NULL && x->members >= EXPAND_MEMBERS)
		goal_over(x, "5.5.3", NULL,
		    "its aliases have more than 10000 members");
	else if (x->forward == NULL && all >= EXPAND_ALL)
		goal_over(x, "5.5.3", NULL,
		    "with the members of its aliases the message has too many "
		    "recipients");
	return x->status == NULL;
}

struct goal *
goal_add(struct work *x, const struct frame *f, enum rcpt_what what,
    const char *user, const char *addr)
{
	struct expansion *e = x->e;
	struct buf b = { 0 };
	struct goal *g;
	char brief[BRIEF];
	bool known;

	if (x->no_memory || x->status)
		return NULL;
	/* It fails by itself, and keeps nobody else's mail up. */
	if (!writable(user, f->from, addr)) {
		snprintf(brief, sizeof brief, "%.*s...", BRIEF - 4, addr);
		goal_not(x, f, brief, V_NEVER, "5.1.3",
		    "this file or command has too long a name");
		return NULL;
	}
	goal_key(what, user, addr, &b);
	known = goal_seen(x, "", buf_c(&b));
	buf_free(&b);
	if (known)
		return NULL;
	if (!room(x))
		return NULL;
	if (e->n == e->space) {
		size_t space = e->space * 2 + 4;
		struct goal *more = reallocarray(e->goals, space, sizeof *more);

		if (more == NULL) {
			x->no_memory = true;
			return NULL;
		}
		e->goals = more;
		e->space = space;
	}
	if (x->forward)
		x->forward->members++;
	else
		x->members++;
	g = &e->goals[e->n++];
	*g = (struct goal){ .what = what, .status = "" };
	g->addr = copy(x, addr);
	g->user = copy(x, user);
	g->from = copy(x, f->from);
	if (x->w->ways) {
		goal_way(f, &b);
		g->way = copy(x, buf_c(&b));
		buf_free(&b);
	}
	return g;
}

void
goal_say(struct work *x, struct goal *g, enum verdict v, const char *status,
    const char *text)
{
	if (g == NULL)
		return;
	g->verdict = v;
	g->status = status;
	g->text = copy(x, text);
}

void
goal_not(struct work *x, const struct frame *f, const char *addr,
    enum verdict v, const char *status, const char *text)
{
	goal_say(x, goal_add(x, f, TO_ADDRESS, NULL, addr), v, status, text);
}

void
goal_loop(struct work *x, const struct frame *f, const char *name)
{
	struct buf b = { 0 };

	buf_str(&b, "its aliases go round in a circle: ");
	goal_way(f, &b);
	buf_str(&b, " -> ");
	printable_add(&b, span_of(name), 64);
	goal_not(x, f, name, V_NEVER, "5.4.6", buf_c(&b));
	buf_free(&b);
}

bool
goal_above(const struct frame *f, int by, const char *name)
{
	for (; f; f = f->up)
		if ((int)f->by == by && strcmp(f->name, name) == 0)
			return true;
	return false;
}

void
goal_box(struct work *x, const char *user, const struct frame *f)
{
	struct buf addr = { 0 };

	buf_fmt(&addr, "%s@%s", user, x->w->conf->domain);
	goal_add(x, f, TO_BOX, user, buf_c(&addr));
	buf_free(&addr);
}

void
goal_command(struct work *x, const char *text, const struct frame *f)
{
	struct buf addr = { 0 };

	buf_fmt(&addr, "|%s", text);
	if (f->user || x->w->conf->command_user)
		goal_add(x, f, TO_COMMAND,
		    f->user ? f->user : x->w->conf->command_user, buf_c(&addr));
	else
		goal_not(x, f, buf_c(&addr), V_NEVER, "5.3.5",
		    "no user is configured who runs the commands of aliases "
		    "(command-user)");
	buf_free(&addr);
}

void
goal_file(struct work *x, const char *path, const struct frame *f)
{
	const char *user = f->user ? f->user : x->w->conf->command_user;
	char owner[EXPAND_NAME];

	if (strcmp(path, "/dev/null") == 0) { /* as people write it */
		goal_not(x, f, path, V_DONE, "2.0.0",
		    "thrown away, as its alias says (/dev/null)");
		return;
	}
	if (f->user == NULL && x->w->owner(x->w->arg, path, owner))
		user = owner;
	if (user)
		goal_add(x, f, TO_FILE, user, path);
	else
		goal_not(x, f, path, V_NEVER, "5.3.5",
		    "nobody is configured who writes the files of aliases "
		    "(command-user)");
}

void
goals_keep(struct expansion *e, size_t n)
{
	for (size_t i = n; i < e->n; i++) {
		free(e->goals[i].addr);
		free(e->goals[i].user);
		free(e->goals[i].from);
		free(e->goals[i].text);
		free(e->goals[i].way);
	}
	e->n = n < e->n ? n : e->n;
}

void
goal_keep_names(struct work *x, struct name *last)
{
	struct name *n;

	while ((n = x->last) != last) {
		x->last = n->before;
		RB_REMOVE(names, &x->seen, n);
		free(n);
	}
}

void
expansion_free(struct expansion *e)
{
	goals_keep(e, 0);
	free(e->goals);
	*e = (struct expansion){ 0 };
}
