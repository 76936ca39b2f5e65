/* waited - for how long, by what the journal has seen of it. */
#include "common/span.h"
#include "deliver/queue/journal.h"
#include "deliver/queue/message.h"
#include "deliver/queue/retry.h"
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

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
	size_t len = (size_t)(f->end - begin), done = 0;
	char *text;

	/* Nearly always: no clock was touched, and little time has gone.  Where
	 * it was set back by less than that, what ends is later by so much. */
	if (now >= arrived && now - arrived < limit)
		return now - arrived;
	text = malloc(len + 1);
	while (text && done < len) {
		ssize_t n =
		    pread(f->fd, text + done, len - done, begin + (off_t)done);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (text && done == len)
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
