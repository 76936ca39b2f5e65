#include "deliver/net/token.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MARGIN 60 /* seconds before its end, when it is long enough */
#define MAX_SECONDS (30 * 86400)

struct token_kept {
	TAILQ_ENTRY(token_kept) link;
	const char *relay;
	uint8_t which;
	int64_t until;
	char *text;
};

void
tokens_init(struct tokens *t, struct ipc *parent, int64_t second)
{
	*t = (struct tokens){ .parent = parent, .second = second };
	TAILQ_INIT(&t->asks);
	TAILQ_INIT(&t->kept);
}

static void
drop(struct tokens *t, struct token_kept *k)
{
	TAILQ_REMOVE(&t->kept, k, link);
	explicit_bzero(k->text, strlen(k->text));
	free(k->text);
	free(k);
}

void
tokens_free(struct tokens *t)
{
	struct token_kept *k;

	while ((k = TAILQ_FIRST(&t->kept)) != NULL)
		drop(t, k);
}

void
token_forget(struct tokens *t, const char *relay)
{
	struct token_kept *k, *next;

	TAILQ_FOREACH_SAFE(k, &t->kept, link, next)
	if (strcmp(k->relay, relay) == 0)
		drop(t, k);
}

static struct token_kept *
look(struct tokens *t, const struct token_ask *a)
{
	struct token_kept *k, *next;

	TAILQ_FOREACH_SAFE(k, &t->kept, link, next)
	{
		if (k->until <= loop_now())
			drop(t, k);
		else if (k->which == a->which &&
			 strcmp(k->relay, a->relay) == 0)
			return k;
	}
	return NULL;
}

static void
finish(struct token_ask *a, const char *text, const char *why)
{
	token_cancel(a);
	a->got(a, text, why);
}

static void
due(struct loop_timer *timer)
{
	struct token_ask *a = timer->arg;
	struct token_kept *k = look(a->all, a);

	if (k)
		finish(a, k->text, NULL);
	else
		finish(a, NULL, "the command has printed nothing in time");
}

void
token_ask(struct tokens *t, struct token_ask *a, int64_t patience)
{
	struct token_ask *other;
	struct buf b = { 0 };

	a->all = t;
	a->timer.fire = due;
	a->timer.arg = a;
	a->ref = 0;
	TAILQ_FOREACH (other, &t->asks, link)
		if (other->which == a->which && other->ref &&
		    strcmp(other->relay, a->relay) == 0)
			a->ref = other->ref; /* one answer for both */
	TAILQ_INSERT_TAIL(&t->asks, a, link);
	if (look(t, a)) {
		loop_in(&a->timer, 0); /* only the loop reports */
		return;
	}
	loop_in(&a->timer, patience);
	if (a->ref)
		return;
	a->ref = ++t->last ? t->last : ++t->last;
	ipc_u8(&b, a->which);
	ipc_str(&b, a->relay);
	if (ipc_send(t->parent, IPC_FORK_TOKEN, a->ref, &b, -1) == -1)
		loop_in(&a->timer, 0);
	buf_free(&b);
}

void
token_cancel(struct token_ask *a)
{
	if (a->all == NULL)
		return;
	loop_cancel(&a->timer);
	TAILQ_REMOVE(&a->all->asks, a, link);
	a->all = NULL;
}

int
token_parse(struct span printed, struct span *token, int64_t *seconds)
{
	struct span rest = printed;
	long long n;

	*token = span_trim(span_cut(&rest, '\n'));
	*seconds = TOKEN_KEEP;
	if (token->len == 0 || token->len > TOKEN_OCTETS)
		return -1;
	for (size_t i = 0; i < token->len; i++)
		if ((unsigned char)token->ptr[i] < ' ' ||
		    token->ptr[i] == 0x7f) /* it would end a field of SASL */
			return -1;
	if (span_num(span_trim(span_cut(&rest, '\n')), 1, MAX_SECONDS, &n) == 0)
		*seconds = n > 2 * MARGIN ? n - MARGIN : n;
	return 0;
}

static void
keep(struct tokens *t, const struct token_ask *a, const char *text, int64_t n)
{
	struct token_kept *k = calloc(1, sizeof *k);

	if (k && (k->text = strdup(text)) != NULL) {
		k->relay = a->relay;
		k->which = a->which;
		k->until = loop_now() + n * t->second;
		TAILQ_INSERT_HEAD(&t->kept, k, link);
		return;
	}
	free(k);
}

static struct token_ask *
waiting(struct tokens *t, uint32_t ref)
{
	struct token_ask *a;

	TAILQ_FOREACH (a, &t->asks, link)
		if (a->ref == ref)
			return a;
	return NULL;
}

static void
tell(struct tokens *t, uint32_t ref, const char *text, const char *why)
{
	struct token_ask *a;

	while ((a = waiting(t, ref)) != NULL)
		finish(a, text, why);
}

void
tokens_answer(struct tokens *t, const struct ipc_msg *m)
{
	static char printed[2 * TOKEN_OCTETS];
	struct ipc_in in = { m->body, false };
	struct token_ask *a = waiting(t, m->ref);
	struct span token;
	int64_t seconds = 0;
	char *text = NULL;
	ssize_t n;

	if (a == NULL)
		return;
	if (m->type == IPC_NOTOKEN) {
		text = span_dup(ipc_get(&in));
		tell(t, m->ref, NULL, text ? text : "no memory");
		free(text);
		return;
	}
	n = pread(m->fd, printed, sizeof printed, 0);
	if (n > 0 && token_parse((struct span){ printed, (size_t)n }, &token,
			 &seconds) == 0)
		text = span_dup(token);
	explicit_bzero(printed, sizeof printed);
	if (text) {
		keep(t, a, text, seconds);
		tell(t, m->ref, text, NULL);
		explicit_bzero(text, strlen(text));
		free(text);
	} else {
		tell(t, m->ref, NULL,
		    "the first line that the command printed is no token");
	}
}
