#include "deliver/tty/tty.h"
#include "common/env.h"
#include "common/log.h"
#include "common/printable.h"
#include "deliver/ipc.h"
#include "deliver/tty/confine.h"
#include "deliver/tty/screen.h"
#include "deliver/tty/who.h"
#include "deliver/tty/write.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_READ (256u << 10) /* octets of a message that are looked at */
#define ONE_MS 2000	      /* for one terminal */
#define ALL_MS 5000	      /* for all of them */
#define LIFE 30 /* seconds until SIGALRM: a user database may hang */

struct writer {
	const struct role_start *start;
	struct ipc queue;
	int devfd; /* /dev */
	gid_t tty; /* the group */
	struct who_terminal terminals[WHO_MAX];
	size_t nterminals;
	struct screen_facts facts;
	struct screen_text text;
	struct span note;     /* in place of a message */
	bool refused, failed; /* seen at one terminal at least */
	struct buf why;	      /* what happened at each */
};

struct job {
	struct screen_facts facts;
	struct span recipient;
	uint64_t arrival, offset, length;
	bool cut;
};

static bool
job_read(struct span body, struct job *j)
{
	struct ipc_in in = { .rest = body };
	unsigned kind = ipc_get8(&in), flags;

	j->facts.kind = (enum env_kind)kind;
	j->facts.id = ipc_get(&in);
	j->facts.submitter = ipc_get(&in);
	j->arrival = ipc_get64(&in);
	j->recipient = ipc_get(&in);
	flags = ipc_get8(&in);
	j->facts.excerpt = flags & TTY_EXCERPT;
	j->cut = flags & TTY_CUT;
	j->offset = ipc_get64(&in);
	j->length = ipc_get64(&in);
	return ipc_end(&in) && kind < ENV_KINDS;
}

/* Mail for root may be shown to an administrator: say so. */
static struct span
alias_of(struct span recipient, const char *user)
{
	struct span local = recipient;

	for (size_t i = 0; i < recipient.len; i++)
		if (recipient.ptr[i] == '@')
			local.len = i;
	return span_eq(local, span_of(user)) ? (struct span){ NULL, 0 }
					     : recipient;
}

static int
read_text(int fd, const struct job *j, struct buf *text)
{
	size_t want = j->length < MAX_READ ? (size_t)j->length : MAX_READ;

	if (buf_room(text, want) == -1)
		return -1;
	while (text->len < want) {
		ssize_t n = pread(fd, text->ptr + text->len, want - text->len,
		    (off_t)(j->offset + text->len));

		if (n == -1 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EBADMSG; /* shorter than its envelope says */
		if (n <= 0)
			return -1;
		text->len += (size_t)n;
	}
	return 0;
}

static void
note(struct writer *w, const char *name, const char *what)
{
	if (w->why.len < 400) /* a user may have many terminals */
		buf_fmt(
		    &w->why, "%s%s: %s", w->why.len ? "; " : "", name, what);
}

/* What a terminal that did not take it counts as: gone is not logged in, mesg n
 * is a refusal (RFC 821 3.4), all else a failure. */
static void
missed(struct writer *w, const char *name, enum write_result r, size_t done,
    size_t len)
{
	char part[80];

	switch (r) {
	case WRITE_REFUSED:
		w->refused = true;
		return;
	case WRITE_GONE:
		return;
	case WRITE_BUSY:
		note(w, name, "stopped for 2 s");
		break;
	case WRITE_PART:
		snprintf(part, sizeof part,
		    "stopped for 2 s after %zu of %zu octets", done, len);
		note(w, name, part);
		break;
	default:
		note(w, name, strerror(errno));
	}
	w->failed = true;
}

static void
compose(const struct writer *w, const struct write_terminal *t, struct buf *out)
{
	if (w->note.len)
		screen_note(out, w->note, w->start->conf->bell, t->columns);
	else
		screen_compose(out, &w->text, &w->facts, t->columns, t->utf8);
}

/* One terminal: its own width and character set. */
static bool
show_on(struct writer *w, const char *name, int64_t until)
{
	struct span screen;
	struct write_terminal t;
	struct buf out = { 0 };
	enum write_result r;
	size_t done = 0;
	int64_t one;

	r = write_open(w->devfd, name, w->start->uid, w->tty, &t);
	if (r == WRITE_OK) {
		compose(w, &t, &out);
		one = write_clock() + ONE_MS;
		screen = buf_view(&out);
		errno = ENOMEM;
		r = out.bad ? WRITE_ERROR
			    : write_text(t.fd, screen,
				  one < until ? one : until, &done);
	}
	if (r != WRITE_OK)
		missed(w, name, r, done, out.len);
	if (t.fd != -1)
		close(t.fd);
	buf_free(&out);
	return r == WRITE_OK;
}

/* Each terminal in its turn: the first that takes it, or all of them. */
static size_t
show_somewhere(struct writer *w, struct buf *answer)
{
	int64_t until = write_clock() + ALL_MS;
	size_t tried = 0, shown = 0;

	for (size_t i = 0; i < w->nterminals; i++) {
		const struct who_terminal *t = &w->terminals[i];

		if (!t->accepts) {
			w->refused = true;
			continue;
		}
		if (tried++ && write_clock() >= until) {
			note(w, t->name, "no time was left for it");
			break;
		}
		if (!show_on(w, t->name, until))
			continue;
		if (answer->len < 400)
			buf_fmt(answer, "%s%s", shown ? ", " : "shown on ",
			    t->name);
		shown++;
		if (!w->start->conf->all_sessions)
			break;
	}
	return shown;
}

static enum tty_result
show(struct writer *w, struct buf *answer)
{
	if (!w->note.len && !w->facts.excerpt && screen_long(&w->text)) {
		buf_fmt(answer,
		    "too long for a terminal: %zu lines, %zu octets",
		    w->text.lines, w->text.body.len);
		return TTY_LONG;
	}
	if (show_somewhere(w, answer))
		return TTY_SHOWN;
	if (w->failed) {
		buf_span(answer, buf_view(&w->why));
		return TTY_FAILED;
	}
	printable_add(answer, span_of(w->start->user), 64);
	buf_str(answer, w->refused ? " accepts no messages now (mesg n)"
				   : " is not logged in");
	return w->refused ? TTY_REFUSES : TTY_ABSENT;
}

/* Whose terminals there are; after it nothing is opened but beneath /dev. */
static bool
look_up(struct writer *w, struct buf *answer)
{
	const struct group *gr = w->devfd == -1 ? NULL : getgrnam("tty");

	if (gr == NULL) {
		buf_str(answer, w->devfd == -1 ? "there is no /dev"
					       : "there is no group tty");
		return false;
	}
	w->tty = gr->gr_gid;
	w->nterminals = who_terminals(w->devfd, w->start->uid, w->start->user,
	    w->start->conf->pts_owner, w->terminals);
	if (confine(w->devfd) == -1) {
		buf_fmt(answer, "cannot be bounded: %s", strerror(errno));
		return false;
	}
	return true;
}

/* Everything that needs the machine's files comes before confine, everything
 * that touches the sender's octets after it. */
static enum tty_result
do_job(struct writer *w, const struct ipc_msg *m, struct buf *answer)
{
	struct buf text = { 0 };
	enum tty_result result = TTY_FAILED;
	struct job j;
	struct tm tm;
	time_t when;
	char clock[16] = "";

	if (!job_read(m->body, &j)) {
		buf_str(answer, "a job that cannot be read");
		return TTY_FAILED;
	}
	w->facts = j.facts;
	w->facts.host = span_of(w->start->conf->hostname);
	w->facts.alias = alias_of(j.recipient, w->start->user);
	w->facts.bell = w->start->conf->bell;
	when = (time_t)(j.arrival / 1000000);
	if (localtime_r(&when, &tm) != NULL)
		strftime(clock, sizeof clock, "%H:%M:%S", &tm);
	w->facts.time = span_of(clock);
	if (!look_up(w, answer))
		return TTY_FAILED;
	if (read_text(m->fd, &j, &text) == -1) {
		buf_fmt(
		    answer, "the message cannot be read: %s", strerror(errno));
	} else {
		screen_part(
		    buf_view(&text), j.cut || j.length > text.len, &w->text);
		result = show(w, answer);
	}
	buf_free(&text);
	return result;
}

static enum tty_result
do_note(struct writer *w, const struct ipc_msg *m, struct buf *answer)
{
	struct ipc_in in = { .rest = m->body };

	w->note = ipc_get(&in);
	if (!ipc_end(&in) || w->note.len == 0 || !look_up(w, answer))
		return TTY_FAILED;
	return show(w, answer);
}

/* A promise about this moment only, so that RCPT can be answered. */
static enum tty_result
do_look(struct writer *w, const struct ipc_msg *m, struct buf *answer)
{
	(void)m;
	(void)answer;
	if (w->devfd == -1)
		return TTY_FAILED;
	w->nterminals = who_terminals(w->devfd, w->start->uid, w->start->user,
	    w->start->conf->pts_owner, w->terminals);
	for (size_t i = 0; i < w->nterminals; i++)
		if (w->terminals[i].accepts)
			return TTY_SHOWN;
	return w->nterminals ? TTY_REFUSES : TTY_ABSENT;
}

static const struct {
	enum ipc_type type;
	enum tty_result (*act)(
	    struct writer *, const struct ipc_msg *, struct buf *);
} acts[] = {
	{ IPC_TTY_JOB, do_job },
	{ IPC_TTY_NOTE, do_note },
	{ IPC_TTY_LOOK, do_look },
};

/* Waits for a stopped terminal here and not in the loop: this process has
 * nothing else to do, and ends with the answer. */
static void
got(struct ipc *c, struct ipc_msg *m)
{
	struct writer *w = c->arg;
	struct buf body = { 0 }, answer = { 0 };

	for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
		if (acts[i].type != m->type)
			continue;
		alarm(LIFE);
		ipc_u8(&body, (uint8_t)acts[i].act(w, m, &answer));
		ipc_span(&body, buf_view(&answer));
		ipc_send(c, IPC_TTY_DONE, m->ref, &body, -1);
	}
	if (m->fd != -1)
		close(m->fd);
	buf_free(&answer);
	buf_free(&body);
	ipc_close(c);
	loop_stop();
}

static void
gone(struct ipc *c, const char *why)
{
	(void)why; /* the queue has changed its mind, or ended */
	ipc_close(c);
	loop_stop();
}

void
tty_run(const struct role_start *start)
{
	char user[256];
	struct role_start mine = *start;
	struct writer w = {
		.start = &mine,
		.queue = { .got = got, .gone = gone },
	};

	/* start has the user database's own copy, which a look-up of another
	 * name overwrites. */
	strlcpy(user, start->user, sizeof user);
	mine.user = user;
	w.queue.arg = &w;
	w.devfd = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (loop_init() == -1 ||
	    ipc_open(&w.queue, start->fd, ROLE_TTY, ROLE_QUEUE) == -1)
		log_errno("agent: error what=\"role tty cannot begin\"");
	else
		loop_run();
	buf_free(&w.why);
	if (w.devfd != -1)
		close(w.devfd);
}
