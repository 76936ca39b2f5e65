#include "deliver/queue/expand.h"
#include "common/addr.h"
#include "common/alias.h"
#include "common/printable.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What led to an item: the names above it, down to the address itself. */
struct frame {
	const struct frame *up;
	enum { BY_ADDRESS, BY_ALIAS, BY_FORWARD, BY_LIST } by;
	const char *name; /* the alias, the user, or the list's path */
	const char *user; /* as whom a command would run; NULL: nobody's */
	const char *from; /* the owner of the list, or NULL */
	unsigned depth;
};

struct name {
	RB_ENTRY(name) link;
	char text[];
};
RB_HEAD(names, name);

static int
order(const struct name *a, const struct name *b)
{
	return strcmp(a->text, b->text);
}
RB_GENERATE_INTERNAL(names, name, link, order, __attribute__((unused)) static)

struct work {
	const struct world *w;
	struct expansion *e;
	struct names seen;
	size_t octets;
	bool no_memory;
	const char *status; /* over a limit: that, and why */
	struct buf over;
};

static void follow_user(
    struct work *, const char *user, bool last, const struct frame *);
static void follow(
    struct work *, struct span addr, bool last, const struct frame *);

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
		buf_fmt(b, "file %s", addr);
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

/* Has that been met before?  Now it has. */
static bool
seen(struct work *x, const char *kind, const char *text)
{
	size_t len = strlen(kind) + strlen(text) + 1;
	struct name *n = calloc(1, sizeof *n + len);

	if (n == NULL) {
		x->no_memory = true;
		return true;
	}
	strlcpy(n->text, kind, len);
	strlcat(n->text, text, len);
	if (RB_INSERT(names, &x->seen, n) == NULL)
		return false;
	free(n);
	return true;
}

static void
way(const struct frame *f, struct buf *b)
{
	if (f->up)
		way(f->up, b);
	if (f->up)
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

static void
over(
    struct work *x, const char *status, const struct frame *f, const char *text)
{
	if (x->status)
		return;
	x->status = status;
	buf_str(&x->over, text);
	if (f)
		way(f, &x->over);
}

static struct goal *
add(struct work *x, const struct frame *f, enum rcpt_what what,
    const char *user, const char *addr)
{
	struct expansion *e = x->e;
	struct buf b = { 0 };
	struct goal *g;
	bool known;

	if (x->no_memory || x->status)
		return NULL;
	goal_key(what, user, addr, &b);
	known = seen(x, "", buf_c(&b));
	buf_free(&b);
	if (known)
		return NULL;
	if (e->n >= EXPAND_MEMBERS) {
		over(x, "5.5.3", NULL,
		    "its aliases have more than 10000 members");
		return NULL;
	}
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
	g = &e->goals[e->n++];
	*g = (struct goal){ .what = what, .status = "" };
	g->addr = copy(x, addr);
	g->user = copy(x, user);
	g->from = copy(x, f->from);
	if (x->w->ways) {
		way(f, &b);
		g->way = copy(x, buf_c(&b));
		buf_free(&b);
	}
	return g;
}

static void
say(struct work *x, struct goal *g, enum verdict v, const char *status,
    const char *text)
{
	if (g == NULL)
		return;
	g->verdict = v;
	g->status = status;
	g->text = copy(x, text);
}

static void
not_delivered(struct work *x, const struct frame *f, const char *addr,
    enum verdict v, const char *status, const char *text)
{
	say(x, add(x, f, TO_ADDRESS, NULL, addr), v, status, text);
}

static void
loop(struct work *x, const struct frame *f, const char *name)
{
	struct buf b = { 0 };

	buf_str(&b, "its aliases go round in a circle: ");
	way(f, &b);
	buf_str(&b, " -> ");
	printable_add(&b, span_of(name), 64);
	not_delivered(x, f, name, V_NEVER, "5.4.6", buf_c(&b));
	buf_free(&b);
}

static bool
above(const struct frame *f, int by, const char *name)
{
	for (; f; f = f->up)
		if ((int)f->by == by && strcmp(f->name, name) == 0)
			return true;
	return false;
}

static void
to_box(struct work *x, const char *user, const struct frame *f)
{
	struct buf addr = { 0 };

	buf_fmt(&addr, "%s@%s", user, x->w->conf->domain);
	add(x, f, TO_BOX, user, buf_c(&addr));
	buf_free(&addr);
}

static void
to_command(struct work *x, const char *text, const struct frame *f)
{
	struct buf addr = { 0 };

	buf_fmt(&addr, "|%s", text);
	if (f->user || x->w->conf->command_user)
		add(x, f, TO_COMMAND,
		    f->user ? f->user : x->w->conf->command_user, buf_c(&addr));
	else
		not_delivered(x, f, buf_c(&addr), V_NEVER, "5.3.5",
		    "no user is configured who runs the commands of aliases "
		    "(command-user)");
	buf_free(&addr);
}

static void
to_file(struct work *x, const char *path, const struct frame *f)
{
	const char *user = f->user ? f->user : x->w->conf->command_user;
	char owner[EXPAND_NAME];

	if (strcmp(path, "/dev/null") == 0) { /* as people write it */
		not_delivered(x, f, path, V_DONE, "2.0.0",
		    "thrown away, as its alias says (/dev/null)");
		return;
	}
	if (f->user == NULL && x->w->owner(x->w->arg, path, owner))
		user = owner;
	if (user)
		add(x, f, TO_FILE, user, path);
	else
		not_delivered(x, f, path, V_NEVER, "5.3.5",
		    "nobody is configured who writes the files of aliases "
		    "(command-user)");
}

static void follow_list(struct work *, const char *path, const struct frame *);

/* The items of a text: how many were good.  *wrong: some were not. */
static size_t
follow_items(
    struct work *x, struct alias_list list, const struct frame *f, bool *wrong)
{
	struct alias_item item = { 0 };
	size_t n = 0;
	int got;

	while (x->status == NULL && !x->no_memory &&
	       (got = alias_item(&list, &item)) != 0) {
		if (got == -1) {
			x->no_memory = true;
			break;
		}
		n += item.kind != ALIAS_BROKEN;
		switch (item.kind) {
		case ALIAS_ADDRESS:
			follow(x, buf_view(&item.text), item.last, f);
			break;
		case ALIAS_INCLUDE:
			follow_list(x, buf_c(&item.text), f);
			break;
		case ALIAS_COMMAND:
			to_command(x, buf_c(&item.text), f);
			break;
		case ALIAS_FILE:
			to_file(x, buf_c(&item.text), f);
			break;
		case ALIAS_BROKEN:
			*wrong = true;
			if (f->by != BY_ALIAS) /* told when the map was built */
				x->w->wrong(x->w->arg,
				    f->by == BY_LIST ? f->user : f->name,
				    f->by == BY_LIST ? f->name : NULL,
				    item.line, item.wrong);
			break;
		}
	}
	alias_item_free(&item);
	return n;
}

/* One step further down, unless that is too deep or too much. */
static bool
enter(struct work *x, const struct frame *f, size_t octets)
{
	x->octets += octets;
	x->e->plain = false;
	if (f->depth > EXPAND_DEPTH)
		over(x, "5.4.6", f, "its aliases are nested too deep: ");
	else if (x->octets > EXPAND_OCTETS)
		over(x, "5.3.4", NULL, "its lists are longer than 4 MiB");
	return x->status == NULL;
}

static void
follow_list(struct work *x, const char *path, const struct frame *f)
{
	struct frame down = { f, BY_LIST, path, f->user, f->from,
		f->depth + 1 };
	struct buf name = { 0 };
	struct text t;
	bool wrong = false;

	buf_fmt(&name, ":include:%s", path);
	if (above(f, BY_LIST, path)) {
		loop(x, f, buf_c(&name));
	} else {
		t = x->w->read(x->w->arg, f->user, path);
		if (t.status == TEXT_ASKED) {
			x->e->asks = true;
		} else if (t.status != TEXT_OK) {
			not_delivered(x, f, buf_c(&name), V_LATER, "4.3.5",
			    t.status == TEXT_NONE ? "there is no such list"
						  : t.why);
		} else if (enter(x, &down, t.text.len) &&
			   !seen(x, "list ", path)) {
			if (down.user == NULL)
				down.user = t.owner;
			follow_items(x, alias_lines(t.text), &down, &wrong);
		}
	}
	buf_free(&name);
}

static void
follow_user(struct work *x, const char *user, bool last, const struct frame *f)
{
	/* root's commands are not run as root. */
	struct frame down = { f, BY_FORWARD, user,
		strcmp(user, "root") == 0 ? NULL : user, f->from,
		f->depth + 1 };
	struct text t = { .status = TEXT_NONE };
	struct goal *g;
	bool wrong = false;

	if (!last && !x->w->bare) {
		if (above(f, BY_FORWARD, user)) {
			loop(x, f, user);
			return;
		}
		t = x->w->read(x->w->arg, user, NULL);
	}
	switch (t.status) {
	case TEXT_ASKED:
		x->e->asks = true;
		return;
	case TEXT_LATER:
		to_box(x, user, f);
		g = x->e->n ? &x->e->goals[x->e->n - 1] : NULL;
		if (g && g->what == TO_BOX && strcmp(g->user, user) == 0)
			say(x, g, V_LATER, "4.3.0", t.why);
		return;
	case TEXT_BAD:
		x->w->wrong(x->w->arg, user, NULL, 0, t.why);
		break;
	case TEXT_OK:
		if (!enter(x, &down, t.text.len) || seen(x, "forward ", user))
			return;
		/* What is wrong in it must not lose mail. */
		if (follow_items(x, alias_lines(t.text), &down, &wrong) &&
		    !wrong)
			return;
		break;
	case TEXT_NONE:
		break;
	}
	to_box(x, user, f);
}

static void
lower(char *s)
{
	for (; *s; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s += 'a' - 'A';
}

/* Who is told what becomes of a list's mail: owner-LIST, if there is one. */
static void
find_owner(struct work *x, const char *name, struct buf *out)
{
	struct buf key = { 0 }, items = { 0 };
	size_t local = strcspn(name, "@");

	if (strncmp(name, "owner-", 6) == 0 || strpbrk(name, " \t\"\\<>"))
		return;
	buf_fmt(&key, "owner-%.*s", (int)local, name);
	if (x->w->alias(x->w->arg, buf_view(&key), &items) == 1)
		buf_fmt(out, "%s@%s", buf_c(&key), x->w->conf->domain);
	buf_free(&key);
	buf_free(&items);
}

static void
follow_alias(
    struct work *x, const char *name, struct span items, const struct frame *f)
{
	struct frame down = { f, BY_ALIAS, name, NULL, f->from, f->depth + 1 };
	struct alias_entry entry = { .items = items, .line = 1 };
	struct buf owner = { 0 };
	bool wrong = false;

	if (above(f, BY_ALIAS, name)) {
		loop(x, f, name);
		return;
	}
	if (!enter(x, &down, items.len) || seen(x, "alias ", name))
		return;
	find_owner(x, name, &owner);
	if (owner.len)
		down.from = buf_c(&owner);
	follow_items(x, alias_items(&entry), &down, &wrong);
	buf_free(&owner);
}

/* A local name in the forms in which it is looked for. */
struct forms {
	char as[EXPAND_NAME];	/* as it is written */
	char low[EXPAND_NAME];	/* in lower case */
	char base[EXPAND_NAME]; /* without its +detail; "" if it has none */
	char domain[EXPAND_NAME];
};

static bool
make_forms(const struct addr *a, struct forms *n)
{
	struct buf name = { 0 };
	bool good;
	char *plus;

	*n = (struct forms){ 0 };
	addr_local(a->local, &name);
	good = name.len && name.len < EXPAND_NAME &&
	       a->domain.len < EXPAND_NAME && !span_has(buf_view(&name), '\0');
	if (good) {
		strlcpy(n->as, buf_c(&name), sizeof n->as);
		strlcpy(n->low, n->as, sizeof n->low);
		lower(n->low);
		plus = strchr(n->low, '+');
		if (plus && plus > n->low) {
			strlcpy(n->base, n->low, sizeof n->base);
			n->base[plus - n->low] = '\0';
		}
		if (a->domain.len)
			memcpy(n->domain, a->domain.ptr, a->domain.len);
		lower(n->domain);
	}
	buf_free(&name);
	return good;
}

/* Was there an alias, or cannot that be told? */
static bool
by_alias(struct work *x, const struct forms *n, const char *addr,
    const struct frame *f)
{
	char keys[4][2 * EXPAND_NAME] = { 0 };
	bool done = false;

	strlcpy(keys[1], n->low, sizeof keys[1]);
	strlcpy(keys[3], n->base, sizeof keys[3]);
	for (int i = 0; n->domain[0] && i < 4; i += 2) {
		if (keys[i + 1][0] == '\0')
			continue;
		strlcpy(keys[i], keys[i + 1], sizeof keys[i]);
		strlcat(keys[i], "@", sizeof keys[i]);
		strlcat(keys[i], n->domain, sizeof keys[i]);
	}
	for (int i = 0; i < 4 && !done; i++) {
		struct buf items = { 0 };
		int got;

		if (keys[i][0] == '\0')
			continue;
		/* alice: alice, bob - the inner one is the user. */
		if (f->by == BY_ALIAS && strcmp(f->name, keys[i]) == 0)
			return false;
		got = x->w->alias(x->w->arg, span_of(keys[i]), &items);
		done = got != 0;
		if (got == -1) {
			x->e->later |= f->up == NULL;
			not_delivered(x, f, addr, V_LATER, "4.3.5",
			    "the aliases of this machine cannot be read now");
		} else if (got == 1) {
			follow_alias(x, keys[i], buf_view(&items), f);
		}
		buf_free(&items);
	}
	return done;
}

static void
follow_local(struct work *x, const struct addr *a, const char *addr, bool last,
    const struct frame *f)
{
	static const struct addr root = { { "root", 4 }, { "", 0 } };
	const char *tries[3];
	char user[EXPAND_NAME];
	struct forms n;
	int got = 0;

	if (!make_forms(a, &n)) {
		not_delivered(x, f, addr, V_NEVER, "5.1.1",
		    "there is no such user on this machine");
		return;
	}
	/* In his own .forward a user's name is his mailbox. */
	if (f->by == BY_FORWARD && (strcasecmp(f->name, n.low) == 0 ||
				       strcasecmp(f->name, n.base) == 0)) {
		to_box(x, f->name, f);
		return;
	}
	if (!last && !x->w->bare && by_alias(x, &n, addr, f))
		return;
	tries[0] = n.as;
	tries[1] = n.low;
	tries[2] = n.base;
	for (int i = 0; i < 3 && got == 0; i++)
		if (tries[i][0])
			got = x->w->user(x->w->arg, tries[i], user);
	if (got == 1) {
		follow_user(x, user, last, f);
		return;
	}
	if (got == -1) {
		not_delivered(x, f, addr, V_LATER, "4.3.0",
		    "the user database does not answer");
		return;
	}
	/* There is always a postmaster (RFC 5321 4.5.1). */
	for (int i = 1; i < 3; i++)
		if (strcmp(tries[i], "postmaster") == 0 ||
		    strcmp(tries[i], "mailer-daemon") == 0) {
			follow_local(x, &root, "root", last, f);
			return;
		}
	not_delivered(x, f, addr, V_NEVER, "5.1.1",
	    "there is no such user on this machine");
}

static void
follow(struct work *x, struct span addr, bool last, const struct frame *f)
{
	struct addr a;
	char *text = span_dup(addr);

	if (text == NULL && errno == ENOMEM)
		x->no_memory = true;
	else if (text == NULL || addr_parse(addr, &a) != ADDR_OK)
		not_delivered(x, f, text ? text : "?", V_NEVER, "5.1.3",
		    "the address is malformed");
	else if (a.domain.len == 0 || conf_is_local(x->w->conf, a.domain))
		follow_local(x, &a, text, last, f);
	else
		add(x, f, TO_ADDRESS, NULL, text);
	free(text);
}

static void
forget_goals(struct expansion *e)
{
	for (size_t i = 0; i < e->n; i++) {
		free(e->goals[i].addr);
		free(e->goals[i].user);
		free(e->goals[i].from);
		free(e->goals[i].text);
		free(e->goals[i].way);
	}
	e->n = 0;
}

static void
forget_names(struct work *x)
{
	struct name *n, *next;

	for (n = RB_MIN(names, &x->seen); n; n = next) {
		next = RB_NEXT(names, &x->seen, n);
		RB_REMOVE(names, &x->seen, n);
		free(n);
	}
}

int
expand(const struct world *w, struct span addr, struct expansion *e)
{
	char *name = span_dup(addr);
	struct frame top = { .by = BY_ADDRESS, .name = name ? name : "?" };
	struct work x = { .w = w, .e = e, .seen = RB_INITIALIZER(0) };

	*e = (struct expansion){ .plain = true };
	follow(&x, addr, false, &top);
	if (x.status) { /* none of it, rather than a part of it */
		const char *status = x.status;

		forget_goals(e);
		forget_names(&x);
		x.status = NULL;
		e->asks = false;
		not_delivered(
		    &x, &top, top.name, V_NEVER, status, buf_c(&x.over));
	}
	forget_names(&x);
	buf_free(&x.over);
	free(name);
	errno = ENOMEM;
	return x.no_memory ? -1 : 0;
}

void
expansion_free(struct expansion *e)
{
	forget_goals(e);
	free(e->goals);
	*e = (struct expansion){ 0 };
}
