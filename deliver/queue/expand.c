#include "deliver/queue/expand.h"
#include "common/addr.h"
#include "common/alias.h"
#include "common/printable.h"
#include "deliver/queue/goal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void follow_user(
    struct work *, const char *user, bool last, const struct frame *);
static void follow(
    struct work *, struct span addr, bool last, const struct frame *);

static void follow_list(
    struct work *, const char *path, unsigned line, const struct frame *);

/* Is f a .forward, or a list that one names? */
static bool
in_forward(const struct frame *f)
{
	while (f && f->by == BY_LIST)
		f = f->up;
	return f && f->by == BY_FORWARD;
}

/* An item of f cannot be used. */
static void
is_wrong(struct work *x, const struct frame *f, unsigned line, const char *what)
{
	if (in_forward(f))
		x->forward->wrong = true;
	if (f->by == BY_ALIAS) /* told when the map was built */
		return;
	x->w->wrong(x->w->arg, f->by == BY_LIST ? f->user : f->name,
	    f->by == BY_LIST ? f->name : NULL, line, what);
}

/* The items of a text: how many were good. */
static size_t
follow_items(struct work *x, struct alias_list list, const struct frame *f)
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
			follow_list(x, buf_c(&item.text), item.line, f);
			break;
		case ALIAS_COMMAND:
			goal_command(x, buf_c(&item.text), f);
			break;
		case ALIAS_FILE:
			goal_file(x, buf_c(&item.text), f);
			break;
		case ALIAS_BROKEN:
			is_wrong(x, f, item.line, item.wrong);
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
	size_t *sum = x->forward ? &x->forward->octets : &x->octets;

	*sum += octets;
	x->e->plain = false;
	if (f->depth > EXPAND_DEPTH)
		goal_over(x, "5.4.6", f, "its aliases are nested too deep: ");
	else if (x->forward && *sum > EXPAND_FORWARD_OCTETS)
		goal_over(x, "5.3.4", NULL,
		    "with its lists it is longer than 256 KiB");
	else if (*sum > EXPAND_OCTETS)
		goal_over(x, "5.3.4", NULL, "its lists are longer than 4 MiB");
	return x->status == NULL;
}

static void
follow_list(
    struct work *x, const char *path, unsigned line, const struct frame *f)
{
	struct frame down = { f, BY_LIST, path, f->user, f->from,
		f->depth + 1 };
	struct buf name = { 0 }, as = { 0 };
	struct text t;

	buf_fmt(&name, ":include:%s", path);
	/* Whoever names it besides takes nothing of it from the others. */
	buf_fmt(&as, "%s %s", f->user ? f->user : "", path);
	if (goal_above(f, BY_LIST, path)) {
		goal_loop(x, f, buf_c(&name));
	} else {
		t = x->w->read(x->w->arg, f->user, path);
		if (t.status == TEXT_ASKED) {
			x->e->asks = true;
		} else if (in_forward(f) &&
			   (t.status == TEXT_NONE || t.status == TEXT_BAD)) {
			buf_str(&name, t.status == TEXT_BAD ? ": " : "");
			buf_str(&name, t.status == TEXT_BAD
					   ? t.why
					   : ": there is no such list");
			is_wrong(x, f, line, buf_c(&name));
		} else if (t.status != TEXT_OK) {
			struct buf why = { 0 };

			buf_fmt(&why, "%s: %s", buf_c(&name),
			    t.status == TEXT_NONE ? "there is no such list"
						  : t.why);
			goal_not(
			    x, f, buf_c(&name), V_LATER, "4.3.5", buf_c(&why));
			buf_free(&why);
		} else if (enter(x, &down, t.text.len) &&
			   !goal_seen(x, "list ", buf_c(&as))) {
			if (down.user == NULL)
				down.user = t.owner;
			follow_items(x, alias_lines(t.text), &down);
		}
	}
	buf_free(&as);
	buf_free(&name);
}

/* The items of a user's .forward.  False: his mailbox is to have the mail,
 * instead or as well; what is wrong in a .forward must not lose any. */
static bool
follow_forward(struct work *x, const char *user, struct span text,
    const struct frame *down)
{
	struct forward own = { .up = x->forward };
	bool good;

	if (goal_seen(x, "forward ", user))
		return true;
	own.goals = x->e->n;
	own.name = x->last;
	x->forward = &own;
	good = enter(x, down, text.len) &&
	       follow_items(x, alias_lines(text), down) && !own.wrong;
	x->forward = own.up;
	if (x->status) {
		goals_keep(x->e, own.goals);
		goal_keep_names(x, own.name);
		x->w->wrong(x->w->arg, user, NULL, 0, buf_c(&x->over));
		x->status = NULL;
		buf_reset(&x->over);
		good = false;
	}
	return good;
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

	if (!last && !x->w->bare) {
		if (goal_above(f, BY_FORWARD, user)) {
			goal_loop(x, f, user);
			return;
		}
		t = x->w->read(x->w->arg, user, NULL);
	}
	switch (t.status) {
	case TEXT_ASKED:
		x->e->asks = true;
		return;
	case TEXT_LATER:
		goal_box(x, user, f);
		g = x->e->n ? &x->e->goals[x->e->n - 1] : NULL;
		if (g && g->what == TO_BOX && strcmp(g->user, user) == 0)
			goal_say(x, g, V_LATER, "4.3.0", t.why);
		return;
	case TEXT_BAD:
		x->w->wrong(x->w->arg, user, NULL, 0, t.why);
		break;
	case TEXT_OK:
		if (follow_forward(x, user, t.text, &down))
			return;
		break;
	case TEXT_NONE:
		break;
	}
	goal_box(x, user, f);
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

	if (goal_above(f, BY_ALIAS, name)) {
		goal_loop(x, f, name);
		return;
	}
	if (!enter(x, &down, items.len) || goal_seen(x, "alias ", name))
		return;
	find_owner(x, name, &owner);
	if (owner.len)
		down.from = buf_c(&owner);
	follow_items(x, alias_items(&entry), &down);
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
			goal_not(x, f, addr, V_LATER, "4.3.5",
			    "the aliases of this machine cannot be read now");
		} else if (got == 1) {
			follow_alias(x, keys[i], buf_view(&items), f);
		}
		buf_free(&items);
	}
	return done;
}

/* Behind an alias or a .forward the sender knows another name: both are said.
 */
static void
no_user(struct work *x, const char *addr, const struct frame *f)
{
	struct buf b = { 0 };

	buf_str(&b, "there is no such user on this machine");
	if (f->up) {
		buf_str(&b, ": ");
		goal_way(f, &b);
		buf_str(&b, " -> ");
		printable_add(&b, span_of(addr), 64);
	}
	goal_not(x, f, addr, V_NEVER, "5.1.1", buf_c(&b));
	buf_free(&b);
}

static void
follow_local(struct work *x, const struct addr *a, const char *addr, bool last,
    const struct frame *f)
{
	static const struct addr root = { { "root", 4 }, { "", 0 } };
	const char *tries[3];
	char user[EXPAND_NAME];
	struct forms n;
	enum text_user got = USER_NOT;

	if (!make_forms(a, &n)) {
		no_user(x, addr, f);
		return;
	}
	/* In his own .forward a user's name is his mailbox. */
	if (f->by == BY_FORWARD && (strcasecmp(f->name, n.low) == 0 ||
				       strcasecmp(f->name, n.base) == 0)) {
		goal_box(x, f->name, f);
		return;
	}
	if (!last && !x->w->bare && by_alias(x, &n, addr, f))
		return;
	tries[0] = n.as;
	tries[1] = n.low;
	tries[2] = n.base;
	for (int i = 0; i < 3 && got == USER_NOT; i++)
		if (tries[i][0])
			got = x->w->user(x->w->arg, tries[i], user);
	if (got == USER_IS) {
		follow_user(x, user, last, f);
		return;
	}
	if (got == USER_ASKED) {
		x->e->asks = true;
		return;
	}
	if (got == USER_LATER) {
		goal_not(x, f, addr, V_LATER, "4.3.0",
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
	no_user(x, addr, f);
}

static void
follow(struct work *x, struct span addr, bool last, const struct frame *f)
{
	struct addr a;
	char *text = span_dup(addr);

	if (text == NULL && errno == ENOMEM)
		x->no_memory = true;
	else if (text == NULL || addr_parse(addr, &a) != ADDR_OK)
		goal_not(x, f, text ? text : "?", V_NEVER, "5.1.3",
		    "the address is malformed");
	else if (a.domain.len == 0 || conf_is_local(x->w->conf, a.domain))
		follow_local(x, &a, text, last, f);
	else
		goal_add(x, f, TO_ADDRESS, NULL, text);
	free(text);
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

		goals_keep(e, 0);
		goal_keep_names(&x, NULL);
		x.status = NULL;
		x.members = 0;
		e->asks = false;
		goal_not(&x, &top, top.name, V_NEVER, status, buf_c(&x.over));
	}
	/* A list that is just being written, perhaps: its mail waits, as it
	 * would for a list that is not there. */
	if (e->n == 0 && !e->asks && !x.no_memory) {
		e->later = true;
		goal_not(&x, &top, top.name, V_LATER, "4.3.5",
		    "its list is empty, or nothing in it is right");
	}
	goal_keep_names(&x, NULL);
	buf_free(&x.over);
	free(name);
	errno = ENOMEM;
	return x.no_memory ? -1 : 0;
}
