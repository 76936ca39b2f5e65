#include "deliver/subid.h"
#include "deliver/loop.h"
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST 4096	 /* ranges */
#define FILE_MAX 1048576 /* octets */
#define LOOK 1000	 /* ms between two looks at the file */

static bool
user(struct span name, uid_t *uid)
{
	const struct passwd *pw;
	long long n;
	char *text;

	if (span_num(name, 0, UINT32_MAX - 1, &n) == 0) {
		*uid = (uid_t)n;
		return true;
	}
	text = span_dup(name);
	pw = text ? getpwnam(text) : NULL;
	free(text);
	if (pw)
		*uid = pw->pw_uid;
	return pw != NULL;
}

int
subid_parse(struct span text, struct subids *s)
{
	*s = (struct subids){ 0 };
	while (text.len && s->n < MOST) {
		struct span line = span_cut(&text, '\n');
		struct span name = span_cut(&line, ':');
		struct span from = span_cut(&line, ':');
		long long first, count;
		struct subid *more;
		uid_t owner;

		if (span_num(from, SUBID_FIRST, UINT32_MAX - 1, &first) == -1 ||
		    span_num(span_trim(line), 1, UINT32_MAX - first, &count) ==
			-1 ||
		    name.len == 0 || !user(name, &owner))
			continue;
		more = reallocarray(s->all, s->n + 1, sizeof *more);
		if (more == NULL)
			return -1;
		s->all = more;
		s->all[s->n++] = (struct subid){ owner, (uid_t)first,
			(uid_t)(first + count - 1) };
	}
	return 0;
}

uid_t
subid_of(const struct subids *s, uid_t uid)
{
	for (size_t i = 0; uid >= SUBID_FIRST && i < s->n; i++)
		if (uid >= s->all[i].first && uid <= s->all[i].last)
			return s->all[i].owner;
	return uid;
}

/* Root writes it; of a file that cannot be read nothing is known. */
static void
load(struct subids *s, const struct stat *st)
{
	int fd = open(SUBID_PATH, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char *text = NULL;
	ssize_t n = -1;

	free(s->all);
	*s = (struct subids){ 0 };
	if (fd == -1)
		return;
	if (st->st_size > 0 && st->st_size <= FILE_MAX &&
	    (text = malloc((size_t)st->st_size)) != NULL)
		n = read(fd, text, (size_t)st->st_size);
	if (n > 0)
		(void)subid_parse((struct span){ text, (size_t)n }, s);
	free(text);
	close(fd);
}

const struct subids *
subid_known(void)
{
	static struct subids known;
	static struct timespec written;
	static int64_t looked = INT64_MIN;
	struct stat st;

	if (looked != INT64_MIN && loop_now() - looked < LOOK)
		return &known;
	looked = loop_now();
	if (stat(SUBID_PATH, &st) == -1)
		st = (struct stat){ 0 };
	if (memcmp(&written, &st.st_mtim, sizeof written) != 0) {
		written = st.st_mtim;
		load(&known, &st);
	}
	return &known;
}

uid_t
subid_owner(uid_t uid)
{
	return uid < SUBID_FIRST ? uid : subid_of(subid_known(), uid);
}
