/* What is under way with a destination, counted: its sessions are few. */
#include "deliver/net/session.h"

#define ENOUGH                                                                 \
	((size_t)RELAY_MOST * SMTP_WINDOW * 4) /* more counts as that          \
						*/

unsigned
relay_live(const struct relay *r)
{
	struct session *s;
	unsigned n = 0;

	TAILQ_FOREACH (s, &r->sessions, link)
		n += !s->leaving;
	return n;
}

bool
relay_opens(const struct relay *r)
{
	struct session *s;

	TAILQ_FOREACH (s, &r->sessions, link)
		if (!s->ready)
			return true;
	return false;
}

void
relay_count(const struct relay *r, struct pace_now *now)
{
	struct session *s;
	struct job *job;

	now->live = relay_live(r);
	now->ready = 0;
	now->window = 1;
	now->waiting = 0;
	TAILQ_FOREACH (s, &r->sessions, link) {
		now->ready += s->ready && !s->leaving;
		if (s->smtp.peer.offers & EHLO_CHUNKING)
			now->window = SMTP_WINDOW;
	}
	TAILQ_FOREACH (job, &r->waiting, link)
		if (++now->waiting == ENOUGH)
			break;
}
