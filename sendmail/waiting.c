#include "sendmail/waiting.h"
#include "common/record.h"
#include <stdlib.h>
#include <string.h>

#define RCPTS_MAX 300000

struct span
waiting_get(struct span line, const char *key, struct buf *value)
{
	struct span at;

	span_word(&line);
	while (record_next(&line, &at, value) == 1)
		if (span_eq(at, span_of(key)))
			return buf_view(value);
	buf_reset(value);
	return (struct span){ NULL, 0 };
}

long long
waiting_num(struct span line, const char *key)
{
	struct buf value = { 0 };
	long long n = 0;

	(void)span_num(waiting_get(line, key, &value), 0, INT64_MAX, &n);
	buf_free(&value);
	return n;
}

/* Where a key's value goes. */
struct place {
	const char *key;
	char **text;
	long long *number;
};

static int
take(struct span line, const struct place *places, size_t n)
{
	struct buf value = { 0 };
	struct span key;
	int more;

	span_word(&line);
	while ((more = record_next(&line, &key, &value)) == 1) {
		for (size_t i = 0; i < n; i++) {
			if (!span_eq(key, span_of(places[i].key)))
				continue;
			if (places[i].number)
				more = span_num(buf_view(&value), 0, INT64_MAX,
				    places[i].number);
			else if (*places[i].text == NULL &&
				 (*places[i].text =
					 span_dup(buf_view(&value))) == NULL)
				more = -1;
			break;
		}
		if (more == -1)
			break;
	}
	buf_free(&value);
	return more;
}

int
waiting_message(struct span line, struct waiting *w)
{
	const struct place places[] = { { "id", &w->id, NULL },
		{ "from", &w->from, NULL }, { "kind", &w->kind, NULL },
		{ "state", &w->state, NULL }, { "trouble", &w->trouble, NULL },
		{ "size", NULL, &w->size }, { "time", NULL, &w->time },
		{ "uid", NULL, &w->uid }, { "tries", NULL, &w->tries },
		{ "until", NULL, &w->until }, { "held_by", NULL, &w->held_by },
		{ "expires", NULL, &w->expires } };

	if (take(line, places, sizeof places / sizeof *places) == -1)
		return -1;
	return w->id && w->from && w->state ? 0 : -1;
}

int
waiting_rcpt(struct span line, struct waiting *w)
{
	struct waiting_rcpt r = { 0 }, *more;
	const struct place places[] = { { "to", &r.to, NULL },
		{ "of", &r.of, NULL }, { "state", &r.state, NULL },
		{ "status", &r.status, NULL }, { "text", &r.text, NULL },
		{ "mta", &r.mta, NULL }, { "what", &r.what, NULL },
		{ "todo", &r.todo, NULL }, { "last", NULL, &r.last } };
	int done = take(line, places, sizeof places / sizeof *places);

	if (w->nrcpts == w->space && done == 0) {
		size_t space = w->space ? 2 * w->space : 8;

		more = space > RCPTS_MAX
			   ? NULL
			   : reallocarray(w->rcpts, space, sizeof *more);
		if (more)
			w->rcpts = more;
		w->space = more ? space : w->space;
	}
	if (done == 0 && r.to && r.state && w->nrcpts < w->space) {
		w->rcpts[w->nrcpts++] = r;
		return 0;
	}
	free(r.to);
	free(r.of);
	free(r.state);
	free(r.status);
	free(r.text);
	free(r.mta);
	free(r.what);
	free(r.todo);
	return -1;
}

void
waiting_free(struct waiting *w)
{
	for (size_t i = 0; i < w->nrcpts; i++) {
		struct waiting_rcpt *r = &w->rcpts[i];

		free(r->to);
		free(r->of);
		free(r->state);
		free(r->status);
		free(r->text);
		free(r->mta);
		free(r->what);
		free(r->todo);
	}
	free(w->rcpts);
	free(w->id);
	free(w->from);
	free(w->kind);
	free(w->state);
	free(w->trouble);
	*w = (struct waiting){ 0 };
}
