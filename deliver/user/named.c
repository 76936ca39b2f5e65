#include "deliver/user/named.h"
#include "common/alias.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define ALIASES_MAX (256u << 20)

static bool
in_list(struct alias_list list, bool command, struct span what)
{
	struct alias_item item = { 0 };
	bool found = false;

	while (!found && alias_item(&list, &item) == 1)
		found = item.kind == (command ? ALIAS_COMMAND : ALIAS_FILE) &&
			span_eq(buf_view(&item.text), what);
	alias_item_free(&item);
	return found;
}

bool
named_there(struct span text, bool aliases, bool command, struct span what)
{
	struct alias_entry entry = { 0 };
	unsigned line = 0;
	bool found = false;

	if (!aliases)
		return in_list(alias_lines(text), command, what);
	while (!found && alias_next(&text, &line, &entry) == 1)
		found = entry.wrong == NULL &&
			in_list(alias_items(&entry), command, what);
	alias_entry_free(&entry);
	return found;
}

/* A descriptor; or -1 with a sentence in why. */
static int
open_it(const struct role_start *s, enum named_in in, const char *list,
    struct buf *why)
{
	struct forward_owner owner = { s->home, s->uid, s->gid };
	int fd = -1;

	switch (in) {
	case IN_FORWARD:
		if (forward_open(&owner, list, &fd, why) == READ_NONE)
			buf_str(why, " is not there any more");
		break;
	case IN_ALIASES:
		fd = open(s->conf->aliases, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd == -1)
			buf_fmt(why, "%s cannot be read by %s: %s",
			    s->conf->aliases, s->user, strerror(errno));
		break;
	case IN_ROOTS:
		fd = s->forward == -1 ? -1 : dup(s->forward);
		if (fd == -1)
			buf_fmt(why, "root's .forward cannot be read");
		break;
	default:
		buf_str(why, "nothing is known that names it");
		break;
	}
	return fd;
}

bool
named(const struct role_start *s, struct span what, enum named_in in,
    const char *list, struct buf *why)
{
	size_t most = in == IN_ALIASES ? ALIASES_MAX
		      : *list	       ? READ_LIST_MAX
				       : FORWARD_MAX;
	int fd = open_it(s, in, list, why);
	struct buf text = { 0 };
	bool found = false;

	if (fd == -1)
		return false;
	if (forward_read(fd, most, &text, why) == READ_OK) {
		found = named_there(buf_view(&text), in == IN_ALIASES,
		    s->purpose == FOR_COMMAND, what);
		if (!found)
			buf_fmt(why, "%s does not name it any more",
			    in == IN_ALIASES ? s->conf->aliases
			    : in == IN_ROOTS ? "root's .forward"
			    : *list	     ? list
					     : ".forward");
	}
	close(fd);
	buf_free(&text);
	return found;
}
