/* sendmail - hands messages to the spool; what every caller knows. */
#include "common/conf.h"
#include "common/priv.h"
#include "sendmail/ask.h"
#include "sendmail/opt.h"
#include "sendmail/submit.h"
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

/* One sentence; where standard error is closed or full, only the status. */
static void
say(struct buf *why)
{
	dprintf(STDERR_FILENO, "sendmail: %s\n", buf_c(why));
}

static int
run_mode(const struct opt *o, struct buf *why)
{
	struct conf conf;
	int status;

	switch (o->mode) {
	case MODE_LIST:
		return ask("list", why);
	case MODE_RUN:
		status = ask("run", why);
		if (status == EX_UNAVAILABLE && getuid() == 0 &&
		    ask_start_pass(true) == 0) {
			buf_reset(
			    why); /* nobody is missed: a pass is at work */
			return 0;
		}
		return status;
	case MODE_NOT_YET:
		buf_fmt(why, "%s is not in this version", o->not_yet);
		return EX_USAGE;
	case MODE_SUBMIT:
		break;
	}
	status = EX_CONFIG;
	if (conf_load(CONF_PATH, &conf, why) == 0)
		status = submit(o, &conf, why);
	if (status == 0 && !conf.hold && !o->wait)
		ask_for_agent(why);
	conf_free(&conf);
	return status;
}

int
main(int argc, char **argv)
{
	struct buf why = { 0 };
	struct opt o;
	int status;

	/* Set aside at once: no option, file or byte is looked at with it. */
	priv_group_park();
	if (priv_start() == -1)
		return EX_OSERR;
	clearenv(); /* TZ, LD_*, GCONV_PATH and their kin say nothing here */
	status = opt_parse(argc, argv, &o, &why) == -1 ? EX_USAGE
						       : run_mode(&o, &why);
	if (why.len || status)
		say(&why);
	return status;
}
