#include "deliver/net/say.h"

bool
say_ascii(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

static bool
has(const char *s)
{
	return s && *s;
}

const char *
say_verb(const struct smtp_mail *mail, const struct ehlo *peer)
{
	static const unsigned listed[ENV_KINDS] = { [ENV_SEND] = EHLO_SEND,
		[ENV_SOML] = EHLO_SOML,
		[ENV_SAML] = EHLO_SAML };

	if (mail->terminal && (peer->offers & listed[mail->kind]))
		return env_kind_name[mail->kind];
	return mail->kind == ENV_SEND ? NULL : "MAIL";
}

void
say_mail(struct buf *out, const struct smtp_mail *mail, const struct ehlo *peer)
{
	bool plain = say_ascii(mail->from);

	for (size_t i = 0; plain && i < mail->nrcpts; i++)
		plain = mail->rcpts[i].done || say_ascii(mail->rcpts[i].addr);
	buf_fmt(out, "%s FROM:<%s>", say_verb(mail, peer), mail->from);
	if (peer->offers & EHLO_SIZE)
		buf_fmt(out, " SIZE=%llu", (unsigned long long)mail->size);
	if ((peer->offers & EHLO_8BITMIME) && mail->eightbit)
		buf_str(out, " BODY=8BITMIME");
	if (!plain) /* it is offered, or there would be none left */
		buf_str(out, " SMTPUTF8");
	if (mail->requiretls)
		buf_str(out, " REQUIRETLS");
	if ((peer->offers & EHLO_DSN) && mail->ret != ENV_RET_NONE)
		buf_str(out, mail->ret == ENV_FULL ? " RET=FULL" : " RET=HDRS");
	if ((peer->offers & EHLO_DSN) && has(mail->envid))
		buf_fmt(out, " ENVID=%s", mail->envid);
	buf_str(out, "\r\n");
}

/* RFC 3461 4.1: NEVER stands alone. */
static void
say_notify(struct buf *out, unsigned notify)
{
	static const struct {
		unsigned bit;
		const char *word;
	} words[] = { { ENV_SUCCESS, "SUCCESS" }, { ENV_FAILURE, "FAILURE" },
		{ ENV_DELAY, "DELAY" } };
	const char *before = " NOTIFY=";

	if (notify & ENV_NEVER)
		buf_str(out, " NOTIFY=NEVER");
	for (size_t i = 0; !(notify & ENV_NEVER) && i < 3; i++) {
		if (!(notify & words[i].bit))
			continue;
		buf_fmt(out, "%s%s", before, words[i].word);
		before = ",";
	}
}

void
say_rcpt(struct buf *out, const struct smtp_rcpt *r, const struct ehlo *peer)
{
	buf_fmt(out, "RCPT TO:<%s>", r->addr);
	if (peer->offers & EHLO_DSN) {
		say_notify(out, r->notify);
		if (has(r->orcpt))
			buf_fmt(out, " ORCPT=%s", r->orcpt);
	}
	buf_str(out, "\r\n");
}
