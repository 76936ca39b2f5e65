#include "deliver/setup/root.h"
#include "common/alias.h"
#include "common/printable.h"
#include "common/whole.h"
#include "deliver/account.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MOST (256 << 20) /* octets of the aliases */
#define DEPTH 20	 /* names below root */
#define STEPS 100	 /* names in all */
#define SHOWN 8		 /* of those who have it */

struct look {
	const struct conf *conf;
	struct span aliases;
	struct span above[DEPTH]; /* the names that led to the one at hand */
	size_t depth;
	struct buf to[SHOWN];
	size_t n, steps;
	bool more, by_alias;
};

static void follow(struct look *, struct span name);

/* What root sends to domain: by, or returned. */
static void
relay(const struct conf *c, struct span domain, const char *by,
    const char *returned, struct buf *out)
{
	struct buf root = { 0 };
	const struct conf_relay *r;

	buf_fmt(&root, "root@%s", c->domain);
	r = conf_route(c, buf_view(&root), domain);
	buf_str(out, r->none ? returned : by);
	if (!r->none)
		printable_add(out, span_of(r->name), 512);
	for (size_t i = 0; !r->none && i < c->nsenders_as; i++)
		if (conf_sender_fits(
			c->senders_as[i].pattern, buf_view(&root))) {
			buf_str(out, ", as from <");
			printable_add(out, span_of(c->senders_as[i].addr), 512);
			buf_chr(out, '>');
			break;
		}
	buf_free(&root);
}

void
root_leaves(const struct conf *c, struct span domain, struct buf *out)
{
	relay(c, domain, " goes to the relay ", " is returned", out);
}

/* One more who has it; and frees b. */
static void
add(struct look *l, struct buf *b)
{
	for (size_t i = 0; i < l->n; i++)
		if (span_eq(buf_view(&l->to[i]), buf_view(b))) {
			buf_free(b);
			return;
		}
	if (l->n == SHOWN) {
		l->more = true;
		buf_free(b);
		return;
	}
	l->to[l->n++] = *b;
}

static void
add_text(struct look *l, const char *what, struct span text)
{
	struct buf b = { 0 };

	buf_str(&b, what);
	printable_add(&b, text, 512);
	add(l, &b);
}

/* No alias has that name. */
static void
add_user(struct look *l, struct span name)
{
	struct span rest = name;
	char *user = span_dup(span_cut(&rest, '+'));
	struct buf b = { 0 };

	if (user && account_find(user)) {
		add_text(l, "the mailbox of ", span_of(user));
	} else {
		int error = user ? errno : ENOMEM;

		printable_add(&b, name, 512);
		if (error)
			buf_fmt(&b,
			    " (whether that is a user cannot be read: %s)",
			    strerror(error));
		else
			buf_str(&b, " (no user here)");
		add(l, &b);
	}
	free(user);
}

static void
add_address(struct look *l, struct span addr, bool last)
{
	struct span local = addr, domain = { NULL, 0 };
	const char *at = addr.len ? memrchr(addr.ptr, '@', addr.len) : NULL;
	struct buf b = { 0 };

	if (at) {
		local.len = (size_t)(at - addr.ptr);
		domain = span_from(addr, local.len + 1);
	}
	if (domain.len == 0 || conf_is_local(l->conf, domain)) {
		if (last)
			add_user(l, local);
		else
			follow(l, local);
		return;
	}
	buf_chr(&b, '<');
	printable_add(&b, addr, 512);
	buf_str(&b, "> (");
	relay(l->conf, domain, "by the relay ", "which is returned", &b);
	buf_chr(&b, ')');
	add(l, &b);
}

static void
add_item(struct look *l, const struct alias_item *item)
{
	struct span text = buf_view(&item->text);

	switch (item->kind) {
	case ALIAS_ADDRESS:
		add_address(l, text, item->last);
		break;
	case ALIAS_INCLUDE:
		add_text(l, "the members of ", text);
		break;
	case ALIAS_COMMAND:
		add_text(l, "the command |", text);
		break;
	case ALIAS_FILE:
		add_text(l, "the file ", text);
		break;
	case ALIAS_BROKEN:
		break;
	}
}

/* Of an entry: how many of its items are good; each is told of if wanted. */
static size_t
items(struct look *l, const struct alias_entry *e, bool wanted)
{
	struct alias_list list = alias_items(e);
	struct alias_item item = { 0 };
	size_t good = 0;

	while (alias_item(&list, &item) == 1) {
		good += item.kind != ALIAS_BROKEN;
		if (wanted)
			add_item(l, &item);
	}
	alias_item_free(&item);
	return good;
}

/* Its alias, of which the first counts; one without a good item is none. */
static bool
by_alias(struct look *l, struct span name)
{
	struct span rest = l->aliases;
	struct alias_entry e = { 0 };
	unsigned line = 0;
	bool found = false;

	while (!found && alias_next(&rest, &line, &e) == 1)
		if (!e.wrong && span_ieq(buf_view(&e.name), name) &&
		    items(l, &e, false)) {
			found = l->by_alias = true;
			l->above[l->depth++] = name;
			items(l, &e, true);
			l->depth--;
		}
	alias_entry_free(&e);
	return found;
}

static void
follow(struct look *l, struct span name)
{
	for (size_t i = 0; i < l->depth; i++)
		if (span_ieq(l->above[i], name)) {
			/* alice: alice, bob - the inner one is the user. */
			if (i + 1 == l->depth)
				add_user(l, name);
			else
				add_text(l, "nobody, in a circle, by ", name);
			return;
		}
	if (l->depth == DEPTH || ++l->steps > STEPS)
		l->more = true;
	else if (!by_alias(l, name))
		add_user(l, name);
}

void
root_stays(const struct conf *c, struct buf *out)
{
	struct look l = { .conf = c };
	struct buf text = { 0 };
	struct buf *last;

	if (whole_read(c->aliases, MOST, &text) == -1 && errno != ENOENT) {
		buf_str(out, " goes where ");
		printable_add(out, span_of(c->aliases), 512);
		buf_fmt(
		    out, " says, which cannot be read: %s", strerror(errno));
	} else {
		l.aliases = buf_view(&text);
		follow(&l, SPAN("root"));
		buf_str(out, " goes");
		if (l.by_alias) {
			buf_str(out, ", by ");
			printable_add(out, span_of(c->aliases), 512);
			buf_chr(out, ',');
		}
		buf_str(out, " to ");
	}
	last = l.n && !l.more ? &l.to[l.n - 1] : NULL;
	for (size_t i = 0; i < l.n; i++) {
		buf_str(out, i == 0 ? "" : &l.to[i] == last ? " and " : ", ");
		buf_span(out, buf_view(&l.to[i]));
		buf_free(&l.to[i]);
	}
	buf_str(out, l.more ? " and others" : "");
	buf_free(&text);
}
