/* waited - for how long, by what the journal has seen of it. */
#include "common/span.h"
#include "deliver/queue/journal.h"
#include "deliver/queue/message.h"
#include "deliver/queue/retry.h"
#include <stdlib.h>
#include <time.h>

int64_t
waited(struct span journal, int64_t arrived, int64_t now, int64_t gap)
{
	struct journal_line l;
	int64_t last = arrived, sum = 0;

	while (journal_get(&journal, &l) == 1) {
		sum += retry_counts(last, l.when, gap);
		last = l.when;
	}
	return sum + retry_counts(last, now, gap);
}

int64_t
file_waited(
    const struct file *f, const struct conf *c, int64_t limit, int64_t now)
{
	off_t begin = (off_t)(SPOOL_HEAD + f->head.env_len + f->head.body_len);
	int64_t arrived = f->env.time_us / 1000000, sum = 0;
	size_t len = (size_t)(f->end - begin);
	char *text;

	/* Nearly always: no clock was touched, and little time has gone.  Where
	 * it was set back by less than that, what ends is later by so much. */
	if (now >= arrived && now - arrived < limit)
		return now - arrived;
	text = file_slice(f->fd, begin, len);
	if (text)
		sum = waited((struct span){ text, len }, arrived, now,
		    retry_gap(c, limit));
	free(text);
	return sum;
}

int64_t
file_expires(const struct file *f, const struct conf *c)
{
	int64_t now = time(NULL);

	return now + c->give_up - file_waited(f, c, c->give_up, now);
}
