/* A call that is refused fails with EPERM and kills nobody: a library that
 * tries something of no use does not cost the message, and a role that has been
 * taken over gains nothing by an errno. */
#include "deliver/bounds.h"
#include "common/log.h"
#include "common/nss.h"
#include "common/priv.h"
#include "common/sandbox.h"
#include "common/spool.h"
#include "deliver/calls.h"
#include "deliver/convert.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#define STATE_DIR "/var/lib/bellman"
#define PATHS 20
#define MEMORY 512 /* MB of address space: far more than it ever has */

/* In place of a path. */
#define HIS_BOX "box"	      /* the folder of the user's mailbox */
#define RESOLVERS "resolvers" /* where the link /etc/resolv.conf leads */
#define CONVERTER "converter" /* the folder of deliver-mime */

enum who { /* a role, or one of the user's processes */
	WHO_OTHER,
	WHO_QUEUE,
	WHO_NET,
	WHO_DNS,
	WHO_BOX,
	WHO_READ,
	WHO_FILE,
	WHO_MIME,
	WHO_TOKEN,
	WHOS
};

/* Programs and their libraries, settings, who is who: to be looked at only. */
#define MACHINE                                                                \
	{ "/etc", SANDBOX_READ }, { "/usr", SANDBOX_READ },                    \
	    { "/lib", SANDBOX_READ }, { "/lib64", SANDBOX_READ },              \
	    { "/run", SANDBOX_READ }, { "/proc", SANDBOX_READ },               \
	{                                                                      \
		"/dev/null", SANDBOX_READ | SANDBOX_WRITE                      \
	}
#define NO_TCP (SANDBOX_LISTEN | SANDBOX_CONNECT)
#define ALONE (SANDBOX_ABSTRACT | SANDBOX_SIGNAL)

/* Here and in deliver(8), ROLES.  The parent is not bounded: it changes
 * identities and makes all others.  Nor are a user's command and submit:
 * they run programs with the rights that they have at a login, set-id ones
 * among them.  tty is bounded when it knows the terminals: tty/confine.c. */
static const struct bounds {
	enum calls calls;
	unsigned files; /* the rights given up but beneath paths[] */
	unsigned net;
	unsigned open, memory; /* descriptors, MB; 0: as the parent */
	bool starts;	       /* programs; nobody else has children */
	struct sandbox_path paths[PATHS];
} table[WHOS] = {
	/* Lists that aliases name may lie anywhere, and are read if all may.
	 * What lies in drop/ and is no file goes to quarantine/ as well, which
	 * Landlock counts as making one; by its calls it makes none. */
	[WHO_QUEUE] = { CALLS_FILES | CALLS_SERVE, SANDBOX_ALL & ~SANDBOX_READ,
	    NO_TCP | ALONE, 0, 0, false,
	    { { SPOOL_DIR, SANDBOX_CHANGE | SANDBOX_SPECIAL },
		{ STATE_DIR, SANDBOX_CHANGE },
		{ "/dev/null", SANDBOX_WRITE } } },
	/* Certificates may lie anywhere, and links lead there: it reads what
	 * all may read, and changes nothing. */
	[WHO_NET] = { CALLS_NET, SANDBOX_ALL & ~SANDBOX_READ,
	    SANDBOX_LISTEN | SANDBOX_SIGNAL, 0, 0, false,
	    { { "/dev/null", SANDBOX_WRITE } } },
	[WHO_DNS] = { CALLS_NET, SANDBOX_ALL, SANDBOX_LISTEN | ALONE, 256,
	    MEMORY, false,
	    { MACHINE, { RESOLVERS, SANDBOX_READ },
		{ "/dev/urandom", SANDBOX_READ } } },
	/* Reading is left to his own rights.  Each of a batch has a
	 * descriptor, two with a Maildir. */
	[WHO_BOX] = { CALLS_FILES, SANDBOX_ALL & ~SANDBOX_READ, NO_TCP | ALONE,
	    1024, MEMORY, false, { { HIS_BOX, SANDBOX_CHANGE } } },
	[WHO_READ] = { CALLS_BASE, SANDBOX_ALL & ~SANDBOX_READ, NO_TCP | ALONE,
	    64, MEMORY, false, { { NULL, 0 } } },
	/* The path comes later; it is one of his own words. */
	[WHO_FILE] = { CALLS_FILES, SANDBOX_ALL & ~SANDBOX_READ, NO_TCP | ALONE,
	    1024, MEMORY, false, { { "/", SANDBOX_CHANGE } } },
	/* Its limits go by the message: convert.c.  deliver-mime gives up the
	 * rest itself: mime/confine.c. */
	[WHO_MIME] = { CALLS_START, SANDBOX_ALL, NO_TCP | ALONE, 0, 0, true,
	    { MACHINE, { CONVERTER, SANDBOX_READ | SANDBOX_EXECUTE },
		{ "/usr/lib", SANDBOX_READ | SANDBOX_EXECUTE },
		{ "/usr/lib64", SANDBOX_READ | SANDBOX_EXECUTE },
		{ "/lib", SANDBOX_READ | SANDBOX_EXECUTE },
		{ "/lib64", SANDBOX_READ | SANDBOX_EXECUTE } } },
	/* Whatever root has named: less what no such program needs. */
	[WHO_TOKEN] = { CALLS_PROGRAM, 0, SANDBOX_LISTEN | SANDBOX_SIGNAL, 0, 0,
	    true, { { NULL, 0 } } },
};

static enum who
who(enum role role, enum user_purpose purpose)
{
	static const enum who roles[ROLES] = { [ROLE_QUEUE] = WHO_QUEUE,
		[ROLE_NET] = WHO_NET,
		[ROLE_DNS] = WHO_DNS,
		[ROLE_MIME] = WHO_MIME,
		[ROLE_TOKEN] = WHO_TOKEN };
	static const enum who purposes[PURPOSES] = { [FOR_BOX] = WHO_BOX,
		[FOR_READ] = WHO_READ,
		[FOR_FORWARD] = WHO_READ,
		[FOR_FILE] = WHO_FILE };

	return role == ROLE_USER ? purposes[purpose] : roles[role];
}

struct span
bounds_far_names(struct span text)
{
	static const char *const near[] = { "files", "compat", "db", "systemd",
		"sss", "winbind", "extrausers", "altfiles", "mymachines",
		NULL };

	return nss_other(text, near);
}

/* Whoever takes it over may not have more than it was to have. */
static void
must(bool ok, const char *role, const char *what)
{
	if (ok)
		return;
	log_errno("%s: error what=\"it cannot be bounded (%s), and ends: its "
		  "mail waits\"",
	    role, what);
	_exit(EX_OSERR);
}

/* Who looks users up talks to whom the name service talks to. */
static bool
names_are_far(const char *role)
{
	char text[8192];
	int fd = open(NSS_CONF, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = 0;
	struct span far;

	/* Taken for "none" it would not have the network for life; what may
	 * not be read is none for the C library, too. */
	must(fd != -1 || (errno != EMFILE && errno != ENFILE &&
			     errno != ENOMEM && errno != EIO),
	    role, NSS_CONF);
	if (fd != -1) {
		while (
		    (n = read(fd, text, sizeof text)) == -1 && errno == EINTR)
			;
		must(n != -1 || errno == EISDIR, role, NSS_CONF);
		close(fd);
	}
	far = bounds_far_names((struct span){ text, n > 0 ? (size_t)n : 0 });
	if (far.len)
		log_warn("agent: unbounded role=%s reason=\"users are looked "
			 "up by '%.*s' (" NSS_CONF
			 "), which may need the network: this role keeps it\"",
		    role, (int)far.len, far.ptr);
	return far.len > 0;
}

static void
folder_of(const char *path, char out[PATH_MAX])
{
	char *end;

	strlcpy(out, path, PATH_MAX);
	end = strrchr(out, '/');
	if (end)
		end[end == out] = '\0';
}

/* A path of the table as it is for this process; false: it has none. */
static bool
place(const char *path, const struct role_start *s, char out[PATH_MAX])
{
	struct buf box = { 0 };

	if (*path == '/') {
		strlcpy(out, path, PATH_MAX);
	} else if (strcmp(path, HIS_BOX) == 0) {
		role_box(s, &box);
		folder_of(buf_c(&box), out);
		buf_free(&box);
	} else if (strcmp(path, CONVERTER) == 0) {
		folder_of(CONVERT_PROGRAM, out);
	} else {
		char real[PATH_MAX];

		if (realpath("/etc/resolv.conf", real) == NULL)
			return false;
		folder_of(real, out);
	}
	return *out == '/';
}

static int
set_files(const struct bounds *b, unsigned net, const struct role_start *s)
{
	char at[4][PATH_MAX]; /* few are not as the table has them */
	struct sandbox_path paths[PATHS];
	struct sandbox all = { b->files, net, paths, 0 };
	size_t own = 0;

	for (size_t i = 0; i < PATHS && b->paths[i].path; i++) {
		paths[all.npaths] = b->paths[i];
		if (*b->paths[i].path != '/') {
			if (!place(b->paths[i].path, s, at[own]))
				continue;
			paths[all.npaths].path = at[own++];
		}
		all.npaths++;
	}
	return sandbox_rules(&all);
}

void
bounds_set(enum role role, const struct role_start *start)
{
	const char *name = role_rows[role].name;
	enum who w = who(role, start->purpose);
	const struct bounds *b = &table[w];
	unsigned net = b->net;
	enum calls calls = b->calls;
	int files, filter;

	if (w == WHO_OTHER)
		return;
	if (w == WHO_QUEUE && names_are_far(name)) {
		net &= ~(unsigned)NO_TCP;
		calls |= CALLS_NET;
	}
	files = set_files(b, net, start);
	must(files != -1, name, "Landlock");
	if (files == 1 && w == WHO_QUEUE)
		log_warn("agent: unbounded role=%s reason=\"this kernel has no "
			 "Landlock, or one before 5.19: the files that a role "
			 "may use are not bounded\"",
		    name);
#ifndef SANDBOX_WATCHED /* which makes calls, and threads, of its own */
	must(!b->open || priv_limit(RLIMIT_NOFILE, b->open) == 0, name,
	    "descriptors");
	must(!b->memory || priv_limit(RLIMIT_AS, (rlim_t)b->memory << 20) == 0,
	    name, "memory");
	must(b->starts || priv_limit(RLIMIT_NPROC, 0) == 0, name, "children");
	filter = calls_set(calls);
	must(filter != -1, name, "seccomp");
	if (filter == 1 && w == WHO_QUEUE)
		log_warn("agent: unbounded role=%s reason=\"this kernel has no "
			 "seccomp, or this machine's numbers of system calls "
			 "are not known: the calls that a role may make are "
			 "not bounded\"",
		    name);
#else
	(void)calls;
	(void)filter;
#endif
}
