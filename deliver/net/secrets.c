#include "deliver/net/secrets.h"
#include "common/conf_lex.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME, USER, PASSWORD, WORDS };

void
secrets_forget(char *s)
{
	if (s)
		explicit_bzero(s, strlen(s));
	free(s);
}

void
secret_wipe(struct secret *s)
{
	secrets_forget(s->user);
	secrets_forget(s->password);
	*s = (struct secret){ 0 };
}

uint64_t
secrets_stamp(const char *path)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return 0;
	return (uint64_t)st.st_ino ^ ((uint64_t)st.st_mtim.tv_sec << 20) ^
	       ((uint64_t)st.st_ctim.tv_sec << 8) ^
	       ((uint64_t)st.st_ctim.tv_nsec << 32);
}

static void
drop(char *words[WORDS])
{
	for (int i = 0; i < WORDS; i++) {
		secrets_forget(words[i]);
		words[i] = NULL;
	}
}

/* One line: 1 with its three words, 0 when it is empty, -1. */
static int
line(struct conf_lex *x, char *words[WORDS])
{
	static const char *const what[] = { "a relay or host",
		"a user behind the relay", "a password behind the user" };

	for (int i = 0; i < WORDS; i++) {
		if (conf_next(x) == CONF_BAD)
			return -1;
		if (i == 0 && (x->token == CONF_EOL || x->token == CONF_EOF))
			return 0;
		if (x->token != CONF_WORD || x->word.len == 0)
			return conf_wrong(x, x->line,
			    "%s is missing; quotes go around a word that has "
			    "blanks, # ; { or } in it",
			    what[i]);
		words[i] = span_dup(x->word);
		if (words[i] == NULL)
			return conf_wrong(x, x->line, "out of memory");
	}
	if (conf_next(x) == CONF_BAD)
		return -1;
	if (x->token == CONF_EOL || x->token == CONF_EOF)
		return 1;
	return conf_wrong(x, x->line,
	    "more than three words; quotes go around a word that has blanks, "
	    "# ; { or } in it");
}

static bool
fits(char *const words[WORDS], const struct secrets_key *key, const char *name)
{
	return name && words[NAME] && words[USER] &&
	       strcasecmp(words[NAME], name) == 0 &&
	       (key->user == NULL || strcmp(words[USER], key->user) == 0);
}

/* The relay's name goes before a host's, wherever they stand. */
int
secrets_parse(struct span text, const char *path, const struct secrets_key *key,
    struct secret *s, struct buf *why)
{
	struct conf_lex x = {
		.rest = text, .path = path, .err = why, .token = CONF_EOL
	};
	char *words[WORDS] = { 0 };
	bool exact = false;
	int got = 0;

	*s = (struct secret){ 0 };
	while (got != -1 && x.token != CONF_EOF && !exact) {
		got = line(&x, words);
		exact = got == 1 && fits(words, key, key->relay);
		if (exact || (got == 1 && s->user == NULL &&
				 fits(words, key, key->host))) {
			secret_wipe(s);
			s->user = words[USER];
			s->password = words[PASSWORD];
			words[USER] = words[PASSWORD] = NULL;
		}
		drop(words);
	}
	explicit_bzero(x.store, sizeof x.store);
	if (got == -1) {
		secret_wipe(s);
		return -1;
	}
	return s->user != NULL;
}

static int
refuse(struct buf *why, const char *path, const char *what)
{
	buf_fmt(why,
	    "%s is not used: %s; `chown root:bellman-net` and `chmod 0640` "
	    "make it right",
	    path, what);
	return -1;
}

/* Whoever could write it could send our mail elsewhere, or read it there. */
static int
sound(int fd, const char *path, struct buf *why)
{
	struct stat st;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		return refuse(why, path, "it is no file");
	if (st.st_uid != 0)
		return refuse(why, path, "it does not belong to root");
	if (st.st_mode & 07)
		return refuse(why, path, "others can read or change it");
	if (st.st_mode & 030)
		return refuse(why, path, "its group can change it");
	if ((st.st_mode & 040) && st.st_gid != 0 && st.st_gid != getegid())
		return refuse(
		    why, path, "a group that is not ours can read it");
	if (st.st_size > SECRETS_MAX)
		return refuse(why, path, "it is over 64 KiB");
	return 0;
}

static int
look(int fd, const char *path, const struct secrets_key *key, struct secret *s,
    struct buf *why)
{
	char *text;
	ssize_t n;
	int rc = -1;

	if (sound(fd, path, why) == -1)
		return -1;
	text = malloc(SECRETS_MAX);
	n = text ? pread(fd, text, SECRETS_MAX, 0) : -1;
	if (n == -1) {
		buf_fmt(why, "cannot read %s: %s", path, strerror(errno));
	} else {
		rc = secrets_parse(
		    (struct span){ text, (size_t)n }, path, key, s, why);
		explicit_bzero(text, (size_t)n);
	}
	free(text);
	return rc;
}

int
secrets_find(const char *path, int credential, const struct secrets_key *key,
    struct secret *s, struct buf *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc = 0;

	*s = (struct secret){ 0 };
	if (fd != -1) {
		rc = look(fd, path, key, s, why);
		close(fd);
	} else if (errno == EACCES) {
		return refuse(
		    why, path, "the group bellman-net cannot read it");
	} else if (errno != ENOENT && errno != ENOTDIR) {
		buf_fmt(why, "cannot read %s: %s", path, strerror(errno));
		return -1;
	}
	if (rc == 0 && credential != -1)
		rc = look(credential, "the credential " SECRETS_CREDENTIAL, key,
		    s, why);
	return rc;
}
