#include "common/conf.h"
#include "common/addr.h"
#include "common/conf_lex.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* All of a file, at most max octets, in one read if it is a regular one: the
 * descriptor's size is known.  Not opened blocking, so that a FIFO put there
 * by mistake does not stop every sendmail of the machine. */
static int
read_file(const char *path, size_t max, struct buf *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int saved, result = -1;
	struct stat st;
	size_t room = 4096;
	ssize_t n;

	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1)
		goto out;
	if (S_ISFIFO(st.st_mode)) { /* would look empty */
		errno = EINVAL;
		goto out;
	}
	if (S_ISREG(st.st_mode) && st.st_size > 0)
		room =
		    (uint64_t)st.st_size < max ? (size_t)st.st_size + 1 : max;
	do { /* a short read of a regular file is its end */
		if (room > max - text->len)
			room = max - text->len;
		if (buf_room(text, room) == -1)
			goto out;
		do
			n = read(fd, text->ptr + text->len, room);
		while (n == -1 && errno == EINTR);
		if (n == -1)
			goto out;
		text->len += (size_t)n;
	} while ((size_t)n == room && n > 0);
	result = 0;
out:
	saved = errno;
	close(fd);
	errno = saved;
	return result;
}

static bool
host_name(struct span s)
{
	return s.len && s.ptr[0] != '[' && addr_domain(s);
}

/* What the machine calls itself, where the file does not say.  A kernel
 * without a name, or with one that no HELO could carry, is "localhost". */
static int
own_name(struct conf *c)
{
	char name[256];

	if (c->hostname)
		return 0;
	if (gethostname(name, sizeof name) == -1)
		name[0] = '\0';
	name[sizeof name - 1] = '\0';
	if (!host_name(span_of(name)))
		strlcpy(name, "localhost", sizeof name);
	c->hostname = strdup(name);
	return c->hostname ? 0 : -1;
}

/* Debian policy 11.6: the first line of /etc/mailname is the mail domain. */
static int
mail_domain(struct conf *c)
{
	struct buf text = { 0 };
	struct span rest, line = { NULL, 0 };

	if (read_file(CONF_MAILNAME, 1024, &text) == 0) {
		rest = buf_view(&text);
		line = span_trim(span_cut(&rest, '\n'));
	}
	c->domain = host_name(line) ? span_dup(line) : strdup(c->hostname);
	buf_free(&text);
	return c->domain ? 0 : -1;
}

static int
add_local(struct conf *c, const char *name)
{
	char **more;

	if (conf_is_local(c, span_of(name)))
		return 0;
	more =
	    reallocarray(c->local_domains, c->nlocal_domains + 1, sizeof *more);
	if (more == NULL)
		return -1;
	c->local_domains = more;
	more[c->nlocal_domains] = strdup(name);
	return more[c->nlocal_domains] ? (c->nlocal_domains++, 0) : -1;
}

int
conf_load(const char *path, struct conf *c, struct buf *err)
{
	struct buf text = { 0 };
	bool given;
	int result;

	*c = (struct conf){ 0 };
	if (read_file(path, CONF_FILE_MAX + 1, &text) == -1 &&
	    errno != ENOENT) {
		buf_fmt(err, "%s: cannot be read: %s", path, strerror(errno));
		buf_free(&text);
		return -1;
	}
	result = conf_parse(buf_view(&text), path, c, err);
	buf_free(&text);
	if (result == -1)
		return -1;
	given = c->nlocal_domains != 0;
	if (own_name(c) == -1 || mail_domain(c) == -1 ||
	    (!given && (add_local(c, c->hostname) == -1 ||
			   add_local(c, c->domain) == -1)) ||
	    add_local(c, "localhost") == -1) {
		buf_fmt(err, "%s: out of memory", path);
		return -1;
	}
	return 0;
}

void
conf_free(struct conf *c)
{
	for (size_t i = 0; i < c->nrelays; i++) {
		struct conf_relay *r = &c->relays[i];

		for (size_t j = 0; j < r->nhosts; j++) {
			free(r->hosts[j].name);
			free(r->hosts[j].port);
		}
		free(r->hosts);
		free(r->name);
	}
	for (size_t i = 0; i < c->nlocal_domains; i++)
		free(c->local_domains[i]);
	free(c->relays);
	free(c->local_domains);
	free(c->local_path);
	free(c->hostname);
	free(c->domain);
	*c = (struct conf){ 0 };
}

const struct conf_relay *
conf_relay(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->nrelays; i++)
		if (strcmp(c->relays[i].name, name) == 0)
			return &c->relays[i];
	return NULL;
}

bool
conf_is_local(const struct conf *c, struct span domain)
{
	for (size_t i = 0; i < c->nlocal_domains; i++)
		if (span_ieq(span_of(c->local_domains[i]), domain))
			return true;
	return false;
}
