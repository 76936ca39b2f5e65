#include "deliver/account.h"
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

/* Not found is told by various values (getpwnam(3), ERRORS). */
static bool
says_no(int err)
{
	return err == 0 || err == ENOENT || err == ESRCH || err == EPERM ||
	       err == EBADF;
}

/* A source that fails, be it for want of a descriptor, has the next one asked
 * (nsswitch.conf), whose "no" hides the error.  Mail is returned on that word:
 * so it is asked for twice, and in between for one who is always there. */
const struct passwd *
account_find(const char *name)
{
	for (int i = 0; i < 2; i++) {
		const struct passwd *pw;

		errno = 0;
		pw = getpwnam(name);
		if (pw || !says_no(errno))
			return pw;
		errno = 0;
		if (getpwuid(0) == NULL) {
			errno = says_no(errno) ? EAGAIN : errno;
			return NULL;
		}
	}
	errno = 0;
	return NULL;
}

const struct group *
account_group(const char *name)
{
	for (int i = 0; i < 2; i++) {
		const struct group *g;

		errno = 0;
		g = getgrnam(name);
		if (g || !says_no(errno))
			return g;
		errno = 0;
		if (getgrgid(0) == NULL) {
			errno = says_no(errno) ? EAGAIN : errno;
			return NULL;
		}
	}
	errno = 0;
	return NULL;
}
