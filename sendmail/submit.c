#include "sendmail/submit.h"
#include "common/priv.h"
#include "sendmail/ask.h"
#include "sendmail/deposit.h"
#include "sendmail/dialogue.h"
#include "sendmail/tell.h"
#include "sendmail/who.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static int
sender(struct deposit *d, const struct opt *o)
{
	struct span from = span_of(o->sender ? o->sender : d->login);
	struct buf whole = { 0 };
	int status = 0;

	if (from.len && !span_eq(from, SPAN("<>")) &&
	    rcpts_qualify(from, d->conf->domain, &whole, d->why) == -1)
		status = EX_USAGE;
	else if ((d->env.from = strdup(buf_c(&whole))) == NULL || whole.bad)
		status = EX_OSERR;
	buf_free(&whole);
	return status;
}

static int
envelope(struct deposit *s, const struct opt *o)
{
	deposit_stamp(s);
	s->env.kind = o->kind;
	s->env.wait = o->wait;
	s->env.body = o->body;
	s->env.ret = o->ret;
	/* xtext (RFC 3461 4): the identifier as the caller gave it, encoded */
	if (o->envid) {
		struct buf x = { 0 };

		for (const char *p = o->envid; *p; p++)
			if (*p > ' ' && *p <= '~' && *p != '+' && *p != '=')
				buf_chr(&x, *p);
			else
				buf_fmt(&x, "+%02X", (unsigned char)*p);
		s->env.envid = strdup(buf_c(&x));
		buf_free(&x);
	}
	s->from_header = o->from_header;
	s->notify = o->notify;
	s->rcpts = (struct rcpts){ .env = &s->env, .domain = s->conf->domain };
	for (int i = 0; i < o->nrcpts; i++) {
		struct span list = span_of(o->rcpts[i]);

		/* cron hands a comma list over as one word */
		if (rcpts_add(&s->rcpts, list, s->why) == 0)
			continue;
		if (!span_has(list, ','))
			return EX_USAGE;
		buf_reset(s->why);
		while (list.ptr)
			if (rcpts_add(&s->rcpts,
				span_trim(span_cut(&list, ',')), s->why) == -1)
				return EX_USAGE;
	}
	if (s->env.nrcpts == 0 && !o->from_header) {
		buf_str(s->why,
		    "no recipients; name them behind the options, or "
		    "give -t to take them from the header");
		return EX_USAGE;
	}
	return 0;
}

static int
no_input(struct deposit *s, int err)
{
	if (err == EBADF) {
		buf_str(s->why, "standard input is closed; nothing was queued");
		return EX_NOINPUT;
	}
	buf_fmt(s->why, "cannot read standard input: %s; nothing was queued",
	    strerror(err));
	return EX_IOERR;
}

/* Of tell's text: something must be in it, and a terminal must show it whole;
 * it is not stored anywhere else. */
struct glance {
	size_t octets, lines;
	bool text;
};

static void
look_at(struct glance *g, struct span s)
{
	g->octets += s.len;
	for (size_t i = 0; i < s.len; i++) {
		g->lines += s.ptr[i] == '\n';
		g->text |= strchr(" \t\r\n", s.ptr[i]) == NULL;
	}
}

static int
judge(const struct glance *g, struct buf *why)
{
	if (g->text && g->octets <= DIALOGUE_SHOWN &&
	    g->lines <= DIALOGUE_SHOWN_LINES)
		return 0;
	if (!g->text)
		buf_str(why, "there is no text; nothing was sent");
	else
		buf_fmt(why,
		    "the text is too long for a terminal (more than %d lines "
		    "or %d octets); nothing was sent, mail takes it",
		    DIALOGUE_SHOWN_LINES, DIALOGUE_SHOWN);
	return EX_DATAERR;
}

/* A pipe holds 64 KiB, one piece: its writer and this reader would wake each
 * other for every piece, which takes longer than the copying.  Anybody may ask
 * for 1 MiB (pipe(7)); a long message does, and does without if refused. */
static void
widen_input(void)
{
	fcntl(STDIN_FILENO, F_SETPIPE_SZ, 1 << 20);
}

static int
read_message(struct deposit *s, bool dots, bool tells)
{
	struct glance seen = { 0 };
	bool wide = false; /* or has been asked to be */
	int status;

	s->intake.dots = dots;
	/* tell's text is all text, whatever its first line looks like. */
	if (tells && (status = deposit_feed(s, SPAN("\n"))) != 0)
		return status;
	while (!s->intake.ended) {
		size_t most;
		char *room = deposit_room(s, &most);
		ssize_t n = room ? read(STDIN_FILENO, room, most) : -1;

		if (room == NULL)
			return EX_OSERR;
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return no_input(s, errno);
		if (n == 0)
			break;
		if (tells)
			look_at(&seen, (struct span){ room, (size_t)n });
		if ((status = deposit_came(s, (size_t)n)) != 0)
			return status;
		if (s->begun && !wide) {
			widen_input();
			wide = true;
		}
	}
	return tells ? judge(&seen, s->why) : 0;
}

static int
make_file(struct deposit *s)
{
	int err = 0;

	priv_group_take();
	s->fd = deposit_make(s->conf, &s->dir, s->id);
	if (s->fd == -1)
		err = errno;
	priv_group_drop();
	return err ? deposit_no_spool(s->why, err, "cannot make a file in") : 0;
}

int
submit(const struct opt *opt, const struct conf *conf,
    char unseen[SPOOL_IDSIZE], struct buf *why)
{
	struct who who;
	struct deposit d = { .conf = conf, .why = why, .dir = -1, .fd = -1 };
	struct buf said = { 0 };
	int status, follow = -1;

	*unseen = '\0';
	who_is(opt->uid, &who);
	d.uid = opt->uid;
	d.login = who.login;
	d.account = who.account;
	d.fullname = opt->fullname ? opt->fullname : who.fullname;
	if ((status = sender(&d, opt)) == 0 &&
	    (status = envelope(&d, opt)) == 0 &&
	    (status = deposit_refused(&d)) == 0 &&
	    (status = make_file(&d)) == 0 &&
	    (status = read_message(&d, opt->dots, opt->tell)) == 0) {
		if (opt->verbose || opt->tell)
			follow = ask_follow(d.id);
		status = deposit_commit(&d);
	}
	if (opt->tell && status == 0) {
		ask_collect(follow, &said);
		status = tell_result(buf_view(&said), d.env.nrcpts, why);
		buf_free(&said);
	} else if (follow != -1) {
		ask_watch(follow, status == 0);
	} else if (opt->verbose && status == 0) {
		strlcpy(unseen, d.id, SPOOL_IDSIZE);
	}
	deposit_clear(&d);
	if (status == EX_OSERR && why->len == 0)
		buf_str(why, "no memory; nothing was queued");
	return status;
}
