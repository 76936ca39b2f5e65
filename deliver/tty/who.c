#include "deliver/tty/who.h"
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utmpx.h>

struct list {
	int devfd;
	uid_t uid;
	struct who_terminal *t;
	size_t n;
};

bool
who_name_ok(const char *name)
{
	static const char *const forms[] = { "pts/", "tty", "ttyS", "ttyAMA",
		"ttyUSB", "ttyACM", "ttyMSC", "hvc", "xvc" };

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		size_t len = strlen(forms[i]), digits;

		if (strncmp(name, forms[i], len) != 0)
			continue;
		digits = strspn(name + len, "0123456789");
		if (digits > 0 && name[len + digits] == '\0')
			return len + digits < WHO_NAME;
	}
	return false;
}

void
who_field(char *out, const char *field, size_t size)
{
	size_t len = strnlen(field, size);

	if (len >= 5 && memcmp(field, "/dev/", 5) == 0) {
		field += 5;
		len -= 5;
	}
	memcpy(out, field, len);
	out[len] = '\0';
}

/* Registers keep the names of terminals that are long gone, or another's by
 * now: only a device that belongs to the user counts. */
static void
add(struct list *l, const char *name)
{
	struct who_terminal *t = &l->t[l->n];
	struct stat st;

	if (l->n == WHO_MAX || !who_name_ok(name))
		return;
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->t[i].name, name) == 0)
			return;
	if (fstatat(l->devfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    !S_ISCHR(st.st_mode) || st.st_uid != l->uid)
		return;
	strlcpy(t->name, name, sizeof t->name);
	/* A shell that reads moves atime; what is written moves mtime. */
	t->used = (int64_t)st.st_atim.tv_sec * 1000000000 + st.st_atim.tv_nsec;
	t->accepts = st.st_mode & S_IWGRP;
	l->n++;
}

/* sd-login(3), loaded and not linked: it costs half a millisecond, and not
 * every machine has it. */
struct logind {
	void *lib;
	int (*sessions)(uid_t, int require_active, char ***);
	int (*tty)(const char *session, char **);
	int (*class)(const char *session, char **);
	int (*state)(const char *session, char **);
	int (*type)(const char *session, char **);
};

static bool
logind_load(struct logind *d)
{
	static const char *const names[] = { "libsystemd.so.0",
		"libelogind.so.0" };

	d->lib = NULL;
	if (access("/run/systemd/sessions", F_OK) == -1)
		return false; /* no logind runs here */
	for (size_t i = 0; d->lib == NULL && i < 2; i++)
		d->lib = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	if (d->lib == NULL)
		return false;
	/* POSIX's way to make a function pointer of dlsym's result. */
	*(void **)&d->sessions = dlsym(d->lib, "sd_uid_get_sessions");
	*(void **)&d->tty = dlsym(d->lib, "sd_session_get_tty");
	*(void **)&d->class = dlsym(d->lib, "sd_session_get_class");
	*(void **)&d->state = dlsym(d->lib, "sd_session_get_state");
	*(void **)&d->type = dlsym(d->lib, "sd_session_get_type");
	return d->sessions && d->tty && d->class && d->state && d->type;
}

/* Does a property of the session begin with want? */
static bool
begins(int (*get)(const char *, char **), const char *session, const char *want)
{
	char *got = NULL;
	bool yes;

	if (get(session, &got) < 0 || got == NULL)
		return false;
	yes = strncmp(got, want, strlen(want)) == 0;
	free(got);
	return yes;
}

static void
from_logind(struct list *l)
{
	struct logind d;
	char **sessions = NULL, *tty;
	int n;

	if (!logind_load(&d))
		return;
	n = d.sessions(l->uid, 0, &sessions);
	for (int i = 0; i < n; i++) {
		const char *s = sessions[i];

		/* Under x11 and wayland the tty lies below the graphics. */
		tty = NULL;
		if (begins(d.class, s, "user") && begins(d.type, s, "tty") &&
		    !begins(d.state, s, "closing") && d.tty(s, &tty) >= 0 &&
		    tty != NULL) {
			add(l, strncmp(tty, "/dev/", 5) ? tty : tty + 5);
			free(tty);
		}
	}
	for (int i = 0; i < n; i++)
		free(sessions[i]);
	free(sessions); /* the library stays loaded: the process ends soon */
}

static void
from_utmp(struct list *l, const char *user)
{
	char name[sizeof((struct utmpx *)0)->ut_user + 1], known[sizeof name];
	char line[sizeof((struct utmpx *)0)->ut_line + 1];
	const struct utmpx *u;

	known[0] = '\0'; /* a name that is not our user's */
	setutxent();
	while ((u = getutxent()) != NULL) {
		const struct passwd *pw;

		if (u->ut_type != USER_PROCESS)
			continue;
		who_field(name, u->ut_user, sizeof u->ut_user);
		who_field(line, u->ut_line, sizeof u->ut_line);
		if (!who_name_ok(line) || strcmp(name, known) == 0)
			continue;
		/* Several names may share one uid: it is the uid that counts.
		 */
		if (strcmp(name, user) != 0 &&
		    ((pw = getpwnam(name)) == NULL || pw->pw_uid != l->uid))
			memcpy(known, name, sizeof known);
		else
			add(l, line);
	}
	endutxent();
}

/* Shells of tmux, of "su", of a graphical terminal that keeps no register. */
static void
from_pts(struct list *l)
{
	int fd = openat(l->devfd, "pts", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	const struct dirent *e;
	char name[WHO_NAME];

	while (d && (e = readdir(d)) != NULL)
		if (snprintf(name, sizeof name, "pts/%s", e->d_name) <
		    (int)sizeof name)
			add(l, name);
	if (d)
		closedir(d);
	else if (fd != -1)
		close(fd);
}

static int
used_last(const void *a, const void *b)
{
	const struct who_terminal *x = a, *y = b;

	if (x->used != y->used)
		return x->used > y->used ? -1 : 1;
	return strcmp(x->name, y->name);
}

size_t
who_terminals(int devfd, uid_t uid, const char *user, bool pts_owner,
    struct who_terminal terminals[WHO_MAX])
{
	struct list l = { devfd, uid, terminals, 0 };

	from_logind(&l);
	from_utmp(&l, user);
	if (pts_owner)
		from_pts(&l);
	qsort(terminals, l.n, sizeof *terminals, used_last);
	return l.n;
}
