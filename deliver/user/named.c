#include "deliver/user/named.h"
#include "common/alias.h"
#include "common/printable.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#define LISTS_MAX 1000		/* looked into */
#define OCTETS_MAX (8 << 20)	/* of lists */
#define ALIASES_MAX (256 << 20) /* of the aliases, as the queue has it */

struct list {
	TAILQ_ENTRY(list) link;
	char *path;
	bool his; /* by the user's word, or by root's? */
};

struct search {
	const struct role_start *s;
	bool command;
	struct span what;
	TAILQ_HEAD(, list) lists; /* met so far, each once */
	size_t n, octets;
	bool later;
	struct buf *why; /* of later */
};

static void
put_off(struct search *x, const char *what, const char *why)
{
	if (!x->later)
		buf_fmt(x->why, "%s: %s", what, why);
	x->later = true;
}

static void
meet(struct search *x, const char *path, bool his)
{
	struct list *l;

	TAILQ_FOREACH (l, &x->lists, link)
		if (l->his == his && strcmp(l->path, path) == 0)
			return;
	if (x->n++ >= LISTS_MAX) {
		put_off(x, path, "there are too many lists");
		return;
	}
	l = calloc(1, sizeof *l);
	if (l == NULL || (l->path = strdup(path)) == NULL) {
		free(l);
		put_off(x, path, "no memory");
		return;
	}
	l->his = his;
	TAILQ_INSERT_TAIL(&x->lists, l, link);
}

/* Root's word is for commands of the command user, for his files, and for those
 * that are somebody's already: they are written as him. */
static bool
for_him(const struct search *x, const char *path)
{
	const char *other = x->s->conf->command_user;
	struct stat st;

	if (other && strcmp(x->s->user, other) == 0)
		return true;
	return !x->command && lstat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       st.st_uid == x->s->uid;
}

static bool
stands_in(struct search *x, struct alias_list list, bool his)
{
	struct alias_item item = { 0 };
	enum alias_kind kind = x->command ? ALIAS_COMMAND : ALIAS_FILE;
	bool found = false;
	int got = 0;

	while (!found && (got = alias_item(&list, &item)) == 1) {
		if (item.kind == ALIAS_INCLUDE)
			meet(x, buf_c(&item.text), his);
		else if (item.kind == kind)
			found = span_eq(buf_view(&item.text), x->what) &&
				(his || for_him(x, buf_c(&item.text)));
	}
	if (got == -1)
		put_off(x, "a list", "no memory");
	alias_item_free(&item);
	return found;
}

/* Takes fd over. */
static bool
stands_in_file(struct search *x, int fd, size_t max, const char *path, bool his)
{
	struct buf text = { 0 }, why = { 0 };
	enum read_status status = forward_read(fd, max, &text, &why);
	bool found = false;

	close(fd);
	x->octets += text.len;
	if (status == READ_OK)
		found = stands_in(x, alias_lines(buf_view(&text)), his);
	else if (status == READ_LATER)
		put_off(x, path, buf_c(&why));
	buf_free(&text);
	buf_free(&why);
	return found;
}

/* His own; or root's, which the parent has opened. */
static bool
in_forward(struct search *x)
{
	const struct role_start *s = x->s;
	struct forward_owner owner = { s->home, s->uid, s->gid };
	enum read_status status;
	struct buf why = { 0 };
	bool found = false;
	int fd;

	status = forward_open(&owner, "", &fd, &why);
	if (status == READ_OK)
		found = stands_in_file(x, fd, FORWARD_MAX, ".forward", true);
	else if (status == READ_LATER)
		put_off(x, ".forward", buf_c(&why));
	buf_free(&why);
	if (found)
		return true;
	if (s->forward == -1 && s->forward_status == READ_LATER)
		put_off(x, "root's .forward", s->forward_why);
	fd = s->forward == -1 ? -1 : dup(s->forward);
	return fd != -1 &&
	       stands_in_file(x, fd, FORWARD_MAX, "root's .forward", false);
}

static bool
in_aliases(struct search *x)
{
	struct buf text = { 0 }, why = { 0 };
	struct alias_entry e = { 0 };
	struct span rest;
	unsigned line = 0;
	bool found = false;
	int got = 0;

	if (x->s->aliases == -1) {
		if (x->s->aliases_error)
			put_off(x, x->s->conf->aliases,
			    strerror(x->s->aliases_error));
		return false;
	}
	if (forward_read(x->s->aliases, ALIASES_MAX, &text, &why) != READ_OK)
		put_off(x, x->s->conf->aliases, buf_c(&why));
	rest = buf_view(&text);
	while (!x->later && !found && (got = alias_next(&rest, &line, &e)) == 1)
		found = !e.wrong && stands_in(x, alias_items(&e), false);
	if (got == -1)
		put_off(x, x->s->conf->aliases, "no memory");
	alias_entry_free(&e);
	buf_free(&text);
	buf_free(&why);
	return found;
}

/* A list that root's word names is root's, or the user's own, or no matter: the
 * words of others are for their processes. */
static int
open_root_s(struct search *x, struct list *l)
{
	struct buf why = { 0 };
	struct stat st;
	int fd;

	if (forward_reach(l->path, x->s->uid, &fd, &why) == READ_LATER)
		put_off(x, l->path, buf_c(&why));
	buf_free(&why);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_mode & (S_IWGRP | S_IWOTH)) == 0 &&
	    (st.st_uid == 0 || st.st_uid == x->s->uid)) {
		l->his = st.st_uid != 0;
		return fd;
	}
	close(fd);
	return -1;
}

static bool
in_lists(struct search *x)
{
	struct forward_owner owner = { x->s->home, x->s->uid, x->s->gid };
	struct list *l;

	TAILQ_FOREACH (l, &x->lists, link) { /* which grows meanwhile */
		struct buf why = { 0 };
		int fd = -1;

		if (x->octets > OCTETS_MAX) {
			put_off(x, l->path, "the lists are too long");
			return false;
		}
		if (!l->his)
			fd = open_root_s(x, l);
		else if (forward_open(&owner, l->path, &fd, &why) == READ_LATER)
			put_off(x, l->path, buf_c(&why));
		buf_free(&why);
		if (fd != -1 &&
		    stands_in_file(x, fd, READ_LIST_MAX, l->path, l->his))
			return true;
	}
	return false;
}

enum read_status
named(
    const struct role_start *s, bool command, struct span what, struct buf *why)
{
	struct search x = {
		.s = s, .command = command, .what = what, .why = why
	};
	struct list *l;
	bool found;

	TAILQ_INIT(&x.lists);
	found = in_forward(&x) || in_aliases(&x) || in_lists(&x);
	while ((l = TAILQ_FIRST(&x.lists)) != NULL) {
		TAILQ_REMOVE(&x.lists, l, link);
		free(l->path);
		free(l);
	}
	if (found)
		return READ_OK;
	if (x.later)
		return READ_LATER;
	buf_fmt(why, "the %s \"", command ? "command" : "file");
	printable_add(why, what, 200);
	buf_fmt(why,
	    "\" stands in no .forward, alias or list that %s goes by (any "
	    "more); nothing was done, and the next attempt looks anew",
	    s->user);
	return READ_NONE;
}
