#include "deliver/user/place.h"
#include "deliver/forward.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The home, as it is now; -1 and why not. */
static int
his_home(const struct role_start *s, struct verdict *v)
{
	int fd = open(s->home, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd == -1 || fstat(fd, &st) == -1) {
		box_verdict(v, errno, "cannot open", s->home);
		if (fd != -1)
			close(fd);
		return -1;
	}
	if (st.st_uid == s->uid || st.st_uid == 0)
		return fd;
	close(fd);
	*v = (struct verdict){ OUT_LATER, "4.2.0", "" };
	snprintf(v->text, sizeof v->text,
	    "the home %.300s belongs to another user (uid %u, not %u); `chown` "
	    "it, or put the user's own there; nothing was written",
	    s->home, (unsigned)st.st_uid, (unsigned)s->uid);
	return -1;
}

int
place_open(struct box *b, struct verdict *v)
{
	const char *path = buf_c(&b->path), *home = b->start->home, *rest;
	char folder[PATH_MAX];
	int from = AT_FDCWD;
	size_t n;

	if (b->at != -1)
		return 0;
	b->name = strrchr(path, '/');
	b->name = b->name ? b->name + 1 : path;
	n = (size_t)(b->name - path);
	if (n >= sizeof folder) {
		box_verdict(v, ENAMETOOLONG, "cannot open", path);
		return -1;
	}
	memcpy(folder, path, n);
	folder[n] = '\0';
	rest = home && *home == '/' && *folder == '/'
		   ? forward_inside(home, folder)
		   : NULL;
	if (rest && (from = his_home(b->start, v)) == -1)
		return -1;
	while (rest && *rest == '/')
		rest++;
	if (rest == NULL)
		rest = folder;
	b->at =
	    openat(from, *rest ? rest : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (b->at == -1)
		box_verdict(v, errno, "cannot open", folder);
	if (from != AT_FDCWD)
		close(from);
	return b->at == -1 ? -1 : 0;
}

void
place_close(struct box *b)
{
	if (b->at != -1)
		close(b->at);
	b->at = -1;
}
