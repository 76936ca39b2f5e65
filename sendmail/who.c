#include "sendmail/who.h"
#include "common/span.h"
#include "common/spool.h"
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The name in the user database, as it stood in the GECOS field: up to the
 * first comma, & for the login name. */
static void
full_name(const struct passwd *pw, char *out, size_t size)
{
	size_t n = 0;

	for (const char *p = pw->pw_gecos; p && *p && *p != ','; p++) {
		if (*p == '&')
			n += strlcpy(out + n, pw->pw_name, size - n);
		else
			out[n++] = *p;
		if (n >= size - 1) {
			n = size - 1;
			break;
		}
	}
	out[n] = '\0';
}

void
who_is(uid_t uid, struct who *w)
{
	struct passwd *pw = getpwuid(uid);

	*w = (struct who){ 0 };
	snprintf(w->login, sizeof w->login, "uid-%lu", (unsigned long)uid);
	if (pw && strlen(pw->pw_name) < sizeof w->login) {
		strlcpy(w->login, pw->pw_name, sizeof w->login);
		full_name(pw, w->fullname, sizeof w->fullname);
	}
}

/* Whoever owns the folder can make any file in it, and is believed by the agent
 * in what he writes there. */
uid_t
who_submits(const char *value, bool *behind)
{
	bool named;
	struct stat st;
	long long uid;

	named =
	    value && span_num(span_of(value), 0, UINT32_MAX - 1LL, &uid) == 0;
	*behind = named && (uid_t)uid == getuid();
	if (!named || stat(SPOOL_DIR "/drop", &st) == -1 ||
	    st.st_uid != getuid())
		return getuid();
	*behind = true;
	return (uid_t)uid;
}
