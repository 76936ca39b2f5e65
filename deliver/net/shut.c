#include "deliver/net/shut.h"
#include <stdlib.h>

static const struct {
	int64_t first, most; /* seconds */
} terms[] = {
	[SHUT_AWAY] = { 5, 300 },
	[SHUT_DENIED] = { 60, 960 },
};

/* Longer than most mail waits between two attempts: else the term would not
 * grow for a destination that is tried now and then. */
#define REMEMBERED 900 /* seconds */

static void
keep(struct buf *to, struct span from)
{
	struct buf b = { 0 }; /* from may be of to */

	buf_span(&b, from);
	buf_free(to);
	*to = b;
}

/* Once more for as long as it has come to. */
static void
close_it(struct shut *s, int64_t now, int64_t second)
{
	int64_t n = terms[s->by].first, most = terms[s->by].most;

	for (unsigned i = 0; i < s->times[s->by] && n < most; i++)
		n *= 2;
	n = n * (75 + (int64_t)arc4random_uniform(51)) / 100;
	if (n > most)
		n = most;
	s->until = now + n * second;
	s->known = s->until + (n > REMEMBERED ? n : REMEMBERED) * second;
}

void
shut(struct shut *s, const struct shut_for *f, int64_t now, int64_t second)
{
	s->by = f->by;
	close_it(s, now, second);
	s->times[f->by]++;
	s->stamp = f->stamp;
	s->why = *f->why;
	keep(&s->text, f->text);
	keep(&s->mta, f->mta);
}

void
shut_again(struct shut *s, int64_t now, int64_t second)
{
	close_it(s, now, second);
}

bool
shut_doubted(const struct shut *s)
{
	return s->by == SHUT_AWAY && s->times[SHUT_AWAY] > 0;
}

bool
shut_is(struct shut *s, enum shut_why by, int64_t now, uint64_t stamp)
{
	if (s->until == 0 || s->by != by)
		return false;
	if (now >= s->until || (by == SHUT_DENIED && stamp != s->stamp))
		s->until = 0;
	return s->until != 0;
}

int64_t
shut_known(const struct shut *s)
{
	return s->known;
}

void
shut_forgive(struct shut *s)
{
	if (s->by != SHUT_DENIED)
		s->until = 0;
}

void
shut_open(struct shut *s)
{
	s->until = s->known = 0;
	for (int i = 0; i < SHUT_WHYS; i++)
		s->times[i] = 0;
}

void
shut_free(struct shut *s)
{
	buf_free(&s->text);
	buf_free(&s->mta);
}
