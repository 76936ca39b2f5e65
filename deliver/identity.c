#include "deliver/identity.h"
#include "deliver/account.h"
#include "deliver/forward.h"
#include "deliver/mounts.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Names of files and users from elsewhere never reach a path unchecked. */
static bool
name_is_safe(const char *name)
{
	if (*name == '-' || *name == '.' || *name == '\0')
		return false;
	for (const char *c = name; *c; c++)
		if (*c <= ' ' || *c == '/' || *c == ':' || *c == 0x7f)
			return false;
	return strlen(name) <= 64;
}

/* Empty, root's, and without the group: made by an agent that was killed
 * before it could give it away. */
static bool
unfinished(const char *path, gid_t mail)
{
	struct stat st;
	bool is = lstat(path, &st) == 0 && S_ISREG(st.st_mode) &&
		  st.st_uid == 0 && st.st_gid != mail && st.st_size == 0 &&
		  st.st_nlink == 1;

	errno = EEXIST;
	return is;
}

/* /var/mail/root: made here, appended to by bellman with the group mail. */
static int
make_root_box(gid_t mail)
{
	char path[] = "/var/mail/root";
	int saved,
	    fd = open(path,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0660);

	if (fd == -1 && errno == EEXIST && unfinished(path, mail))
		fd = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return errno == EEXIST ? 0 : -1; /* looked at by the writer */
	if (fchown(fd, 0, mail) == 0 && fchmod(fd, 0660) == 0) {
		close(fd);
		return 0;
	}
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* All groups of the user, as at a login. */
static void
own_groups(const struct passwd *pw, struct priv_id *id)
{
	id->ngroups = PRIV_GROUPS;
	if (getgrouplist(pw->pw_name, pw->pw_gid, id->groups, &id->ngroups) ==
		-1 &&
	    id->ngroups > PRIV_GROUPS)
		id->ngroups = PRIV_GROUPS;
}

/* Opened and checked here, read and parsed by one who is nobody in particular:
 * NULL. */
static const char *
root_forward(const struct passwd *pw, struct role_start *start)
{
	static struct buf why; /* until the next call */
	struct forward_owner owner = { pw->pw_dir, pw->pw_uid, pw->pw_gid };

	if (start->forward != -1) /* one who was refused after all */
		close(start->forward);

	buf_free(&why);
	why = (struct buf){ 0 };
	start->forward_status =
	    (int)forward_open(&owner, "", &start->forward, &why);
	start->forward_why = buf_c(&why);
	return NULL;
}

/* What root has written, for a process that is to write a file or to run a
 * command: it looks whether they stand there. */
static void
root_words(struct role_start *start)
{
	char names[4096];
	struct passwd pw, *root = NULL;

	if (getpwuid_r(0, &pw, names, sizeof names, &root) == 0 && root) {
		root_forward(root, start);
	} else {
		start->forward_status = READ_LATER;
		start->forward_why = "the user database does not answer";
	}
	start->aliases = open(
	    start->conf->aliases, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (start->aliases == -1 && errno != ENOENT && errno != ENOTDIR)
		start->aliases_error = errno;
}

/* Most users have none, and need no process to say so; their homes may be
 * closed to all but root.  On another machine only the user's own process
 * looks, for it may have to wait. */
static bool
no_forward(const char *home)
{
	char path[PATH_MAX];
	struct stat st;

	return home && home[0] == '/' && mounts_is_near(home) &&
	       (size_t)snprintf(path, sizeof path, "%s/.forward", home) <
		   sizeof path &&
	       lstat(path, &st) == -1 && (errno == ENOENT || errno == ENOTDIR);
}

/* Root is never a recipient's process. */
static const char *
for_root(const struct role_ids *ids, const struct passwd *pw,
    struct role_start *start, struct priv_id *id)
{
	id->uid = ids->uid[ROLE_QUEUE];
	id->gid = ids->gid[ROLE_QUEUE];
	id->ngroups = 0;
	switch (start->purpose) {
	case FOR_FORWARD:
		root_forward(pw, start);
		start->nothing =
		    start->forward == -1 && start->forward_status == READ_NONE;
		return NULL;
	case FOR_READ:
		return root_forward(pw, start);
	case FOR_FILE:
		return "mail is not written to a file of root's; give the file "
		       "to another user";
	case FOR_COMMAND:
		return "no command is run as root; set \"command-user\" in "
		       "bellman.conf";
	default:
		id->gid = ids->mail;
		return make_root_box(ids->mail) == -1 ? strerror(errno) : NULL;
	}
}

/* The groups for each purpose.  The group mail, which may write beside all
 * mailboxes, is only where no command is run and no file of the user is read;
 * and not in his own folders, where his links would lead it astray. */
static void
for_user(const struct role_ids *ids, const struct passwd *pw,
    struct role_start *start, struct priv_id *id)
{
	if (start->purpose == FOR_FORWARD && no_forward(pw->pw_dir)) {
		start->nothing = true;
		return;
	}
	if (start->purpose == FOR_BOX && start->conf->local == LOCAL_COMMAND)
		start->purpose = FOR_COMMAND, start->local = true;
	if (start->purpose != FOR_BOX) {
		own_groups(pw, id);
		id->commands = start->purpose == FOR_COMMAND;
		if (start->purpose != FOR_READ &&
		    start->purpose != FOR_FORWARD && !start->local)
			root_words(start);
	} else if (strncmp(start->conf->local_path, "/var/", 5) == 0) {
		id->groups[0] = ids->mail;
		id->ngroups = 1;
	}
}

const char *
identity(const struct role_ids *ids, enum role role, const char *name,
    struct role_start *start, struct priv_id *id, bool *permanent)
{
	const struct passwd *pw;

	*permanent = false;
	errno = 0;
	pw = name_is_safe(name) ? account_find(name) : NULL;
	if (pw == NULL) {
		*permanent = errno == 0;
		return errno ? strerror(errno) : "there is no such user";
	}
	start->user = pw->pw_name;
	start->home = pw->pw_dir;
	start->shell = pw->pw_shell;
	start->uid = pw->pw_uid;
	start->gid = pw->pw_gid;
	start->mail = ids->mail;
	if (role == ROLE_TTY) {
		*id = (struct priv_id){ .uid = ids->uid[ROLE_TTY],
			.gid = ids->tty,
			.groups = { ids->tty },
			.ngroups = 1 };
		return NULL;
	}
	*id = (struct priv_id){ .uid = pw->pw_uid, .gid = pw->pw_gid };
	if (pw->pw_uid == 0)
		return for_root(ids, pw, start, id);
	*permanent = true;
	if (role_owns(ids, pw->pw_uid))
		return "that user takes no mail";
	for_user(ids, pw, start, id);
	return NULL;
}
