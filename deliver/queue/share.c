#include "deliver/queue/share.h"
#include <stdlib.h>
#include <string.h>

struct share {
	RB_ENTRY(share) link;
	size_t n;
	const char *relay, *domain; /* in text, or the caller's */
	char text[];
};

static int
order(const struct share *a, const struct share *b)
{
	int by_relay = strcmp(a->relay, b->relay);

	return by_relay ? by_relay : strcmp(a->domain, b->domain);
}
RB_GENERATE_INTERNAL(shares, share, link, order, __attribute__((unused)) static)

static struct share *
find(struct shares *all, const char *relay, const char *domain)
{
	struct share key = { .relay = relay, .domain = domain };

	return RB_FIND(shares, all, &key);
}

int
share_add(struct shares *all, const char *relay, const char *domain)
{
	size_t first = strlen(relay) + 1, second = strlen(domain) + 1;
	struct share *s = find(all, relay, domain);

	if (s) {
		s->n++;
		return 0;
	}
	s = calloc(1, sizeof *s + first + second);
	if (s == NULL)
		return -1;
	memcpy(s->text, relay, first);
	memcpy(s->text + first, domain, second);
	s->relay = s->text;
	s->domain = s->text + first;
	s->n = 1;
	RB_INSERT(shares, all, s);
	return 0;
}

void
share_drop(struct shares *all, const char *relay, const char *domain)
{
	struct share *s = find(all, relay, domain);

	if (s && --s->n == 0) {
		RB_REMOVE(shares, all, s);
		free(s);
	}
}

bool
share_full(
    struct shares *all, const char *relay, const char *domain, size_t jobs)
{
	const struct share *s = find(all, relay, domain);

	/* Who has nothing there yet may have one as long as there is room. */
	return jobs >= SHARE_ROOM ||
	       (s && s->n >= (SHARE_ROOM - jobs) / SHARE_PART);
}

bool
share_message(size_t its, size_t jobs)
{
	/* One always goes, or nobody would call the others. */
	return its > 0 &&
	       (jobs >= SHARE_ROOM || its >= (SHARE_ROOM - jobs) / 2);
}
