#include "deliver/queue/cause.h"
#include "common/date.h"
#include "deliver/queue/words.h"

#define WHY 300	 /* octets of the reason that are shown */
#define SKEW 300 /* seconds that a clock may be set back without a doubt */
#define MANY 100 /* of what no person does in an hour */
#define HOUR 3600

const struct cause_row cause_rows[CAUSES] = {
	[CAUSE_AGE] = { "age", LEVEL_WARNING, true, 1, 0, "age",
	    "mail is stuck",
	    "`mailq` says why each message waits; `sendmail -q` tries all of "
	    "them now." },
	/* Not seen for a day: nothing goes there, or nothing is wrong. */
	[CAUSE_HELD] = { "held", LEVEL_CRITICAL, true, 1, CAUSE_DAY, "",
	    "a relay cannot be used",
	    "Its mail waits.  Mend its password, token or certificate "
	    "(bellman.conf, secrets), or what the server has; `deliver "
	    "--check` tries it, `sendmail -q` sends what waits." },
	[CAUSE_DROPPED] = { "dropped", LEVEL_WARNING, false, 1, CAUSE_DAY, "",
	    "a report of failure has reached nobody",
	    "The log tells of the message, under the queue id without its end, "
	    "and why the mailbox of postmaster did not take the report." },
	[CAUSE_QUARANTINE] = { "quarantine", LEVEL_WARNING, false, 1, 0, "",
	    "a file of the queue cannot be used and was put aside",
	    "It is in the folder quarantine of the spool.  `cat` shows it; "
	    "what "
	    "is good in it has to be sent again.  Remove it when it is of no "
	    "more use." },
	[CAUSE_DISK] = { "disk", LEVEL_CRITICAL, true, 1, 0, "disk",
	    "the disk of the spool is nearly full",
	    "Make room there, or remove files where those are short.  Soon no "
	    "program of this machine can send mail (\"limits free-space\" in "
	    "bellman.conf)." },
	/* It is told while it is so, and no program can say it by mail. */
	[CAUSE_LIMIT] = { "limit", LEVEL_WARNING, true, 1, 0, "",
	    "mail is refused, a limit of bellman.conf is reached",
	    "`mailq` shows whose messages wait, and why; stop the program that "
	    "sends them, or raise the limit." },
	[CAUSE_RUNAWAY] = { "runaway", LEVEL_WARNING, false, MANY, HOUR, "",
	    "a program sends more than can be right",
	    "The log and `mailq` show what it sends, and as whom; stop it, or "
	    "raise the limit in bellman.conf." },
};

const char *const cause_level_name[LEVELS] = {
	[LEVEL_OK] = "ok",
	[LEVEL_WARNING] = "warning",
	[LEVEL_CRITICAL] = "critical",
};

static int64_t
past(int64_t t, int64_t now)
{
	return t > now + SKEW ? 0 : t;
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

int64_t
cause_due(const struct cause_times *t)
{
	const struct cause_row *row = &cause_rows[t->cause];
	int64_t any = past(t->told_any, t->now), told = past(t->told, t->now);
	int64_t due = any ? any + t->every : 0;

	if (t->seen < row->least)
		return INT64_MAX;
	if (told == 0)
		return due;
	if (row->goes_on) /* it is known, and mentioned once a day */
		return later(due, told + later(t->every, CAUSE_DAY));
	return t->more ? later(due, told + t->every) : INT64_MAX;
}

bool
cause_clock_set(int64_t *offset, int64_t wall, int64_t steady)
{
	int64_t was = *offset, is = wall - steady;

	*offset = is;
	return is > was + SKEW || is < was - SKEW;
}

bool
cause_lapsed(enum cause c, int64_t last, int64_t now)
{
	const struct cause_row *row = &cause_rows[c];

	return row->lasts && (now - last > row->lasts || last > now + SKEW);
}

void
cause_sentence(const struct cause_text *t, bool why, struct buf *b)
{
	buf_str(b, cause_rows[t->cause].what);
	if (t->about[0]) {
		buf_str(b, ": ");
		words_add(b, span_of(t->about), WHY);
	}
	if (why && t->why[0]) {
		buf_str(b, ": ");
		words_add(b, span_of(t->why), WHY);
	}
}

static void
put_head(const struct cause_text *t, bool eight, struct buf *b)
{
	char date[DATE_SIZE];

	date_5322((time_t)t->now, date);
	buf_fmt(b, "Date: %s\nFrom: Mail system <postmaster@%s>\n", date,
	    t->domain);
	buf_fmt(b, "To: <postmaster@%s>\nMessage-ID: <%s@%s>\n", t->domain,
	    t->id, t->hostname);
	buf_fmt(b, "Subject: Alert of %s: ", t->hostname);
	buf_str(b, cause_rows[t->cause].what);
	buf_fmt(b,
	    "\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=%s\n%s\n",
	    eight ? "utf-8" : "us-ascii",
	    eight ? "Content-Transfer-Encoding: 8bit\n" : "");
}

void
cause_compose(const struct cause_text *t, struct buf *out)
{
	struct buf text = { 0 }, line = { 0 };
	char date[DATE_SIZE];

	cause_sentence(t, true, &line);
	buf_chr(&line, '.');
	if (line.len && !line.bad && line.ptr[0] >= 'a' && line.ptr[0] <= 'z')
		line.ptr[0] = (char)(line.ptr[0] - 'a' + 'A');
	words_wrap(&text, buf_view(&line), 2 * WHY + 100, "");
	words_wrap(&text, span_of(cause_rows[t->cause].todo), 400, "");
	if (t->told && t->more) {
		date_5322((time_t)t->told, date);
		buf_fmt(&text, "Seen %u more time%s since %s.\n", t->more,
		    t->more == 1 ? "" : "s", date);
	}
	buf_str(&text, "`mailq --check` tells what stands; \"alert\" in "
		       "bellman.conf sets what is told.\n");
	put_head(t, words_eight(buf_view(&text)), out);
	buf_span(out, buf_view(&text));
	out->bad |= text.bad || line.bad;
	buf_free(&text);
	buf_free(&line);
}
