/* The client's machine as a loop over strings: what the server says, what we
 * must say, what becomes of each recipient.  For the tests of its rows. */
#ifndef TESTS_SMTP_TALK_H
#define TESTS_SMTP_TALK_H
#include "common/crc.h"
#include "deliver/net/data.h"
#include "deliver/net/smtp.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define MAX_RCPTS 8
#define MAX_MAILS 30
#define GREET "S 220 x\nC EHLO me\n"
#define OLD GREET "S 250 x\n" /* offers nothing */
#define NEW GREET "S 250-x\nS 250 PIPELINING\n"
#define HI "C hi\nC .\n"

/* Script lines: S server, C client (one line each), P server without a line's
 * end, and mishaps: "lost", "timeout".  S and P lines next to each other arrive
 * together.
 * want: for each recipient of each message D, L, N, X (damaged) and status, B
 * for one that was given back, - for one without an answer; then the step. */
struct row {
	const char *name, *rcpts, *script, *want;
	const char *from, *body;
	unsigned mails; /* one after another, 0: one */
	bool eightbit, damaged;
	bool lmtp, secure, requiretls, terminal, careful, probe;
	enum env_kind kind;
	enum env_ret ret;
	const char *envid, *orcpt; /* of each recipient */
	unsigned notify;
	bool dsn; /* wanted: the server has taken it over */
};

/* One message, and what was said of its recipients. */
struct letter {
	struct smtp_mail mail;
	struct smtp_rcpt rcpts[MAX_RCPTS];
	char store[MAX_RCPTS * 16];
	struct talk *talk;
};

struct talk {
	const struct row *row;
	struct smtp m;
	struct reply reply;
	struct buf in, out, got;
	struct letter letters[MAX_MAILS];
	struct data data;
	uint32_t sum;
	int fd;
	unsigned mails, round; /* not begun yet */
	unsigned begun, told;  /* of letters */
};

static void
note_answer(struct smtp_mail *mail, struct smtp_rcpt *r,
    const struct verdict *v, struct span text)
{
	struct letter *l = mail->arg;
	struct talk *t = l->talk;

	assert_true(text.len <= JUDGE_TEXT);
	assert_false(span_has(text, '\n'));
	if (t->row->dsn && !mail->dsn_passed)
		fail_msg("%s: DSN %d", t->row->name, mail->dsn_passed);
	snprintf(l->store + r->index * 16, 16, "%c%s", "DLNXP"[v->outcome],
	    v -> status);
}

static void
tell(struct talk *t, struct letter *l)
{
	for (size_t i = 0; i < l->mail.nrcpts; i++) {
		const char *s = l->store + i * 16;

		buf_fmt(&t->got, "%s ",
		    *s			 ? s
		    : l->mail.given_back ? "B"
					 : "-");
		free(l->rcpts[i].addr);
	}
}

/* Messages end in the order in which they were begun. */
static void
collect(struct talk *t)
{
	while (t->told < t->begun && t->letters[t->told].mail.over)
		tell(t, &t->letters[t->told++]);
	for (unsigned i = t->told; i < t->begun; i++)
		assert_false(t->letters[i].mail.over);
}

static struct letter *
new_mail(struct talk *t)
{
	const char *body = t->row->body ? t->row->body : "hi\n";
	struct span rest = span_of(t->row->rcpts);
	struct letter *l = &t->letters[t->begun++];

	assert_true(t->begun <= MAX_MAILS);
	t->mails--;
	l->talk = t;
	l->mail =
	    (struct smtp_mail){ .from = t->row->from ? t->row->from : "me@x",
		    .rcpts = l->rcpts,
		    .size = strlen(body),
		    .eightbit = t->row->eightbit,
		    .requiretls = t->row->requiretls,
		    .terminal = t->row->terminal,
		    .careful = t->row->careful,
		    .probe = t->row->probe,
		    .kind = t->row->kind,
		    .ret = t->row->ret,
		    .envid = t->row->envid,
		    .again = true,
		    .answer = note_answer,
		    .arg = l };
	while (rest.len) {
		size_t i = l->mail.nrcpts++;

		l->rcpts[i] =
		    (struct smtp_rcpt){ .addr = span_dup(span_word(&rest)),
			    .orcpt = (char *)t->row->orcpt,
			    .notify = t->row->notify,
			    .index = i };
	}
	/* The last of several is the one that is damaged. */
	t->sum =
	    crc32c(0, body, strlen(body)) ^ (t->row->damaged && t->mails == 0);
	return l;
}

static void
sent(struct talk *t, enum data_status status)
{
	switch (status) {
	case DATA_END:
		smtp_dot(&t->m);
		break;
	case DATA_DAMAGED:
		smtp_spoil(&t->m, MISHAP_DAMAGED, "damaged");
		break;
	default:
		fail_msg("%s: body", t->row->name);
	}
}

/* Two at a time, of an octet or two each. */
static void
chunks(struct talk *t)
{
	for (int i = 0; i < 2 && smtp_body(&t->m) == SMTP_CHUNKS; i++) {
		struct buf chunk = { 0 };
		enum data_status s = data_more(&t->data, &chunk,
		    strlen(t->row->body ? t->row->body : "hi\n") > SMTP_AHEAD
			? 1
			: 1 << 16);

		if (s == DATA_END || s == DATA_MORE)
			smtp_chunk(
			    &t->m, &t->out, buf_view(&chunk), s == DATA_END);
		else
			sent(t, s);
		buf_free(&chunk);
	}
}

static void
text(struct talk *t)
{
	if (smtp_body(&t->m) == SMTP_NO_BODY || t->in.len)
		return;
	if (t->round != t->m.rounds)
		data_begin(&t->data, t->fd, 0, t->m.tail->size, t->sum);
	t->round = t->m.rounds;
	t->data.chunks = smtp_body(&t->m) == SMTP_CHUNKS;
	if (t->data.chunks)
		chunks(t);
	else
		sent(t, data_more(&t->data, &t->out, 1 << 16));
}

/* As the session does it. */
static void
pump(struct talk *t)
{
	do {
		collect(t);
		if (smtp_spent(&t->m) && t->m.step == AT_IDLE)
			smtp_quit(&t->m);
		else if (smtp_room(&t->m) && t->mails)
			smtp_begin(&t->m, &new_mail(t)->mail);
		collect(t);
		if (t->m.step != AT_END)
			smtp_more(&t->m, &t->out, 1 << 16);
		text(t);
	} while (t->mails && smtp_room(&t->m) && !smtp_spent(&t->m));
	collect(t);
}

static void
take(struct talk *t)
{
	smtp_take(&t->m, &t->reply, &t->in);
	collect(t);
	if (t->m.step != AT_END)
		pump(t);
}

static void
mishap(struct talk *t, enum mishap what, const char *text)
{
	smtp_mishap(&t->m, what, text);
	collect(t);
}

static void
script(struct talk *t)
{
	struct span rest = span_of(t->row->script);

	while (rest.ptr != NULL && rest.len) {
		struct span line = span_cut(&rest, '\n');

		if (line.ptr[0] == 'S' || line.ptr[0] == 'P') {
			buf_span(&t->in, span_from(line, 2));
			if (line.ptr[0] == 'S')
				buf_str(&t->in, "\r\n");
			if (rest.len &&
			    (rest.ptr[0] == 'S' || rest.ptr[0] == 'P'))
				continue;
			take(t);
		} else if (line.ptr[0] == 'C') {
			struct span want = span_from(line, 2);
			struct span got = buf_view(&t->out);
			size_t len = want.len + 2;

			if (got.len < len ||
			    !span_eq(
				(struct span){ got.ptr, want.len }, want) ||
			    memcmp(got.ptr + want.len, "\r\n", 2) != 0)
				fail_msg("%s: wanted %.*s, got %.*s",
				    t->row->name, (int)want.len, want.ptr,
				    (int)got.len, got.ptr);
			buf_drop(&t->out, len);
		} else if (span_eq(line, SPAN("lost"))) {
			mishap(t, MISHAP_LOST, "lost");
		} else if (span_eq(line, SPAN("timeout"))) {
			mishap(t, MISHAP_TIMEOUT, "timeout");
		}
		if (rest.len && (rest.ptr[0] == 'S' || rest.ptr[0] == 'w') &&
		    t->out.len && t->m.step != AT_END)
			fail_msg("%s: too much: %.*s", t->row->name,
			    (int)t->out.len, t->out.ptr);
	}
	if (t->out.len)
		fail_msg("%s: too much: %.*s", t->row->name, (int)t->out.len,
		    t->out.ptr);
}

static void
run(const struct row *row)
{
	struct talk t = { .row = row, .mails = row->mails ? row->mails : 1 };
	const char *body = row->body ? row->body : "hi\n";

	t.fd = memfd_create("body", 0);
	assert_int_equal(write(t.fd, body, strlen(body)), strlen(body));
	smtp_init(&t.m, "me");
	t.m.lmtp = row->lmtp;
	t.m.secure = row->secure;
	script(&t);
	while (t.told < t.begun || t.mails)
		tell(&t, t.told < t.begun ? &t.letters[t.told] : new_mail(&t)),
		    t.told++;
	buf_fmt(&t.got, "| %s", smtp_steps[t.m.step].name);
	if (t.m.step == AT_END)
		buf_fmt(&t.got, " to wait for %s%s", t.m.why.status,
		    t.m.why.next == NEXT_HOST ? " host" : "");
	if (strcmp(buf_c(&t.got), row->want) != 0)
		fail_msg("%s: got \"%s\", wanted \"%s\"", row->name,
		    buf_c(&t.got), row->want);
	close(t.fd);
	buf_free(&t.in);
	buf_free(&t.out);
	buf_free(&t.got);
	buf_free(&t.reply.text);
	smtp_free(&t.m);
}

static void
test_row(void **state)
{
	run(*state);
}
#endif
