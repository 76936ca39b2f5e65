/* libFuzzer: aliases, a list and .forward of any octets, and a name that is
 * looked up in them.  An expansion ends within its bounds, says a sentence for
 * all that does not go anywhere, and is the same the next time. */
#include "common/alias.h"
#include "deliver/queue/expand.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct span aliases, forward;

static int
alias(void *arg, struct span name, struct buf *items)
{
	struct span rest = aliases;
	struct alias_entry e = { 0 };
	unsigned line = 0;
	int found = 0;

	(void)arg;
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
	(void)arg;
	strlcpy(out, name, EXPAND_NAME);
	if (strcmp(name, "later") == 0 || strcmp(name, "asked") == 0)
		return name[0] == 'l' ? USER_LATER : USER_ASKED;
	return strcmp(name, "a") == 0 || strcmp(name, "root") == 0 ? USER_IS
								   : USER_NOT;
}

static struct text
read_text(void *arg, const char *name, const char *path)
{
	(void)arg;
	(void)name;
	return (struct text){ .text = forward, .owner = path ? "a" : NULL };
}

static bool
owner(void *arg, const char *path, char out[EXPAND_NAME])
{
	(void)arg;
	strlcpy(out, "a", EXPAND_NAME);
	return path[1] == 'a';
}

static void
wrong(void *arg, const char *name, const char *path, unsigned line,
    const char *what)
{
	(void)arg;
	(void)line;
	if ((name == NULL && path == NULL) || what == NULL)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static char domain[] = "d", runner[] = "r";
	static char *local[] = { domain };
	static const struct conf conf = { .domain = domain,
		.local_domains = local,
		.nlocal_domains = 1,
		.command_user = runner };
	struct world w = { .conf = &conf,
		.alias = alias,
		.user = user,
		.read = read_text,
		.owner = owner,
		.wrong = wrong };
	struct expansion e, again;
	struct span rest = { (const char *)bytes, len }, name;

	name = span_cut(&rest, '\n');
	forward = span_cut(&rest, '\0');
	aliases = rest;
	if (expand(&w, name, &e) == -1 || expand(&w, name, &again) == -1)
		abort();
	if (e.n != again.n || e.n > EXPAND_MEMBERS)
		abort();
	for (size_t i = 0; i < e.n; i++) {
		const struct goal *g = &e.goals[i];

		if (strcmp(g->addr, again.goals[i].addr) != 0 ||
		    (g->verdict != V_GO) != (g->text != NULL) ||
		    (g->verdict != V_GO && g->status[0] == '\0') ||
		    (g->what == TO_BOX && strcmp(g->user, "a") != 0 &&
			strcmp(g->user, "root") != 0) ||
		    (g->what != TO_ADDRESS && g->user == NULL))
			abort();
	}
	expansion_free(&e);
	expansion_free(&again);
	return 0;
}
