#include "deliver/queue/intent.h"
#include "common/crc.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "intent-"
#define MAX_SIZE (1 << 20)

static const char *const kind_name[T_KINDS] = {
	[T_BOX] = "box",
	[T_FILE] = "file",
	[T_COMMAND] = "command",
};

bool
intent_is_name(const char *name)
{
	return strncmp(name, PREFIX, strlen(PREFIX)) == 0 &&
	       strlen(name) < INTENT_NAME;
}

static void
encode(const struct intent *in, struct buf *b)
{
	buf_fmt(b, "bellman-intent 1\nuser %s\n", in->user);
	if (in->kind != T_BOX)
		buf_fmt(b, "kind %s\nwhat %s\n", kind_name[in->kind], in->what);
	buf_fmt(b, "box %s\n", in->box);
	buf_fmt(b, "ino %llu size %llu\n", (unsigned long long)in->ino,
	    (unsigned long long)in->size);
	for (size_t i = 0; i < in->n; i++)
		buf_fmt(b, "item %s %u\n", in->items[i].id, in->items[i].rcpt);
	buf_fmt(b, "sum %08x\n", b->bad ? 0 : crc32c(0, b->ptr, b->len));
	buf_str(b, "result ");
	for (size_t i = 0; i < in->n; i++)
		buf_chr(b, '?');
	buf_chr(b, '\n');
}

int
intent_write(int dirfd, struct intent *in)
{
	struct buf b = { 0 };
	int saved, fd;

	encode(in, &b);
	if (b.bad) {
		buf_free(&b);
		errno = ENOMEM;
		return -1;
	}
	snprintf(in->name, sizeof in->name, PREFIX "%08x%08x", arc4random(),
	    arc4random());
	fd = openat(dirfd, in->name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1) {
		buf_free(&b);
		return -1;
	}
	errno = EIO; /* for a short write */
	if (write(fd, b.ptr, b.len) != (ssize_t)b.len) {
		saved = errno;
		unlinkat(dirfd, in->name, 0);
		close(fd);
		buf_free(&b);
		errno = saved;
		return -1;
	}
	close(fd);
	buf_free(&b);
	return 0;
}

int
intent_mark(int dirfd, const struct intent *in, const char *result)
{
	int fd = openat(dirfd, in->name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	off_t end = fd == -1 ? -1 : lseek(fd, 0, SEEK_END);
	size_t n = strlen(result);
	int done = -1;

	/* Over the question marks, which are the last line: this needs no room
	 * on a full disk. */
	if (end > (off_t)n && n == in->n &&
	    pwrite(fd, result, n, end - 1 - (off_t)n) == (ssize_t)n)
		done = 0;
	if (fd != -1)
		close(fd);
	return done;
}

/* The value of the next line, which must begin with key and a blank. */
static int
line(struct span *text, const char *key, struct span *value)
{
	struct span left = *text;

	*value = span_cut(&left, '\n');
	if (left.ptr == NULL || !span_eq(span_cut(value, ' '), span_of(key)))
		return -1;
	*text = left;
	return 0;
}

static int
items(struct span *text, struct intent *in)
{
	struct span value;

	while (line(text, "item", &value) == 0) {
		struct span id = span_cut(&value, ' ');
		struct intent_item *more;
		long long rcpt;

		more = reallocarray(in->items, in->n + 1, sizeof *more);
		if (more == NULL)
			return -1;
		in->items = more;
		if (id.len >= SPOOL_IDSIZE ||
		    span_num(value, 0, UINT32_MAX - 1LL, &rcpt) == -1)
			return -1;
		memcpy(more[in->n].id, id.ptr, id.len);
		more[in->n].id[id.len] = '\0';
		if (!spool_id_valid(more[in->n].id))
			return -1;
		more[in->n++].rcpt = (uint32_t)rcpt;
	}
	return 0;
}

static bool
only_digits(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] != '0' && s.ptr[i] != '1')
			return false;
	return true;
}

/* Not there for a mailbox: so they were all, once. */
static int
kind(struct span *text, struct intent *in)
{
	struct span value;

	in->kind = T_BOX;
	if (line(text, "kind", &value) == -1)
		return 0;
	for (int k = T_BOX + 1; k < T_KINDS; k++)
		if (span_eq(value, span_of(kind_name[k])))
			in->kind = (enum target_kind)k;
	if (in->kind == T_BOX || line(text, "what", &value) == -1 ||
	    value.len == 0)
		return -1;
	in->what = span_dup(value);
	return in->what ? 0 : -1;
}

static int
decode(struct span text, struct intent *in)
{
	struct span all = text, value, word;
	long long ino, size;
	char sum[16];

	if (line(&text, "bellman-intent", &value) == -1 ||
	    !span_eq(value, SPAN("1")) || line(&text, "user", &value) == -1 ||
	    (in->user = span_dup(value)) == NULL || kind(&text, in) == -1 ||
	    line(&text, "box", &value) == -1 ||
	    (in->box = span_dup(value)) == NULL ||
	    line(&text, "ino", &value) == -1)
		return -1;
	word = span_cut(&value, ' ');
	if (span_num(word, 0, INT64_MAX, &ino) == -1 ||
	    !span_eq(span_cut(&value, ' '), SPAN("size")) ||
	    span_num(value, 0, INT64_MAX, &size) == -1 ||
	    items(&text, in) == -1)
		return -1;
	in->ino = (uint64_t)ino;
	in->size = (uint64_t)size;
	snprintf(sum, sizeof sum, "%08x",
	    crc32c(0, all.ptr, (size_t)(text.ptr - all.ptr)));
	if (line(&text, "sum", &value) == -1 || !span_eq(value, span_of(sum)))
		return -1;
	/* Not synced, so it may be anything after a crash: then the mailbox
	 * is asked. */
	if (in->n && line(&text, "result", &value) == 0 && value.len == in->n &&
	    only_digits(value) && (in->result = span_dup(value)) == NULL)
		return -1;
	return 0;
}

int
intent_read(int dirfd, const char *name, struct intent *in)
{
	int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	char *text;
	ssize_t n;
	int done, saved;

	*in = (struct intent){ 0 };
	strlcpy(in->name, name, sizeof in->name);
	if (fd == -1)
		return -1;
	errno = EBADMSG;
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_size > MAX_SIZE ||
	    (text = malloc((size_t)st.st_size + 1)) == NULL) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	n = read(fd, text, (size_t)st.st_size);
	close(fd);
	errno = 0;
	done = n < 0 ? -1 : decode((struct span){ text, (size_t)n }, in);
	/* Whoever hears EBADMSG removes the file, and with it what is known
	 * of the batch. */
	saved = n < 0 ? EIO : errno == ENOMEM ? ENOMEM : EBADMSG;
	free(text);
	if (done == -1) {
		intent_free(in);
		errno = saved;
	}
	return done;
}

void
intent_free(struct intent *in)
{
	free(in->user);
	free(in->what);
	free(in->box);
	free(in->items);
	free(in->result);
	*in = (struct intent){ 0 };
}
