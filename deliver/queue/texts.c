#include "deliver/queue/texts.h"
#include "common/log.h"
#include "common/printable.h"
#include "deliver/mounts.h"
#include "deliver/queue/reader.h"
#include "deliver/queue/users.h"
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define USERS_OCTETS (16 << 20) /* of every .forward, with their lists */
#define AT_ONCE 100		/* users looked up at once for one message */
#define SLICE 20		/* and after that, in a round of the loop */

struct known_text {
	RB_ENTRY(known_text) link;
	struct texts *in;
	char *user, *path; /* the question; NULL as in struct world */
	char *owner;
	enum text_status status;
	struct buf text, why;
	struct reader reader;
	bool asking; /* reader_ask has not returned yet */
	bool told;   /* what is wrong in it */
};

static int
alias(void *arg, struct span name, struct buf *items)
{
	struct texts *t = arg;

	return aliases_find(&t->q->aliases, name, items);
}

/* Some of those who are still to be looked up. */
static void
look_up_some(struct loop_timer *timer)
{
	struct texts *t = timer->arg;
	struct known_user *u;

	for (int n = 0; n < SLICE && (u = TAILQ_FIRST(&t->unknown)) != NULL;
	     n++) {
		TAILQ_REMOVE(&t->unknown, u, next);
		users_look_up(t->q, u);
	}
	if (!TAILQ_EMPTY(&t->unknown))
		loop_in(timer, 0);
	else if (--t->open == 0)
		t->ready(t);
}

/* NULL: no memory. */
static struct known_user *
know(struct texts *t, const char *name)
{
	struct known_user *u = users_find(&t->users, name);

	if (u || (u = users_add(&t->users, name)) == NULL ||
	    users_recall(t->q, u))
		return u;
	if (t->ready == NULL || t->looked_up < AT_ONCE) {
		t->looked_up++;
		users_look_up(t->q, u);
		return u;
	}
	if (TAILQ_EMPTY(&t->unknown)) {
		t->open++;
		loop_in(&t->slice, 0);
	}
	TAILQ_INSERT_TAIL(&t->unknown, u, next);
	return u;
}

static enum text_user
user(void *arg, const char *name, char out[EXPAND_NAME])
{
	const struct known_user *u = know(arg, name);

	if (u == NULL || u->state == U_LATER)
		return USER_LATER;
	if (u->state == U_ASKED)
		return USER_ASKED;
	return u->state == U_IS &&
		       strlcpy(out, u->user, EXPAND_NAME) < EXPAND_NAME
		   ? USER_IS
		   : USER_NOT;
}

static bool
owner(void *arg, const char *path, char out[EXPAND_NAME])
{
	const struct passwd *pw;
	struct stat st;

	(void)arg;
	if (lstat(path, &st) == -1 || !S_ISREG(st.st_mode) || st.st_uid == 0)
		return false;
	pw = getpwuid(st.st_uid);
	return pw && strlcpy(out, pw->pw_name, EXPAND_NAME) < EXPAND_NAME;
}

static int
by(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) : (a != NULL) - (b != NULL);
}

static int
order(const struct known_text *a, const struct known_text *b)
{
	int by_user = by(a->user, b->user);

	return by_user ? by_user : by(a->path, b->path);
}
RB_GENERATE_INTERNAL(
    known_texts, known_text, link, order, __attribute__((unused)) static)

static struct known_text *
find(struct texts *t, const char *name, const char *path)
{
	struct known_text key = { .user = (char *)(uintptr_t)name,
		.path = (char *)(uintptr_t)path };

	return RB_FIND(known_texts, &t->all, &key);
}

static void
settle(struct known_text *k, enum text_status status, const char *why)
{
	k->status = status;
	buf_str(&k->why, why);
	buf_chr(&k->why, '\0');
}

/* May it be kept?  What users write has limits of its own: a user who passes
 * his has no .forward, and costs nobody else. */
static bool
fits(const struct known_text *k, size_t len)
{
	struct known_text key = { .user = k->user };
	struct known_text *other = &key;
	size_t sum = len;

	if (k->user == NULL)
		return true; /* ask() has looked */
	/* His .forward is the first of his texts. */
	for (other = RB_NFIND(known_texts, &k->in->all, other);
	     other && by(other->user, k->user) == 0;
	     other = RB_NEXT(known_texts, &k->in->all, other))
		sum += other->text.len;
	return sum <= EXPAND_FORWARD_OCTETS &&
	       k->in->users_octets + len <= USERS_OCTETS;
}

static void
answered(struct reader *r, enum read_status status, struct span text,
    struct span why)
{
	static const enum text_status meaning[READ_STATUSES] = {
		[READ_OK] = TEXT_OK,
		[READ_NONE] = TEXT_NONE,
		[READ_BAD] = TEXT_BAD,
		[READ_LATER] = TEXT_LATER,
	};
	struct known_text *k = r->arg;
	struct texts *t = k->in;
	struct buf b = { 0 };

	if (fits(k, text.len)) {
		buf_span(&k->text, text);
		printable_add(&b, why, 300);
		settle(k, meaning[status], buf_c(&b));
	} else {
		settle(k, TEXT_BAD, "with its lists it is longer than 256 KiB");
	}
	buf_free(&b);
	*(k->user ? &t->users_octets : &t->octets) += k->text.len;
	t->open--;
	/* Within the expansion that asks, it goes on with the answer. */
	if (t->open == 0 && !k->asking)
		t->ready(t);
}

/* Of a process of that user, or of nobody. */
static void
ask(struct known_text *k, const char *name)
{
	struct texts *t = k->in;

	if (t->ready == NULL) {
		settle(k, TEXT_LATER, "only its owner may read it");
		return;
	}
	if (k->user == NULL && t->octets > EXPAND_OCTETS) {
		settle(k, TEXT_LATER, "its lists are longer than 4 MiB");
		return;
	}
	k->status = TEXT_ASKED;
	k->reader = (struct reader){ .done = answered, .arg = k };
	t->open++;
	k->asking = true;
	reader_ask(t->q, &k->reader, name, k->path);
	k->asking = false;
}

/* Most users have none, which anybody sees; on another machine only the user's
 * own process looks, for it may have to wait. */
static bool
has_forward(struct texts *t, const char *name)
{
	struct known_user *u = know(t, name);
	struct buf path = { 0 };
	struct stat st;
	bool none;

	if (u && u->state == U_ASKED) { /* under a name of another spelling */
		TAILQ_REMOVE(&t->unknown, u, next);
		users_look_up(t->q, u);
	}
	if (u == NULL || u->state != U_IS || u->home[0] != '/')
		return false;
	if (!mounts_is_near(u->home))
		return true;
	buf_fmt(&path, "%s/.forward", u->home);
	none = lstat(buf_c(&path), &st) == -1 &&
	       (errno == ENOENT || errno == ENOTDIR);
	buf_free(&path);
	return !none;
}

/* A list of root's, or one that all may read. */
static void
read_here(struct known_text *k, const struct stat *before)
{
	struct buf why = { 0 };
	struct stat st;
	ssize_t n = -1;
	int fd;

	forward_reach(k->path, before->st_uid, &fd, &why);
	buf_free(&why);
	if (fd == -1 || fstat(fd, &st) == -1 || st.st_ino != before->st_ino ||
	    st.st_dev != before->st_dev || st.st_size > READ_LIST_MAX)
		goto out;
	do {
		if (buf_room(&k->text, 65536) == -1)
			n = -1;
		else
			n = read(fd, k->text.ptr + k->text.len, 65536);
		if (n > 0)
			k->text.len += (size_t)n;
	} while (n > 0 && k->text.len <= READ_LIST_MAX);
out:
	if (fd != -1)
		close(fd);
	if (n == 0)
		settle(k, TEXT_OK, "");
	else
		settle(k, TEXT_LATER,
		    "the list cannot be read, or is longer than is allowed");
	k->in->octets += k->text.len;
}

static void
find_list(struct known_text *k)
{
	const struct passwd *pw = NULL;
	struct stat st;

	if (lstat(k->path, &st) == -1) {
		settle(k, TEXT_LATER,
		    errno == ENOENT ? "there is no such list"
				    : "the list cannot be reached by bellman");
		return;
	}
	if (!S_ISREG(st.st_mode)) {
		settle(k, TEXT_BAD, "the list is a link, or no file");
		return;
	}
	if (st.st_mode & 022) {
		settle(k, TEXT_BAD,
		    "others than its owner may write to the list; chmod go-w");
		return;
	}
	if (st.st_uid != 0 && (pw = getpwuid(st.st_uid)) != NULL)
		k->owner = strdup(pw->pw_name);
	if (st.st_uid == 0 || (st.st_mode & 04))
		read_here(k, &st);
	else if (k->owner)
		ask(k, k->owner);
	else
		settle(k, TEXT_LATER, "the list belongs to nobody");
}

static struct text
read_text(void *arg, const char *name, const char *path)
{
	struct texts *t = arg;
	struct known_text *k = NULL;

	if (path == NULL && (t->ready == NULL || !has_forward(t, name)))
		return (struct text){ .status = TEXT_NONE };
	k = find(t, name, path);
	if (k == NULL && (k = calloc(1, sizeof *k)) != NULL) {
		k->in = t;
		k->user = name ? strdup(name) : NULL;
		k->path = path ? strdup(path) : NULL;
		if ((name && !k->user) || (path && !k->path)) {
			free(k->user);
			free(k->path);
			free(k);
			k = NULL;
		} else {
			RB_INSERT(known_texts, &t->all, k);
			if (name)
				ask(k, name);
			else if (path)
				find_list(k);
		}
	}
	if (k == NULL || k->text.bad || k->why.bad)
		return (
		    struct text){ .status = TEXT_LATER, .why = "no memory" };
	return (
	    struct text){ k->status, buf_view(&k->text), k->why.ptr, k->owner };
}

static void
wrong(void *arg, const char *name, const char *path, unsigned line,
    const char *what)
{
	struct known_text *k = find(arg, name, path);
	struct buf why = { 0 };

	if (k == NULL && path) /* a list that its owner may command with */
		k = find(arg, NULL, path);
	if (k == NULL || k->told)
		return;
	k->told = true;
	printable_quoted(&why, span_of(what), 300);
	if (path == NULL && line == 0) /* the mail goes to the mailbox */
		log_warn("agent: forward-ignored user=%s reason=%s", k->user,
		    buf_c(&why));
	else if (path == NULL) /* the mailbox gets the mail, too */
		log_warn("agent: forward-wrong user=%s line=%u reason=%s",
		    k->user, line, buf_c(&why));
	else
		log_warn("agent: left-out file=%s line=%u reason=%s", path,
		    line, buf_c(&why));
	buf_free(&why);
}

void
texts_world(struct texts *t, struct world *w)
{
	RB_INIT(&t->all);
	RB_INIT(&t->users);
	TAILQ_INIT(&t->unknown);
	t->slice = (struct loop_timer){ .fire = look_up_some, .arg = t };
	*w = (struct world){ .conf = t->q->conf,
		.arg = t,
		.alias = alias,
		.user = user,
		.read = read_text,
		.owner = owner,
		.wrong = wrong };
}

void
texts_free(struct texts *t)
{
	struct known_text *k;

	loop_cancel(&t->slice);
	users_free(&t->users);
	while ((k = RB_ROOT(&t->all)) != NULL) {
		RB_REMOVE(known_texts, &t->all, k);
		if (k->status == TEXT_ASKED)
			reader_cancel(&k->reader);
		buf_free(&k->text);
		buf_free(&k->why);
		free(k->user);
		free(k->path);
		free(k->owner);
		free(k);
	}
}
