/* sendmail - hands messages to the spool; what every caller knows. */
#include "common/conf.h"
#include "common/priv.h"
#include "common/run.h"
#include "common/spool.h"
#include "sendmail/ask.h"
#include "sendmail/bs.h"
#include "sendmail/handover.h"
#include "sendmail/mailq.h"
#include "sendmail/monitor.h"
#include "sendmail/opt.h"
#include "sendmail/submit.h"
#include "sendmail/tell.h"
#include "sendmail/verify.h"
#include "sendmail/who.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

/* One sentence; where standard error is closed or full, only the status. */
static void
say(const struct opt *o, struct buf *why)
{
	dprintf(STDERR_FILENO, "%s: %s\n", o->program, buf_c(why));
}

static int
run(const struct opt *o, struct buf *why)
{
	struct buf request = { 0 };
	int status;

	buf_str(&request, "run");
	if (o->select)
		buf_fmt(&request, " %s%c %s", o->select_not ? "!" : "",
		    o->select, o->selected);
	status = ask(buf_c(&request), why);
	buf_free(&request);
	if (status == EX_UNAVAILABLE && getuid() == 0 && !o->select &&
	    ask_start_pass(true) == 0) {
		buf_reset(why); /* nobody is missed: a pass is at work */
		return 0;
	}
	return status;
}

/* What is wrong in the file is somebody's to mend; what this process or the
 * machine lacks just now is not: then the caller tries again. */
static int
no_conf(void)
{
	return errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
		       errno == EIO || errno == EINTR
		   ? EX_TEMPFAIL
		   : EX_CONFIG;
}

static int
with_conf(const struct opt *o, struct buf *why)
{
	char unseen[SPOOL_IDSIZE] = "";
	struct conf conf;
	int status;

	errno = 0;
	if (conf_load(CONF_PATH, &conf, why) == -1)
		status = no_conf();
	else
		status = o->mode == MODE_VERIFY ? verify(o, &conf, why)
			 : o->tell		? tell(o, &conf, why)
						: submit(o, &conf, unseen, why);
	if (o->mode == MODE_SUBMIT && status == 0 && !conf.hold && !o->wait)
		ask_for_agent(unseen, why);
	else if (unseen[0] && status == 0)
		buf_fmt(why,
		    "queued as %s; no agent runs, and the message is to wait "
		    "for a pass over the queue (sendmail -q)",
		    unseen);
	conf_free(&conf);
	return status;
}

static int
smtp(const struct opt *o, struct buf *why)
{
	struct conf conf;
	unsigned queued = 0;
	int status;

	errno = 0;
	if (conf_load(CONF_PATH, &conf, why) == -1)
		status = no_conf();
	else
		status = bs(o, &conf, &queued, why);
	if (queued && status == 0 && !conf.hold && !o->wait)
		ask_for_agent("", why);
	conf_free(&conf);
	return status;
}

/* What installs or removes a package calls it, where no agent may run yet: that
 * is no failure, since the agent reads a newer /etc/aliases by itself. */
static int
newaliases(struct buf *why)
{
	errno = 0;
	/* Where it cannot be told the answer, or none, does. */
	if (run_held(RUN_AGENT) || (errno != 0 && errno != ENOENT))
		return ask("newaliases", why);
	buf_str(why,
	    "no agent runs; /etc/aliases is read when it starts, and there is "
	    "nothing to rebuild now");
	return 0;
}

static int
run_mode(const struct opt *o, struct view view, struct buf *why)
{
	switch (o->mode) {
	case MODE_SMTP:
		return smtp(o, why);
	case MODE_LIST:
		return mailq(&o->mailq, view, why);
	case MODE_QUEUE:
		return o->mailq.what == MAILQ_PROMETHEUS
			   ? monitor_prometheus(o->mailq.file, why)
			   : mailq(&o->mailq, view, why);
	case MODE_CHECK:
		return monitor(o->age, o->mailq.warning, o->mailq.critical);
	case MODE_RUN:
		return run(o, why);
	case MODE_ALIASES:
		return newaliases(why);
	default:
		return with_conf(o, why);
	}
}

/* What it has to say stands in what it printed. */
static bool
silent(const struct opt *o)
{
	return o->mode == MODE_CHECK || o->mode == MODE_QUEUE ||
	       o->mode == MODE_LIST;
}

static bool
brings_mail(enum mode mode)
{
	return mode == MODE_SUBMIT || mode == MODE_SMTP;
}

int
main(int argc, char **argv)
{
	struct buf why = { 0 };
	struct view view;
	struct opt o;
	const char *name;
	bool behind; /* run by the agent for one who could not */
	uid_t uid;
	int status;

	/* Set aside at once: no option, file or byte is looked at with it. */
	priv_group_park();
	if (priv_start() == -1)
		return EX_OSERR;
	name = getenv("NAME"); /* for people to read, as -F is */
	uid = who_submits(getenv(RUN_SUBMIT_UID), &behind);
	mailq_view(&view);
	clearenv(); /* TZ, LD_*, GCONV_PATH and their kin say nothing here */
	status = opt_parse(argc, argv, &o, &why);
	if (o.fullname == NULL && name && *name)
		o.fullname = name;
	o.uid = uid;
	/* The other side says the same in every respect, also what is wrong. */
	if (status == 0 && brings_mail(o.mode) && !behind &&
	    handover_needed() && handover(argc, argv, name, &status) == 0)
		return status;
	if (status == 0)
		status = run_mode(&o, view, &why);
	if (!o.quiet && (why.len || (status && !silent(&o))))
		say(&o, &why);
	return status;
}
