#include "deliver/identity.h"
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
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

const char *
identity(const struct role_ids *ids, enum role role, const char *name,
    struct role_start *start, struct priv_id *id, bool *permanent)
{
	struct passwd *pw;

	*permanent = false;
	errno = 0;
	pw = name_is_safe(name) ? getpwnam(name) : NULL;
	if (pw == NULL) {
		*permanent = errno == 0 || errno == ENOENT;
		return errno ? strerror(errno) : "there is no such user";
	}
	start->user = pw->pw_name;
	start->home = pw->pw_dir;
	start->uid = pw->pw_uid;
	start->gid = pw->pw_gid;
	start->mail = ids->mail;
	if (role == ROLE_TTY) {
		*id = (struct priv_id){ ids->uid[ROLE_TTY], ids->tty,
			{ ids->tty }, 1 };
		return NULL;
	}
	*id = (struct priv_id){ pw->pw_uid, pw->pw_gid, { ids->mail }, 1 };
	/* In his own folders his links would lead that group's rights astray.
	 */
	if (strncmp(start->conf->local_path, "/var/", 5) != 0)
		id->ngroups = 0;
	if (pw->pw_uid == 0) {
		id->uid = ids->uid[ROLE_QUEUE];
		id->gid = ids->mail;
		return make_root_box(ids->mail) == -1 ? strerror(errno) : NULL;
	}
	*permanent = true;
	return role_owns(ids, pw->pw_uid) ? "that user takes no mail" : NULL;
}
