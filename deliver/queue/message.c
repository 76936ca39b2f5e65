#include "deliver/queue/message.h"
#include "common/crc.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FIRST 8192 /* octets: nearly every envelope, and most whole files */
#define BLOCK 4096
#define LINE_ROOM 384 /* octets reserved for one recipient's outcome */
#define MAX_JOURNAL (256 << 20)
#define RCPTS_MAX 200000 /* with their children */

bool
file_is_bad(int err)
{
	/* The last three: no file at all under that name. */
	return err == EBADMSG || err == EPROTONOSUPPORT || err == ELOOP ||
	       err == EISDIR || err == ENXIO;
}

int
file_reader(int dirfd, const char *id)
{
	return openat(
	    dirfd, id, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

char *
file_slice(int fd, off_t offset, size_t len)
{
	char *p = malloc(len + 1);
	size_t have = 0;

	while (p && have < len) {
		ssize_t n =
		    pread(fd, p + have, len - have, offset + (off_t)have);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0) {
			free(p);
			errno = n == 0 ? EBADMSG : errno;
			return NULL;
		}
		have += (size_t)n;
	}
	return p;
}

static int
read_envelope(struct file *f, off_t size)
{
	char first[FIRST], *more = NULL;
	ssize_t n = pread(f->fd, first, sizeof first, 0);
	struct span text;
	int done;

	if (n == -1)
		return -1;
	if (spool_head_get((struct span){ first, (size_t)n }, &f->head) == -1)
		return -1;
	if ((uint64_t)size < SPOOL_HEAD + f->head.env_len + f->head.body_len) {
		errno = EBADMSG;
		return -1;
	}
	text = (struct span){ first + SPOOL_HEAD, f->head.env_len };
	if (SPOOL_HEAD + text.len > (size_t)n) {
		more = file_slice(f->fd, SPOOL_HEAD, text.len);
		if (more == NULL)
			return -1;
		text.ptr = more;
	}
	errno = EBADMSG;
	done = crc32c(0, text.ptr, text.len) == f->head.env_sum
		   ? env_decode(text, &f->env)
		   : -1;
	free(more);
	return done;
}

static const char *const what_name[TO_KINDS] = {
	[TO_ADDRESS] = "address",
	[TO_BOX] = "box",
	[TO_COMMAND] = "command",
	[TO_FILE] = "file",
};

static void
forget(struct rcpt *r)
{
	free(r->addr);
	free(r->user);
	free(r->from);
	free(r->why);
	free(r->as);
	free(r->text);
	free(r->mta);
}

/* Takes over the strings of r, also when it fails. */
static int
append(struct file *f, struct rcpt *r)
{
	struct rcpt *more = NULL;

	/* Room for twice as many, each time that it is full. */
	if (f->nrcpts < f->space) {
		more = f->rcpts;
	} else if (f->nrcpts < RCPTS_MAX) {
		more = reallocarray(f->rcpts, f->nrcpts * 2 + 1, sizeof *more);
		f->space = more ? f->nrcpts * 2 + 1 : f->space;
	}
	if (more == NULL) {
		forget(r);
		errno = f->nrcpts < RCPTS_MAX ? ENOMEM : E2BIG;
		return -1;
	}
	f->rcpts = more;
	f->rcpts[f->nrcpts++] = *r;
	f->rcpts[r->parent].children++;
	f->rcpts[r->parent].owned |= r->from != NULL;
	return 0;
}

static int
apply_child(struct file *f, const struct journal_line *l)
{
	struct rcpt r = { .parent = l->rcpt };
	struct span rest = l->text;
	int what;

	for (what = 0; what < TO_KINDS; what++)
		if (span_eq(l->status, span_of(what_name[what])))
			break;
	if (what == TO_KINDS || l->rcpt >= f->env.nrcpts) {
		errno = EBADMSG;
		return -1;
	}
	r.what = (enum rcpt_what)what;
	if (journal_word(&rest, &r.user) == -1 ||
	    journal_word(&rest, &r.from) == -1 ||
	    journal_word(&rest, &r.addr) == -1) {
		int saved = errno;

		forget(&r);
		errno = saved;
		return -1;
	}
	if (r.addr && rest.len == 0 && (r.user != NULL) == (what != TO_ADDRESS))
		return append(f, &r);
	forget(&r);
	errno = EBADMSG;
	return -1;
}

static void
apply_to(struct rcpt *r, const struct journal_line *l)
{
	/* A list that was served in part may come to nothing later. */
	if (r->state != R_WAITS &&
	    !(r->state == R_SPLIT && l->event == J_FAIL) &&
	    /* Dropped, and it had been served before: so it is not new when an
	     * alias names it again. */
	    !(r->state == R_DROPPED && l->event == J_DONE))
		return;
	switch (l->event) {
	case J_TRY:
		r->tried = true;
		return;
	case J_SPLIT:
		r->state = R_SPLIT;
		return;
	case J_DROP:
		r->state = R_DROPPED;
		return;
	case J_DONE:
	case J_RELAYED:
	case J_PASSED:
		r->state = R_DONE;
		r->relayed = l->event != J_DONE;
		r->dsn_passed = l->event == J_PASSED;
		break;
	case J_FAIL:
		r->state = R_FAILED;
		r->logged = true;
		break;
	default:
		break;
	}
	rcpt_say(r, l->status, l->text, SPAN(""));
	r->last = l->when;
}

/* What a person wants of it. */
static int
apply_word(struct file *f, const struct journal_line *l)
{
	long long uid = 0;

	if (span_num(l->text, 0, UINT32_MAX, &uid) == -1) {
		errno = EBADMSG;
		return -1;
	}
	if (l->event == J_HOLD || l->event == J_RELEASE)
		f->held = l->event == J_HOLD;
	if (l->event == J_HOLD)
		f->held_by = (uid_t)uid;
	if (l->event == J_RELEASE || l->event == J_RETRY) {
		f->until = 0;
		f->asked = true;
	}
	if (l->event == J_RETURN)
		f->back = true;
	return 0;
}

static int
apply(struct file *f, const struct journal_line *l)
{
	size_t from = l->rcpt == JOURNAL_ALL ? 0 : l->rcpt;
	size_t to = l->rcpt == JOURNAL_ALL ? f->nrcpts : from + 1;

	if (l->event == J_CHILD)
		return apply_child(f, l);
	if (l->event >= J_HOLD)
		return apply_word(f, l);
	if (l->event == J_DEFER) {
		f->until = l->until;
		f->tries++;
		return 0;
	}
	if (l->event == J_WARN)
		f->warned = true;
	if (l->event == J_LIST && l->text.len < sizeof f->list) {
		memcpy(f->list, l->text.ptr, l->text.len);
		f->list[l->text.len] = '\0';
	}
	if (l->event == J_TOLD) {
		f->successes = (unsigned)l->until;
		for (size_t i = 0; i < f->nrcpts; i++)
			f->rcpts[i].reported = f->rcpts[i].state == R_DONE ||
					       f->rcpts[i].state == R_SPLIT;
	}
	if (l->event == J_WARN || l->event == J_LIST || l->event == J_TOLD)
		return 0;
	if (l->event == J_BOUNCE) {
		f->rounds = (unsigned)l->until;
		for (size_t i = 0; i < f->nrcpts; i++)
			f->rcpts[i].bounced = f->rcpts[i].state == R_FAILED;
		return 0;
	}
	for (size_t i = from; i < to && i < f->nrcpts; i++)
		if (l->event != J_DROP || i >= f->env.nrcpts)
			apply_to(&f->rcpts[i], l);
	return 0;
}

static int
read_journal(struct file *f, off_t size, bool look)
{
	off_t begin = (off_t)(SPOOL_HEAD + f->head.env_len + f->head.body_len);
	struct journal_line l;
	struct span rest;
	char *text;
	int more;

	f->end = begin;
	if (size == begin)
		return 0;
	if (size - begin > MAX_JOURNAL) {
		errno = EBADMSG;
		return -1;
	}
	text = file_slice(f->fd, begin, (size_t)(size - begin));
	if (text == NULL)
		return -1;
	rest = (struct span){ text, (size_t)(size - begin) };
	while ((more = journal_get(&rest, &l)) == 1)
		if (apply(f, &l) == -1) {
			int saved = errno;

			free(text);
			errno = saved;
			return -1;
		}
	f->end = size - (off_t)rest.len;
	/* What a kill tore off goes, so that the next line begins a line. */
	if (more == 0 && rest.len && !look && ftruncate(f->fd, f->end) == -1)
		more = -1;
	free(text);
	return more;
}

static struct file *
open_as(int dirfd, const char *id, uid_t own, bool look)
{
	struct file *f = calloc(1, sizeof *f);
	struct stat st;
	int saved;

	if (f == NULL)
		return NULL;
	f->fd = look ? file_reader(dirfd, id)
		     : openat(dirfd, id,
			   O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (f->fd == -1 || fstat(f->fd, &st) == -1)
		goto fail;
	errno = EBADMSG;
	if (!S_ISREG(st.st_mode) || read_envelope(f, st.st_size) == -1)
		goto fail;
	f->rcpts = calloc(f->env.nrcpts, sizeof *f->rcpts);
	f->nrcpts = f->space = f->rcpts ? f->env.nrcpts : 0;
	if (f->rcpts == NULL || read_journal(f, st.st_size, look) == -1)
		goto fail;
	f->uid = st.st_uid == own ? f->env.uid : st.st_uid;
	return f;
fail:
	saved = errno;
	file_close(f);
	errno = saved;
	return NULL;
}

struct file *
file_open(int dirfd, const char *id, uid_t own)
{
	return open_as(dirfd, id, own, false);
}

struct file *
file_look(int dirfd, const char *id, uid_t own)
{
	return open_as(dirfd, id, own, true);
}

void
file_close(struct file *f)
{
	if (f->fd != -1)
		close(f->fd);
	for (size_t i = 0; i < f->nrcpts; i++)
		forget(&f->rcpts[i]);
	free(f->rcpts);
	env_free(&f->env);
	free(f);
}

size_t
file_waiting(const struct file *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->nrcpts; i++)
		n += f->rcpts[i].state == R_WAITS;
	return n;
}

int
file_reserve(struct file *f)
{
	off_t need = (off_t)(BLOCK / 2 + file_waiting(f) * LINE_ROOM);
	off_t there = (f->end + BLOCK - 1) / BLOCK * BLOCK - f->end;

	if (there >= need)
		return 0; /* the last block has the room already */
	if (fallocate(f->fd, FALLOC_FL_KEEP_SIZE, f->end, need) == 0)
		return 0;
	return errno == EOPNOTSUPP || errno == ENOSYS ? 0 : -1;
}

int
file_note(struct file *f, const struct buf *lines)
{
	if (lines->bad) {
		errno = ENOMEM;
		return -1;
	}
	for (size_t done = 0; done < lines->len;) {
		ssize_t n = pwrite(f->fd, lines->ptr + done, lines->len - done,
		    f->end + (off_t)done);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			int saved = errno;

			/* Half a line behind a shorter one would be no line. */
			if (done && ftruncate(f->fd, f->end) == -1)
				f->damaged = true;
			errno = saved;
			return -1;
		}
		done += (size_t)n;
	}
	f->end += (off_t)lines->len;
	f->unsynced = true;
	return 0;
}

int
file_sync(struct file *f)
{
	if (f->unsynced && fdatasync(f->fd) == -1)
		return -1;
	f->unsynced = false;
	return 0;
}

int
file_verify(const struct file *f)
{
	off_t at = (off_t)(SPOOL_HEAD + f->head.env_len);
	uint64_t left = f->head.body_len;
	uint32_t sum = 0;
	char piece[16384];

	while (left) {
		size_t want = left < sizeof piece ? (size_t)left : sizeof piece;
		ssize_t n = pread(f->fd, piece, want, at);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 ? 1 : -1;
		sum = crc32c(sum, piece, (size_t)n);
		at += n;
		left -= (uint64_t)n;
	}
	return sum != f->head.body_sum;
}

static char *
copy(const char *s)
{
	return s ? strdup(s) : NULL;
}

int64_t
file_child(struct file *f, const struct rcpt *child, struct buf *lines)
{
	struct rcpt r = { .what = child->what, .parent = child->parent };
	struct buf words = { 0 };

	journal_add_word(&words, child->user);
	journal_add_word(&words, child->from);
	journal_add_word(&words, child->addr);
	if (words.bad || words.len > JOURNAL_WORDS) {
		errno = words.bad ? ENOMEM : E2BIG;
		buf_free(&words);
		return -1;
	}
	journal_put(
	    lines, &(struct journal_line){ J_CHILD, time(NULL), r.parent, 0,
		       span_of(what_name[r.what]), buf_view(&words) });
	buf_free(&words);
	r.addr = copy(child->addr);
	r.user = copy(child->user);
	r.from = copy(child->from);
	if (r.addr == NULL || (child->user && r.user == NULL) ||
	    (child->from && r.from == NULL)) {
		forget(&r);
		errno = ENOMEM;
		return -1;
	}
	return append(f, &r) == -1 ? -1 : (int64_t)f->nrcpts - 1;
}

static struct buf lost = { .len = 1, .bad = true };

void
message_owe(struct message *m, struct span lines)
{
	if (m->owed == NULL)
		m->owed = calloc(1, sizeof *m->owed);
	if (m->owed == NULL)
		m->owed = &lost;
	else if (m->owed != &lost)
		buf_span(m->owed, lines);
}

void
message_owes_nothing(struct message *m)
{
	if (m->owed && m->owed != &lost) {
		buf_free(m->owed);
		free(m->owed);
	}
	m->owed = NULL;
}
