/* listing - a message that waits, as mailq is told of it. */
#include "common/record.h"
#include "deliver/queue/advise.h"
#include "deliver/queue/alert.h"
#include "deliver/queue/work.h"
#include <string.h>
#include <time.h>

static enum waits
how(const struct queue *q, const struct message *m, const struct file *f)
{
	if (m->state == M_OPEN)
		return W_OPEN;
	if (f->held && !f->back)
		return W_HELD;
	if (q->conf->hold)
		return W_SETTING;
	if (f->env.wait && f->tries == 0 && !f->asked && !m->force)
		return W_ASKED;
	return f->until > time(NULL) && !m->force ? W_LATER : W_READY;
}

static const char *
state_of(const struct rcpt *r)
{
	return r->state == R_DONE     ? "done"
	       : r->state == R_FAILED ? "failed"
				      : "waits";
}

static void
put_rcpt(const struct file *f, uint32_t i, enum waits waits, struct buf *out)
{
	const struct rcpt *r = &f->rcpts[i];
	struct span text = span_of(r->text);
	struct explanation e = advise(waits,
	    r->text ? span_of(r->status) : SPAN(""), r->text ? text : SPAN(""));

	record_begin(out, "rcpt");
	record_str(out, "to", span_of(rcpt_addr(f, i)));
	if (i >= f->env.nrcpts)
		record_str(out, "of", span_of(rcpt_env(f, i)->addr));
	record_str(out, "state", span_of(state_of(r)));
	if (r->text) {
		record_str(out, "status", span_of(r->status));
		record_str(out, "text", text);
	}
	if (r->mta)
		record_str(out, "mta", span_of(r->mta));
	if (r->last)
		record_num(out, "last", r->last);
	if (r->state == R_WAITS && e.what[0])
		record_str(out, "what", span_of(e.what));
	if (r->state == R_WAITS && e.todo[0])
		record_str(out, "todo", span_of(e.todo));
	record_end(out);
}

void
listing_message(const struct queue *q, const struct message *m,
    const struct file *f, bool full, struct buf *out)
{
	enum waits waits = how(q, m, f);

	record_begin(out, "message");
	record_str(out, "id", span_of(m->id));
	record_num(out, "size", (long long)f->head.body_len);
	record_num(out, "time", (long long)(f->env.time_us / 1000000));
	record_num(out, "uid", (long long)f->uid);
	record_str(out, "from", span_of(f->env.from));
	record_str(out, "kind", span_of(env_kind_name[f->env.kind]));
	record_str(out, "state", span_of(advise_word[waits]));
	record_num(out, "tries", f->tries);
	if (waits == W_LATER)
		record_num(out, "until", f->until);
	if (waits == W_HELD)
		record_num(out, "held_by", (long long)f->held_by);
	record_num(out, "expires", file_expires(f, q->conf));
	if (m->trouble)
		record_str(out, "trouble", span_of(m->trouble));
	record_end(out);
	for (uint32_t i = 0; i < f->nrcpts; i++)
		if (f->rcpts[i].state == R_WAITS ||
		    (full && (f->rcpts[i].state == R_DONE ||
				 f->rcpts[i].state == R_FAILED)))
			put_rcpt(f, i, waits, out);
}
