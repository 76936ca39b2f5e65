#include "deliver/net/job.h"
#include "common/env.h"
#include "deliver/net/rewrite.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MTA_MAX 255
#define NOTIFY_ALL (ENV_NEVER | ENV_SUCCESS | ENV_FAILURE | ENV_DELAY)

static void
answered(struct smtp_mail *mail, struct smtp_rcpt *r, const struct verdict *v,
    struct span text)
{
	struct job *j = mail->arg;
	struct span mta = span_of(j->mta);
	struct buf b = { 0 };
	unsigned flags = 0;

	if (mta.len > MTA_MAX)
		mta.len = MTA_MAX;
	if (text.len > JUDGE_TEXT)
		text.len = JUDGE_TEXT;
	ipc_u32(&b, r->index);
	ipc_u8(&b, (uint8_t)v->outcome);
	ipc_str(&b, v->status);
	ipc_span(&b, text);
	ipc_span(&b, mta);
	if (v->outcome == OUT_DELIVERED && mail->dsn_passed)
		flags |= IPC_DSN_PASSED;
	if (v->outcome == OUT_LATER && v->soon)
		flags |= IPC_SOON;
	if (v->outcome == OUT_LATER && v->mend)
		flags |= IPC_MEND;
	ipc_u8(&b, (uint8_t)flags);
	/* Without a channel there is nobody to answer: the loop will say so,
	 * and the job goes. */
	ipc_send(j->queue, IPC_NET_ANSWER, j->ref, &b, -1);
	buf_free(&b);
	j->delivered |= v->outcome == OUT_DELIVERED;
	j->later |= v->outcome == OUT_LATER;
}

/* An address that could say something else to a server than an address. */
static char *
address(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c < ' ' || c == 0x7f) {
			errno = EPROTO;
			return NULL;
		}
	}
	return span_dup(s);
}

/* xtext (RFC 3461 4), which stands in a command as it is. */
static char *
xtext(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] > '~') {
			errno = EPROTO;
			return NULL;
		}
	return span_dup(s);
}

struct job *
job_new(struct ipc *queue, struct ipc_msg *m)
{
	struct ipc_in in = { .rest = m->body };
	struct job *j = calloc(1, sizeof *j);
	struct span relay, domain, from, envid;
	uint8_t kind, ret, body, text;

	if (j == NULL) {
		close(m->fd);
		return NULL;
	}
	j->queue = queue;
	j->ref = m->ref;
	j->fd = m->fd;
	j->mta = "";
	relay = ipc_get(&in);
	domain = ipc_get(&in);
	from = ipc_get(&in);
	kind = ipc_get8(&in);
	ret = ipc_get8(&in);
	envid = ipc_get(&in);
	j->count = ipc_get32(&in);
	j->offset = ipc_get64(&in);
	j->length = ipc_get64(&in);
	j->sum = ipc_get32(&in);
	body = ipc_get8(&in);
	j->text = text = ipc_get8(&in);
	j->flags = ipc_get8(&in);
	errno = EPROTO;
	if (!ipc_end(&in) || kind >= ENV_KINDS || ret > ENV_HDRS ||
	    body > ENV_8BIT || (text & ~(ENV_EIGHT | ENV_LONG)) ||
	    (j->flags & ~(IPC_REQUIRETLS | IPC_TLS_OPTIONAL)) ||
	    j->offset > INT64_MAX || j->length > INT64_MAX - j->offset ||
	    (j->relay = span_dup(relay)) == NULL ||
	    (j->domain = address(domain)) == NULL ||
	    (j->from = address(from)) == NULL ||
	    (j->envid = xtext(envid)) == NULL)
		goto fail;
	j->mail = (struct smtp_mail){ .from = j->from,
		.size = j->length,
		.kind = (enum env_kind)kind,
		.ret = (enum env_ret)ret,
		.envid = j->envid,
		.requiretls = j->flags & IPC_REQUIRETLS,
		/* RFC 6152 3: what the text holds, whatever its sender said */
		.eightbit = body == ENV_8BIT || (text & ENV_EIGHT),
		.again = true,
		.answer = answered,
		.arg = j };
	return j;
fail:
	job_free(j);
	return NULL;
}

static int
add_one(struct job *j, struct span addr, unsigned notify, struct span orcpt,
    uint32_t index)
{
	struct smtp_rcpt *r;

	if (j->mail.nrcpts == j->cap) {
		size_t cap = j->cap ? 2 * j->cap : 4;
		struct smtp_rcpt *more =
		    reallocarray(j->mail.rcpts, cap, sizeof *more);

		if (more == NULL)
			return -1;
		j->mail.rcpts = more;
		j->cap = cap;
	}
	r = &j->mail.rcpts[j->mail.nrcpts++];
	*r = (struct smtp_rcpt){ .addr = address(addr),
		.orcpt = xtext(orcpt),
		.notify = notify,
		.index = index };
	return r->addr && r->orcpt ? 0 : -1;
}

int
job_add(struct job *j, struct span body)
{
	struct ipc_in in = { .rest = body };
	uint32_t first = ipc_get32(&in);
	uint16_t count = ipc_get16(&in);

	for (uint32_t i = 0; i < count; i++) {
		struct span addr = ipc_get(&in);
		unsigned notify = ipc_get8(&in);
		struct span orcpt = ipc_get(&in);

		if (in.bad || job_whole(j) || notify > NOTIFY_ALL) {
			errno = EPROTO;
			return -1;
		}
		if (add_one(j, addr, notify, orcpt, first + i) == -1)
			return -1;
	}
	errno = EPROTO;
	return ipc_end(&in) ? 0 : -1;
}

/* Each time it is sent, so that it costs no memory while it waits. */
int
job_sender(struct job *j, const struct conf *c)
{
	size_t want = j->length < REWRITE_HEAD ? j->length : REWRITE_HEAD;
	struct buf text = { 0 };
	const char *from = rewrite_sender(c, span_of(j->from));
	ssize_t n = -1;
	int done = -1;

	j->mail.from = from ? from : j->from;
	j->mail.size = j->length;
	buf_free(&j->head);
	j->skip = 0;
	if (c->nsenders_as == 0 || j->fd == -1)
		return 0;
	if (buf_room(&text, want) == 0)
		do
			n = pread(j->fd, text.ptr, want, (off_t)j->offset);
		while (n == -1 && errno == EINTR);
	if (n >= 0) {
		text.len = (size_t)n;
		done = rewrite_header(
		    c, span_of(j->from), buf_view(&text), &j->head, &j->skip);
	}
	buf_free(&text);
	if (done != 1) {
		buf_free(&j->head);
		j->skip = 0;
		return done;
	}
	j->mail.size = j->length - j->skip + j->head.len;
	return 0;
}

bool
job_whole(const struct job *j)
{
	return j->mail.nrcpts == j->count;
}

void
job_fail(struct job *j, const struct verdict *v, struct span text)
{
	for (size_t i = 0; i < j->mail.nrcpts; i++) {
		struct smtp_rcpt *r = &j->mail.rcpts[i];

		if (r->done)
			continue;
		r->done = true;
		j->mail.answer(&j->mail, r, v, text);
	}
}

void
job_end(struct job *j)
{
	if (j->queue)
		ipc_send(j->queue, IPC_NET_END, j->ref, NULL, -1);
	job_free(j);
}

bool
job_is_illegal(const struct job *j, unsigned offers)
{
	return (j->text & ENV_LONG) ||
	       ((j->text & ENV_EIGHT) && !(offers & EHLO_8BITMIME));
}

void
job_convert(struct job *j)
{
	ipc_send(j->queue, IPC_NET_CONVERT, j->ref, NULL, -1);
	job_free(j);
}

void
job_free(struct job *j)
{
	int saved = errno;

	if (j == NULL)
		return;
	for (size_t i = 0; i < j->mail.nrcpts; i++) {
		free(j->mail.rcpts[i].addr);
		free(j->mail.rcpts[i].orcpt);
	}
	free(j->mail.rcpts);
	free(j->relay);
	free(j->domain);
	free(j->from);
	buf_free(&j->head);
	free(j->envid);
	if (j->fd != -1)
		close(j->fd);
	free(j);
	errno = saved;
}
