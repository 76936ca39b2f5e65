#include "deliver/queue/may.h"
#include "deliver/queue/alert.h"
#include "deliver/queue/rate.h"
#include "deliver/queue/state.h"
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define GROUPS 256

static bool
in_group(uid_t uid, const char *name)
{
	const struct group *gr = name ? getgrnam(name) : NULL;
	gid_t wanted, groups[GROUPS];
	const struct passwd *pw;
	int n = GROUPS;

	if (gr == NULL)
		return false;
	wanted = gr->gr_gid;
	pw = getpwuid(uid);
	if (pw == NULL ||
	    getgrouplist(pw->pw_name, pw->pw_gid, groups, &n) == -1)
		return false;
	for (int i = 0; i < n; i++)
		if (groups[i] == wanted)
			return true;
	return false;
}

bool
may_write(const struct queue *q, uid_t sender, const char *user)
{
	const struct passwd *pw;

	if (sender == 0 || sender == q->start->uid)
		return true;
	switch (q->conf->senders) {
	case MAY_ALL:
		return true;
	case MAY_SAME_USER:
		pw = getpwnam(user);
		return pw && pw->pw_uid == sender;
	case MAY_GROUP:
		return in_group(sender, q->conf->senders_group);
	default:
		return false;
	}
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

struct keys {
	char pair[160], rcpt[160];
};

static struct keys
keys(enum may what, uid_t sender, const char *user)
{
	static const char *const words[] = {
		[MAY_ASK] = "ask", [MAY_SHOW] = "show"
	};
	struct keys k;

	snprintf(k.pair, sizeof k.pair, "rate/%s/%lu/%.128s", words[what],
	    (unsigned long)sender, user);
	snprintf(k.rcpt, sizeof k.rcpt, "rate/%s//%.128s", words[what], user);
	return k;
}

bool
may_take(struct queue *q, enum may what, uid_t sender, const char *user)
{
	const struct conf *c = q->conf;
	struct keys k = keys(what, sender, user);
	int64_t now = now_ms(), pair, rcpt;

	if (q->pruned < now - RATE_MINUTE || q->pruned > now) {
		state_prune(q->state, "rate/", now);
		q->pruned = now;
	}
	pair = state_get(q->state, k.pair, 0);
	rcpt = state_get(q->state, k.rcpt, 0);
	if (!rate_may(pair, c->rate_pair, now) ||
	    !rate_may(rcpt, c->rate_rcpt, now)) {
		char why[256];

		snprintf(why, sizeof why,
		    "uid %lu writes more to the terminals of %.64s than "
		    "terminal-rate allows",
		    (unsigned long)sender, user);
		alert_seen(q, CAUSE_RUNAWAY, "", span_of(why));
		return false;
	}
	state_put(q->state, k.pair, rate_take(pair, c->rate_pair, now));
	state_put(q->state, k.rcpt, rate_take(rcpt, c->rate_rcpt, now));
	return true;
}

void
may_give(struct queue *q, enum may what, uid_t sender, const char *user)
{
	const struct conf *c = q->conf;
	struct keys k = keys(what, sender, user);

	state_put(q->state, k.pair,
	    rate_give(state_get(q->state, k.pair, 0), c->rate_pair));
	state_put(q->state, k.rcpt,
	    rate_give(state_get(q->state, k.rcpt, 0), c->rate_rcpt));
}
