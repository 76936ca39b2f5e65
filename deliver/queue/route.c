#include "deliver/queue/route.h"
#include "common/addr.h"
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

static void
wrong(
    struct route *r, enum route_kind kind, const char *status, const char *text)
{
	r->kind = kind;
	r->status = status;
	r->text = text;
}

/* 1: the user's own spelling is in name; 0: no such user; -1: cannot tell. */
static int
find_user(const char *local, struct route *r)
{
	struct passwd *pw;

	if (strlen(local) >= sizeof r->name)
		return 0;
	errno = 0;
	pw = getpwnam(local);
	if (pw) {
		strlcpy(r->name, pw->pw_name, sizeof r->name);
		return 1;
	}
	/* Not found is told by various values (getpwnam(3), ERRORS). */
	return errno == 0 || errno == ENOENT || errno == ESRCH ||
		       errno == EPERM || errno == EBADF
		   ? 0
		   : -1;
}

static void
lower(char *s)
{
	for (; *s; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s += 'a' - 'A';
}

/* As written, then in lower case, then without its detail; postmaster is
 * always somebody (RFC 5321 4.5.1). */
static int
local_user(struct span local, struct route *r)
{
	struct buf name = { 0 };
	char try[256], *plus;
	int found;

	addr_local(local, &name);
	found = name.len < sizeof try && !span_has(buf_view(&name), '\0');
	if (found) {
		strlcpy(try, buf_c(&name), sizeof try);
		found = find_user(try, r);
		if (found == 0) {
			lower(try);
			found = find_user(try, r);
		}
		plus = strchr(try, '+');
		if (found == 0 && plus && plus > try) {
			*plus = '\0';
			found = find_user(try, r);
		}
		if (found == 0 && (strcmp(try, "postmaster") == 0 ||
				      strcmp(try, "mailer-daemon") == 0))
			found = find_user("root", r);
	}
	buf_free(&name);
	return found;
}

void
route(const struct conf *c, struct span address, struct route *r)
{
	struct addr a;

	*r = (struct route){ .kind = ROUTE_NEVER };
	if (addr_parse(address, &a) != ADDR_OK) {
		wrong(r, ROUTE_NEVER, "5.1.3", "the address is malformed");
	} else if (a.domain.len == 0 || conf_is_local(c, a.domain)) {
		switch (local_user(a.local, r)) {
		case 1:
			wrong(r, ROUTE_BOX, "", "");
			break;
		case 0:
			wrong(r, ROUTE_NEVER, "5.1.1",
			    "there is no such user on this machine");
			break;
		default:
			wrong(r, ROUTE_LATER, "4.3.0",
			    "the user database does not answer");
			break;
		}
	} else if (conf_relay(c, "main")) {
		strlcpy(r->name, "main", sizeof r->name);
		r->kind = ROUTE_RELAY;
	} else {
		wrong(r, ROUTE_LATER, "4.4.4",
		    "no relay is configured, and this version cannot deliver "
		    "by MX; set \"relay\" in bellman.conf");
	}
}
