#include "deliver/queue/advise.h"
#include <string.h>

const char *const advise_word[WAITS] = {
	[W_OPEN] = "open",
	[W_HELD] = "held",
	[W_SETTING] = "setting",
	[W_ASKED] = "asked",
	[W_LATER] = "later",
	[W_READY] = "ready",
};

/* Subject and detail of the status, as in explain.c. */
static const struct {
	const char *status, *todo;
} rows[] = {
	{ "7.8", "Mend the user or the password in /etc/bellman/secrets; "
		 "deliver --check tries them." },
	{ "7.0", "Read the server's words; deliver --check tries user, "
		 "password and TLS of the relay." },
	{ "7.1", "Read the server's words; if it stays so, ask the "
		 "administrator of that server." },
	{ "7.4", "deliver --check says what the server offers, and what the "
		 "settings ask for." },
	{ "7.5", "deliver --check looks at the server's certificate." },
	{ "7.10", "deliver --check looks at the server's certificate." },
	{ "4.1", "Nothing at first: it is tried again by itself.  deliver "
		 "--check ADDRESS shows where the way ends." },
	{ "4.3", "See whether the name servers answer; deliver --check "
		 "ADDRESS asks them." },
	{ "4.4", "deliver --check ADDRESS shows where the way ends; this "
		 "machine may need a relay." },
	{ "2.2", "Nothing at first; or tell the recipient by other means that "
		 "the mailbox is full." },
	{ "3.0", "Read the words above; it is tried again by itself." },
};

static const char *
todo_of(struct span status)
{
	span_cut(&status, '.');
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (span_eq(status, span_of(rows[i].status)))
			return rows[i].todo;
	return "Nothing at first: it is tried again by itself.";
}

struct explanation
advise(enum waits waits, struct span status, struct span words)
{
	struct explanation e = { "", "" };

	if (status.len) {
		e.what = explain(status, words)->what;
		e.todo = todo_of(status);
		if (strncmp(explain(status, words)->todo, "Nothing", 7) == 0)
			e.todo = explain(status, words)->todo;
	}
	if (waits == W_OPEN)
		e.todo = "";
	else if (waits == W_HELD)
		e.todo = "mailq release ID lets it go.";
	else if (waits == W_SETTING)
		e.todo = "Nothing is delivered while bellman.conf says \"hold "
			 "yes\".";
	else if (waits == W_ASKED)
		e.todo = "mailq retry ID, or sendmail -q, sends it off.";
	return e;
}
