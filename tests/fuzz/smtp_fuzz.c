/* libFuzzer: any octets from a server.  Each recipient has one answer, and is
 * delivered only when a final dot was written before; memory is bounded.
 * With LMTP one reply is for one recipient.  The first two octets choose the
 * message; 0xff parts what arrives together. */
#include "deliver/net/auth.h"
#include "deliver/net/smtp.h"
#include <stdlib.h>
#include <string.h>

#define RCPTS 5
#define MAILS 3

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

struct talk {
	struct smtp m;
	struct smtp_mail mail;
	struct smtp_rcpt rcpts[RCPTS];
	int answers[RCPTS];
	bool dot; /* of this message */
	int mails;
};

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
answer(struct smtp_mail *mail, struct smtp_rcpt *r, const struct verdict *v,
    struct span text)
{
	struct talk *t = mail->arg;

	must(++t->answers[r->index] == 1);
	must(v->outcome < OUT_COUNT && text.len <= JUDGE_TEXT);
	must(v->outcome != OUT_DELIVERED || (t->dot && r->taken));
	must(!v->soon || v->outcome == OUT_LATER);
	must(v->status[0] == "2454"[v->outcome] && v->status[1] == '.');
	for (size_t i = 0; i < text.len; i++)
		must(text.ptr[i] >= ' ' && text.ptr[i] <= '~');
}

static void
settled(struct talk *t)
{
	for (int i = 0; t->mails < MAILS && t->m.mail == NULL && i < RCPTS; i++)
		must(t->m.given_back || t->answers[i] == 1);
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
pump(struct talk *t, unsigned how)
{
	static const char *const addr[RCPTS] = { "a@x", "\xc3\xa9@x", "b@x",
		"c", "d@y" };
	struct buf out = { 0 };

	open_up(t);
	while (t->m.step == AT_IDLE && t->mails-- > 0) {
		t->mail = (struct smtp_mail){ .from = how & 1 ? "" : "me@x",
			.rcpts = t->rcpts,
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
			.arg = t };
		for (int i = 0; i < RCPTS; i++) {
			t->rcpts[i] =
			    (struct smtp_rcpt){ .addr = (char *)addr[i],
				    .orcpt = (char *)"rfc822;o",
				    .notify = (unsigned)i * 3 % 16,
				    .index = (uint32_t)i };
			t->answers[i] = 0;
		}
		t->dot = false;
		smtp_begin(&t->m, &t->mail);
		settled(t);
	}
	smtp_more(&t->m, &out, how & 16 ? 20 : 4096);
	must(out.len < 4096 + 600 + AUTH_LINE);
	if (smtp_body(&t->m) == SMTP_DOTS && how & 32) {
		smtp_dot(&t->m);
		t->dot = true;
	}
	for (int i = 0; i < 3 && smtp_body(&t->m) == SMTP_CHUNKS; i++) {
		bool last = i == 2 || (how & 32);

		smtp_chunk(&t->m, &out, SPAN("hi\r\n"), last);
		t->dot |= last;
	}
	buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct talk t = { .mails = MAILS };
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
