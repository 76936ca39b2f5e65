#include "common/alias.h"
#include "deliver/queue/expand.h"
#include "tests/rows.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static char domain[] = "d.example", localhost[] = "localhost",
	    runner[] = "runner";
static char *local[] = { domain, localhost };
static const struct conf conf = { .domain = domain,
	.local_domains = local,
	.nlocal_domains = 2,
	.command_user = runner };

/* The machine: users, a file of aliases, and files by "USER PATH". */
struct machine {
	const char *users; /* " alice bob " */
	const char *aliases;
	const char *files[6][2];
};

static int
alias(void *arg, struct span name, struct buf *items)
{
	const struct machine *m = arg;
	struct span rest = span_of(m->aliases);
	struct alias_entry e = { 0 };
	unsigned line = 0;
	int found = 0;

	if (span_eq(name, SPAN("unreadable")))
		return -1;
	while (!found && alias_next(&rest, &line, &e) == 1)
		if (e.wrong == NULL && span_ieq(buf_view(&e.name), name)) {
			buf_span(items, e.items);
			found = 1;
		}
	alias_entry_free(&e);
	return found;
}

static enum text_user
user(void *arg, const char *name, char out[EXPAND_NAME])
{
	const struct machine *m = arg;
	char word[EXPAND_NAME + 2];

	if (strcmp(name, "unknowable") == 0)
		return USER_LATER;
	snprintf(word, sizeof word, " %s ", name);
	if (strstr(m->users ? m->users : " alice bob root Upper ", word) ==
		NULL ||
	    strchr(name, ' '))
		return USER_NOT;
	strlcpy(out, name, EXPAND_NAME);
	return USER_IS;
}

static struct text
read_text(void *arg, const char *who, const char *path)
{
	const struct machine *m = arg;
	char key[600];

	snprintf(key, sizeof key, "%s %s", who ? who : "-",
	    path ? path : ".forward");
	for (size_t i = 0; i < COUNT(m->files) && m->files[i][0]; i++) {
		const char *text = m->files[i][1];

		if (strcmp(m->files[i][0], key) != 0)
			continue;
		if (strcmp(text, "BAD") == 0)
			return (struct text){ .status = TEXT_BAD,
				.why = "it is bad" };
		if (strcmp(text, "LATER") == 0)
			return (struct text){ .status = TEXT_LATER,
				.why = "come later" };
		if (strcmp(text, "ASKED") == 0)
			return (struct text){ .status = TEXT_ASKED };
		return (struct text){ .text = span_of(text),
			.owner = path && strstr(path, "/bob/") ? "bob" : NULL };
	}
	return (struct text){ .status = TEXT_NONE };
}

static bool
owner(void *arg, const char *path, char out[EXPAND_NAME])
{
	(void)arg;
	strlcpy(out, "bob", EXPAND_NAME);
	return strstr(path, "bob") != NULL;
}

static unsigned complaints;

static void
wrong(void *arg, const char *who, const char *path, unsigned line,
    const char *what)
{
	(void)arg;
	(void)who;
	(void)path;
	(void)line;
	assert_true(strlen(what) > 2);
	complaints++;
}

static struct world
world(const struct machine *m)
{
	return (struct world){ .conf = &conf,
		.arg = (void *)(uintptr_t)m,
		.alias = alias,
		.user = user,
		.read = read_text,
		.owner = owner,
		.wrong = wrong };
}

static void
show(const struct expansion *e, struct buf *b)
{
	static const char *const verdicts[] = { "", "done", "later", "never" };

	for (size_t i = 0; i < e->n; i++) {
		const struct goal *g = &e->goals[i];

		if (i)
			buf_str(b, "; ");
		if (g->verdict != V_GO)
			buf_fmt(b, "%s %s %s", verdicts[g->verdict], g->status,
			    g->addr);
		else if (g->what == TO_BOX)
			buf_fmt(b, "box %s", g->user);
		else if (g->what == TO_ADDRESS)
			buf_fmt(b, "%s", g->addr);
		else
			buf_fmt(b, "%s as %s", g->addr, g->user);
		if (g->from)
			buf_fmt(b, " from %s", g->from);
	}
}

#define NO "never 5.1.1 "
static const struct row {
	const char *name, *addr;
	struct machine m;
	const char *want;
} rows[] = {
	/* users; see also tests/16 */
	{ "user", "alice@d.example", { 0 }, "box alice" },
	{ "user_without_domain", "alice", { 0 }, "box alice" },
	{ "domain_in_capitals", "alice@D.EXAMPLE", { 0 }, "box alice" },
	{ "user_in_capitals", "ALICE@localhost", { 0 }, "box alice" },
	{ "user_spelled_in_capitals", "Upper", { 0 }, "box Upper" },
	{ "detail", "alice+lists.x@d.example", { 0 }, "box alice" },
	{ "detail_with_two_signs", "alice+a+b@d.example", { 0 }, "box alice" },
	{ "detail_in_capitals", "ALICE+A", { 0 }, "box alice" },
	{ "empty_detail", "alice+", { 0 }, "box alice" },
	{ "detail_only", "+alice", { 0 }, NO "+alice" },
	{ "quoted_user", "\"alice\"@d.example", { 0 }, "box alice" },
	{ "postmaster", "PostMaster@d.example", { 0 }, "box root" },
	{ "mailer_daemon", "MAILER-DAEMON", { 0 }, "box root" },
	{ "postmaster_with_detail", "postmaster+x", { 0 }, "box root" },
	{ "postmaster_is_a_whole_name", "postmasters", { 0 },
	    NO "postmasters" },
	{ "no_such_user", "eve@d.example", { 0 }, NO "eve@d.example" },
	{ "path_for_a_user", "../root@d.example", { 0 },
	    NO "../root@d.example" },
	{ "command_for_a_user", "|sh@d.example", { 0 }, NO "|sh@d.example" },
	{ "file_for_a_user", "/etc/passwd@d.example", { 0 },
	    NO "/etc/passwd@d.example" },
	{ "command_in_quotes", "\"|sh\"@d.example", { 0 },
	    NO "\"|sh\"@d.example" },
	{ "list_for_a_user", "\":include:/x\"@d.example", { 0 },
	    NO "\":include:/x\"@d.example" },
	{ "empty_quotes", "\"\"@d.example", { 0 }, NO "\"\"@d.example" },
	{ "malformed", "a b@d.example", { 0 }, "never 5.1.3 a b@d.example" },
	{ "elsewhere", "x@far.example", { 0 }, "x@far.example" },
	{ "below_a_local_domain", "root@x.d.example", { 0 },
	    "root@x.d.example" },
	{ "literal_not_listed", "root@[127.0.0.1]", { 0 }, "root@[127.0.0.1]" },
	{ "database_down", "unknowable", { 0 }, "later 4.3.0 unknowable" },
	/* aliases */
	{ "alias", "root", { .aliases = "root: alice\n" }, "box alice" },
	{ "alias_in_capitals", "ROOT@D.example", { .aliases = "Root: Alice\n" },
	    "box alice" },
	{ "postmaster_by_root", "postmaster", { .aliases = "root: bob\n" },
	    "box bob" },
	{ "postmaster_by_alias", "postmaster",
	    { .aliases = "root: bob\npostmaster: alice\n" }, "box alice" },
	{ "list", "all",
	    { .aliases = "all: alice, bob@localhost,\n x@far.example\n" },
	    "box alice; box bob; x@far.example" },
	{ "nested", "a", { .aliases = "a: b, alice\nb: c, bob\nc: alice\n" },
	    "box alice; box bob" },
	{ "same_person_three_times", "a",
	    { .aliases =
		    "a: b, c, ALICE\nb: alice\nc: alice+x, alice@localhost\n" },
	    "box alice" },
	{ "same_address_in_other_case", "a",
	    { .aliases = "a: x@Far.example, x@FAR.example, X@far.example\n" },
	    "x@Far.example; X@far.example" },
	{ "self", "alice", { .aliases = "alice: alice, bob\n" },
	    "box alice; box bob" },
	{ "self_with_domain", "alice@d.example",
	    { .aliases = "alice: alice@localhost, bob\n" },
	    "box alice; box bob" },
	{ "self_is_no_user", "team", { .aliases = "team: team, bob\n" },
	    NO "team; box bob" },
	{ "last", "bob", { .aliases = "bob: \\alice\nalice: eve@far\n" },
	    "box alice" },
	{ "loop", "a", { .aliases = "a: b\nb: a\n" }, "never 5.4.6 a" },
	{ "loop_of_three", "x", { .aliases = "x: a\na: b\nb: c\nc: a\n" },
	    "never 5.4.6 a" },
	{ "loop_in_a_part", "a", { .aliases = "a: b, alice\nb: c\nc: b\n" },
	    "never 5.4.6 b; box alice" },
	{ "member_unknown", "a", { .aliases = "a: nobody, alice\n" },
	    NO "nobody; box alice" },
	{ "with_domain_first", "a@localhost",
	    { .aliases = "a: bob\na@localhost: alice\n" }, "box alice" },
	{ "with_another_domain", "a@d.example",
	    { .aliases = "a: bob\na@localhost: alice\n" }, "box bob" },
	{ "detail_alias", "a+x", { .aliases = "a: bob\na+x: alice\n" },
	    "box alice" },
	{ "detail_of_alias", "a+y", { .aliases = "a: bob\na+x: alice\n" },
	    "box bob" },
	{ "quoted_name", "\"a b\"@localhost", { .aliases = "\"a b\": alice\n" },
	    "box alice" },
	{ "command", "a", { .aliases = "a: \"|/bin/x -a, b\"\n" },
	    "|/bin/x -a, b as runner" },
	{ "file", "a", { .aliases = "a: /var/x\n" }, "/var/x as runner" },
	{ "file_with_owner", "a", { .aliases = "a: /srv/bob/x\n" },
	    "/srv/bob/x as bob" },
	{ "dev_null", "a", { .aliases = "a: /dev/null\n" },
	    "done 2.0.0 /dev/null" },
	{ "broken_item", "a", { .aliases = "a: b c, alice\n" }, "box alice" },
	{ "map_unreadable", "unreadable", { 0 }, "later 4.3.5 unreadable" },
	{ "member_unreadable", "a", { .aliases = "a: unreadable, bob\n" },
	    "later 4.3.5 unreadable; box bob" },
	{ "owner", "l", { .aliases = "l: alice, m\nowner-l: bob\nm: x@far\n" },
	    "box alice from owner-l@d.example; x@far from owner-l@d.example" },
	{ "owner_of_the_inner", "l",
	    { .aliases = "l: m, bob\nm: alice\nowner-m: bob\n" },
	    "box alice from owner-m@d.example; box bob" },
	{ "owner_has_no_owner", "owner-l",
	    { .aliases = "owner-l: bob\nowner-owner-l: alice\n" }, "box bob" },
	/* lists */
	{ "include", "l",
	    { .aliases = "l: :include:/l\n",
		.files = { { "- /l", "# all\nalice, bob\nx@far\n" } } },
	    "box alice; box bob; x@far" },
	{ "include_command_as_its_owner", "l",
	    { .aliases = "l: :include:/bob/l\n",
		.files = { { "- /bob/l", "|x\n/y\n" } } },
	    "|x as bob; /y as bob" },
	{ "include_missing", "l", { .aliases = "l: :include:/l, bob\n" },
	    "later 4.3.5 :include:/l; box bob" },
	{ "include_bad", "l",
	    { .aliases = "l: :include:/l\n", .files = { { "- /l", "BAD" } } },
	    "later 4.3.5 :include:/l" },
	{ "include_loop", "l",
	    { .aliases = "l: :include:/l\n",
		.files = { { "- /l", ":include:/l\nbob\n" } } },
	    "never 5.4.6 :include:/l; box bob" },
	{ "include_empty", "l",
	    { .aliases = "l: :include:/l\n",
		.files = { { "- /l", "# nobody\n" } } },
	    "later 4.3.5 l" },
	{ "include_broken", "l",
	    { .aliases = "l: :include:/l\n",
		.files = { { "- /l", "a b\nc d\n" } } },
	    "later 4.3.5 l" },
	{ "include_empty_and_another", "l",
	    { .aliases = "l: :include:/l, bob\n",
		.files = { { "- /l", "\n" } } },
	    "box bob" },
	/* .forward */
	{ "forward", "alice", { .files = { { "alice .forward", "x@far\n" } } },
	    "x@far" },
	{ "forward_with_copy", "alice",
	    { .files = { { "alice .forward", "\\alice, x@far\n" } } },
	    "box alice; x@far" },
	{ "forward_with_own_name", "alice",
	    { .files = { { "alice .forward", "Alice@localhost\nx@far\n" } } },
	    "box alice; x@far" },
	{ "forward_behind_a_self_alias", "alice",
	    { .aliases = "alice: alice, bob\n",
		.files = { { "alice .forward", "alice, x@far\n" } } },
	    "box alice; x@far; box bob" },
	{ "forward_command", "alice",
	    { .files = { { "alice .forward", "\"|x -y\"\n" } } },
	    "|x -y as alice" },
	{ "forward_command_of_root", "root",
	    { .files = { { "root .forward", "|x\n" } } }, "|x as runner" },
	{ "forward_file", "alice",
	    { .files = { { "alice .forward", "/home/bob/x\n" } } },
	    "/home/bob/x as alice" },
	{ "forward_list", "alice",
	    { .files = { { "alice .forward", ":include:/l\n" },
		  { "alice /l", "|x\n" } } },
	    "|x as alice" },
	{ "forward_bad", "alice", { .files = { { "alice .forward", "BAD" } } },
	    "box alice" },
	{ "forward_later", "alice",
	    { .files = { { "alice .forward", "LATER" } } },
	    "later 4.3.0 alice@d.example" },
	{ "forward_empty", "alice",
	    { .files = { { "alice .forward", "# x\n" } } }, "box alice" },
	{ "forward_broken", "alice",
	    { .files = { { "alice .forward", "a b c\n" } } }, "box alice" },
	{ "forward_broken_in_part", "alice",
	    { .files = { { "alice .forward", "a b c\nx@far\n" } } },
	    "x@far; box alice" },
	{ "forward_in_a_circle", "alice",
	    { .files = { { "alice .forward", "bob\n" },
		  { "bob .forward", "alice\n" } } },
	    "never 5.4.6 alice" },
	{ "forward_to_who_keeps_a_copy", "alice",
	    { .files = { { "alice .forward", "bob\n" },
		  { "bob .forward", "\\bob, \\alice\n" } } },
	    "box bob; box alice" },
	{ "forward_list_missing", "alice",
	    { .files = { { "alice .forward", "x@far, :include:/l\n" } } },
	    "x@far; box alice" },
	{ "forward_list_bad", "alice",
	    { .files = { { "alice .forward", ":include:/l\n" },
		  { "alice /l", "BAD" } } },
	    "box alice" },
	{ "forward_list_broken", "alice",
	    { .files = { { "alice .forward", ":include:/l\n" },
		  { "alice /l", "a b c\nx@far\n" } } },
	    "x@far; box alice" },
	{ "forward_list_later", "alice",
	    { .files = { { "alice .forward", ":include:/l\n" },
		  { "alice /l", "LATER" } } },
	    "later 4.3.5 :include:/l" },
	{ "forward_to_a_broken_alias", "alice",
	    { .aliases = "a: b c, x@far\n",
		.files = { { "alice .forward", "a\n" } } },
	    "x@far" },
	{ "forward_takes_no_list_from_others", "a",
	    { .aliases = "a: alice, :include:/l\n",
		.files = { { "alice .forward", "\\alice, :include:/l\n" },
		    { "alice /l", "|x\nbob\n" }, { "- /l", "|x\nbob\n" } } },
	    "box alice; |x as alice; box bob; |x as runner" },
	{ "forward_takes_no_file_from_others", "a",
	    { .aliases = "a: alice, /srv/x\n",
		.files = { { "alice .forward", "\\alice, /srv/x\n" } } },
	    "box alice; /srv/x as alice; /srv/x as runner" },
	{ "forward_not_for_last", "root",
	    { .aliases = "root: \\alice\n",
		.files = { { "alice .forward", "x@far\n" } } },
	    "box alice" },
};

static void
check(void **state)
{
	const struct row *row = *state;
	struct world w = world(&row->m);
	struct expansion e;
	struct buf b = { 0 };

	w.ways = true;
	assert_int_equal(expand(&w, span_of(row->addr), &e), 0);
	show(&e, &b);
	assert_string_equal(buf_c(&b), row->want);
	for (size_t i = 0; i < e.n; i++) {
		assert_true(strlen(e.goals[i].way) > 0);
		if (e.goals[i].verdict != V_GO)
			assert_true(strlen(e.goals[i].text) > 4);
	}
	buf_free(&b);
	expansion_free(&e);
}

static void
plain_is_what_nobody_changed(void **state)
{
	static const struct machine m = { .aliases = "a: alice\n",
		.files = { { "bob .forward", "x@far" } } };
	static const struct {
		const char *addr;
		bool plain;
	} want[] = { { "alice", true }, { "x@far", true }, { "eve", true },
		{ "postmaster", true }, { "a", false }, { "bob", false } };
	struct world w = world(&m);
	struct expansion e;

	(void)state;
	for (size_t i = 0; i < COUNT(want); i++) {
		assert_int_equal(expand(&w, span_of(want[i].addr), &e), 0);
		assert_int_equal(e.plain, want[i].plain);
		assert_int_equal(e.n, 1);
		expansion_free(&e);
	}
	w.bare = true; /* for reports */
	assert_int_equal(expand(&w, SPAN("bob"), &e), 0);
	assert_true(e.plain);
	expansion_free(&e);
}

static void
the_loop_is_named(void **state)
{
	static const struct machine m = { .aliases = "x: a\na: b\nb: a\n" };
	struct world w = world(&m);
	struct expansion e;

	(void)state;
	assert_int_equal(expand(&w, SPAN("x@d.example"), &e), 0);
	assert_int_equal(e.n, 1);
	assert_non_null(strstr(e.goals[0].text, ": x -> a -> b -> a"));
	expansion_free(&e);
}

static void
what_is_asked_comes_later(void **state)
{
	static const struct machine m = { .aliases = "a: alice, bob\n",
		.files = { { "alice .forward", "ASKED" } } };
	struct world w = world(&m);
	struct expansion e;

	(void)state;
	assert_int_equal(expand(&w, SPAN("a"), &e), 0);
	assert_true(e.asks);
	expansion_free(&e);
}

static void
limits(const char *aliases, const char *status)
{
	struct machine m = { .aliases = aliases };
	struct world w = world(&m);
	struct expansion e;

	assert_int_equal(expand(&w, SPAN("a0"), &e), 0);
	assert_int_equal(e.n, 1); /* none, rather than a part */
	assert_string_equal(e.goals[0].status, status);
	assert_string_equal(e.goals[0].addr, "a0");
	expansion_free(&e);
}

static void
too_deep_too_many_too_long(void **state)
{
	struct buf b = { 0 };

	(void)state;
	for (int i = 0; i < 22; i++)
		buf_fmt(&b, "a%d: a%d\n", i, i + 1);
	buf_str(&b, "a22: alice\n");
	limits(buf_c(&b), "5.4.6");
	buf_reset(&b);
	buf_str(&b, "a0: x");
	for (int i = 0; i < 10001; i++)
		buf_fmt(&b, ", x%d@far", i);
	buf_chr(&b, '\n');
	limits(buf_c(&b), "5.5.3");
	buf_reset(&b);
	buf_str(&b, "a0: alice");
	for (int i = 0; i < 1100000; i++)
		buf_str(&b, ",bob");
	buf_chr(&b, '\n');
	limits(buf_c(&b), "5.3.4");
	buf_free(&b);
}

/* What is too much in a .forward costs its user alone, and only the .forward:
 * what was found by it is as if it had not been there. */
static void
too_much_in_a_forward(void **state)
{
	static const char deep[] =
	    "a0: a1\na1: a2\na2: a3\na3: a4\na4: a5\na5: a6\na6: a7\na7: a8\n"
	    "a8: a9\na9: a10\na10: a11\na11: a12\na12: a13\na13: a14\n"
	    "a14: a15\na15: a16\na16: a17\na17: a18\na18: a19\na19: x@far\n";
	struct buf many = { 0 }, big = { 0 }, aliases = { 0 };

	(void)state;
	for (int i = 0; i < 1001; i++)
		buf_fmt(&many, "x%d@far\n", i);
	for (int i = 0; i < 30000; i++)
		buf_str(&big, "y@far, y@far\n");
	const struct {
		const char *alice, *bob, *list, *want;
	} tries[] = {
		{ "a0\n", "bob\n", "alice, bob, a19",
		    "box alice; box bob; x@far" },
		{ "y@far\na0\n", "bob\n", "alice, y@far", "box alice; y@far" },
		{ buf_c(&many), "bob\n", "alice, bob", "box alice; box bob" },
		{ buf_c(&big), "bob\n", "alice, bob", "box alice; box bob" },
		{ "bob, z@far\n", "a0\n", "alice", "box bob; z@far" },
	};

	for (size_t i = 0; i < COUNT(tries); i++) {
		struct machine m = { .files = {
					 { "alice .forward", tries[i].alice },
					 { "bob .forward", tries[i].bob },
				     } };
		struct buf shown = { 0 };
		struct expansion e;
		struct world w;

		buf_reset(&aliases);
		buf_fmt(&aliases, "%slist: %s\n", deep, tries[i].list);
		m.aliases = buf_c(&aliases);
		w = world(&m);
		complaints = 0;
		assert_int_equal(expand(&w, SPAN("list"), &e), 0);
		show(&e, &shown);
		assert_string_equal(buf_c(&shown), tries[i].want);
		assert_true(complaints > 0);
		expansion_free(&e);
		buf_free(&shown);
	}
	buf_free(&many);
	buf_free(&big);
	buf_free(&aliases);
}

/* A full .forward leaves the list that names its user its own room. */
static void
a_forward_takes_no_room(void **state)
{
	struct machine m = { .files = { { "alice .forward", NULL } } };
	struct buf b = { 0 }, forward = { 0 };
	struct expansion e;
	struct world w;

	(void)state;
	for (int i = 0; i < 1000; i++)
		buf_fmt(&forward, "y%d@far\n", i);
	buf_str(&b, "a0: alice");
	for (int i = 1; i < 10000; i++)
		buf_fmt(&b, ", x%d@far", i);
	buf_chr(&b, '\n');
	m.aliases = buf_c(&b);
	m.files[0][1] = buf_c(&forward);
	w = world(&m);
	assert_int_equal(expand(&w, SPAN("a0"), &e), 0);
	assert_int_equal(e.n, 10999);
	expansion_free(&e);
	/* Beyond half of what a message may have: the mailbox. */
	w.others = EXPAND_ALL / 2;
	assert_int_equal(expand(&w, SPAN("a0"), &e), 0);
	assert_int_equal(e.n, 10000);
	expansion_free(&e);
	buf_free(&b);
	buf_free(&forward);
}

/* More than the journal could say of one: it fails alone. */
static void
too_long_a_name(void **state)
{
	static const char *const heads[] = { "\"|x", "/x", ":include:/x" };
	struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(heads); i++) {
		struct machine m;
		struct world w;
		struct expansion e;

		buf_reset(&b);
		buf_fmt(&b, "a0: %s", heads[i]);
		for (int n = 0; n < 1400; n++)
			buf_str(&b, i ? "\xc3\xa4" : "a ");
		buf_fmt(&b, "b%s, alice\n", i ? "" : "\"");
		m = (struct machine){ .aliases = buf_c(&b) };
		w = world(&m);
		assert_int_equal(expand(&w, SPAN("a0"), &e), 0);
		assert_int_equal(e.n, 2);
		assert_string_equal(e.goals[0].status, "5.1.3");
		assert_true(strlen(e.goals[0].addr) < 70);
		assert_string_equal(e.goals[1].user, "alice");
		expansion_free(&e);
	}
	buf_free(&b);
}

/* A message's recipients together, be it by one list with many details. */
static void
too_many_together(void **state)
{
	static const struct machine m = { .aliases = "l: x@far, y@far\n" };
	struct world w = world(&m);
	struct expansion e;

	(void)state;
	w.others = EXPAND_ALL - 2;
	assert_int_equal(expand(&w, SPAN("l+1"), &e), 0);
	assert_int_equal(e.n, 2);
	expansion_free(&e);
	w.others++;
	assert_int_equal(expand(&w, SPAN("l+1"), &e), 0);
	assert_int_equal(e.n, 1);
	assert_string_equal(e.goals[0].status, "5.5.3");
	assert_string_equal(e.goals[0].addr, "l+1");
	expansion_free(&e);
	w.others = EXPAND_ALL * 2; /* one is always had */
	assert_int_equal(expand(&w, SPAN("alice"), &e), 0);
	assert_int_equal(e.n, 1);
	assert_int_equal(e.goals[0].verdict, V_GO);
	expansion_free(&e);
}

/* Each names all others: 20 to the power of 20 ways, each walked once. */
static void
bomb(void **state)
{
	struct machine m;
	struct buf b = { 0 }, shown = { 0 };
	struct expansion e;
	struct world w;

	(void)state;
	for (int i = 0; i < 18; i++) {
		buf_fmt(&b, "a%d: alice", i);
		for (int k = i + 1; k < 18; k++)
			buf_fmt(&b, ", a%d, a%d", k, k);
		buf_chr(&b, '\n');
	}
	m = (struct machine){ .aliases = buf_c(&b) };
	w = world(&m);
	assert_int_equal(expand(&w, SPAN("a0"), &e), 0);
	show(&e, &shown);
	assert_string_equal(buf_c(&shown), "box alice");
	expansion_free(&e);
	buf_free(&b);
	buf_free(&shown);
}

int
main(void)
{
	static const struct CMUnitTest more[] = {
		cmocka_unit_test(plain_is_what_nobody_changed),
		cmocka_unit_test(the_loop_is_named),
		cmocka_unit_test(what_is_asked_comes_later),
		cmocka_unit_test(too_deep_too_many_too_long),
		cmocka_unit_test(too_much_in_a_forward),
		cmocka_unit_test(a_forward_takes_no_room),
		cmocka_unit_test(too_long_a_name),
		cmocka_unit_test(too_many_together),
		cmocka_unit_test(bomb),
	};
	struct CMUnitTest tests[COUNT(rows) + COUNT(more)];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	memcpy(tests + n, more, sizeof more);
	return cmocka_run_group_tests_name("expand", tests, NULL, NULL);
}
