/* libFuzzer: any octets from a server.  Each recipient has one answer, and is
 * delivered only when a final dot was written before; memory is bounded.
 * With LMTP one reply is for one recipient.  The first two octets choose the
 * message; 0xff parts what arrives together. */
#include "deliver/net/auth.h"
#include "deliver/net/smtp.h"
#include "tests/fuzz/must.h"
#include <stdlib.h>
#include <string.h>

#define RCPTS 5
#define MAILS 4

struct letter {
	struct smtp_mail mail;
	struct smtp_rcpt rcpts[RCPTS];
	int answers[RCPTS];
	bool text; /* all of it was written */
};

struct talk {
	struct smtp m;
	struct letter letters[MAILS];
	int mails; /* begun */
};

static void
answer(struct smtp_mail *mail, struct smtp_rcpt *r, const struct verdict *v,
    struct span text)
{
	struct letter *l = mail->arg;

	must(++l->answers[r->index] == 1);
	must(v->outcome < OUT_COUNT && text.len <= JUDGE_TEXT);
	must(v->outcome != OUT_DELIVERED || (l->text && r->taken));
	must(!v->soon || v->outcome == OUT_LATER);
	must(v->status[0] == "2454"[v->outcome] && v->status[1] == '.');
	for (size_t i = 0; i < text.len; i++)
		must(text.ptr[i] >= ' ' && text.ptr[i] <= '~');
}

/* Those that are over have one answer each, or none when given back; and none
 * is left behind one that is not over. */
static void
settled(const struct talk *t)
{
	bool open = false;
	size_t count = 0;

	for (int k = 0; k < t->mails; k++) {
		const struct letter *l = &t->letters[k];

		for (int i = 0; l->mail.over && i < RCPTS; i++)
			must(l->mail.given_back || l->answers[i] == 1);
		must(!l->mail.over || !open);
		open |= !l->mail.over;
		count += !l->mail.over;
	}
	must(count == t->m.count);
	must((t->m.mail == NULL) == (count == 0));
}

/* TLS is there at once, and a password for whatever is offered. */
static void
open_up(struct talk *t)
{
	const struct auth_want want = { .offered = t->m.peer.auth,
		.user = "u",
		.password = "p",
		.token = "t",
		.clear = true };

	if (t->m.step == AT_TLS)
		smtp_secured(&t->m, true);
	if (t->m.step == AT_LOGIN)
		smtp_login(&t->m, t->m.peer.auth ? auth_new(&want) : NULL);
}

static void
begin(struct talk *t, unsigned how)
{
	static const char *const addr[RCPTS] = { "a@x", "\xc3\xa9@x", "b@x",
		"c", "d@y" };
	struct letter *l = &t->letters[t->mails++];

	l->mail = (struct smtp_mail){ .from = how & 1 ? "" : "me@x",
		.rcpts = l->rcpts,
		.nrcpts = RCPTS,
		.size = how & 2 ? 1000 : 10,
		.eightbit = how & 4,
		.again = how & 8,
		.careful = how & 64,
		.kind = (how >> 8) % ENV_KINDS,
		.terminal = how & 0x400,
		.requiretls = (how & 0x1800) == 0x1800,
		.ret = ENV_HDRS,
		.envid = "Q",
		.answer = answer,
		.arg = l };
	for (int i = 0; i < RCPTS; i++)
		l->rcpts[i] = (struct smtp_rcpt){ .addr = (char *)addr[i],
			.orcpt = (char *)"rfc822;o",
			.notify = (unsigned)i * 3 % 16,
			.index = (uint32_t)i };
	smtp_begin(&t->m, &l->mail);
	settled(t);
}

static void
text(struct talk *t, struct buf *out, unsigned how)
{
	struct letter *l = &t->letters[t->mails - 1];

	/* The text of one in the middle cannot be read. */
	if ((how & 0x8000) && t->mails == 2 && t->m.tail != t->m.mail &&
	    smtp_body(&t->m) != SMTP_NO_BODY) {
		smtp_spoil(&t->m, MISHAP_READ, "no");
		return;
	}
	if (smtp_body(&t->m) == SMTP_DOTS && how & 32) {
		l->text = true;
		smtp_dot(&t->m);
	}
	for (int i = 0; i < 3 && smtp_body(&t->m) == SMTP_CHUNKS; i++) {
		bool last = i == 2 || (how & 32);

		smtp_chunk(&t->m, out, SPAN("hi\r\n"), last);
		l->text |= last;
	}
}

static void
pump(struct talk *t, unsigned how)
{
	struct buf out = { 0 };

	open_up(t);
	do {
		if (t->mails < MAILS && smtp_room(&t->m))
			begin(t, how);
		smtp_more(&t->m, &out, how & 16 ? 20 : 4096);
		if (t->mails)
			text(t, &out, how);
	} while (t->mails < MAILS && smtp_room(&t->m));
	must(out.len < 4096 * MAILS + 600 + AUTH_LINE);
	buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct talk t = { .mails = 0 };
	struct reply r = { 0 };
	struct buf in = { 0 };
	struct span rest = { (const char *)data, size };
	unsigned how;

	if (size < 2)
		return 0;
	how = data[0] | (unsigned)data[1] << 8;
	rest = span_from(rest, 2);
	smtp_init(&t.m, "me.example");
	t.m.tls = how & 64 ? SMTP_MAY_TLS : SMTP_PLAIN;
	t.m.login = how & 128;
	t.m.lmtp = how & 0x2000;
	t.m.secure = how & 0x4000;
	while (rest.ptr != NULL && t.m.step != AT_END) {
		buf_span(&in, span_cut(&rest, (char)0xff));
		smtp_take(&t.m, &r, &in);
		settled(&t);
		must(t.m.step == AT_END || in.len <= AUTH_LINE + 6);
		if (t.m.step != AT_END)
			pump(&t, how);
	}
	smtp_mishap(&t.m, MISHAP_LOST, "lost");
	settled(&t);
	must(t.m.step == AT_END);
	buf_free(&in);
	buf_free(&r.text);
	smtp_free(&t.m);
	return 0;
}
