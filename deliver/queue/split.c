/* split - before an attempt: what each recipient of the envelope comes to now,
 * and its children in the journal.  A child that is finished is never served
 * again, whoever names it. */
#include "common/log.h"
#include "deliver/queue/attempt.h"
#include "deliver/queue/bounce.h"
#include "deliver/queue/texts.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct key { /* of a recipient */
	RB_ENTRY(key) link;
	uint32_t rcpt;
	bool named; /* a child that is still in an alias */
	char *text;
};
RB_HEAD(keys, key);

static int
order(const struct key *a, const struct key *b)
{
	return strcmp(a->text, b->text);
}
RB_GENERATE_INTERNAL(keys, key, link, order, __attribute__((unused)) static)

struct split {
	struct queue *q;
	struct message *m;
	struct texts texts;
	struct world world;
	struct expansion *all; /* one for each recipient of the envelope */
	struct keys keys;
	struct buf lines;
};

static void
done(struct split *s)
{
	size_t n = s->m->file ? s->m->file->env.nrcpts : 0;
	struct key *k, *next;

	for (size_t i = 0; i < n; i++)
		expansion_free(&s->all[i]);
	for (k = RB_MIN(keys, &s->keys); k; k = next) {
		next = RB_NEXT(keys, &s->keys, k);
		RB_REMOVE(keys, &s->keys, k);
		free(k->text);
		free(k);
	}
	texts_free(&s->texts);
	buf_free(&s->lines);
	free(s->all);
	free(s);
}

/* May it have new children?  As long as one waits; or, where all that it came
 * to were children of another already, one of those. */
static bool
may_grow(const struct file *f, uint32_t parent)
{
	bool own = false, other = false;

	for (size_t i = f->env.nrcpts; i < f->nrcpts; i++) {
		const struct rcpt *r = &f->rcpts[i];

		if (r->parent == parent && r->state == R_WAITS)
			return true;
		own |= r->parent == parent && r->state != R_DROPPED;
		other |= r->parent != parent && r->state == R_WAITS;
	}
	return other && !own;
}

/* One of the envelope that is served, or whose children may be. */
static bool
concerned(const struct file *f, uint32_t i)
{
	return f->rcpts[i].state == R_WAITS || f->rcpts[i].state == R_SPLIT;
}

/* One of the envelope that has its copy. */
static bool
is_served(const struct file *f, uint32_t i)
{
	return f->rcpts[i].state == R_DONE && rcpt_kind(f, i) == ENV_MAIL;
}

/* Its children stand for it: they may stay, even where it is plain now. */
static bool
is_plain(const struct file *f, const struct expansion *e, uint32_t i)
{
	const struct goal *g = e->goals;

	if (f->rcpts[i].state != R_WAITS || e->n != 1)
		return false;
	return e->plain || ((g->verdict == V_NEVER || g->verdict == V_LATER) &&
			       g->from == NULL);
}

static void
set_verdict(struct rcpt *r, const struct goal *g)
{
	free(r->why);
	r->why = g->text ? strdup(g->text) : NULL;
	r->verdict = g->verdict;
	r->why_status = g->status;
}

static struct key *
look_up(struct split *s, const struct goal *g)
{
	struct key key, *found;
	struct buf b = { 0 };

	goal_key(g->what, g->user, g->addr, &b);
	key.text = (char *)(uintptr_t)buf_c(&b);
	found = RB_FIND(keys, &s->keys, &key);
	buf_free(&b);
	return found;
}

static int
keep_key(struct split *s, uint32_t i, const char *addr)
{
	struct file *f = s->m->file;
	struct key *k = calloc(1, sizeof *k);
	struct buf b = { 0 };

	goal_key(f->rcpts[i].what, f->rcpts[i].user, addr, &b);
	if (k == NULL || (k->text = span_dup(buf_view(&b))) == NULL) {
		buf_free(&b);
		free(k);
		return -1;
	}
	buf_free(&b);
	k->rcpt = i;
	if (RB_INSERT(keys, &s->keys, k)) {
		free(k->text); /* of two alike the first stands for both */
		free(k);
	}
	return 0;
}

/* It has its copy by another recipient. */
static void
has_it(struct split *s, uint32_t i, struct span text)
{
	struct rcpt *r = &s->m->file->rcpts[i];

	journal_put(&s->lines, &(struct journal_line){ J_DONE, time(NULL), i, 0,
				   SPAN("2.0.0"), text });
	r->state = R_DONE;
	rcpt_say(r, SPAN("2.0.0"), text, SPAN(""));
}

/* One of the envelope that comes to itself: it may be there already, by
 * another name, or as a child that waits.  A child that is done says nothing:
 * it may be so because this one was to be served. */
static int
keep_itself(struct split *s, uint32_t i, const struct goal *g)
{
	struct file *f = s->m->file;
	struct key *k = look_up(s, g);

	if (k == NULL)
		return keep_key(s, i, g->addr);
	if (k->rcpt < f->env.nrcpts)
		has_it(s, i, SPAN("the same mailbox was named before"));
	else if (f->rcpts[k->rcpt].state == R_WAITS)
		has_it(s, k->rcpt, SPAN("it is a recipient of its own"));
	return 0;
}

/* One of the envelope that has its copy, and came to itself, or it would have
 * children: a list that could not be read then brings no second one. */
static int
keep_served(struct split *s, uint32_t i)
{
	struct rcpt *r = &s->m->file->rcpts[i];
	const struct expansion *e = &s->all[i];
	const struct goal *g = e->goals;

	if (e->n != 1 || g->verdict != V_GO)
		return 0;
	r->what = g->what;
	free(r->user);
	r->user = g->user ? strdup(g->user) : NULL;
	return g->user && r->user == NULL ? -1 : keep_key(s, i, g->addr);
}

/* Those of the envelope that come to themselves; and the children so far. */
static int
know_recipients(struct split *s)
{
	struct file *f = s->m->file;

	for (uint32_t i = (uint32_t)f->env.nrcpts; i < f->nrcpts; i++)
		if (f->rcpts[i].state != R_DROPPED &&
		    keep_key(s, i, f->rcpts[i].addr) == -1)
			return -1;
	for (uint32_t i = 0; i < f->env.nrcpts; i++)
		if (is_served(f, i) && keep_served(s, i) == -1)
			return -1;
	for (uint32_t i = 0; i < f->env.nrcpts; i++) {
		struct rcpt *r = &f->rcpts[i];
		const struct goal *g = s->all[i].goals;

		if (!concerned(f, i) || !is_plain(f, &s->all[i], i))
			continue;
		set_verdict(r, g);
		free(r->user);
		r->user = g->user ? strdup(g->user) : NULL;
		r->what = g->what;
		if (g->user && r->user == NULL)
			return -1;
		if (r->verdict == V_GO && rcpt_kind(f, i) == ENV_MAIL &&
		    keep_itself(s, i, g) == -1)
			return -1;
	}
	return 0;
}

/* A member of an alias: known, or a new child. */
static int
take_goal(struct split *s, uint32_t parent, const struct goal *g, bool may_add)
{
	struct file *f = s->m->file;
	struct rcpt child = { .what = g->what,
		.parent = parent,
		.addr = g->addr,
		.user = g->user,
		.from = g->from };
	struct key *k = look_up(s, g);
	int64_t i;

	if (k && k->rcpt >= f->env.nrcpts) {
		k->named = true;
		set_verdict(&f->rcpts[k->rcpt], g);
		return 0;
	}
	if (!may_add)
		return 0;
	i = file_child(f, &child, &s->lines);
	if (i == -1)
		return -1;
	set_verdict(&f->rcpts[i], g);
	if (k) {
		/* The envelope names it, too, and it gets one copy. */
		has_it(s, (uint32_t)i, SPAN("it is a recipient of its own"));
		return 0;
	}
	if (keep_key(s, (uint32_t)i, g->addr) == -1)
		return -1;
	k = look_up(s, g);
	if (k)
		k->named = true;
	return 0;
}

/* Nothing is known of its aliases now: its children wait as they are. */
static void
hold_children(struct split *s, uint32_t parent, const struct goal *why)
{
	struct file *f = s->m->file;
	struct key *k;

	RB_FOREACH (k, keys, &s->keys)
		if (k->rcpt >= f->env.nrcpts &&
		    f->rcpts[k->rcpt].parent == parent &&
		    f->rcpts[k->rcpt].state == R_WAITS && !k->named) {
			k->named = true;
			set_verdict(&f->rcpts[k->rcpt], why);
		}
}

static int
make_children(struct split *s, uint32_t i)
{
	struct file *f = s->m->file;
	struct expansion *e = &s->all[i];
	bool first = f->rcpts[i].state == R_WAITS;
	bool may_add = first || may_grow(f, i);

	if (e->later && e->n) {
		hold_children(s, i, &e->goals[0]);
		return 0;
	}
	for (size_t k = 0; k < e->n; k++)
		if (take_goal(s, i, &e->goals[k], may_add) == -1)
			return -1;
	if (first) {
		journal_put(&s->lines, &(struct journal_line){ J_SPLIT,
					   time(NULL), i, 0, { 0 }, { 0 } });
		f->rcpts[i].state = R_SPLIT;
	}
	return 0;
}

static void
drop_others(struct split *s)
{
	struct file *f = s->m->file;
	struct key *k;

	RB_FOREACH (k, keys, &s->keys) {
		struct rcpt *r = &f->rcpts[k->rcpt];

		if (k->rcpt < f->env.nrcpts || k->named || r->state != R_WAITS)
			continue;
		journal_put(
		    &s->lines, &(struct journal_line){ J_DROP, time(NULL),
				   k->rcpt, 0, { 0 }, { 0 } });
		r->state = R_DROPPED;
		attempt_log(s->q, s->m, k->rcpt, "dropped", SPAN("2.0.0"),
		    SPAN("no alias names it any more"), SPAN(""));
	}
}

/* It may be in its mailbox already, which a batch of an earlier process would
 * not say: that is looked for first, whatever aliases name by now. */
static bool
is_looked_for(const struct split *s, uint32_t i)
{
	struct target t;

	return s->m->file->rcpts[i].state == R_WAITS &&
	       box_uncertain(s->q, s->m->id, i, &t);
}

/* All is known: into the journal, and on. */
static int
apply(struct split *s)
{
	struct file *f = s->m->file;

	if (know_recipients(s) == -1)
		return -1;
	for (uint32_t i = 0; i < f->env.nrcpts; i++)
		if (concerned(f, i) && !is_plain(f, &s->all[i], i) &&
		    !is_looked_for(s, i) && make_children(s, i) == -1)
			return -1;
	drop_others(s);
	if (s->lines.len == 0)
		return 0;
	/* On disk before an intent can speak of a child by its number. */
	return file_note(f, &s->lines) == -1 || file_sync(f) == -1 ? -1 : 0;
}

static void
round_of(struct split *s)
{
	struct queue *q = s->q;
	struct message *m = s->m;
	struct file *f = m->file;
	int failed = 0, err;

	for (uint32_t i = 0; i < f->env.nrcpts && !failed; i++) {
		bool served = is_served(f, i);

		if ((!concerned(f, i) && !served) ||
		    (s->all[i].n && !s->all[i].asks))
			continue;
		s->world.others -= served ? 0 : s->all[i].n;
		expansion_free(&s->all[i]);
		/* A report to postmaster ends here, whatever is in aliases. */
		s->world.bare =
		    served || bounce_is_local(m, span_of(rcpt_addr(f, i)));
		failed =
		    expand(&s->world, span_of(rcpt_addr(f, i)), &s->all[i]);
		s->world.others += served ? 0 : s->all[i].n;
	}
	if (!failed && s->texts.open)
		return; /* again, when they are read */
	if (!failed)
		failed = apply(s);
	err = errno;
	if (failed)
		log_errno(
		    "%s: error what=\"its recipients cannot be expanded\"",
		    m->id);
	done(s);
	if (failed)
		attempt_trouble(q, m, err);
	else
		attempt_send(q, m);
}

static void
ready(struct texts *t)
{
	round_of(t->arg);
}

void
attempt_split(struct queue *q, struct message *m)
{
	struct split *s = calloc(1, sizeof *s);

	if (s)
		s->all = calloc(m->file->env.nrcpts, sizeof *s->all);
	if (s == NULL || s->all == NULL) {
		free(s);
		attempt_put_back(q, m, TROUBLE);
		return;
	}
	s->q = q;
	s->m = m;
	RB_INIT(&s->keys);
	s->texts = (struct texts){ .q = q, .ready = ready, .arg = s };
	texts_world(&s->texts, &s->world);
	round_of(s);
}
