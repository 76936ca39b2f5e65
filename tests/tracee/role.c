#include "tests/tracee/role.h"
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

void
role_of(pid_t pid, bool first, char name[32])
{
	char path[64], line[256];
	const char *p;
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd == -1 ? -1 : read(fd, line, sizeof line - 1);
	if (fd != -1)
		close(fd);
	line[n > 0 ? n : 0] = '\0';
	if (strncmp(line, "deliver: ", 9) == 0) {
		snprintf(name, 32, "%.31s", line + 9);
		name[strcspn(name, " [")] = '\0';
		return;
	}
	p = strrchr(line, '/');
	p = p ? p + 1 : line;
	if (first)
		p = "parent";
	else if (strncmp(p, "deliver", 8) == 0 ||
		 strncmp(p, "sendmail", 9) == 0)
		p = "start";
	snprintf(name, 32, "%.31s", *p ? p : "?");
}

int
role_user(const char *name)
{
	const struct passwd *pw = getpwnam(name);

	if (pw == NULL || setgroups(0, NULL) == -1 ||
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) == -1 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) == -1)
		return -1;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}
